import Tensors

/// What the head of an npy file says.
struct NpyHeader {
  let shape: [Int]
  let type: StoredType
  let isBigEndian: Bool
  let isFortranOrder: Bool
  /// Where the elements begin, in bytes from the start of the file.
  let end: Int

  static let cure = "the file is damaged or no npy file; save it anew with numpy.save"
  /// Longest text of a header; that of a plain array takes a hundred bytes.
  static let mostText = 1 << 16

  private static let magic = [0x93] + Array("NUMPY".utf8)

  init(_ source: ByteSource) throws(DataError) {
    func refusal(_ problem: String, _ cure: String = Self.cure) -> DataError {
      DataError(.invalidFormat, problem, cure: cure, file: source.path)
    }
    let start = try source.bytes(at: 0, count: min(12, source.byteCount))
    if let advice = Self.advice(for: start) { throw refusal(advice.problem, advice.cure) }
    guard start.starts(with: Self.magic) else {
      throw refusal(
        source.byteCount == 0
          ? "the file is empty" : "the file does not begin with \\x93NUMPY, as npy files do")
    }
    guard start.count >= 8 else { throw refusal("the file ends in its header") }
    let (major, minor) = (start[6], start[7])
    guard (1...3).contains(major), minor == 0 else {
      throw refusal(
        "the version of the format is \(major).\(minor), and 1.0, 2.0 and 3.0 are read",
        "save it anew with numpy.save")
    }
    let widthOfLength = major == 1 ? 2 : 4
    guard start.count >= 8 + widthOfLength else { throw refusal("the file ends in its header") }
    let length = start[8..<8 + widthOfLength].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= Self.mostText else {
      throw refusal(
        "the header has \(length.groupedDigits) bytes, and at most "
          + "\(Self.mostText.groupedDigits) are read")
    }
    end = 8 + widthOfLength + length
    guard end <= source.byteCount else { throw refusal("the file ends in its header") }
    let text = try source.bytes(at: 8 + widthOfLength, count: length)
    var literal = PythonLiteral(text, file: source.path)
    let fields = try literal.header()
    shape = fields.shape
    isFortranOrder = fields.isFortranOrder
    (type, isBigEndian) = try Self.type(fields.type, file: source.path)
  }

  /// What to do with files that people mistake for npy files.
  private static func advice(for start: [UInt8]) -> (problem: String, cure: String)? {
    if start.starts(with: [0x50, 0x4B, 3, 4]) || start.starts(with: [0x50, 0x4B, 5, 6]) {
      return (
        "this is a zip archive, as npz files are", "save each array to a file with numpy.save"
      )
    }
    if start.starts(with: [0x1F, 0x8B]) {
      return ("the file is compressed", "unpack it with gunzip")
    }
    return nil
  }

  /// The stored type that NumPy calls `name`, such as `<f4`.
  private static func type(
    _ name: String, file: String
  ) throws(DataError) -> (StoredType, isBigEndian: Bool) {
    let names: [Substring: StoredType] = [
      "f2": .float16, "f4": .float32, "f8": .float64, "i1": .int8, "i2": .int16, "i4": .int32,
      "i8": .int64, "u1": .uint8, "u2": .uint16, "u4": .uint32, "u8": .uint64, "b1": .bool,
    ]
    if let order = name.first, "<>|=".contains(order), let type = names[name.dropFirst()],
      order != "|" || type.byteCount == 1
    {
      return (type, order == ">")
    }
    let isObject = name.dropFirst().first == "O"
    throw DataError(
      .unsupportedType,
      isObject
        ? "the array holds Python objects" : "the array has the type \(name.quotedForMessage)",
      cure: "convert it with astype to float32, float64, int64 or bool", file: file)
  }

  /// The head of a file that holds `tensor`, in the lowest version that fits.
  static func bytes(of tensor: Tensor) -> [UInt8] {
    let type =
      switch tensor.elementType {
      case .float32: "<f4"
      case .float64: "<f8"
      case .int64: "<i8"
      case .bool: "|b1"
      }
    let extents = tensor.shape.extents.map(String.init).joined(separator: ", ")
    let tuple = tensor.shape.rank == 1 ? "(\(extents),)" : "(\(extents))"
    var text = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': \(tuple), }".utf8)
    // Elements begin at a multiple of 64, as NumPy has it; the text ends with a line feed.
    while (10 + text.count + 1) % 64 != 0 { text.append(0x20) }
    text.append(0x0A)
    precondition(text.count <= 0xFFFF, "a shape of thousands of axes")
    return magic + [1, 0, UInt8(text.count & 0xFF), UInt8(text.count >> 8)] + text
  }
}

