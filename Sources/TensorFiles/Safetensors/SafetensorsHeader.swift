import Tensors

extension StoredType {
  /// The type's name in safetensors files.
  var safetensorsName: String {
    switch self {
    case .float64: "F64"
    case .float32: "F32"
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .float8E4M3: "F8_E4M3"
    case .float8E5M2: "F8_E5M2"
    case .float8E4M3FNUZ: "F8_E4M3FNUZ"
    case .float8E5M2FNUZ: "F8_E5M2FNUZ"
    case .float8E8M0: "F8_E8M0"
    case .int64: "I64"
    case .int32: "I32"
    case .int16: "I16"
    case .int8: "I8"
    case .uint64: "U64"
    case .uint32: "U32"
    case .uint16: "U16"
    case .uint8: "U8"
    case .bool: "BOOL"
    }
  }

  static let bySafetensorsName = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0.safetensorsName, $0) })
}

/// The checked header of a safetensors file.
struct SafetensorsHeader {
  /// In the order of their bytes.
  let entries: [SafetensorsFile.Entry]
  let metadata: [String: String]
  /// The place in `entries` of each name.
  let numbers: [String: Int]

  static let cure = "the file is damaged or no safetensors file; save it anew"
  /// Longest header, as the reference implementation has it.
  static let mostBytes = 100_000_000
  static let metadataKey = "__metadata__"

  init(_ source: ByteSource) throws(DataError) {
    func refusal(_ problem: String) -> DataError {
      DataError(.invalidFormat, problem, cure: Self.cure, file: source.path)
    }
    guard source.byteCount >= 8 else {
      throw refusal(
        source.byteCount == 0
          ? "the file is empty" : "the file ends in the length of its header")
    }
    let length = try source.bytes(at: 0, count: 8).reversed().reduce(UInt64(0)) {
      $0 << 8 | UInt64($1)
    }
    guard length <= Self.mostBytes else {
      throw refusal(
        "the header would have \(length) bytes, and at most \(Self.mostBytes.groupedDigits) "
          + "are allowed")
    }
    guard Int(length) <= source.byteCount - 8 else {
      throw refusal(
        "the file ends in its header, which would have \(Int(length).groupedDigits) bytes")
    }
    let dataStart = 8 + Int(length)
    var reader = HeaderReader(
      try source.bytes(at: 8, count: Int(length)), file: source.path)
    let items: [HeaderReader.Item]
    (items, metadata) = try reader.header()
    let dataCount = source.byteCount - dataStart
    var entries: [SafetensorsFile.Entry] = []
    entries.reserveCapacity(items.count)
    var end = 0
    for item in items.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      let name = item.name.quotedForMessage
      guard let footprint = Footprint(item.shape, item.type) else {
        throw refusal("the tensor \(name) has a shape with more elements than can be counted")
      }
      guard item.begin <= item.end, item.end - item.begin == footprint.bytes else {
        throw refusal(
          "the tensor \(name) has the offsets [\(item.begin), \(item.end)], and its shape and type "
            + "take \(footprint.bytes.groupedDigits) bytes")
      }
      guard item.begin >= end else {
        throw refusal(
          "the tensor \(name) begins at byte \(item.begin) of the data, inside the tensor "
            + "\(entries.last?.name.quotedForMessage ?? "before it")")
      }
      guard item.begin == end else {
        throw refusal("no tensor holds the bytes \(end) to \(item.begin - 1) of the data")
      }
      end = item.end
      guard end <= dataCount else {
        throw refusal(
          "the file ends early: the tensor \(name) ends at byte \(end) of the data, and "
            + "\(dataCount) are there")
      }
      entries.append(
        SafetensorsFile.Entry(
          name: item.name, storedType: item.type, shape: Shape(item.shape),
          range: dataStart + item.begin..<dataStart + item.end))
    }
    guard end == dataCount else {
      throw refusal("the tensors end at byte \(end) of the data, and \(dataCount) are there")
    }
    self.entries = entries
    numbers = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
  }
}

/// Reads the JSON of a safetensors header, of which only the members that the format has.
///
/// A general JSON reader would keep one of two equal names without a word, and would have to bound
/// its depth.
struct HeaderReader {
  struct Item {
    let name: String
    let type: StoredType
    let shape: [Int]
    let begin: Int
    let end: Int
  }

  private let bytes: [UInt8]
  private let file: String
  private var place = 0

