public import Numbers
public import Semantics
public import Tensors

/// How a parameter starts: the law of its elements, and how they are drawn.
///
/// Every rule states the exact mean and second moment of what it draws for the true fans of the
/// parameter, so that prediction and measurement speak of the same numbers.
public protocol Initializer: Sendable {
  /// The ways to write rules of this family.
  static var forms: [NamedForm] { get }

  /// Creates the rule from the keys in a file.
  init(_ fields: Fields) throws(NetworkError)

  /// The name it is written under: one of `forms`.
  var form: String { get }

  /// The keys that differ from their defaults, as they are written.
  var entries: [YAMLTree.Entry] { get }

  /// Why the rule cannot start this parameter; nil when it can.
  func refusal(for target: ParameterTarget) -> InitializerRefusal?

  /// Exact mean and second moment of one element, averaged over the elements of the parameter.
  func moments(for target: ParameterTarget) -> Moments

  /// Fills a tensor of the parameter's shape, of either precision, from a stream of its own.
  func fill(_ tensor: Tensor, for target: ParameterTarget, from stream: RandomStream)
}

extension Initializer {
  public var entries: [YAMLTree.Entry] { [] }
  public func refusal(for target: ParameterTarget) -> InitializerRefusal? { nil }

  /// The rule as it is written.
  var tree: YAMLTree {
    let entries = entries
    if entries.isEmpty { return .text(form) }
    let shorthand = Self.forms.first { $0.name == form }?.shorthand
    if entries.count == 1, entries[0].key == shorthand {
      return .map([YAMLTree.Entry(form, entries[0].value)])
    }
    return .map([YAMLTree.Entry(form, .map(entries))])
  }
}

/// Why a rule cannot start a parameter, and what to do.
public struct InitializerRefusal: Hashable, Sendable {
  /// A clause that follows the rule's name.
  public let problem: String
  public let cure: String

  public init(_ problem: String, cure: String) {
    self.problem = problem
    self.cure = cure
  }
}

/// The parameter that a rule starts: its shape, and what its elements are multiplied with.
public struct ParameterTarget: Sendable {
  public enum Role: Hashable, Sendable {
    /// Multiplies the layer's input, `[units, inputs]` or `[channels out, channels in, kernel…]`.
    case weight
    /// Multiplies the state of the step before, `[units, units]`.
    case recurrent
    /// Is added.
    case bias
    /// One row per token.
    case embedding
  }

  public let shape: Shape
  public let role: Role
  /// Products summed in one output element.
  public let fanIn: Double
  /// Products summed, on average, in the cotangent of one input element.
  public let fanOut: Double
  /// The fan that PyTorch's default rule takes: that of the weight for a bias, and the number of
  /// units for every parameter of a recurrent layer.
  public let defaultFan: Double
  /// The activation that follows the layer.
  public let activation: (any ActivationFunction)?

  public init(
    _ shape: Shape, role: Role, fanIn: Double, fanOut: Double, defaultFan: Double? = nil,
    activation: (any ActivationFunction)? = nil
  ) {
    self.shape = shape
    self.role = role
    self.fanIn = fanIn
    self.fanOut = fanOut
    self.defaultFan = defaultFan ?? fanIn
    self.activation = activation
  }

  /// Rows and columns of the parameter as a matrix: outputs, and everything else.
  var matrix: (rows: Int, columns: Int) {
    guard let rows = shape.extents.first else { return (1, 1) }
    return (rows, shape.extents.dropFirst().reduce(1, *))
  }

  /// Elements of the kernel of a convolution; 1 for a matrix.
  var taps: Int { shape.extents.dropFirst(2).reduce(1, *) }

  /// The number of the tap at the centre of the kernel; of an even one, the tap after the centre.
  var centre: Int {
    shape.extents.dropFirst(2).reduce(0) { $0 * $1 + $1 / 2 }
  }
}

/// The rules that may be named in a file.
enum InitializerCatalogue {
  /// Every family of rules; to add one, write its file and name it here.
  static let families: [any Initializer.Type] = [
    NormalInitializer.self, UniformInitializer.self, ConstantInitializer.self,
    IdentityInitializer.self, VarianceScaling.self, OrthogonalInitializer.self,
    DeltaOrthogonalInitializer.self, SparseInitializer.self, FrameworkInitializer.self,
    SpectralInitializer.self, LSUVInitializer.self,
  ]

  static let table: [String: (form: NamedForm, family: any Initializer.Type)] =
    Dictionary(
      uniqueKeysWithValues: families.flatMap { family in
        family.forms.map { ($0.name, ($0, family)) }
      })

  static let names = families.flatMap { $0.forms.map(\.name) }
}
