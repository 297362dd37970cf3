import Foundation
import Testing

/// What docs/from-pytorch.md promises of models that PyTorch exported.
@Suite(.serialized) struct ModelCommandTests {
  private static let data = "Tests/ONNXTests/Data"

  @Test(arguments: ["residual-dynamo", "residual-torchscript", "sequence-dynamo"])
  func aModelIsCheckedOnOneScreen(_ name: String) throws {
    let outcome = try CommandTests.run("check", "\(Self.data)/\(name).onnx", "--training")
    #expect(outcome.status == 0 || outcome.status == 1, "\(outcome.error)")
    #expect(outcome.output.contains("log10 second moment against depth"))
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
  }

  /// Layers bear the names of modules, and functions go to the one before.
  @Test func layersAreModules() throws {
    let outcome = try CommandTests.run(
      "check", "\(Self.data)/residual-dynamo.onnx", "--training", "--json")
    let document = try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(document["schema"] as? String == "evenkeel.check/1")
    let layers = try #require(document["layers"] as? [[String: Any]])
    #expect(layers.compactMap { $0["name"] as? String } == ["stem", "inner", "head"])
  }

  /// A language model whose norms, masks and gates are written by hand, with activations too large to
  /// be bounded one by one: blocks are layers, all is predicted, and no root of a variance warns.
  @Test func normsByHandAreKnown() throws {
    let outcome = try CommandTests.run(
      "check", "\(Self.data)/norms-by-hand-dynamo.onnx", "--json")
    #expect(outcome.status == 0, "\(outcome.error)")
    let document = try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    #expect(document["verdict"] as? String == "healthy")
    #expect((document["findings"] as? [Any])?.isEmpty == true)
    let layers = try #require(document["layers"] as? [[String: Any]])
    #expect(
      layers.compactMap { $0["name"] as? String } == ["e", "blocks.0", "blocks.1", "n", "head"])
    for layer in layers {
      for side in ["activation", "gradient"] {
        let quantity = layer[side] as? [String: Any]
        #expect(quantity?["predicted"] is [String: Any], "\(side) of \(layer["name"] ?? "")")
      }
    }
  }

  @Test func gradientsAreWrittenBesideOutputs() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "evenkeel-\(UInt64.random(in: 0...(.max)))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: "out.safetensors").path
    let outcome = try CommandTests.run(
      "run", "\(Self.data)/residual-dynamo.onnx", "--outputs", path, "--gradients", "--compare",
      "fp64")
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.output.contains("against the same in fp64"))
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let header = String(decoding: bytes.prefix(4096), as: UTF8.self)
    for name in ["\"y\"", "\"grad/stem.weight\"", "\"grad/head.bias\"", "\"grad/x\""] {
      #expect(header.contains(name), "\(name) is missing")
    }
  }

  @Test func formatsAndShapesAreChosen() throws {
    let model = "\(Self.data)/residual-dynamo.onnx"
    let half = try CommandTests.run("run", model, "--format", "fp16", "--json")
    #expect(half.status == 0 && half.output.contains("\"format\": \"fp16\""))
    CommandTests.expectRefusal(
      try CommandTests.run("run", model, "--node-format", "nowhere=fp16"), "there is no node")
    CommandTests.expectRefusal(
      try CommandTests.run("run", model, "--shape", "z=1,2"), "has no input 'z'")
    CommandTests.expectRefusal(
      try CommandTests.run("run", model, "--dim", "batch"), "NAME=VALUE")
    CommandTests.expectRefusal(
      try CommandTests.run("run", model, "--cotangents", "c.safetensors"), "--gradients")
    CommandTests.expectRefusal(
      try CommandTests.run("run", "Package.swift.onnx"), "cannot be read")
    CommandTests.expectRefusal(
      try CommandTests.run("check", "Examples/relu-30-he.yaml", "--training"), "for ONNX models")
  }

  @Test func networksOfYAMLRunAsWell() throws {
    let outcome = try CommandTests.run("run", "Examples/relu-30-he.yaml", "--gradients", "--json")
    #expect(outcome.status == 0, "\(outcome.error)")
    #expect(outcome.output.contains("evenkeel.run/1"))
    #expect(outcome.output.contains("grad/"))
  }

  @Test func anExtentThatNoInputHasIsRefused() throws {
    let model = "Tests/CasesTests/Data/reports/40-bert.onnx"
    CommandTests.expectRefusal(
      try CommandTests.run("check", model, "--dim", "nope=3"),
      "no input has an extent 'nope'; all extents are fixed, or have no name; use --shape")
  }

  @Test func theReasonForNoPredictionIsThatOfWhatIsNotKnown() throws {
    let output = try CommandTests.run("check", "Tests/CasesTests/Data/half/m1_sumsq.onnx").output
      .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(output.contains("have no full prediction: "))
    #expect(!output.contains("of the elements as they are"))
  }

  @Test func aModelStoredInHalfPrecisionIsNotCalledSingle() throws {
    let model = "Tests/CasesTests/Data/reports/08-mask-min-twice"
    let output = try CommandTests.run(
      "check", model + ".onnx", "--inputs", model + ".in.safetensors"
    ).output
    #expect(output.contains(" parameters, fp16,"))
    #expect(output.contains("Add overflows fp16 in 3 elements"))
    #expect(output.contains("fp16 ends at 65,504."))
    #expect(!output.contains("fp32 ends"))
  }
}
