import Foundation
import ONNXMessages
import SwiftProtobuf
import Testing

@testable import ONNX

/// `evenkeel repair MODEL.onnx` as a process.
@Suite(.serialized) struct RepairModelTests {
  /// A product whose softmax is followed by a logarithm.
  private static func logOfSoftmax() throws -> Data {
    var model = Onnx_ModelProto()
    (model.irVersion, model.producerName) = (8, "somebody")
    var entry = Onnx_OperatorSetIdProto()
    entry.version = 17
    model.opsetImport = [entry]
    model.graph.name = "net"
    model.graph.input = [port("x", [4, 8])]
    model.graph.output = [port("y", [4, 8])]
    var weight = Onnx_TensorProto()
    (weight.name, weight.dataType, weight.dims) = ("w", 1, [8, 8])
    weight.floatData = (0..<64).map { Float(($0 * 37) % 17 - 8) / 16 }
    model.graph.initializer = [weight]
    model.graph.node = [
      node("MatMul", ["x", "w"], "h"), node("Softmax", ["h"], "p"), node("Log", ["p"], "y"),
    ]
    return try model.serializedBytes()
  }

  private static func port(_ name: String, _ extents: [Int64]) -> Onnx_ValueInfoProto {
    var port = Onnx_ValueInfoProto()
    port.name = name
    port.type.tensorType.elemType = 1
    port.type.tensorType.shape.dim = extents.map { extent in
      var dimension = Onnx_TensorShapeProto.Dimension()
      dimension.dimValue = extent
      return dimension
    }
    return port
  }

  private static func node(_ type: String, _ inputs: [String], _ output: String) -> Onnx_NodeProto {
    var node = Onnx_NodeProto()
    (node.opType, node.input, node.output) = (type, inputs, [output])
    return node
  }

  private func withModel(_ body: (URL) throws -> Void) throws {
    try TrainCommandTests.withFolder("") { folder in
      try Self.logOfSoftmax().write(to: folder.appending(path: "m.onnx"))
      try body(folder)
    }
  }

