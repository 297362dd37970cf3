public import Semantics

/// All elements of a sample in one row: `[channels, height, width]` becomes `[features]`.
public struct FlattenLayer: LayerKind {
  public init() {}

  public static let forms = [NamedForm("flatten", "All elements of a sample in one row.")]

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) { self.init() }

  public var form: String { "flatten" }
  public var entries: [YAMLTree.Entry] { [] }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    try lowering.apply("Flatten", ["axis": .integer(1)], to: input)
  }
}

/// The elements of a sample under another shape.
public struct ReshapeLayer: LayerKind {
  /// The shape of one sample; one extent may be −1, which is then found.
  public var shape: [Int]

  public init(_ shape: [Int]) { self.shape = shape }

  public static let forms = [
    NamedForm(
      "reshape", "The elements of a sample under another shape.",
      keys: [
        Key(
          "shape", .integers(-1...268_435_456), isRequired: true,
          "Extents of a sample; one of them may be -1, which is then found.")
      ], shorthand: "shape", example: "{reshape: [1, 28, 28]}")
  ]

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    self.init(try fields.integers("shape") ?? [])
    try fields.require(
      !shape.contains(0) && shape.filter { $0 == -1 }.count <= 1 && shape.count <= 4,
      "'shape' of 'reshape' is \(shape)",
      cure: "give up to four extents of at least 1, at most one of them -1")
  }

  public var form: String { "reshape" }
  public var entries: [YAMLTree.Entry] { [YAMLTree.Entry("shape", .integers(shape))] }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    let sample = lowering.sampleShape(of: input)
    let count = sample.reduce(1, *)
    let known = shape.filter { $0 != -1 }.reduce(1, saturatingProduct)
    guard shape.contains(-1) ? known > 0 && count % known == 0 : known == count else {
      throw lowering.error(
        .invalidShape, "\(sample) has \(count) elements, which do not fill \(shape)",
        cure: "give extents whose product is \(count)")
    }
    let extents = shape.map { $0 == -1 ? count / known : $0 }
    return try lowering.reshape(input, to: [lowering.shape(of: input)[0]] + extents)
  }
}
