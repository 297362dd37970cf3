import Foundation
import Logging
import Synchronization
import Testing
import Workflows

@Suite struct LoggingTests {
  /// Keeps what is logged.
  private final class Journal: Sendable {
    let lines = Mutex<[(level: Logger.Level, message: String, metadata: Logger.Metadata)]>([])
  }

  private struct Handler: LogHandler {
    let journal: Journal
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      journal.lines.withLock {
        $0.append((event.level, "\(event.message)", event.metadata ?? [:]))
      }
    }
  }

  @Test func aCheckTellsItsStagesAndTheirTimesToALogger() throws {
    let journal = Journal()
    let file = ExampleVerdictTests.folder.appending(path: "relu-30-he.yaml")
    var request = CheckRequest(path: file.path())
    request.batch = 4
    request.logger = Logger(label: "test") { _ in Handler(journal: journal) }
    _ = try CheckWorkflow(request).run()
    let lines = journal.lines.withLock { $0 }
    #expect(
      lines.map(\.message) == [
        "lowered", "network", "predicted and measured", "predicted remedies",
      ])
    #expect(lines.allSatisfy { $0.level == .debug })
    #expect(lines.filter { $0.metadata["duration"] != nil }.count == 3)
    #expect(lines[1].metadata["layers"] == "30")
  }
}
