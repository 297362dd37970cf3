import Experiments
import Findings
import Foundation
import Testing
import Trials

/// What stands in a case of ``PreflightTests``: parts of an experiment, and what is told of it.
struct PreflightCase: CustomTestStringConvertible, Sendable {
  var name: String
  var input = "[2]"
  var layers = "[{dense: 24}, relu, {dense: 2}]"
  var loss = "softmax_cross_entropy"
  var data = "{moons: {samples: 400}, validation: 0.25}"
  var training = "{optimizer: {adam: 0.01}, steps: 300}"
  var start = "he_normal"
  /// The table that `t.csv` holds.
  var table: Table?
  /// What is told; nil for nothing but notes.
  var rule: RuleName?
  var cause: RootCause?
  var isCertain = true
  /// Texts in the sentence, the reason or the changes.
  var says: [String] = []

  var testDescription: String { name }

  /// A table of 400 rows of columns that are made from numbers of a fixed sequence.
  struct Table: Sendable {
    var header: String
    var row: @Sendable (_ number: Int, _ normal: (Int) -> Double) -> String
    var rows = 400
  }

  func suspects() throws -> [PreflightSuspect] {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "preflight-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    if let table {
      let lines = (0..<table.rows).map { row in
        table.row(row) { PreflightCase.normal(row, $0) }
      }
      try ([table.header] + lines).joined(separator: "\n").write(
        to: folder.appending(path: "t.csv"), atomically: true, encoding: .utf8)
    }
    let experiment = try Experiment(
      yaml: """
        network:
          input: \(input)
          init: {weights: \(start)}
          layers: \(layers)
          loss: \(loss)
        data: \(data)
        training: \(training)
        """, file: folder.appending(path: "e.yaml").path)
    return Preflight.suspects(of: experiment, try experiment.samples())
  }

  /// A number with mean 0 and variance 1: the sum of 12 that are uniform, less 6.
  static func normal(_ row: Int, _ column: Int) -> Double {
    var state = UInt64(truncatingIfNeeded: row &* 7919 &+ column &* 104_729 &+ 1)
    var sum = -6.0
    for _ in 0..<12 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      sum += Double(state >> 11) / Double(1 << 53)
    }
    return sum
  }
}

@Suite struct PreflightTests {
  @Test(arguments: PreflightCases.wrong)
  func itIsFound(_ it: PreflightCase) throws {
    let suspects = try it.suspects()
    let told = suspects.map {
      "\($0.isCertain) \($0.rule) \($0.cause): \($0.sentence) \($0.because)"
    }
    let found = suspects.filter {
      $0.rule == it.rule && (it.cause == nil || $0.cause == it.cause)
        && (!it.isCertain || $0.isCertain)
    }
    let first = try #require(found.first, "\(told)")
    let text =
      "\(first.sentence) \(first.because) \(first.remedies.map(\.change).joined(separator: " "))"
    for part in it.says { #expect(text.contains(part), "\(text)") }
    #expect(first.weight > 0 && first.weight <= 1)
    // It outweighs whatever else is suspected.
    if it.isCertain, first.severity > .note {
      #expect(suspects.allSatisfy { $0.isCertain || $0.weight <= first.weight + 0.1 }, "\(told)")
    }
  }

  @Test(arguments: PreflightCases.ordinary)
  func nothingIsTold(ofAnOrdinaryExperiment it: PreflightCase) throws {
    let told = try it.suspects().filter { $0.isCertain && $0.severity > .note }
      .map { "\($0.rule): \($0.sentence) \($0.because)" }
    #expect(told.isEmpty, "\(told)")
  }

  /// Set-ups that train well, and set-ups whose trouble is of another kind, are no contradictions.
  @Test func nothingIsToldOfTheHealthySetUpsThatAreShipped() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Examples/troubles").standardizedFileURL
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasPrefix("healthy-") }
    #expect(names.count >= 40)
    for name in names {
      let experiment = try Experiment(contentsOf: folder.appending(path: name).path)
      let told = Preflight.suspects(of: experiment, try experiment.samples())
        .filter { $0.isCertain && $0.severity > .note }
      #expect(told.isEmpty, "\(name): \(told.map(\.sentence))")
    }
  }
}
