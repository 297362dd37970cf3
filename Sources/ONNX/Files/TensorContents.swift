import Foundation
import Numbers
import ONNXMessages
import TensorFiles
import Tensors

/// Reads the tensors of one model file, and those beside it.
struct TensorReader {
  /// The folder that external data may lie in; nil where there is none.
  let folder: URL?
  /// The greatest number of elements of one tensor.
  static let mostElements = 1 << 31

  /// The declared type and shape, checked.
  static func header(_ tensor: Onnx_TensorProto) throws -> (type: DataType, shape: Shape) {
    let name = tensor.name.quotedName
    guard let type = DataType(rawValue: Int(tensor.dataType)) else {
      throw ModelError.invalid("tensor \(name) has an unknown data type \(tensor.dataType)")
    }
    guard type.kind != nil else {
      throw ModelError.unsupported("tensor \(name) holds elements of type \(type)")
    }
    return (type, try Limits.shape(tensor.dims.map(Int.init), of: "tensor \(name)"))
  }

  /// The elements: reals as floats (doubles for `double`), integers, or booleans.
  func contents(_ tensor: Onnx_TensorProto) throws -> (tensor: Tensor, type: DataType) {
    let (type, shape) = try Self.header(tensor)
    let name = tensor.name.quotedName
    if tensor.hasSegment { throw ModelError.unsupported("tensor \(name) is stored in segments") }
    let isRaw = tensor.hasRawData || tensor.dataLocation == .external
    guard isRaw else {
      return (try listed(tensor, type, shape), type)
    }
    let expected = Self.byteCount(shape.count, type)
    if tensor.dataLocation == .external {
      let bytes = try external(tensor, count: expected)
      return (try decoded(bytes, type, shape, name), type)
    }
    guard tensor.rawData.count == expected else {
      throw ModelError.invalid(
        "tensor \(name) of type \(type) and shape \(shape) needs \(expected) bytes, and has "
          + "\(tensor.rawData.count)")
    }
    return (try decoded(tensor.rawData, type, shape, name), type)
  }

  private static func byteCount(_ count: Int, _ type: DataType) -> Int {
    if let stored = type.stored { return count * stored.byteCount }
    let perByte = 8 / (type.bitCount ?? 8)
    return (count + perByte - 1) / perByte
  }

  private func decoded(
    _ bytes: Data, _ type: DataType, _ shape: Shape, _ name: String
  ) throws -> Tensor {
    guard let stored = type.stored else {
      return Self.unpacked(Array(bytes), type, shape)
    }
    let result = Tensor(zeros: shape, stored.elementType)
    if stored == .uint64 {
      // Kept bit by bit, as integers that wrap around.
      try decode(bytes, .int64, into: result, name)
    } else {
      try decode(bytes, stored, into: result, name)
    }
    return result
  }

  private func decode(
    _ bytes: Data, _ stored: StoredType, into result: Tensor, _ name: String
  ) throws {
    do {
      try ElementDecoder(stored).decode(bytes.bytes, into: result, from: 0)
    } catch {
      throw ModelError.invalid("element \(error.index) of tensor \(name) \(error.problem)")
    }
  }

  /// Elements of 2 or 4 bits, the first in the lowest bits of a byte.
  private static func unpacked(_ bytes: [UInt8], _ type: DataType, _ shape: Shape) -> Tensor {
    let bits = type.bitCount ?? 8
    let perByte = 8 / bits
    let codes = (0..<shape.count).map { place in
      UInt64(bytes[place / perByte] >> (place % perByte * bits)) & (1 << UInt64(bits) - 1)
    }
    if let format = type.format {
      return Tensor(codes.map { Float(format.value(ofCode: $0)) }, shape: shape)
    }
    let isSigned = type.integer?.isSigned ?? false
    let integers = codes.map { code -> Int64 in
      isSigned && code >> UInt64(bits - 1) == 1 ? Int64(code) - 1 << Int64(bits) : Int64(code)
    }
    return Tensor(integers, shape: shape)
  }

