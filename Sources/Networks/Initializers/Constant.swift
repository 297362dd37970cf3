public import Numbers
public import Semantics
public import Tensors

/// Every element the same.
public struct ConstantInitializer: Initializer {
  public let value: Double

  public init(_ value: Double) { self.value = value }

  public static let forms = [
    NamedForm(
      "constant", "Every element the same.",
      keys: [Key("value", .number(-1e30...1e30), isRequired: true, "The element.")],
      shorthand: "value", example: "{constant: 0.1}"),
    NamedForm("zeros", "Every element 0."),
    NamedForm("ones", "Every element 1."),
  ]

  public init(_ fields: Fields) throws(NetworkError) {
    switch fields.form.name {
    case "zeros": self.init(0)
    case "ones": self.init(1)
    default: self.init(try fields.number("value"))
    }
  }

  public var form: String {
    switch value {
    case 0: "zeros"
    case 1: "ones"
    default: "constant"
    }
  }

  public var entries: [YAMLTree.Entry] {
    form == "constant" ? [YAMLTree.Entry("value", .number(value))] : []
  }

  public func moments(for target: ParameterTarget) -> Moments {
    .parameter(mean: value, secondMoment: value * value)
  }

  public func fill(
    _ tensor: Tensor, for target: ParameterTarget, from stream: RandomStream
  ) {
    tensor.setReals { _ in value }
  }
}