/// The Python dictionary of an npy header, of which only the form that NumPy writes is read.
private struct PythonLiteral {
  private let bytes: [UInt8]
  private let file: String
  private var place = 0

  struct Fields {
    let type: String
    let isFortranOrder: Bool
    let shape: [Int]
  }

  init(_ bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  mutating func header() throws(DataError) -> Fields {
    var type: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    try expect("{", "a dictionary")
    while !take("}") {
      let key = try text()
      try expect(":", "':'")
      switch key {
      case "descr" where type == nil:
        if next == UInt8(ascii: "[") {
          throw DataError(
            .unsupportedType, "the array is structured: its elements have fields",
            cure: "save each field as an array of its own", file: file)
        }
        type = try text()
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = try boolean()
      case "shape" where shape == nil: shape = try tuple()
      case "descr", "fortran_order", "shape":
        throw refusal("the header has the key \(key.quotedForMessage) twice")
      default:
        throw refusal(
          "the header has the key \(key.quotedForMessage), which the format does not know")
      }
      if !take(",") && next != UInt8(ascii: "}") { throw refusal("the header misses ',' or '}'") }
    }
    guard next == nil else { throw refusal("text follows the dictionary of the header") }
    guard let type, let isFortranOrder, let shape else {
      throw refusal("the header lacks one of 'descr', 'fortran_order' and 'shape'")
    }
    return Fields(type: type, isFortranOrder: isFortranOrder, shape: shape)
  }

  private func refusal(_ problem: String) -> DataError {
    DataError(.invalidFormat, problem, cure: NpyHeader.cure, file: file)
  }

  /// The next byte that is no white space.
  private var next: UInt8? {
    mutating get {
      while place < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[place]) { place += 1 }
      return place < bytes.count ? bytes[place] : nil
    }
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    place += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar, _ what: String) throws(DataError) {
    guard take(character) else { throw refusal("the header misses \(what)") }
  }

  private mutating func text() throws(DataError) -> String {
    guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      throw refusal("the header misses a text in quotes")
    }
    place += 1
    guard let end = bytes[place...].firstIndex(of: quote) else {
      throw refusal("a text in the header does not end")
    }
    defer { place = end + 1 }
    return String(decoding: bytes[place..<end], as: UTF8.self)
  }

  private mutating func boolean() throws(DataError) -> Bool {
    _ = next
    for (word, value) in [("True", true), ("False", false)]
    where bytes[place...].starts(with: word.utf8) {
      place += word.utf8.count
      return value
    }
    throw refusal("'fortran_order' is neither True nor False")
  }

  private mutating func tuple() throws(DataError) -> [Int] {
    var numbers: [Int] = []
    try expect("(", "'(' before the shape")
    while !take(")") {
      if next == UInt8(ascii: "-") { throw refusal("the shape has a negative extent") }
      var number = 0
      let first = place
      while let digit = place < bytes.count ? bytes[place] : nil, (0x30...0x39).contains(digit) {
        let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
        let (sum, overflowOfSum) = tens.addingReportingOverflow(Int(digit - 0x30))
        guard !overflow, !overflowOfSum else {
          throw refusal("the shape has an extent beyond 2^63 - 1")
        }
        number = sum
        place += 1
      }
      guard place > first else { throw refusal("the shape is not made of whole numbers") }
      // Python 2 wrote long integers so.
      if place < bytes.count, bytes[place] == UInt8(ascii: "L") { place += 1 }
      numbers.append(number)
      guard numbers.count <= mostAxes else {
        throw refusal("the shape has more than \(mostAxes) axes")
      }
      if !take(",") && next != UInt8(ascii: ")") {
        throw refusal("the shape misses ',' or ')'")
      }
    }
    return numbers
  }
}

/// Most axes of a tensor in a file, as NumPy has it.
let mostAxes = 64
