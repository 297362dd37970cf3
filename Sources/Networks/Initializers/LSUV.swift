public import Numbers
public import Semantics
public import Tensors

/// Layer-sequential unit variance: orthonormal weights, which a check divides, layer by layer in
/// forward order, by the standard deviation that its batch shows behind them.
///
/// The elements that ``fill(_:for:from:)`` draws and the moments that the rule states are those
/// before the division: what the division is depends on data. Weights that several steps share
/// cannot start so. Source: Mishkin and Matas 2016.
public struct LSUVInitializer: Initializer {
  /// A layer is done when its standard deviation differs from 1 by at most this.
  public let tolerance: Double
  /// Divisions per layer at most.
  public let tries: Int

  private let start = OrthogonalInitializer()

  public init(tolerance: Double = 0.1, tries: Int = 10) {
    self.tolerance = tolerance
    self.tries = tries
  }

  public static let forms = [
    NamedForm(
      "lsuv", "Orthonormal weights, divided by the standard deviation that the batch shows.",
      keys: [
        Key(
          "tolerance", .number(1e-6...1), default: "0.1",
          "A layer is done when its standard deviation is this near to 1."),
        Key("tries", .integer(1...100), default: "10", "Divisions per layer at most."),
      ], shorthand: "tolerance")
  ]

  public init(_ fields: Fields) throws(NetworkError) {
    self.init(tolerance: try fields.number("tolerance"), tries: try fields.integer("tries"))
  }

  public var form: String { "lsuv" }
  public var entries: [YAMLTree.Entry] {
    (tolerance == 0.1 ? [] : [YAMLTree.Entry("tolerance", .number(tolerance))])
      + (tries == 10 ? [] : [YAMLTree.Entry("tries", .integer(tries))])
  }

  public func refusal(for target: ParameterTarget) -> InitializerRefusal? {
    guard target.role == .weight else {
      return InitializerRefusal(
        "starts weights that one operation uses", cure: "use orthogonal or another rule here")
    }
    return start.refusal(for: target)
  }

  public func moments(for target: ParameterTarget) -> Moments { start.moments(for: target) }

  public func fill(
    _ tensor: Tensor, for target: ParameterTarget, from stream: RandomStream
  ) {
    start.fill(tensor, for: target, from: stream)
  }
}
