import Foundation
import ONNXMessages
import SwiftProtobuf
import TensorFiles
import Tensors
import Testing

@testable import ONNX

/// Models written to files: complete or not at all, and only what was edited is changed.
@Suite struct ModelWritingTests {
  /// Runs a test in a folder of its own.
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("evenkeel-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder)
  }

  private func names(in folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  /// A product with a weight of 32 × 32 numbers.
  private func product() -> TestModel {
    var model = TestModel()
    model.input("x", .float, [2, 32])
    model.output("y")
    model.node("MatMul", ["x", "w"], ["y"])
    model.message.graph.initializer = [
      TestModel.raw("w", (0..<1024).map { Float($0) / 512 }, [32, 32])
    ]
    return model
  }

  @Test(arguments: ["residual-dynamo", "residual-torchscript", "sequence-dynamo"])
  func whatIsNotEditedIsAsItWas(_ name: String) throws {
    let path = Fixture.path("\(name).onnx")
    try withFolder { folder in
      let target = folder.appendingPathComponent("copy.onnx").path
      try ModelFile(contentsOf: path).write(to: target)
      let (before, after) = try (
        Onnx_ModelProto(serializedBytes: Data(contentsOf: URL(fileURLWithPath: path))),
        Onnx_ModelProto(serializedBytes: Data(contentsOf: URL(fileURLWithPath: target)))
      )
      #expect(before == after)
      #expect(try names(in: folder) == ["copy.onnx"])
    }
  }

  /// Fields that a newer version of the format may have stay.
  @Test func unknownFieldsStay() throws {
    var bytes = try product().message.serializedData()
    // Field 999 with the number 5.
    bytes += [0xB8, 0x3E, 0x05]
    let file = try ModelFile(bytes, path: "new.onnx")
    let written = try file.bytes()
    #expect(written.count == bytes.count)
    #expect(written.range(of: Data([0xB8, 0x3E, 0x05])) != nil)
  }

  @Test func theFileThatWasReadCanBeReplaced() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("model.onnx").path
      try product().file().write(to: path)
      let file = try ModelFile(contentsOf: path)
      var message = file.message
      let weight = message.graph.initializer[0]
      message.graph.initializer[0] = try file.replacing(
        weight, by: Tensor(zeros: [32, 32], .float64))
      try ModelFile(message, editedFrom: file).write(to: path)
      let again = try ModelFile(contentsOf: path)
      #expect(
        try again.contents(of: again.message.graph.initializer[0]).tensor.doubles
          .allSatisfy { $0 == 0 })
      #expect(try names(in: folder) == ["model.onnx"])
    }
  }

  @Test func whatCannotBeWrittenLeavesNothing() throws {
    try withFolder { folder in
      let file = try product().file()
      #expect(throws: DataError.self) {
        try file.write(to: folder.appendingPathComponent("none/model.onnx").path)
      }
      let inner = folder.appendingPathComponent("model.onnx")
      try FileManager.default.createDirectory(at: inner, withIntermediateDirectories: true)
      #expect(throws: DataError.self) { try file.write(to: inner.path) }
      #expect(throws: DataError.self) { try file.write(to: inner.path, inline: 0) }
      #expect(try names(in: folder) == ["model.onnx"])
    }
  }

  @Test func weightsGoBesideAModelThatIsTooLarge() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("large.onnx").path
      try product().file().write(to: path, inline: 1000)
      #expect(try names(in: folder) == ["large.onnx", "large.onnx.data"])
      let file = try ModelFile(contentsOf: path)
      let tensor = file.message.graph.initializer[0]
      #expect(tensor.dataLocation == .external && tensor.rawData.isEmpty)
      #expect(
        tensor.externalData.map(\.value) == ["large.onnx.data", "0", "4096"])
      #expect(try file.contents(of: tensor).tensor.doubles[1] == 1 / 512)
      #expect(throws: ModelError.self) { try file.bytes() }
    }
  }

  /// Weights that were edited go back beside the model; so does the model over itself.
  @Test func editedWeightsGoBesideTheModelAgain() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("model.onnx").path
      try product().file().write(to: path, inline: 0)
      let file = try ModelFile(contentsOf: path)
      var message = file.message
      message.graph.initializer[0] = try file.replacing(
        message.graph.initializer[0],
        by: Tensor([Double](repeating: 7, count: 1024), shape: [32, 32]))
      let edited = ModelFile(message, editedFrom: file)
      #expect(edited.needsExternalData)
      try edited.write(to: path)
      #expect(try names(in: folder) == ["model.onnx", "model.onnx.data"])
      let again = try ModelFile(contentsOf: path)
      #expect(again.message.graph.initializer[0].dataLocation == .external)
      #expect(
        try again.contents(of: again.message.graph.initializer[0]).tensor.doubles
          .allSatisfy { $0 == 7 })
      let other = folder.appendingPathComponent("other.onnx").path
      try again.write(to: other)
      #expect(
        try names(in: folder)
          == ["model.onnx", "model.onnx.data", "other.onnx", "other.onnx.data"])
    }
  }

  /// A failed write over a model with weights beside it leaves both as they were.
  @Test func weightsOfAnotherModelAreNotReplaced() throws {
    try withFolder { folder in
      let path = folder.appendingPathComponent("model.onnx").path
      var model = product()
      model.message.graph.initializer[0].clearRawData()
      model.message.graph.initializer[0].dataLocation = .external
      var entry = Onnx_StringStringEntryProto()
      (entry.key, entry.value) = ("location", "fixed.onnx.data")
      model.message.graph.initializer[0].externalData = [entry]
      try model.message.serializedData().write(to: URL(fileURLWithPath: path))
      let data = folder.appendingPathComponent("fixed.onnx.data")
      try Data(repeating: 0, count: 4096).write(to: data)
      let file = try ModelFile(contentsOf: path)
      #expect(throws: DataError.self) {
        try file.write(to: folder.appendingPathComponent("fixed.onnx").path)
      }
      #expect(try Data(contentsOf: data).count == 4096)
      #expect(try names(in: folder) == ["fixed.onnx.data", "model.onnx"])
    }
  }

  private static let models = ProcessInfo.processInfo.environment["EVENKEEL_MODELS"]

  /// Every model of a folder that is read is written as it was read, as NAME.written.
  @Test(.enabled(if: models != nil)) func modelsOfAFolderAreWrittenAsTheyWereRead() throws {
    let folder = URL(fileURLWithPath: try #require(Self.models))
    for name in try names(in: folder) where name.hasSuffix(".onnx") {
      let path = folder.appendingPathComponent(name)
      guard let file = try? ModelFile(contentsOf: path.path) else { continue }
      let target = path.deletingPathExtension().appendingPathExtension("written")
      try file.write(to: target.path)
      // As bytes, since what is not a number equals nothing.
      let models = try [path, target].map {
        try Onnx_ModelProto(serializedBytes: Data(contentsOf: $0)).serializedData()
      }
      #expect(models[0] == models[1], "\(name)")
    }
  }
}