  /// Elements in one of the typed lists.
  private func listed(_ tensor: Onnx_TensorProto, _ type: DataType, _ shape: Shape) throws -> Tensor
  {
    func checked<S: Collection>(_ list: S, _ count: Int) throws -> S {
      guard list.count == count else {
        throw ModelError.invalid(
          "tensor \(tensor.name.quotedName) of shape \(shape) needs \(count) numbers, and has "
            + "\(list.count)")
      }
      return list
    }
    let count = shape.count
    switch type {
    case .float: return Tensor(try checked(tensor.floatData, count), shape: shape)
    case .double: return Tensor(try checked(tensor.doubleData, count), shape: shape)
    case .int64: return Tensor(try checked(tensor.int64Data, count), shape: shape)
    case .uint32, .uint64:
      return Tensor(
        try checked(tensor.uint64Data, count).map { Int64(bitPattern: $0) }, shape: shape)
    case .bool:
      return Tensor(try checked(tensor.int32Data, count).map { $0 != 0 }, shape: shape)
    case .float16, .bfloat16:
      let words = try checked(tensor.int32Data, count)
      let bytes = words.flatMap {
        [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)]
      }
      return try decoded(Data(bytes), type, shape, tensor.name.quotedName)
    case .float8E4M3FN, .float8E5M2, .float8E4M3FNUZ, .float8E5M2FNUZ, .float8E8M0:
      let bytes = try checked(tensor.int32Data, count).map { UInt8(truncatingIfNeeded: $0) }
      return try decoded(Data(bytes), type, shape, tensor.name.quotedName)
    default:
      if type.stored == nil {
        let bytes = try checked(tensor.int32Data, Self.byteCount(count, type))
        return try decoded(
          Data(bytes.map { UInt8(truncatingIfNeeded: $0) }), type, shape, tensor.name.quotedName)
      }
      return Tensor(try checked(tensor.int32Data, count).map(Int64.init), shape: shape)
    }
  }

  /// The bytes of a tensor beside the model, of whichever type it is.
  func externalBytes(of tensor: Onnx_TensorProto) throws -> Data {
    let (type, shape) = try Self.header(tensor)
    return try external(tensor, count: Self.byteCount(shape.count, type))
  }

  /// The bytes of a tensor in a file beside the model.
  private func external(_ tensor: Onnx_TensorProto, count: Int) throws -> Data {
    let name = tensor.name.quotedName
    let entries = Dictionary(tensor.externalData.map { ($0.key, $0.value) }) { first, _ in first }
    guard let folder, let location = entries["location"] else {
      throw ModelError.invalid("tensor \(name) has its data elsewhere and does not say where")
    }
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    guard !location.isEmpty, !location.hasPrefix("/"), !location.contains("\\"),
      !location.contains("\0"), !parts.contains("..")
    else {
      throw ModelError(
        .invalidModel, "tensor \(name) names the file \(location.quotedName), outside its folder",
        cure: "keep external data in the folder of the model")
    }
    let url = folder.appendingPathComponent(location)
    let inside = folder.resolvingSymlinksInPath().path
    guard url.resolvingSymlinksInPath().path.hasPrefix(inside + "/") else {
      throw ModelError(
        .invalidModel, "the data of tensor \(name) lie outside the model's folder through a link",
        cure: "keep external data in the folder of the model")
    }
    guard let offset = Int(entries["offset"] ?? "0"), offset >= 0, offset <= .max - count,
      let length = Int(entries["length"] ?? String(count)), length == count
    else {
      throw ModelError.invalid(
        "tensor \(name) needs \(count) bytes of \(location.quotedName), and declares others")
    }
    do {
      let bytes = try ModelFile.mapped(url)
      guard offset + count <= bytes.count else {
        throw ModelError.invalid(
          "tensor \(name) needs bytes \(offset)..<\(offset + count) of \(location.quotedName), "
            + "which has \(bytes.count)")
      }
      return bytes[offset..<offset + count]
    } catch let error as ModelError {
      throw error
    } catch {
      throw ModelError(
        .unreadableFile, "cannot read \(location.quotedName), the data of tensor \(name)",
        cure: "put the file beside the model")
    }
  }
}
