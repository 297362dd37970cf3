public import Numbers
import Semantics

/// A scalar function that follows a layer.
public typealias ActivationFunction = ScalarFunction

/// A factor of the standard deviation, which may be that of an activation.
public enum Gain: Hashable, Sendable {
  case factor(Double)
  /// The gain of the activation that follows the layer; 1 where none does.
  case own(Direction)
  /// The forward gain of a named activation.
  case named(FunctionBox)

  /// Which second moment a gain keeps at 1.
  public enum Direction: String, Hashable, Sendable { case forward, backward }

  /// A function that is compared by its name.
  public struct FunctionBox: Hashable, Sendable {
    public let function: any ScalarFunction

    public init(_ function: any ScalarFunction) { self.function = function }

    public static func == (a: FunctionBox, b: FunctionBox) -> Bool {
      a.function.name == b.function.name
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(function.name) }
  }

  static func key(default fallback: String?) -> Key {
    Key(
      "gain",
      .oneOf([.number(0...1e15), .choice(["auto", "auto_backward"]), .activation]),
      default: fallback,
      "Factor of the standard deviation: a number, an activation whose forward gain is meant, "
        + "or auto (auto_backward) for that of the layer's own activation.")
  }

  var tree: YAMLTree {
    switch self {
    case .factor(let value): .number(value)
    case .own(.forward): .text("auto")
    case .own(.backward): .text("auto_backward")
    case .named(let box): .text(box.function.name)
    }
  }

  /// The number that multiplies the standard deviation.
  public func factor(for target: ParameterTarget) -> Double {
    switch self {
    case .factor(let value): value
    case .own(let direction): target.activation.map { Self.gain(of: $0, direction) } ?? 1
    case .named(let box): Self.gain(of: box.function, .forward)
    }
  }
}

extension Fields {
  /// The key `gain`; nil where it is left out.
  func gain() throws(NetworkError) -> Gain? {
    guard let tree = tree("gain") else { return nil }
    switch tree.scalar {
    case "auto"?: return .own(.forward)
    case "auto_backward"?: return .own(.backward)
    default: break
    }
    if tree.finiteNumber != nil { return .factor(try number("gain")) }
    guard let name = try activation("gain"),
      let function = try? context.activations.activation(name)
    else { return nil }
    return .named(Gain.FunctionBox(function))
  }
}
