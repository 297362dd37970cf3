import Foundation
import Numbers
import ONNXMessages
import SwiftProtobuf
import Testing

@testable import ONNX

/// A model read in parts is the model read whole.
@Suite struct SplitModelTests {
  private func whole(_ bytes: Data) -> Onnx_ModelProto? {
    try? Onnx_ModelProto(serializedBytes: bytes)
  }

  private func inParts(_ bytes: Data) throws -> Onnx_ModelProto? {
    guard let split = SplitModel(bytes, takingFrom: 1) else { return nil }
    guard var model = whole(split.rest) else { return nil }
    split.putBack(into: &model.graph.initializer, from: bytes)
    return model
  }

  @Test(arguments: ["residual-dynamo", "residual-torchscript", "sequence-dynamo"])
  func exportedModelsAreTheSame(_ name: String) throws {
    let bytes = try Data(contentsOf: URL(fileURLWithPath: Fixture.path("\(name).onnx")))
    let split = try #require(SplitModel(bytes, takingFrom: 1))
    #expect(split.rest.count < bytes.count)
    #expect(try inParts(bytes) == whole(bytes))
  }

  /// A message may come in pieces, which decoding joins.
  @Test func graphsInTwoPieces() throws {
    func piece(_ name: String, _ count: Int) throws -> Data {
      var model = Onnx_ModelProto()
      var tensor = Onnx_TensorProto()
      tensor.name = name
      tensor.rawData = Data(repeating: 7, count: count)
      model.graph.initializer = [tensor, TestModel.floats(name + "2", [1], [1])]
      return try model.serializedData()
    }
    let bytes = try piece("a", 300) + piece("b", 100_000)
    let model = try #require(try inParts(bytes))
    #expect(model == whole(bytes))
    #expect(model.graph.initializer.map(\.rawData.count) == [300, 0, 100_000, 0])
  }

  /// Bytes that are a part of others keep their own indices.
  @Test func slicesAreRead() throws {
    let original = try Data(contentsOf: URL(fileURLWithPath: Fixture.path("residual-dynamo.onnx")))
    let slice = (Data([1, 2, 3]) + original).dropFirst(3)
    #expect(try inParts(slice) == whole(original))
  }

  /// What decoding refuses whole is not accepted in parts, and what it accepts is the same.
  @Test func changedBytesAreReadAlike() throws {
    let original = try Data(contentsOf: URL(fileURLWithPath: Fixture.path("residual-dynamo.onnx")))
    let stream = RandomStream(seed: 0, name: "split")
    var (place, alike, unsplit) = (0, 0, 0)
    func draw(_ limit: Int) -> Int {
      place += 1
      return stream.integer(at: place, below: limit)
    }
    for _ in 0..<2000 {
      var bytes = original
      switch draw(4) {
      case 0: bytes[draw(bytes.count)] = UInt8(draw(256))
      case 1: bytes[draw(bytes.count)] ^= 1 << UInt8(draw(8))
      case 2: bytes.remove(at: draw(bytes.count))
      default: bytes = bytes.prefix(draw(bytes.count))
      }
      guard SplitModel(bytes, takingFrom: 1) != nil else {
        unsplit += 1
        continue
      }
      // Bytes, since NaN in an attribute is not equal to itself.
      let found = try inParts(bytes).map { try $0.serializedData() }
      #expect(try found == whole(bytes).map { try $0.serializedData() })
      alike += 1
    }
    #expect(alike > 100 && unsplit > 100)
  }
}
