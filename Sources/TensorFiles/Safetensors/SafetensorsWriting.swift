public import Tensors

extension SafetensorsFile {
  /// A tensor to be written.
  public struct Item: Sendable {
    public let name: String
    public let tensor: Tensor
    public let storedType: StoredType

    /// Creates the item; without a stored type elements are kept as they are.
    public init(_ name: String, _ tensor: Tensor, as storedType: StoredType? = nil) {
      self.name = name
      self.tensor = tensor
      self.storedType = storedType ?? StoredType(tensor.elementType)
    }
  }

  /// Writes tensors and metadata; the same contents give the same bytes.
  ///
  /// Tensors lie as the reference implementation lays them: wide types first, then by name, so that
  /// each is aligned. The header is padded to a multiple of eight bytes.
  ///
  /// - Throws: ``DataError`` when a name stands twice or is `__metadata__`, when a tensor cannot be
  ///   stored as its type (reals as integers) or an integer does not fit, or when the file cannot be
  ///   written; an old file of the name then stays.
  public static func write(
    _ items: [Item], metadata: [String: String] = [:], to path: String
  ) throws(DataError) {
    try write(items, metadata, path: path) { () throws(DataError) in try ByteSink(path) }
  }

  /// The same file in memory.
  ///
  /// - Returns: its bytes.
  /// - Throws: ``DataError`` as ``write(_:metadata:to:)`` does.
  public static func bytes(
    of items: [Item], metadata: [String: String] = [:]
  ) throws(DataError) -> [UInt8] {
    let sink = ByteSink(inMemory: "tensors")
    try write(items, metadata, path: sink.path) { sink }
    return sink.memory ?? []
  }

  private static func write(
    _ items: [Item], _ metadata: [String: String], path: String,
    open: () throws(DataError) -> ByteSink
  ) throws(DataError) {
    var names = Set<String>()
    for item in items {
      let name = item.name.quotedForMessage
      guard item.name != SafetensorsHeader.metadataKey else {
        throw DataError(
          .invalidValue, "a tensor is called \(name), which the format keeps for itself",
          cure: "give it another name", file: path)
      }
      guard names.insert(item.name).inserted else {
        throw DataError(
          .invalidValue, "two tensors are called \(name)", cure: "give each a name of its own",
          file: path)
      }
      guard ElementEncoder(type: item.storedType).accepts(item.tensor.elementType) else {
        throw DataError(
          .unsupportedType,
          "the tensor \(name) holds \(item.tensor.elementType.words), and cannot be stored as "
            + item.storedType.safetensorsName, cure: "choose another type", file: path)
      }
    }
    let sorted = items.sorted {
      $0.storedType.byteCount == $1.storedType.byteCount
        ? $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        : $0.storedType.byteCount > $1.storedType.byteCount
    }
    let header = Self.header(sorted, metadata)
    guard header.count <= SafetensorsHeader.mostBytes else {
      throw DataError(
        .limitExceeded,
        "the header would have \(header.count.groupedDigits) bytes, and at most "
          + "\(SafetensorsHeader.mostBytes.groupedDigits) are allowed",
        cure: "write several files", file: path)
    }
    let sink = try open()
    try sink.write((0..<8).map { UInt8(truncatingIfNeeded: header.count >> (8 * $0)) })
    try sink.write(header)
    for item in sorted {
      try sink.write(
        item.tensor, as: item.storedType, called: "the tensor \(item.name.quotedForMessage)")
    }
    try sink.finish()
  }

  private static func header(_ items: [Item], _ metadata: [String: String]) -> [UInt8] {
    var members: [String] = []
    if !metadata.isEmpty {
      let notes = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.append("\"\(SafetensorsHeader.metadataKey)\":{\(notes.joined(separator: ","))}")
    }
    var begin = 0
    for item in items {
      let end = begin + item.tensor.count * item.storedType.byteCount
      let shape = item.tensor.shape.extents.map(String.init).joined(separator: ",")
      members.append(
        "\(quoted(item.name)):{\"dtype\":\"\(item.storedType.safetensorsName)\","
          + "\"shape\":[\(shape)],\"data_offsets\":[\(begin),\(end)]}")
      begin = end
    }
    var bytes = Array("{\(members.joined(separator: ","))}".utf8)
    while bytes.count % 8 != 0 { bytes.append(0x20) }
    return bytes
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