  init(_ bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  mutating func header() throws(DataError) -> (items: [Item], metadata: [String: String]) {
    guard bytes.first == UInt8(ascii: "{") else {
      throw refusal("the header does not begin with '{'")
    }
    guard String(validating: bytes, as: UTF8.self) != nil else {
      throw refusal("the header is not UTF-8 text")
    }
    var items: [Item] = []
    var names = Set<String>()
    var metadata: [String: String] = [:]
    try members { (reader, name) throws(DataError) in
      guard names.insert(name).inserted else {
        throw reader.refusal("the header has \(name.quotedForMessage) twice")
      }
      if name == SafetensorsHeader.metadataKey {
        metadata = try reader.metadata()
      } else {
        items.append(try reader.item(called: name))
      }
    }
    skipSpace()
    guard place == bytes.count else {
      throw refusal("text follows the header's JSON at byte \(place)")
    }
    return (items, metadata)
  }

  private mutating func metadata() throws(DataError) -> [String: String] {
    var metadata: [String: String] = [:]
    try members { (reader, key) throws(DataError) in
      guard metadata[key] == nil else {
        throw reader.refusal("the metadata have \(key.quotedForMessage) twice")
      }
      metadata[key] = try reader.text()
    }
    return metadata
  }

  private mutating func item(called name: String) throws(DataError) -> Item {
    var typeName: String?
    var shape: [Int]?
    var offsets: [Int]?
    try members { (reader, key) throws(DataError) in
      switch key {
      case "dtype" where typeName == nil: typeName = try reader.text()
      case "shape" where shape == nil: shape = try reader.integers(atMost: mostAxes)
      case "data_offsets" where offsets == nil: offsets = try reader.integers(atMost: 2)
      case "dtype", "shape", "data_offsets":
        throw reader.refusal(
          "the tensor \(name.quotedForMessage) has \(key.quotedForMessage) twice")
      default:
        throw reader.refusal(
          "the tensor \(name.quotedForMessage) has the key \(key.quotedForMessage), which the "
            + "format does not know")
      }
    }
    guard let typeName, let shape, let offsets, offsets.count == 2 else {
      throw refusal(
        "the tensor \(name.quotedForMessage) needs 'dtype', 'shape' and two 'data_offsets'")
    }
    guard let type = StoredType.bySafetensorsName[typeName] else {
      let names = StoredType.allCases.map(\.safetensorsName).joined(separator: ", ")
      throw DataError(
        .unsupportedType,
        "the tensor \(name.quotedForMessage) has the type \(typeName.quotedForMessage)",
        cure: "save it as one of \(names)", file: file)
    }
    return Item(name: name, type: type, shape: shape, begin: offsets[0], end: offsets[1])
  }
}

extension HeaderReader {
  private func refusal(_ problem: String) -> DataError {
    DataError(.invalidFormat, problem, cure: SafetensorsHeader.cure, file: file)
  }

  private func misses(_ what: String) -> DataError {
    refusal("the header is not as the format has it: \(what) is missing at byte \(place)")
  }

  private mutating func skipSpace() {
    while place < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[place]) { place += 1 }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard place < bytes.count, bytes[place] == UInt8(ascii: character) else { return false }
    place += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(DataError) {
    guard take(character) else { throw misses("'\(character)'") }
  }

  /// Reads an object, whose values `body` reads.
  private mutating func members(
    _ body: (inout HeaderReader, String) throws(DataError) -> Void
  ) throws(DataError) {
    try expect("{")
    guard !take("}") else { return }
    repeat {
      let key = try text()
      try expect(":")
      try body(&self, key)
    } while take(",")
    try expect("}")
  }

  private mutating func integers(atMost count: Int) throws(DataError) -> [Int] {
    var numbers: [Int] = []
    try expect("[")
    guard !take("]") else { return [] }
    repeat {
      guard numbers.count < count else {
        throw refusal("a list in the header has more than \(count) numbers at byte \(place)")
      }
      numbers.append(try integer())
    } while take(",")
    try expect("]")
    return numbers
  }

  private mutating func integer() throws(DataError) -> Int {
    skipSpace()
    let start = place
    var number = 0
    while place < bytes.count, (0x30...0x39).contains(bytes[place]) {
      let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, overflowOfSum) = tens.addingReportingOverflow(Int(bytes[place] - 0x30))
      guard !overflow, !overflowOfSum else {
        throw refusal("the header has a number beyond 2^63 - 1 at byte \(start)")
      }
      number = sum
      place += 1
    }
    let isPlain = place - start == 1 || (place > start && bytes[start] != 0x30)
    let isEnded =
      place < bytes.count && [0x20, 0x0A, 0x0D, 0x09, 0x2C, 0x5D].contains(bytes[place])
    guard isPlain, isEnded else {
      throw refusal("the header has no whole number of 0 or more at byte \(start)")
    }
    return number
  }

  private mutating func text() throws(DataError) -> String {
    guard take("\"") else { throw misses("a text in quotes") }
    var start = place
    var text = ""
    while true {
      guard place < bytes.count else { throw misses("the end of a text") }
      let byte = bytes[place]
      guard byte >= 0x20 else {
        throw refusal("a text of the header has a control character at byte \(place)")
      }
      place += 1
      guard byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
      text += String(decoding: bytes[start..<place - 1], as: UTF8.self)
      if byte == UInt8(ascii: "\"") { return text }
      text.unicodeScalars.append(try escaped())
      start = place
    }
  }

  /// The character after a backslash.
  private mutating func escaped() throws(DataError) -> Unicode.Scalar {
    guard place < bytes.count else { throw misses("the end of a text") }
    let byte = bytes[place]
    place += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let first = try hexadecimal()
      if let scalar = Unicode.Scalar(first) { return scalar }
      // A pair of surrogates stands for one scalar.
      if first < 0xDC00, bytes[place...].starts(with: [0x5C, 0x75]) {
        place += 2
        let second = try hexadecimal()
        if (0xDC00...0xDFFF).contains(second),
          let scalar = Unicode.Scalar((first - 0xD800) << 10 + (second - 0xDC00) + 0x10000)
        {
          return scalar
        }
      }
    default: break
    }
    throw refusal("a text of the header has a bad escape before byte \(place)")
  }

  private mutating func hexadecimal() throws(DataError) -> UInt32 {
    guard bytes.count - place >= 4 else { throw misses("the end of a text") }
    var value: UInt32 = 0
    for byte in bytes[place..<place + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
        throw refusal("a text of the header has a bad escape at byte \(place)")
      }
      value = value << 4 | UInt32(digit)
    }
    place += 4
    return value
  }
}
