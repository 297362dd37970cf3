import Foundation
import Testing

/// Every set-up that the package ships makes the same steps, bit for bit, on one thread and on two.
@Suite(.serialized) struct ReplayTests {
  /// What the first steps tell of every tensor, to the last digit, without the time that they took.
  private static func steps(_ name: String, threads: Int) throws -> [String] {
    let outcome = try CommandTests.run(
      "train", "Examples/troubles/\(name)", "--steps", "12", "--threads", "\(threads)", "--json",
      "--discard")
    return outcome.output.split(separator: "\n").map { line in
      line.split(separator: ", \"").filter { !$0.hasPrefix("seconds\"") }.joined(separator: "\n")
    }
  }

  @Test func theSameStepsOnAnyNumberOfThreads() throws {
    let folder = CommandTests.root.appending(path: "Examples/troubles")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".yaml") }.sorted()
    #expect(names.count > 100)
    for name in names {
      let first = try Self.steps(name, threads: 1)
      #expect(first.count >= 3, "\(name)")
      #expect(try Self.steps(name, threads: 2) == first, "\(name)")
    }
  }
}
