import Foundation
import Numbers
import ONNX
import ONNXMessages
import Tensors
import Testing

/// Elements of up to eight bits: how they lie in a file, and what casts make of them.
@Suite struct NarrowTypeTests {
  private static func integer(_ name: String, _ value: Int64) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .int
    attribute.i = value
    return attribute
  }

  private static func text(_ name: String, _ value: String) -> Onnx_AttributeProto {
    var attribute = Onnx_AttributeProto()
    attribute.name = name
    attribute.type = .string
    attribute.s = Data(value.utf8)
    return attribute
  }

  private func decoded(_ tensor: Onnx_TensorProto) throws -> [Double] {
    var model = TestModel(opset: 25)
    model.message.graph.initializer = [tensor]
    model.output("y")
    model.node("Cast", ["w"], ["y"], [Self.integer("to", Int64(DataType.float.rawValue))])
    return try #require(try model.imported().evaluated([:]).outputs["y"]).doubles
  }

  private func cast(
    _ x: [Double], to type: DataType, _ attributes: [Onnx_AttributeProto] = []
  ) throws -> [Double] {
    var model = TestModel(opset: 25)
    model.message.graph.initializer = [
      TestModel.floats("w", x.map { Float($0) }, [Int64(x.count)])
    ]
    model.output("y", type)
    model.node(
      "Cast", ["w"], ["y"], attributes + [Self.integer("to", Int64(type.rawValue))])
    let imported = try model.imported()
    let formats = Set(imported.nodeFormats.values)
    let y = try #require(try imported.evaluated([:]).outputs["y"]).doubles
    // The executor rounds after a node; here the node runs in doubles.
    return y.map { value in formats.reduce(value) { $1.rounded($0) } }
  }

  @Test func twoElementsOfFourBitsLieInAByte() throws {
    var tensor = Onnx_TensorProto()
    tensor.name = "w"
    tensor.dims = [3]
    tensor.dataType = Int32(DataType.float4E2M1.rawValue)
    tensor.rawData = Data([0xf1, 0x03])
    #expect(try decoded(tensor) == [0.5, -6, 1.5])
    tensor.clearRawData()
    tensor.int32Data = [0x52, 0x0c]
    #expect(try decoded(tensor) == [1, 3, -2])
  }

  @Test func bytesAreCodesOfTheirType() throws {
    var tensor = Onnx_TensorProto()
    tensor.name = "w"
    tensor.dims = [3]
    tensor.rawData = Data([0x40, 0xc4, 0x01])
    tensor.dataType = Int32(DataType.float8E4M3FNUZ.rawValue)
    #expect(try decoded(tensor) == [1, -1.5, 0x1p-10])
    tensor.dataType = Int32(DataType.float8E5M2FNUZ.rawValue)
    #expect(try decoded(tensor) == [1, -2, 0x1p-17])
    tensor.dataType = Int32(DataType.float8E8M0.rawValue)
    #expect(try decoded(tensor) == [0x1p-63, 0x1p69, 0x1p-126])
  }

  @Test func castsSaturateUnlessTold() throws {
    let x = [-1e6, 0.3, 1e6]
    #expect(try cast(x, to: .float8E4M3FNUZ) == [-240, 0.3125, 240])
    #expect(try cast(x, to: .float4E2M1) == [-6, 0.5, 6])
    #expect(try cast([.nan, .infinity], to: .float4E2M1) == [0, 6])
    let open = try cast(x, to: .float8E5M2FNUZ, [Self.integer("saturate", 0)])
    #expect(open[0].isNaN && open[1] == 0.3125 && open[2].isNaN)
  }

  @Test func scalesAreRoundedAsAsked() throws {
    let x = [0, 1.1, 1.5, 1e-45, 3e38]
    #expect(try cast(x, to: .float8E8M0) == [0x1p-127, 2, 2, 0x1p-127, 0x1p127])
    #expect(
      try cast(x, to: .float8E8M0, [Self.text("round_mode", "down")])
        == [0x1p-127, 1, 1, 0x1p-127, 0x1p127])
    let nearest = try cast(
      x, to: .float8E8M0, [Self.text("round_mode", "nearest"), Self.integer("saturate", 0)])
    #expect(nearest[0].isNaN && nearest[1] == 1 && nearest[2] == 2)
    #expect(nearest[3].isNaN && nearest[4].isNaN)
    #expect(try cast([-1], to: .float8E8M0)[0].isNaN)
    #expect(throws: ModelError.self) {
      try cast(x, to: .float8E8M0, [Self.text("round_mode", "sideways")])
    }
  }

  @Test func bitsOfOtherWidthsAreRefused() throws {
    var model = TestModel(opset: 26)
    model.input("x", .float, [2])
    model.output("y", .int16)
    model.node("BitCast", ["x"], ["y"], [Self.integer("to", Int64(DataType.int16.rawValue))])
    do {
      _ = try model.imported()
      Issue.record("was accepted")
    } catch let error as ModelError {
      #expect(error.description.contains("have not as many bits"), "\(error)")
    }
  }
}
