public import Numbers
public import TensorFiles
public import Tensors

/// An element type of ONNX, by its number in the format.
public enum DataType: Int, Hashable, Sendable, CustomStringConvertible {
  case float = 1
  case uint8, int8, uint16, int16, int32, int64, string, bool, float16, double, uint32, uint64
  case complex64, complex128, bfloat16
  case float8E4M3FN, float8E4M3FNUZ, float8E5M2, float8E5M2FNUZ
  case uint4, int4, float4E2M1, float8E8M0, uint2, int2

  /// How elements are computed with; nil for types that are not.
  public var kind: ElementKind? {
    if format != nil { return .real }
    if self == .bool { return .boolean }
    return integer == nil ? nil : .integer
  }

  /// The number format of reals.
  public var format: NumberFormat? {
    switch self {
    case .float: .fp32
    case .double: .fp64
    case .float16: .fp16
    case .bfloat16: .bf16
    case .float8E4M3FN: .fp8E4M3FN
    case .float8E5M2: .fp8E5M2
    case .float8E4M3FNUZ: .fp8E4M3FNUZ
    case .float8E5M2FNUZ: .fp8E5M2FNUZ
    case .float4E2M1: .fp4E2M1
    case .float8E8M0: .fp8E8M0()
    default: nil
    }
  }

  /// Bits and sign of integers.
  public var integer: (bits: Int, isSigned: Bool)? {
    switch self {
    case .int2: (2, true)
    case .int4: (4, true)
    case .int8: (8, true)
    case .int16: (16, true)
    case .int32: (32, true)
    case .int64: (64, true)
    case .uint2: (2, false)
    case .uint4: (4, false)
    case .uint8: (8, false)
    case .uint16: (16, false)
    case .uint32: (32, false)
    case .uint64: (64, false)
    default: nil
    }
  }

  /// The type of safetensors that holds elements of this one; packed integers take a byte each, and
  /// packed reals are kept as singles.
  public var storedType: StoredType? {
    if let stored { return stored }
    if format != nil { return .float32 }
    return integer.map { $0.isSigned ? .int8 : .uint8 }
  }

  /// Bits of an element in a file; nil for types that are not computed with.
  var bitCount: Int? { format?.bitCount ?? integer?.bits ?? (self == .bool ? 8 : nil) }

  /// How a whole number of bytes per element lies in a file; nil for packed and unknown types.
  var stored: StoredType? {
    switch self {
    case .float: .float32
    case .double: .float64
    case .float16: .float16
    case .bfloat16: .bfloat16
    case .float8E4M3FN: .float8E4M3
    case .float8E5M2: .float8E5M2
    case .float8E4M3FNUZ: .float8E4M3FNUZ
    case .float8E5M2FNUZ: .float8E5M2FNUZ
    case .float8E8M0: .float8E8M0
    case .int64: .int64
    case .int32: .int32
    case .int16: .int16
    case .int8: .int8
    case .uint64: .uint64
    case .uint32: .uint32
    case .uint16: .uint16
    case .uint8: .uint8
    case .bool: .bool
    default: nil
    }
  }

  public var description: String {
    switch self {
    case .float: "float32"
    case .double: "float64"
    case .float16: "float16"
    case .bfloat16: "bfloat16"
    case .float8E4M3FN: "float8_e4m3fn"
    case .float8E4M3FNUZ: "float8_e4m3fnuz"
    case .float8E5M2: "float8_e5m2"
    case .float8E5M2FNUZ: "float8_e5m2fnuz"
    case .float4E2M1: "float4_e2m1"
    case .float8E8M0: "float8_e8m0"
    case .string: "string"
    case .bool: "bool"
    case .complex64: "complex64"
    case .complex128: "complex128"
    default: integer.map { ($0.isSigned ? "int" : "uint") + String($0.bits) } ?? "unknown"
    }
  }
}
