public import Tensors

/// A file of named tensors in the safetensors format, of which each is read on demand.
///
/// Format: `github.com/huggingface/safetensors`, README, "Format". The header is checked as a whole
/// when the file is opened: the tensors must cover the data exactly, without overlap or hole.
public struct SafetensorsFile: Sendable {
  /// What the header says of a tensor.
  public struct Entry: Hashable, Sendable {
    public let name: String
    public let storedType: StoredType
    public let shape: Shape
    /// Where its bytes lie, from the start of the file.
    public let range: Range<Int>
  }

  public let path: String
  /// In the order of their bytes.
  public let entries: [Entry]
  /// What the writer noted beside the tensors.
  public let metadata: [String: String]
  private let source: ByteSource
  private let numbers: [String: Int]

  /// Opens the file and checks its header.
  ///
  /// - Throws: ``DataError`` when it is no regular file, when its header breaks a rule of the format
  ///   or names a type that is not read, or when the file is not as long as the header says.
  public init(_ path: String) throws(DataError) {
    try self.init(try ByteSource(path, content: "a safetensors file"))
  }

  /// Reads a file that is in memory, such as one kept in a database.
  ///
  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - name: what errors call it.
  /// - Throws: ``DataError`` as for a file by its path.
  public init(_ bytes: [UInt8], name: String) throws(DataError) {
    try self.init(ByteSource(bytes, name: name))
  }

  private init(_ source: ByteSource) throws(DataError) {
    self.source = source
    path = source.path
    let header = try SafetensorsHeader(source)
    entries = header.entries
    metadata = header.metadata
    numbers = header.numbers
  }

  /// What the header says of the tensor called `name`, or nil.
  public func entry(_ name: String) -> Entry? { numbers[name].map { entries[$0] } }

  /// The tensor called `name`.
  ///
  /// - Parameters:
  ///   - name: its name in the file.
  ///   - elementType: the type in memory; by default the one that holds every element.
  /// - Returns: a tensor of its own.
  /// - Throws: ``DataError`` when there is no such tensor, when the file cannot be read, when the
  ///   types do not convert (reals to integers), when it is larger than 8 GiB in memory, or when an
  ///   element is a boolean other than 0 and 1, an integer from 2^63, or finite and beyond single
  ///   precision.
  public func tensor(
    _ name: String, as elementType: ElementType? = nil
  ) throws(DataError) -> Tensor {
    guard let entry = entry(name) else {
      let names = entries.prefix(8).map(\.name.quotedForMessage).joined(separator: ", ")
      throw DataError(
        .unknownName, "there is no tensor \(name.quotedForMessage)",
        cure: entries.isEmpty
          ? "the file holds none"
          : "the file holds \(names)" + (entries.count > 8 ? " and others" : ""), file: path)
    }
    let words = "the tensor \(name.quotedForMessage)"
    let elementType = elementType ?? entry.storedType.elementType
    try entry.storedType.checkReadable(as: elementType, called: words, file: path)
    guard entry.shape.count * elementType.byteCount <= ByteSource.mostBytes else {
      throw DataError(
        .limitExceeded,
        "\(words) takes \((entry.shape.count * elementType.byteCount).groupedDigits) bytes, and at "
          + "most \(ByteSource.mostBytes.groupedDigits) are read", cure: "save a part of it",
        file: path)
    }
    try DataError.room(entry.shape.byteCount(of: elementType), for: words, file: path)
    let tensor = Tensor(zeros: entry.shape, elementType)
    try source.read(
      entry.range.lowerBound, ElementDecoder(entry.storedType), into: tensor, called: words)
    return tensor
  }
}
