import Foundation
import Numbers
import ONNXMessages
import SwiftProtobuf
import Tensors
import Testing

@testable import ONNX

/// New contents of tensors, in each type and each way to store them.
@Suite struct TensorReplacementTests {
  private static let types: [DataType] = [
    .float, .double, .float16, .bfloat16, .float8E4M3FN, .float8E5M2,
  ]

  /// Numbers that every type has, and what two of them are read as in each.
  private static let numbers = [1.0, -2, 0.5, 0]

  private func tensor(_ type: DataType, isRaw: Bool) throws -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    tensor.name = "w"
    tensor.docString = "kept"
    tensor.dataType = Int32(type.rawValue)
    tensor.dims = [2, 2]
    if isRaw {
      tensor.rawData = Data(repeating: 0, count: 4 * (type.format?.bitCount ?? 0) / 8)
    } else if type == .float {
      tensor.floatData = [0, 0, 0, 0]
    } else if type == .double {
      tensor.doubleData = [0, 0, 0, 0]
    } else {
      tensor.int32Data = [0, 0, 0, 0]
    }
    return tensor
  }

  @Test(arguments: types, [true, false])
  func numbersAreReadAsTheyWereWritten(_ type: DataType, _ isRaw: Bool) throws {
    let file = try TestModel().file()
    let old = try tensor(type, isRaw: isRaw)
    let new = try file.replacing(old, by: Tensor(Self.numbers, shape: [2, 2]))
    let (read, found) = try file.contents(of: new)
    #expect(found == type && read.doubles == Self.numbers)
    #expect(new.hasRawData == isRaw && new.docString == "kept" && new.dims == [2, 2])
    // Only the contents changed.
    var again = new
    (again.rawData, again.floatData) = (old.rawData, old.floatData)
    (again.doubleData, again.int32Data) = (old.doubleData, old.int32Data)
    if !isRaw { again.clearRawData() }
    #expect(again == old)
  }

  @Test func numbersAreRoundedToTheType() throws {
    let file = try TestModel().file()
    let tensor = try tensor(.bfloat16, isRaw: true)
    let new = try file.replacing(tensor, by: Tensor([1.001, 3.14159, 1e-42, 1e30], shape: [2, 2]))
    let expected = [1.001, 3.14159, 1e-42, 1e30].map { NumberFormat.bf16.rounded($0) }
    #expect(try file.contents(of: new).tensor.doubles == expected)
  }

  @Test func whatHoldsNoRealsIsRefused() throws {
    var tensor = Onnx_TensorProto()
    tensor.dataType = Int32(DataType.int64.rawValue)
    tensor.dims = [1]
    tensor.int64Data = [1]
    let file = try TestModel().file()
    #expect(throws: ModelError.self) { try file.replacing(tensor, by: Tensor([1.0], shape: [1])) }
    let reals = try self.tensor(.float, isRaw: true)
    #expect(throws: ModelError.self) { try file.replacing(reals, by: Tensor([1.0], shape: [1])) }
  }
}
