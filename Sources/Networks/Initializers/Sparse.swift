public import Numbers
public import Semantics
public import Tensors

/// The same number of normal elements in every row, and zeros elsewhere.
///
/// A row is one unit's weights; which of them are kept is drawn. Source: Martens 2010.
public struct SparseInitializer: Initializer {
  public let density: Double
  public let std: Double

  public init(density: Double, std: Double) {
    self.density = density
    self.std = std
  }

  public static let forms = [
    NamedForm(
      "sparse", "A share of normal elements in every row, zeros elsewhere.",
      keys: [
        Key(
          "density", .number(0...1), isRequired: true,
          "Share of the elements of a row that are not zero; at least one is."),
        Key(
          "std", .number(0...1e30), default: "0.01",
          "Standard deviation of the elements that are not zero."),
      ], shorthand: "density", example: "{sparse: {density: 0.1, std: 0.1}}")
  ]

  public init(_ fields: Fields) throws(NetworkError) {
    self.init(density: try fields.number("density"), std: try fields.number("std"))
  }

  public var form: String { "sparse" }
  public var entries: [YAMLTree.Entry] {
    [YAMLTree.Entry("density", .number(density))]
      + (std == 0.01 ? [] : [YAMLTree.Entry("std", .number(std))])
  }

  public func refusal(for target: ParameterTarget) -> InitializerRefusal? {
    target.refusalUnlessMatrix
  }

  /// Elements of a row of `columns` that are not zero.
  func kept(of columns: Int) -> Int {
    min(columns, max(1, Int((density * Double(columns)).rounded())))
  }

  public func moments(for target: ParameterTarget) -> Moments {
    let columns = target.matrix.columns
    return .parameter(
      mean: 0, secondMoment: std * std * Double(kept(of: columns)) / Double(columns))
  }

  public func fill(
    _ tensor: Tensor, for target: ParameterTarget, from stream: RandomStream
  ) {
    let (rows, columns) = target.matrix
    let kept = kept(of: columns)
    let places = stream.substream(1)
    var isKept = [Bool](repeating: false, count: rows * columns)
    for row in 0..<rows {
      // Floyd's sample: as many draws as elements are kept.
      for last in (columns - kept)..<columns {
        let drawn = row * columns + places.integer(at: row * columns + last, below: last + 1)
        isKept[isKept[drawn] ? row * columns + last : drawn] = true
      }
    }
    tensor.setReals { isKept[$0] ? std * stream.normal(at: $0) : 0 }
  }
}
