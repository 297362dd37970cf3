public import Tensors

/// A file of one array as `numpy.save` writes it, versions 1.0 to 3.0 of the format.
///
/// Format: NumPy Enhancement Proposal 1 and `numpy.lib.format`. Opening checks the header against
/// the size of the file; elements are read on demand.
public struct NpyFile: Sendable {
  public let path: String
  public let shape: Shape
  public let storedType: StoredType
  public let isBigEndian: Bool
  /// Whether the first index runs fastest in the file.
  public let isFortranOrder: Bool
  private let source: ByteSource
  private let dataStart: Int

  /// Opens the file and checks its header.
  ///
  /// - Throws: ``DataError`` when it is no regular file, no npy file, of a type that is not read
  ///   (complex, text, structured and Python objects among them), or not as long as its shape says.
  public init(_ path: String) throws(DataError) {
    source = try ByteSource(path, content: "an npy file")
    self.path = path
    let header = try NpyHeader(source)
    guard let footprint = Footprint(header.shape, header.type) else {
      throw DataError(
        .invalidFormat, "the shape \(header.shape) has more elements than can be counted",
        cure: NpyHeader.cure, file: path)
    }
    guard footprint.count * 8 <= ByteSource.mostBytes else {
      throw DataError(
        .limitExceeded,
        "the array has \(footprint.count.groupedDigits) elements, and at most "
          + "\((ByteSource.mostBytes / 8).groupedDigits) are read", cure: "save a part of it",
        file: path)
    }
    let present = source.byteCount - header.end
    guard present >= footprint.bytes else {
      throw DataError(
        .invalidFormat,
        "the file ends early: the shape \(header.shape) takes \(footprint.bytes.groupedDigits) "
          + "bytes, and \(present.groupedDigits) are there", cure: NpyHeader.cure, file: path)
    }
    guard present == footprint.bytes else {
      throw DataError(
        .invalidFormat,
        "the array of shape \(header.shape) takes \(footprint.bytes.groupedDigits) bytes, and "
          + "\(present.groupedDigits) are there", cure: "save one array per file", file: path)
    }
    shape = Shape(header.shape)
    storedType = header.type
    isBigEndian = header.isBigEndian
    isFortranOrder = header.isFortranOrder
    dataStart = header.end
  }

  /// The array in row-major order.
  ///
  /// - Parameter elementType: the type in memory; by default the one that holds every element.
  /// - Returns: a tensor of its own, of ``shape``.
  /// - Throws: ``DataError`` when the file cannot be read, when the types do not convert (reals to
  ///   integers), or when an element is a boolean other than 0 and 1, an integer from 2^63, or
  ///   finite and beyond single precision.
  public func tensor(as elementType: ElementType? = nil) throws(DataError) -> Tensor {
    let elementType = elementType ?? storedType.elementType
    try storedType.checkReadable(as: elementType, called: "the array", file: path)
    try DataError.room(
      (isFortranOrder ? 2 : 1) * shape.byteCount(of: elementType), for: "the array", file: path)
    let stored = isFortranOrder ? Shape(shape.extents.reversed()) : shape
    let tensor = Tensor(zeros: stored, elementType)
    try source.read(
      dataStart, ElementDecoder(storedType, isBigEndian: isBigEndian), into: tensor,
      called: isFortranOrder ? "the transposed array" : "the array")
    return isFortranOrder ? tensor.transposed() : tensor
  }

  /// Writes a tensor, in row-major order, least byte first: `f4`, `f8`, `i8` or `b1`.
  ///
  /// - Throws: ``DataError`` when the file cannot be written; an old file of the name then stays.
  public static func write(_ tensor: Tensor, to path: String) throws(DataError) {
    let sink = try ByteSink(path)
    try sink.write(NpyHeader.bytes(of: tensor))
    try sink.write(tensor, as: StoredType(tensor.elementType), called: "the array")
    try sink.finish()
  }
}

extension StoredType {
  func checkReadable(
    as elementType: ElementType, called name: String, file: String
  ) throws(DataError) {
    guard !isReadable(as: elementType) else { return }
    throw DataError(
      .unsupportedType,
      "\(name) holds \(self.elementType.words), and \(elementType.words) are needed",
      cure: elementType == .int64 ? "save it as int64" : "save it as such", file: file)
  }
}

extension ByteSource {
  /// Fills `tensor` with the elements that begin at byte `start`.
  func read(
    _ start: Int, _ decoder: ElementDecoder, into tensor: Tensor, called name: String
  ) throws(DataError) {
    let size = decoder.type.byteCount
    try forEachPiece(of: start..<start + tensor.count * size, step: size) {
      (bytes, first) throws(DataError) in
      do throws(ElementRefusal) {
        try unsafe decoder.decode(bytes.span.bytes, into: tensor, from: first)
      } catch {
        throw error.inTensor(name, of: tensor.shape, cure: "correct the data", file: path)
      }
    }
  }
}

extension Tensor {
  /// A tensor of its own with the axes in reverse.
  fileprivate func transposed() -> Tensor {
    switch elementType {
    case .float32: transposed(elements(as: Float.self))
    case .float64: transposed(elements(as: Double.self))
    case .int64: transposed(elements(as: Int64.self))
    case .bool: transposed(elements(as: Bool.self))
    }
  }

  private func transposed<T: Element>(_ source: Elements<T>) -> Tensor {
    let result = Tensor(zeros: Shape(shape.extents.reversed()), elementType)
    let target = result.elements(as: T.self)
    // The result's last axis is the first of these.
    let strides = [Int](shape.strides.reversed())
    let extents = result.shape.extents
    var index = [Int](repeating: 0, count: extents.count)
    var place = 0
    for i in 0..<count {
      target[i] = source[place]
      for axis in extents.indices.reversed() {
        index[axis] += 1
        place += strides[axis]
        if index[axis] < extents[axis] { break }
        place -= strides[axis] * extents[axis]
        index[axis] = 0
      }
    }
    return result
  }
}
