import Foundation
import Testing

/// `evenkeel diagnose` and `evenkeel repair` as processes.
@Suite(.serialized) struct RepairCommandTests {
  private static let broken = """
    # Two moons, with a learning rate that is far too large.
    network:
      input: [2]
      layers: [{dense: 16}, relu, {dense: 2}]   # small
      loss: softmax_cross_entropy
    data: {moons: {samples: 200}}
    training:
      # The culprit:
      optimizer: {sgd: 100}
      steps: 200
    """

  private func document(_ outcome: CommandTests.Outcome) throws -> [String: Any] {
    try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any],
      "\(outcome.output) \(outcome.error)")
  }

  @Test func aRunIsDiagnosed() throws {
    try TrainCommandTests.withFolder(Self.broken) { folder in
      #expect(try CommandTests.run("train", "e.yaml", in: folder).status == 1)
      let outcome = try CommandTests.run("diagnose", "e.run", "--json", in: folder)
      #expect(outcome.status == 1)
      let report = try document(outcome)
      #expect(report["schema"] as? String == "evenkeel.diagnose/1")
      let root = try #require(report["root_cause"] as? [String: Any])
      #expect(root["cause"] as? String == "learning_rate" && root["proven"] as? Bool == true)
      let screen = try CommandTests.run("diagnose", "e.yaml", in: folder)
      #expect(screen.output.hasPrefix("CAUSE: the learning rate."))
      #expect(screen.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
      CommandTests.expectRefusal(
        try CommandTests.run("diagnose", "none.yaml", in: folder), "none.yaml")
      CommandTests.expectRefusal(
        try CommandTests.run("diagnose", "e.run", "--seed", "3", in: folder), "--seed")
    }
  }

  @Test func anExperimentIsRepairedInPlace() throws {
    try TrainCommandTests.withFolder(Self.broken) { folder in
      let outcome = try CommandTests.run(
        "repair", "e.yaml", "-o", "fixed.yaml", "--json", in: folder)
      #expect(outcome.status == 0, "\(outcome.error)")
      let report = try document(outcome)
      #expect(report["outcome"] as? String == "repaired")
      #expect((report["proof"] as? [Any])?.count == 3)
      let text = try String(contentsOf: folder.appending(path: "fixed.yaml"), encoding: .utf8)
      #expect(report["repaired"] as? String == text)
      for part in ["# Two moons", "# small", "# The culprit:", "steps: 200"] {
        #expect(text.contains(part), "\(text)")
      }
      #expect(!text.contains("sgd: 100}"))
      #expect(
        try CommandTests.run("train", "fixed.yaml", "--discard", in: folder).status == 0)
    }
  }

  @Test func aNetworkWithoutDataIsRepairedByItsCheck() throws {
    let text =
      "network:\n  input: [64]\n  init: {weights: xavier_normal}  # wrong\n  layers:\n"
      + "    - repeat: 30\n      layers: [{dense: 64}, relu]\n"
    try TrainCommandTests.withFolder(text) { folder in
      #expect(try CommandTests.run("check", "e.yaml", in: folder).status == 1)
      let outcome = try CommandTests.run("repair", "e.yaml", "-o", "fixed.yaml", in: folder)
      #expect(outcome.status == 0, "\(outcome.output) \(outcome.error)")
      #expect(try CommandTests.run("check", "fixed.yaml", in: folder).status == 0)
      let fixed = try String(contentsOf: folder.appending(path: "fixed.yaml"), encoding: .utf8)
      #expect(fixed.contains("# wrong") && fixed.contains("he_normal"))
    }
  }

  @Test func whatIsWrongWithTheCallIsTold() throws {
    try TrainCommandTests.withFolder(Self.broken) { folder in
      CommandTests.expectRefusal(
        try CommandTests.run("repair", "e.yaml", "--budget", "soon", in: folder), "--budget soon")
      CommandTests.expectRefusal(
        try CommandTests.run("repair", "e.yaml", "-o", "no/fixed.yaml", in: folder), "directory")
      CommandTests.expectRefusal(
        try CommandTests.run("repair", "e.yaml", "--seeds", "0", in: folder), "--seeds")
    }
  }
}
