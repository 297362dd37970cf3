public import Tensors

/// A file of one array in the IDX format, in which MNIST's images and labels come.
///
/// Format: LeCun, Cortes and Burges, "The MNIST database of handwritten digits", "The IDX file
/// format": two zero bytes, the type, the number of axes, the extents and the elements, each number
/// with its greatest byte first.
public struct IDXFile: Sendable {
  public let path: String
  public let shape: Shape
  public let storedType: StoredType
  private let source: ByteSource
  private let dataStart: Int

  private static let types: [UInt8: StoredType] = [
    0x08: .uint8, 0x09: .int8, 0x0B: .int16, 0x0C: .int32, 0x0D: .float32, 0x0E: .float64,
  ]

  /// Opens the file and checks its header.
  ///
  /// - Throws: ``DataError`` when it is no regular file, no IDX file, or not as long as its shape
  ///   says.
  public init(_ path: String) throws(DataError) {
    let cure = "the file is damaged or no IDX file; fetch it anew"
    func refusal(_ problem: String, _ cure: String = cure) -> DataError {
      DataError(.invalidFormat, problem, cure: cure, file: path)
    }
    source = try ByteSource(path, content: "an IDX file")
    self.path = path
    let start = try source.bytes(at: 0, count: min(4, source.byteCount))
    if start.starts(with: [0x1F, 0x8B]) {
      throw refusal("the file is compressed", "unpack it with gunzip")
    }
    guard start.count == 4 else {
      throw refusal(start.isEmpty ? "the file is empty" : "the file ends in its header")
    }
    guard start[0] == 0, start[1] == 0, let type = Self.types[start[2]] else {
      throw refusal("the file does not begin with two zero bytes and a type, as IDX files do")
    }
    let rank = Int(start[3])
    guard rank <= mostAxes else {
      throw refusal("the shape has \(rank) axes, and at most \(mostAxes) are read")
    }
    dataStart = 4 + 4 * rank
    guard dataStart <= source.byteCount else { throw refusal("the file ends in its header") }
    let bytes = try source.bytes(at: 4, count: 4 * rank)
    let extents = (0..<rank).map { axis in
      bytes[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    guard let footprint = Footprint(extents, type) else {
      throw refusal("the shape \(extents) has more elements than can be counted")
    }
    let present = source.byteCount - dataStart
    guard present == footprint.bytes else {
      throw refusal(
        "the shape \(extents) takes \(footprint.bytes.groupedDigits) bytes, and "
          + "\(present.groupedDigits) are there")
    }
    guard footprint.count * 8 <= ByteSource.mostBytes else {
      throw DataError(
        .limitExceeded,
        "the array has \(footprint.count.groupedDigits) elements, and at most "
          + "\((ByteSource.mostBytes / 8).groupedDigits) are read", cure: "use a part of it",
        file: path)
    }
    shape = Shape(extents)
    storedType = type
  }

  /// The array.
  ///
  /// - Parameter elementType: the type in memory; by default the one that holds every element.
  /// - Returns: a tensor of its own, of ``shape``.
  /// - Throws: ``DataError`` when the file cannot be read, when the types do not convert (reals to
  ///   integers), or when an element is finite and beyond single precision.
  public func tensor(as elementType: ElementType? = nil) throws(DataError) -> Tensor {
    let elementType = elementType ?? storedType.elementType
    try storedType.checkReadable(as: elementType, called: "the array", file: path)
    try DataError.room(shape.byteCount(of: elementType), for: "the array", file: path)
    let tensor = Tensor(zeros: shape, elementType)
    try source.read(
      dataStart, ElementDecoder(storedType, isBigEndian: true), into: tensor, called: "the array")
    return tensor
  }
}
