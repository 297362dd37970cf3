import Findings
import Foundation
import Runs
import Testing

/// A writer that is killed with SIGKILL loses no more than its last second.
@Suite(.serialized) struct KilledRunTests {
  /// 10 moments, or 50 where time is no matter.
  @Test func noStepThatIsASecondOldIsLost() throws {
    let isLong = ProcessInfo.processInfo.environment["EVENKEEL_LONG"] != nil
    var longest = 0.0
    for number in 0..<(isLong ? 50 : 10) {
      try withFolder { folder in
        let path = folder + "/a.run"
        let log = folder + "/log"
        try Data().write(to: URL(fileURLWithPath: log))
        let output = try #require(FileHandle(forWritingAtPath: log))
        let process = try Helper.start(["append", path], output: output)
        Thread.sleep(forTimeInterval: .random(in: 0...(isLong ? 4 : 2)))
        var now = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        let killed = now.tv_sec * 1_000_000_000 + now.tv_nsec
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()

        let steps = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n")
          .map { $0.split(separator: " ").compactMap { Int($0) } }.filter { $0.count == 2 }
        let safe = steps.count { $0[1] < killed - 1_000_000_000 }
        // A process that had not yet made the file leaves none, or one that is told as no run.
        guard let file = try? RunFile(path) else {
          #expect(steps.isEmpty, "moment \(number)")
          return
        }
        let records = try file.records()
        #expect(records.map(\.step) == Array(0..<records.count))
        #expect(records.count >= safe, "moment \(number): \(steps.count) steps were told")
        #expect(file.meta["name"] == "killed" && file.ending == nil)
        if let lost = steps.first(where: { $0[0] == records.count }) {
          longest = max(longest, Double(killed - lost[1]) * 1e-9)
        }
        #expect(try integrity(of: path) == "ok")
        // The lock went with the process, and the run can be gone on with.
        let writer = try RunWriter(resuming: path, at: records.count / 2)
        try writer.close()
        #expect(try RunFile(path).stepCount() == records.count / 2)
      }
    }
    print("seconds lost at most: \(longest)")
  }
}
