import CKernels
import Numbers
package import Tensors

/// Elements of a tensor as stored bytes, least byte first.
struct ElementEncoder: Sendable {
  let type: StoredType

  /// Whether tensors of this type can be stored so: reals in any format, integers in any width,
  /// booleans as they are.
  func accepts(_ elementType: ElementType) -> Bool {
    switch elementType {
    case .float32, .float64: type.numberFormat != nil
    case .int64: type.numberFormat == nil && type != .bool
    case .bool: type == .bool
    }
  }

  /// The bytes of the elements in `range`.
  ///
  /// Reals are rounded to nearest, ties to even, and become infinite (NaN in E4M3) beyond the
  /// format; an integer beyond its type is refused.
  func encode(_ tensor: Tensor, _ range: Range<Int>) throws(ElementRefusal) -> [UInt8] {
    precondition(accepts(tensor.elementType), "no conversion to this type")
    switch tensor.elementType {
    case .float32: return reals(tensor.elements(as: Float.self)[range])
    case .float64: return reals(tensor.elements(as: Double.self)[range])
    case .bool:
      let elements = tensor.elements(as: Bool.self)[range]
      return elements.indices.map { elements[$0] ? 1 : 0 }
    case .int64:
      let elements = tensor.elements(as: Int64.self)[range]
      let first = range.lowerBound
      switch type {
      case .int64: return try integers(elements, first, as: Int64.self)
      case .int32: return try integers(elements, first, as: Int32.self)
      case .int16: return try integers(elements, first, as: Int16.self)
      case .int8: return try integers(elements, first, as: Int8.self)
      case .uint64: return try integers(elements, first, as: UInt64.self)
      case .uint32: return try integers(elements, first, as: UInt32.self)
      case .uint16: return try integers(elements, first, as: UInt16.self)
      default: return try integers(elements, first, as: UInt8.self)
      }
    }
  }

  private func integers<Raw: FixedWidthInteger>(
    _ elements: Elements<Int64>, _ first: Int, as _: Raw.Type
  ) throws(ElementRefusal) -> [UInt8] {
    for i in elements.indices where Raw(exactly: elements[i]) == nil {
      throw ElementRefusal(
        index: first + i,
        problem: "is \(elements[i]), and the stored type ends at \(Raw.min) and \(Raw.max)")
    }
    return words(elements.count) { Raw(truncatingIfNeeded: elements[$0]) }
  }

  private func reals<T: Scalar>(_ elements: Elements<T>) -> [UInt8] {
    let count = elements.count
    switch type {
    case .float64: return words(count) { Double(elements[$0]).bitPattern }
    case .float32: return words(count) { Float(elements[$0]).bitPattern }
    case .float16, .bfloat16:
      if let singles = elements as? Elements<Float> {
        var codes = [UInt16](repeating: 0, count: count)
        if type == .float16 {
          unsafe ek_encode_f16(singles.pointer, &codes, count)
        } else {
          unsafe ek_encode_bf16(singles.pointer, &codes, count)
        }
        return words(count) { codes[$0] }
      }
      return codes(elements) { UInt16(truncatingIfNeeded: $0) }
    default: return codes(elements) { UInt8(truncatingIfNeeded: $0) }
    }
  }

  private func codes<T: Scalar, Raw: FixedWidthInteger>(
    _ elements: Elements<T>, _ narrow: (UInt64) -> Raw
  ) -> [UInt8] {
    let format = type.numberFormat ?? .fp64
    return words(elements.count) { narrow(format.code(of: Double(elements[$0]))) }
  }

  private func words<Raw: FixedWidthInteger>(_ count: Int, _ raw: (Int) -> Raw) -> [UInt8] {
    let size = MemoryLayout<Raw>.size
    return unsafe [UInt8](unsafeUninitializedCapacity: count * size) { buffer, initialized in
      let target = UnsafeMutableRawBufferPointer(buffer)
      for i in 0..<count {
        unsafe target.storeBytes(of: raw(i).littleEndian, toByteOffset: i * size, as: Raw.self)
      }
      initialized = count * size
    }
  }
}

extension ByteSink {
  /// Writes all elements of `tensor` as `type`, in pieces of at most a MiB; messages call it `name`.
  package func write(
    _ tensor: Tensor, as type: StoredType, called name: String
  ) throws(DataError) {
    let encoder = ElementEncoder(type: type)
    let piece = (1 << 20) / type.byteCount
    for first in stride(from: 0, to: tensor.count, by: piece) {
      let range = first..<min(first + piece, tensor.count)
      let bytes: [UInt8]
      do { bytes = try encoder.encode(tensor, range) } catch {
        throw error.inTensor(name, of: tensor.shape, cure: "store a wider type", file: path)
      }
      try write(bytes)
    }
  }
}