  private func document(_ outcome: CommandTests.Outcome) throws -> [String: Any] {
    try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any],
      "\(outcome.output) \(outcome.error)")
  }

  @Test func aModelIsRepairedAndProven() throws {
    try withModel { folder in
      let outcome = try CommandTests.run(
        "repair", "m.onnx", "-o", "fixed.onnx", "--json", in: folder)
      #expect(outcome.status == 0, "\(outcome.error)")
      let report = try document(outcome)
      #expect(report["schema"] as? String == "evenkeel.repair/1")
      #expect(report["outcome"] as? String == "repaired")
      #expect((report["proof"] as? [Any])?.count == 3)
      #expect(report["files"] as? [String] == ["fixed.onnx"])
      let outputs = try #require(report["outputs"] as? [String: Any])
      #expect(outputs["exact"] as? Bool == true)
      #expect(try #require(outputs["largest_error"] as? Double) < 1e-9)
      let bytes = try Data(contentsOf: folder.appending(path: "fixed.onnx"))
      let model = try Onnx_ModelProto(serializedBytes: bytes)
      #expect(model.graph.node.map(\.opType) == ["MatMul", "LogSoftmax"])
      #expect(model.producerName == "somebody" && model.graph.name == "net")
      #expect(try CommandTests.run("check", "fixed.onnx", in: folder).status == 0)
      let again = try document(
        CommandTests.run("repair", "fixed.onnx", "-o", "none.onnx", "--json", in: folder))
      #expect(again["outcome"] as? String == "healthy")
      #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "none.onnx").path))
    }
  }

  @Test func aModelIsRepairedInPlace() throws {
    try withModel { folder in
      let outcome = try CommandTests.run("repair", "m.onnx", "-o", "m.onnx", in: folder)
      #expect(outcome.status == 0, "\(outcome.error)")
      #expect(outcome.output.hasPrefix("REPAIRED: m.onnx is healthy with one change"))
      #expect(outcome.output.contains("the outputs are as they were"))
      #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
          == ["e.yaml", "m.onnx"])
      #expect(try CommandTests.run("check", "m.onnx", in: folder).status == 0)
    }
  }

  @Test func theCheckNamesTheRemedy() throws {
    try withModel { folder in
      let report = try document(CommandTests.run("check", "m.onnx", "--json", in: folder))
      let findings = try #require(report["findings"] as? [[String: Any]])
      let remedies = findings.flatMap { $0["remedies"] as? [[String: Any]] ?? [] }
      #expect(remedies.first?["remedy"] as? String == "log_softmax")
      #expect((remedies.first?["change"] as? String)?.hasPrefix("compute LogSoftmax") == true)
    }
  }

  @Test func aModelIsConverted() throws {
    try withModel { folder in
      let outcome = try CommandTests.run(
        "repair", "m.onnx", "--format", "fp16", "-o", "half.onnx", "--json", in: folder)
      #expect(outcome.status == 0, "\(outcome.output) \(outcome.error)")
      let report = try document(outcome)
      // Only the format is changed, whatever else there is to repair.
      let changes = try #require(report["changes"] as? [String])
      #expect(changes.count == 1 && changes[0].contains("float16"))
      #expect(report["format"] as? String == "fp16")
      let outputs = try #require(report["outputs"] as? [String: Any])
      #expect(outputs["promise"] as? String == "near" && outputs["limit"] as? Double == 0.01)
      let errors = try #require(outputs["errors"] as? [[String: Any]])
      #expect(errors.count == 1 && errors[0]["output"] as? String == "y")
      let error = try #require(errors[0]["error"] as? Double)
      #expect(error > 1e-6 && error < 0.01)
      let bytes = try Data(contentsOf: folder.appending(path: "half.onnx"))
      let model = try Onnx_ModelProto(serializedBytes: bytes)
      #expect(model.graph.input[0].type.tensorType.elemType == 1)
      #expect(model.graph.initializer[0].dataType == Int32(DataType.float16.rawValue))
      #expect(model.graph.node.map(\.opType) == ["Cast", "MatMul", "Softmax", "Log", "Cast"])
    }
  }

  /// A limit that no narrow format keeps.
  @Test func outputsBeyondTheLimitAreNoRepair() throws {
    try withModel { folder in
      let outcome = try CommandTests.run(
        "repair", "m.onnx", "--format", "fp16", "--max-error", "1e-9", "-o", "half.onnx",
        in: folder)
      #expect(outcome.status == 1, "\(outcome.output) \(outcome.error)")
      #expect(outcome.output.hasPrefix("NOT REPAIRED: in fp16"), "\(outcome.output)")
      #expect(!FileManager.default.fileExists(atPath: folder.appending(path: "half.onnx").path))
    }
  }

  @Test func whatIsWrongWithTheCallIsTold() throws {
    try withModel { folder in
      CommandTests.expectRefusal(
        try CommandTests.run("repair", "m.onnx", "-o", "no/m.onnx", in: folder), "directory")
      CommandTests.expectRefusal(
        try CommandTests.run("repair", "m.onnx", "--format", "fp8", in: folder), "fp16 or bf16")
      CommandTests.expectRefusal(
        try CommandTests.run("repair", "m.onnx", "--batch", "0", in: folder), "--batch")
      CommandTests.expectRefusal(
        try CommandTests.run("repair", "none.onnx", in: folder), "cannot be read")
      CommandTests.expectRefusal(
        try CommandTests.run("repair", "e.yaml", "--format", "fp16", in: folder), "ONNX models")
      try Data([1, 2, 3]).write(to: folder.appending(path: "bad.onnx"))
      CommandTests.expectRefusal(
        try CommandTests.run("repair", "bad.onnx", in: folder), "bad.onnx")
    }
  }
}
