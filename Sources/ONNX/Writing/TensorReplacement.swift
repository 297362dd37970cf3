import Foundation
package import ONNXMessages
import TensorFiles
package import Tensors

extension ModelFile {
  /// What a tensor of the model holds.
  ///
  /// - Throws: ``ModelError`` where the tensor breaks a rule of the format.
  package func contents(of tensor: Onnx_TensorProto) throws -> (tensor: Tensor, type: DataType) {
    try reader.contents(tensor)
  }

  /// The tensor with other reals, of the same shape, in its own data type.
  ///
  /// They are stored as the old ones were: in a typed list, or as bytes. Bytes that lay in another file
  /// stand in the message until the model is written.
  ///
  /// - Throws: ``ModelError`` where the type holds no reals, or the shape is another.
  package func replacing(
    _ tensor: Onnx_TensorProto, by reals: Tensor
  ) throws -> Onnx_TensorProto {
    let (type, shape) = try TensorReader.header(tensor)
    guard shape == reals.shape else {
      throw ModelError.invalid(
        "tensor \(tensor.name.quotedName) has the shape \(shape), not \(reals.shape)")
    }
    guard type.kind == .real, let stored = type.stored else {
      throw ModelError.unsupported("tensor \(tensor.name.quotedName) of type \(type) has no reals")
    }
    var result = tensor
    let isListed = !tensor.hasRawData && tensor.dataLocation != .external
    result.clearDataLocation()
    result.externalData = []
    switch type {
    case .float where isListed: result.floatData = reals.doubles.map { Float($0) }
    case .double where isListed: result.doubleData = reals.doubles
    default:
      let sink = ByteSink(inMemory: tensor.name)
      do {
        try sink.write(reals, as: stored, called: tensor.name)
      } catch {
        throw ModelError.invalid(error.problem)
      }
      let bytes = sink.memory ?? []
      if isListed {
        let size = stored.byteCount
        result.int32Data = (0..<shape.count).map { place in
          (0..<size).reduce(0) { $0 | Int32(bytes[place * size + $1]) << Int32(8 * $1) }
        }
      } else {
        result.rawData = Data(bytes)
      }
    }
    return result
  }
}
