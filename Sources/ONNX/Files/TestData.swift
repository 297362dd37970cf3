import Foundation
import ONNXMessages
import Tensors

extension ModelFile {
  /// The inputs that a folder of ONNX test data holds: `input_0.pb`, `input_1.pb`, …, in the order
  /// of the model's inputs.
  ///
  /// - Throws: ``ModelError`` where a file cannot be read or does not hold what the model declares.
  public func testData(in folder: String) throws -> [String: ImportOptions.Given] {
    let initial = Set(message.graph.initializer.map(\.name))
    let inputs = message.graph.input.filter { !initial.contains($0.name) }
    var given: [String: ImportOptions.Given] = [:]
    for (number, input) in inputs.enumerated() {
      let path = folder + "/input_\(number).pb"
      guard FileManager.default.fileExists(atPath: path) else { continue }
      let bytes = try Self.bytes(of: URL(fileURLWithPath: path), named: path)
      do {
        given[input.name] = try value(bytes, input.type, path)
      } catch var error as ModelError {
        if error.file == nil { error.file = path }
        throw error
      }
    }
    guard !given.isEmpty || inputs.isEmpty else {
      throw ModelError(
        .unreadableFile, "the folder holds no input_0.pb", cure: "name a folder of ONNX test data",
        file: folder)
    }
    return given
  }

  private func value(
    _ bytes: Data, _ type: Onnx_TypeProto, _ path: String
  ) throws -> ImportOptions.Given {
    switch type.value {
    case .sequenceType:
      let sequence = try Self.decoded(bytes, as: Onnx_SequenceProto.self, path: path)
      return try given(sequence)
    case .optionalType:
      let optional = try Self.decoded(bytes, as: Onnx_OptionalProto.self, path: path)
      if optional.hasTensorValue {
        return .tensor(try reader.contents(optional.tensorValue).tensor)
      }
      if optional.hasSequenceValue { return try given(optional.sequenceValue) }
      guard optional.elemType == 0 else {
        throw ModelError.unsupported("an optional of something but tensors")
      }
      return .nothing
    default:
      let tensor = try Self.decoded(bytes, as: Onnx_TensorProto.self, path: path)
      return .tensor(try reader.contents(tensor).tensor)
    }
  }

  private func given(_ sequence: Onnx_SequenceProto) throws -> ImportOptions.Given {
    let others =
      sequence.sparseTensorValues.count + sequence.sequenceValues.count + sequence.mapValues.count
      + sequence.optionalValues.count
    guard others == 0 else { throw ModelError.unsupported("a sequence of something but tensors") }
    return .sequence(try sequence.tensorValues.map { try reader.contents($0).tensor })
  }
}
