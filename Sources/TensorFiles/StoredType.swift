public import Numbers
public import Tensors

/// How one element lies in a file.
public enum StoredType: Hashable, Sendable, CaseIterable {
  case float64, float32, float16, bfloat16
  case float8E4M3, float8E5M2, float8E4M3FNUZ, float8E5M2FNUZ, float8E8M0
  case int64, int32, int16, int8, uint64, uint32, uint16, uint8
  case bool

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .float64, .int64, .uint64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .float8E4M3, .float8E5M2, .float8E4M3FNUZ, .float8E5M2FNUZ, .float8E8M0: 1
    case .int8, .uint8, .bool: 1
    }
  }

  /// The narrowest element type in memory that holds every value, save unsigned integers from 2^63.
  public var elementType: ElementType {
    switch self {
    case .float64: .float64
    case .float32, .float16, .bfloat16: .float32
    case .float8E4M3, .float8E5M2, .float8E4M3FNUZ, .float8E5M2FNUZ, .float8E8M0: .float32
    case .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8: .int64
    case .bool: .bool
    }
  }

  /// The number format of the floating-point types.
  public var numberFormat: NumberFormat? {
    switch self {
    case .float64: .fp64
    case .float32: .fp32
    case .float16: .fp16
    case .bfloat16: .bf16
    case .float8E4M3: .fp8E4M3FN
    case .float8E5M2: .fp8E5M2
    case .float8E4M3FNUZ: .fp8E4M3FNUZ
    case .float8E5M2FNUZ: .fp8E5M2FNUZ
    case .float8E8M0: .fp8E8M0()
    case .int64, .int32, .int16, .int8, .uint64, .uint32, .uint16, .uint8, .bool: nil
    }
  }

  /// The type that keeps elements of this type as they are.
  public init(_ elementType: ElementType) {
    switch elementType {
    case .float32: self = .float32
    case .float64: self = .float64
    case .int64: self = .int64
    case .bool: self = .bool
    }
  }

  /// Whether elements can be read into memory of this type: reals take everything, integers take
  /// integers and booleans, booleans themselves.
  public func isReadable(as elementType: ElementType) -> Bool {
    switch elementType {
    case .float32, .float64: true
    case .int64: numberFormat == nil
    case .bool: self == .bool
    }
  }
}

extension ElementType {
  /// The type in the words of a message.
  var words: String {
    switch self {
    case .float32: "single-precision numbers"
    case .float64: "double-precision numbers"
    case .int64: "integers"
    case .bool: "booleans"
    }
  }
}

/// The bytes that elements of a shape take in a file and in memory.
struct Footprint {
  let count: Int
  let bytes: Int

  /// Nil when a product overflows, also where an extent of 0 would hide it.
  init?(_ extents: [Int], _ type: StoredType) {
    var product = 1
    for extent in extents {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
      guard !overflow else { return nil }
      product = next
    }
    // The widest element in memory has eight bytes.
    guard !product.multipliedReportingOverflow(by: 8).overflow else { return nil }
    count = extents.contains(0) ? 0 : product
    bytes = count * type.byteCount
  }
}
