import Foundation
import Testing

/// The command as a user meets it: a process, its output and its exit status.
@Suite(.serialized) struct CommandTests {
  struct Outcome {
    let status: Int32
    let output: String
    let error: String
    let seconds: Double
  }

  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../..").standardizedFileURL

  /// The command that was built with these tests.
  static var command: URL {
    #if DEBUG
      let configuration = "debug"
    #else
      let configuration = "release"
    #endif
    return root.appending(path: ".build/\(configuration)/evenkeel")
  }

  static func run(_ arguments: String..., in folder: URL = root) throws -> Outcome {
    try run(arguments, in: folder)
  }

  static func run(_ arguments: [String], in folder: URL = root) throws -> Outcome {
    let process = Process()
    process.executableURL = command
    process.arguments = arguments
    process.currentDirectoryURL = folder
    let (output, error) = (Pipe(), Pipe())
    process.standardOutput = output
    process.standardError = error
    let start = ContinuousClock.now
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaint = error.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let elapsed = (ContinuousClock.now - start).components
    return Outcome(
      status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
      error: String(decoding: complaint, as: UTF8.self),
      seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18)
  }

  /// Writes `text` to a file in a new folder and checks it.
  static func check(_ text: String) throws -> Outcome {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "evenkeel-\(UInt64.random(in: 0...(.max)))")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(text.utf8).write(to: folder.appending(path: "net.yaml"))
    return try run("check", "net.yaml", in: folder)
  }

  static func expectRefusal(_ outcome: Outcome, _ part: String) {
    #expect(outcome.status == 2)
    #expect(outcome.output.isEmpty)
    #expect(outcome.error.hasPrefix("evenkeel: "))
    #expect(outcome.error.split(separator: "\n").count == 1)
    #expect(outcome.error.contains(part), "\(outcome.error)")
    #expect(outcome.seconds < 5)
  }

  static func network(_ layers: String, input: String = "[4]") -> String {
    "network:\n  input: \(input)\n  layers:\n\(layers)\n"
  }

  @Test func refusesAnEmptyFile() throws {
    Self.expectRefusal(try Self.check(""), "net.yaml")
  }

  @Test func refusesADirectoryAndAMissingFile() throws {
    Self.expectRefusal(try Self.run("check", "Examples"), "Examples")
    Self.expectRefusal(try Self.run("check", "no-such.yaml"), "no-such.yaml")
  }

  @Test func refusesABombOfAliases() throws {
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for i in 1...30 {
      let items = Array(repeating: "*a\(i - 1)", count: 10).joined(separator: ", ")
      bomb += "a\(i): &a\(i) [\(items)]\n"
    }
    Self.expectRefusal(try Self.check(bomb + Self.network("    - dense: 4")), "alias")
  }

  @Test func namesTheNearestLayer() throws {
    let outcome = try Self.check(Self.network("    - dense: 4\n    - rellu"))
    Self.expectRefusal(outcome, "net.yaml:5")
    #expect(outcome.error.contains("relu"))
  }

  @Test func refusesWrongShapesAndExtents() throws {
    Self.expectRefusal(
      try Self.check(Self.network("    - dense: 4", input: "[3, 8, 8]")), "flatten")
    Self.expectRefusal(try Self.check(Self.network("    - dense: 0")), "net.yaml:4")
    Self.expectRefusal(try Self.check(Self.network("    - dense: -3")), "net.yaml:4")
  }

  @Test func refusesADepthOfTenMillion() throws {
    let layers = "    - repeat: 10000000\n      layers: [{dense: 4}, relu]"
    Self.expectRefusal(try Self.check(Self.network(layers)), "layers")
  }

  @Test(arguments: [".nan", ".inf", "-1"]) func refusesParametersThatCannotBe(_ std: String) throws
  {
    let layers = "    - dense: {units: 4, init: {weights: {normal: \(std)}}}"
    Self.expectRefusal(try Self.check(Self.network(layers)), "net.yaml:4")
  }

  @Test func refusesOptionsThatMakeNoSense() throws {
    let example = "Examples/relu-30-he.yaml"
    Self.expectRefusal(try Self.run("check", example, "--format", "fp99"), "fp16")
    Self.expectRefusal(try Self.run("check", example, "--batch", "0"), "--batch")
    Self.expectRefusal(try Self.run("check", example, "--healthy", "3"), "--healthy")
    Self.expectRefusal(try Self.run("check"), "model")
    Self.expectRefusal(try Self.run("chek", example), "chek")
  }

  @Test(arguments: [
    ("-1", "--seed -1: must be 0 or more"), ("x", "--seed x: is no number; write one"),
    ("1.5", "--seed 1.5: must be a whole number"),
    ("99999999999999999999", "--seed 99999999999999999999: is beyond what it can be"),
  ])
  func refusesASeedThatIsNone(_ seed: String, _ complaint: String) throws {
    let outcome = try Self.run("check", "Examples/relu-30-he.yaml", "--seed", seed)
    Self.expectRefusal(outcome, complaint + "; see evenkeel check --help")
  }

  @Test func theRepairThatIsNamedHasTheInputsOfTheCheck() throws {
    let folder = "Tests/CasesTests/Data/reports"
    let model = "\(folder)/37-exp-of-loss"
    let outcome = try Self.run(
      "check", "\(model).onnx", "--training", "--inputs", "\(model).in.safetensors")
    let command = "evenkeel repair \(model).onnx --training --inputs \(model).in.safetensors"
    #expect(outcome.output.hasSuffix("To try the changes:\n  \(command)\n"))
    let narrow = try Self.run("check", "Examples/sigmoid-50.yaml", "--healthy", "1e-9:1e9")
    #expect(narrow.output.hasSuffix("\n\nFAILING: 2 errors.\n"))
  }

  @Test func exitStatusTellsTheVerdict() throws {
    #expect(try Self.run("check", "Examples/relu-30-he.yaml").status == 0)
    #expect(try Self.run("check", "Examples/sigmoid-50.yaml").status == 1)
  }

  @Test func jsonIsOneDocumentWithTheSchemaFirst() throws {
    let outcome = try Self.run("check", "Examples/sigmoid-50.yaml", "--json")
    #expect(outcome.output.hasPrefix("{\n  \"schema\": \"evenkeel.check/1\""))
    let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    let object = try #require(document as? [String: Any])
    #expect(object["verdict"] as? String == "failing")
    #expect((object["layers"] as? [Any])?.count == 50)
  }

  @Test func theSameBytesOnAnyNumberOfThreads() throws {
    let one = try Self.run("check", "Examples/tanh-50-xavier.yaml", "--json", "--threads", "1")
    let two = try Self.run("check", "Examples/tanh-50-xavier.yaml", "--json", "--threads", "2")
    #expect(one.output == two.output)
  }

  @Test func theScreenFitsEightyColumnsWithoutColour() throws {
    let output = try Self.run("check", "Examples/sigmoid-50.yaml").output
    #expect(output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(!output.contains("\u{1B}"))
  }
}
