import Foundation
import ONNXMessages
import SwiftProtobuf
import TensorFiles
import Tensors
import Testing

@testable import ONNX

/// Files that lie: each is told in one line, and nothing is believed before it is checked.
@Suite struct HostileFileTests {
  private func expectRefusal(
    _ model: TestModel, _ words: String, folder: URL? = nil,
    _ options: ImportOptions = ImportOptions(), sourceLocation: SourceLocation = #_sourceLocation
  ) {
    do {
      _ = try ImportedModel(model.file(folder: folder), options)
      Issue.record("was accepted", sourceLocation: sourceLocation)
    } catch let error as ModelError {
      #expect(error.description.contains(words), "\(error)", sourceLocation: sourceLocation)
      #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
    } catch {
      Issue.record("\(error)", sourceLocation: sourceLocation)
    }
  }

  private func relu() -> TestModel {
    var model = TestModel()
    model.input("x", .float, [2, 3])
    model.output("y")
    model.node("Relu", ["x"], ["y"])
    return model
  }

  @Test func plainModelIsAccepted() throws {
    let x = Tensor([-1.0, 2, -3, 4, 0, 6], shape: [2, 3])
    let (outputs, _) = try relu().imported().evaluated(["x": x])
    #expect(try #require(outputs["y"]).doubles == [0, 2, 0, 4, 0, 6])
  }

  @Test func emptyAndForeignFilesAreNoModels() {
    for bytes in [Data(), Data([1, 2, 3]), Data(repeating: 0xff, count: 1000)] {
      #expect(throws: ModelError.self) { try ModelFile(bytes, path: "x.onnx") }
    }
  }

  @Test func hugeTensorsInSmallFiles() {
    var model = relu()
    var tensor = Onnx_TensorProto()
    tensor.name = "w"
    tensor.dataType = 1
    tensor.dims = [1 << 16, 1 << 14]
    tensor.rawData = Data([0, 0, 0, 0])
    model.message.graph.initializer = [tensor]
    expectRefusal(model, "needs 4294967296 bytes")
    model.message.graph.initializer[0].dims = [1 << 40, 1 << 40]
    expectRefusal(model, "too large")
    model.message.graph.initializer[0].dims = [-3]
    expectRefusal(model, "negative extent")
    model.message.graph.initializer[0].dims = Array(repeating: 1, count: 1000)
    expectRefusal(model, "1000 axes")
    model.message.graph.initializer[0].dims = [1]
    model.message.graph.initializer[0].dataType = 999
    expectRefusal(model, "unknown data type")
  }

  @Test func inputsOfAnyExtent() {
    var model = TestModel()
    model.input("x", .float, [1 << 20, 1 << 20])
    model.output("y")
    model.node("Relu", ["x"], ["y"])
    expectRefusal(model, "too large")
  }

  @Test func cyclesAndMissingInputs() {
    var model = relu()
    model.node("Add", ["b", "x"], ["a"])
    model.node("Add", ["a", "x"], ["b"])
    expectRefusal(model, "nothing before it computes")
    var other = relu()
    other.node("Add", ["x"], ["z"])
    expectRefusal(other, "input 1 is missing")
    other.message.graph.node.removeLast()
    other.output("nowhere")
    expectRefusal(other, "nothing computes the output")
  }

  @Test func externalDataStaysInItsFolder() throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("evenkeel-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(repeating: 0, count: 8).write(to: folder.appendingPathComponent("w.bin"))
    try FileManager.default.createSymbolicLink(
      at: folder.appendingPathComponent("link"),
      withDestinationURL: URL(fileURLWithPath: "/etc/passwd"))
    var model = relu()
    var tensor = Onnx_TensorProto()
    tensor.name = "w"
    tensor.dataType = 1
    tensor.dims = [2]
    tensor.dataLocation = .external
    func location(_ text: String, offset: String? = nil) {
      tensor.externalData = [("location", text), ("offset", offset)].compactMap { key, value in
        guard let value else { return nil }
        var entry = Onnx_StringStringEntryProto()
        entry.key = key
        entry.value = value
        return entry
      }
      model.message.graph.initializer = [tensor]
    }
    for path in ["../w.bin", "/etc/passwd", "a/../../w.bin"] {
      location(path)
      expectRefusal(model, "outside its folder", folder: folder)
    }
    location("link")
    expectRefusal(model, "through a link", folder: folder)
    location("missing.bin")
    expectRefusal(model, "cannot read", folder: folder)
    location("w.bin", offset: "4")
    expectRefusal(model, "needs bytes", folder: folder)
    location("w.bin", offset: "9223372036854775807")
    expectRefusal(model, "declares others", folder: folder)
    location("w.bin")
    #expect(throws: Never.self) { try ImportedModel(model.file(folder: folder)) }
  }

  @Test func functionsThatCallThemselves() {
    var model = relu()
    var function = Onnx_FunctionProto()
    function.name = "Again"
    function.domain = "own"
    function.input = ["a"]
    function.output = ["b"]
    var node = TestModel.node("Again", ["a"], ["b"])
    node.domain = "own"
    function.node = [node]
    var entry = Onnx_OperatorSetIdProto()
    entry.domain = "own"
    entry.version = 1
    function.opsetImport = [entry]
    model.message.functions = [function]
    model.message.opsetImport.append(entry)
    node.input = ["x"]
    node.output = ["z"]
    model.message.graph.node.append(node)
    expectRefusal(model, "nested more than")
  }

  @Test func loopsWithoutEnd() {
    var model = TestModel()
    model.input("x", .float, [1])
    model.output("y")
    var trips = Onnx_TensorProto()
    trips.name = "trips"
    trips.dataType = 7
    trips.int64Data = [.max]
    model.message.graph.initializer = [trips]
    var body = Onnx_GraphProto()
    body.input = [
      TestModel.port("i", .int64, []), TestModel.port("go", .bool, []),
      TestModel.port("v", .float, [1]),
    ]
    body.node = [
      TestModel.node("Identity", ["go"], ["on"]), TestModel.node("Add", ["v", "v"], ["w"]),
    ]
    body.output = [TestModel.port("on", .bool, []), TestModel.port("w", .float, [1])]
    var attribute = Onnx_AttributeProto()
    attribute.name = "body"
    attribute.type = .graph
    attribute.g = body
    model.node("Loop", ["trips", "", "x"], ["y"], [attribute])
    expectRefusal(model, "more than")
  }

  @Test func namesAreCutAndCleaned() {
    var model = relu()
    model.node("Nothing", ["x"], [String(repeating: "a\n\u{7}", count: 1000)])
    expectRefusal(model, "operator Nothing is not computed here")
  }

  @Test func versionsOutsideOfTheKnownAreRefused() {
    for version in [-1, 0, 29, .max] as [Int64] {
      var model = relu()
      model.message.opsetImport[0].version = version
      expectRefusal(model, "imports version \(version)")
    }
  }
}
