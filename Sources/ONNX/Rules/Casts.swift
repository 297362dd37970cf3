import Numbers
import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// The same elements as another type, by value or by their bits.
  static let casts: [String: Rule] = [
    "Cast": one { try cast($0, to: target($0)) },
    "CastLike": one { try cast($0, to: $0.input(1).type) },
    "BitCast": one(bitCast),
  ]

  /// The type that a cast names, before version 6 in words.
  private static func target(_ context: NodeContext) throws -> DataType {
    guard context.opset < 6, let text = context.word("to") else {
      return try context.dataType("to", default: .float)
    }
    let names: [String: DataType] = [
      "FLOAT": .float, "DOUBLE": .double, "FLOAT16": .float16, "BOOL": .bool, "INT8": .int8,
      "INT16": .int16, "INT32": .int32, "INT64": .int64, "UINT8": .uint8, "UINT16": .uint16,
      "UINT32": .uint32, "UINT64": .uint64,
    ]
    guard let type = names[text] else {
      throw ModelError.unsupported("elements of type \(text.quotedName) are not computed with")
    }
    return type
  }

  /// Floats of up to eight bits saturate unless told not to.
  private static func cast(_ context: NodeContext, to type: DataType) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    guard type.kind != nil else {
      throw ModelError.unsupported("elements of type \(type) are not computed with")
    }
    guard x.type != type, let format = type.format, format.bitCount <= 8 else {
      return try builder.cast(x, to: type)
    }
    let saturates = try context.flag("saturate", default: true)
    // The limits of eight-bit floats lie within those of singles, not within those of all others.
    let wide = try x.type == .double ? x : builder.cast(x, to: .float)
    if format.holdsScales {
      return try builder.scales(
        wide, rule: rule(of: context.text("round_mode", default: "up")), saturates: saturates)
    }
    return try builder.cast(
      saturates ? builder.saturated(wide, to: format) : builder.representable(wide, in: format),
      to: type)
  }

  private static func rule(of text: String) throws -> FloatingPointRoundingRule {
    switch text {
    case "up": return .up
    case "down": return .down
    case "nearest": return .toNearestOrEven
    default:
      throw ModelError.invalid("attribute round_mode has the unknown value \(text.quotedName)")
    }
  }

  private static func bitCast(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let type = try context.dataType("to", default: .float)
    guard let from = x.type.bitLayout, let to = type.bitLayout, from.bitCount == to.bitCount else {
      throw ModelError.invalid("the elements of \(x.type) and of \(type) have not as many bits")
    }
    return from == to ? x : try builder.apply(BitCast(from: from, to: to), x, as: type)
  }
}

extension DataType {
  /// How the bits of an element are read; nil for types that are not computed with.
  var bitLayout: BitLayout? {
    if let format { return .real(format) }
    if let integer { return .integer(bits: integer.bits, isSigned: integer.isSigned) }
    return self == .bool ? .boolean : nil
  }
}

extension Builder {
  /// `x` held within the finite range of a format, NaN kept where it can be stored.
  func saturated(_ x: Operand, to format: NumberFormat) throws -> Operand {
    try representable(clip(x, -format.greatest, format.greatest), in: format)
  }

  /// `x` with zeros for NaN, where a format has none.
  func representable(_ x: Operand, in format: NumberFormat) throws -> Operand {
    guard format.specialCodes == .none, x.isReal else { return x }
    return try choose(apply(IsNaN(), x, as: .bool), scalar(0, x.type), x)
  }

  /// Singles or doubles as powers of two: NaN of negative numbers, and unless they saturate, of what
  /// lies outside of the range.
  func scales(
    _ x: Operand, rule: FloatingPointRoundingRule, saturates: Bool
  ) throws -> Operand {
    let format = NumberFormat.fp8E8M0(rule: rule)
    let least = format.leastNormal
    var result = x
    if saturates {
      // Rounding makes NaN of negative numbers.
      let isNegative = try apply(Less(), x, scalar(0, x.type), as: .bool)
      result = try choose(isNegative, x, clip(x, least, format.greatest))
    } else if rule != .up {
      // Smaller numbers are nearest to the least one, and yet outside of the range; so is 0.
      let isBelow = try apply(Less(), x, scalar(least, x.type), as: .bool)
      result = try choose(isBelow, scalar(0, x.type), x)
    }
    return try apply(Cast(to: .real), result, as: .float8E8M0, format: format)
  }
}
