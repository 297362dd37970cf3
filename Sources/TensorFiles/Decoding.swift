import CKernels
import Numbers
package import Tensors

/// An element that cannot be converted.
package struct ElementRefusal: Error {
  /// Its number in the tensor.
  package let index: Int
  /// What is wrong with it, as in "is 2, and a boolean is 0 or 1".
  package let problem: String

  /// The refusal as an error about the tensor that messages call `name`.
  package func inTensor(
    _ name: String, of shape: Shape, cure: String, file: String
  ) -> DataError {
    var rest = index
    let place = shape.strides.map { stride in
      defer { rest %= stride }
      return String(rest / stride)
    }
    return DataError(
      .invalidValue, "element [\(place.joined(separator: ", "))] of \(name) \(problem)", cure: cure,
      file: file)
  }
}

/// Stored bytes as elements of a tensor.
package struct ElementDecoder: Sendable {
  package let type: StoredType
  package let isBigEndian: Bool

  package init(_ type: StoredType, isBigEndian: Bool = false) {
    self.type = type
    self.isBigEndian = isBigEndian
  }

  /// Writes the elements that `bytes` hold into `target`, beginning at element `first`.
  ///
  /// The target's type must be one that ``StoredType/isReadable(as:)`` allows. Numbers that the
  /// target's type cannot tell apart are rounded to nearest, ties to even.
  package func decode(
    _ bytes: RawSpan, into target: Tensor, from first: Int
  ) throws(ElementRefusal) {
    precondition(type.isReadable(as: target.elementType), "no conversion to this type")
    let count = bytes.byteCount / type.byteCount
    let range = first..<first + count
    if isStored(as: target.elementType) {
      target.copyBytes(from: bytes, to: first)
      return
    }
    switch target.elementType {
    case .float32: try reals(bytes, target.elements(as: Float.self)[range], first)
    case .float64: try reals(bytes, target.elements(as: Double.self)[range], first)
    case .int64: try integers(bytes, target.elements(as: Int64.self)[range], first)
    case .bool:
      try checkBooleans(bytes, first)
      let elements = target.elements(as: Bool.self)[range]
      for i in 0..<count { elements[i] = byte(bytes, i) == 1 }
    }
  }

  /// Whether the bytes are those that memory holds.
  private func isStored(as target: ElementType) -> Bool {
    #if _endian(little)
      switch (type, target) {
      case (.float32, .float32), (.float64, .float64), (.int64, .int64): !isBigEndian
      default: false
      }
    #else
      false
    #endif
  }

  private func checkBooleans(_ bytes: RawSpan, _ first: Int) throws(ElementRefusal) {
    guard let index = bytes.byteOffsets.first(where: { byte(bytes, $0) > 1 }) else { return }
    throw ElementRefusal(
      index: first + index, problem: "is \(byte(bytes, index)), and a boolean is 0 or 1")
  }

  private func integers(
    _ bytes: RawSpan, _ target: Elements<Int64>, _ first: Int
  ) throws(ElementRefusal) {
    switch type {
    case .int64: words(bytes, target) { (raw: UInt64) in Int64(bitPattern: raw) }
    case .int32: words(bytes, target) { (raw: UInt32) in Int64(Int32(bitPattern: raw)) }
    case .int16: words(bytes, target) { (raw: UInt16) in Int64(Int16(bitPattern: raw)) }
    case .int8: words(bytes, target) { (raw: UInt8) in Int64(Int8(bitPattern: raw)) }
    case .uint64:
      words(bytes, target) { (raw: UInt64) in Int64(bitPattern: raw) }
      for i in 0..<target.count where target[i] < 0 {
        throw ElementRefusal(
          index: first + i,
          problem: "is \(UInt64(bitPattern: target[i])), and integers are read up to 2^63 - 1")
      }
    case .uint32: words(bytes, target) { (raw: UInt32) in Int64(raw) }
    case .uint16: words(bytes, target) { (raw: UInt16) in Int64(raw) }
    case .uint8: words(bytes, target) { (raw: UInt8) in Int64(raw) }
    case .bool:
      try checkBooleans(bytes, first)
      words(bytes, target) { (raw: UInt8) in Int64(raw) }
    case .float64, .float32, .float16, .bfloat16: break
    case .float8E4M3, .float8E5M2, .float8E4M3FNUZ, .float8E5M2FNUZ, .float8E8M0: break
    }
  }

  private func reals<T: Scalar>(
    _ bytes: RawSpan, _ target: Elements<T>, _ first: Int
  ) throws(ElementRefusal) {
    switch type {
    case .float64: try doubles(bytes, target, first)
    case .float32: words(bytes, target) { (raw: UInt32) in T(Float(bitPattern: raw)) }
    case .bfloat16:
      words(bytes, target) { (raw: UInt16) in T(Float(bitPattern: UInt32(raw) << 16)) }
    case .float16: halves(bytes, target)
    case .float8E4M3, .float8E5M2, .float8E4M3FNUZ, .float8E5M2FNUZ, .float8E8M0:
      let table = Self.numbers(of: type).map { T($0) }
      words(bytes, target) { (raw: UInt8) in table[Int(raw)] }
    case .int64: words(bytes, target) { (raw: UInt64) in T(Int64(bitPattern: raw)) }
    case .int32: words(bytes, target) { (raw: UInt32) in T(Int32(bitPattern: raw)) }
    case .int16: words(bytes, target) { (raw: UInt16) in T(Int16(bitPattern: raw)) }
    case .int8: words(bytes, target) { (raw: UInt8) in T(Int8(bitPattern: raw)) }
    case .uint64: words(bytes, target) { (raw: UInt64) in T(raw) }
    case .uint32: words(bytes, target) { (raw: UInt32) in T(raw) }
    case .uint16: words(bytes, target) { (raw: UInt16) in T(raw) }
    case .uint8: words(bytes, target) { (raw: UInt8) in T(raw) }
    case .bool:
      try checkBooleans(bytes, first)
      words(bytes, target) { (raw: UInt8) in T(raw) }
    }
  }

  /// A finite double that becomes infinite in single precision is refused: it would be taken for an
  /// infinity of the data.
  private func doubles<T: Scalar>(
    _ bytes: RawSpan, _ target: Elements<T>, _ first: Int
  ) throws(ElementRefusal) {
    var refused: (index: Int, value: Double)?
    var index = 0
    words(bytes, target) { (raw: UInt64) in
      let value = Double(bitPattern: raw)
      let number = T(value)
      if number.isInfinite && value.isFinite && refused == nil { refused = (index, value) }
      index += 1
      return number
    }
    guard let refused else { return }
    throw ElementRefusal(
      index: first + refused.index,
      problem: "is \(refused.value), and single precision ends at 3.4e38")
  }

  private func halves<T: Scalar>(_ bytes: RawSpan, _ target: Elements<T>) {
    let codes = (0..<target.count).map { word(bytes, $0) as UInt16 }
    var singles = [Float](repeating: 0, count: codes.count)
    unsafe ek_decode_f16(codes, &singles, codes.count)
    for i in codes.indices { target[i] = T(singles[i]) }
  }

  /// What each code of an 8-bit format stands for.
  private static func numbers(of type: StoredType) -> [Float] {
    guard let format = type.numberFormat else { return [] }
    return (0..<256).map { Float(format.value(ofCode: UInt64($0))) }
  }

  @inline(__always)
  private func word<Raw: FixedWidthInteger & BitwiseCopyable>(
    _ bytes: RawSpan, _ index: Int
  ) -> Raw {
    let raw = unsafe bytes.unsafeLoadUnaligned(
      fromByteOffset: index * MemoryLayout<Raw>.size, as: Raw.self)
    return isBigEndian ? Raw(bigEndian: raw) : Raw(littleEndian: raw)
  }

  @inline(__always)
  private func byte(_ bytes: RawSpan, _ index: Int) -> UInt8 { word(bytes, index) }

  @inline(__always)
  private func words<Raw: FixedWidthInteger & BitwiseCopyable, T: Element>(
    _ bytes: RawSpan, _ target: Elements<T>, _ make: (Raw) -> T
  ) {
    for i in 0..<target.count { target[i] = make(word(bytes, i)) }
  }
}
