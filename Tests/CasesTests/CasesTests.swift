import Foundation
import Testing

/// Small inputs of every kind that was once answered wrongly, each with the right answer.
///
/// `make cases` prints the counts; `EVENKEEL_CASES=static/15` runs those whose name begins so.
@Suite(.serialized) struct CasesTests {
  @Test(arguments: ["reports", "static", "half", "trainings", "models", "hostile", "bands"])
  func answersAreRight(_ list: String) async throws {
    let asked = ProcessInfo.processInfo.environment["EVENKEEL_CASES"]
    let rows = try Case.list(list).filter { row in
      guard let asked else { return true }
      return asked.isEmpty || "\(list)/\(row.name)".hasPrefix(asked)
    }
    let outcomes = try await Self.outcomes(of: rows, in: list)
    for (row, complaints) in zip(rows, outcomes) {
      let comment = Comment(rawValue: "\(list)/\(row.name): \(complaints.joined(separator: "; "))")
      if let open = row.open {
        withKnownIssue(Comment(rawValue: "\(list)/\(row.name): \(open)")) {
          #expect(complaints.isEmpty, comment)
        }
      } else {
        #expect(complaints.isEmpty, comment)
      }
    }
    if asked != nil, !rows.isEmpty {
      print("\(list): \(outcomes.count(where: \.isEmpty)) of \(rows.count) right")
    }
  }

  /// Two cases at a time, in the order of the list.
  private static func outcomes(of rows: [Case], in list: String) async throws -> [[String]] {
    var outcomes = [[String]](repeating: [], count: rows.count)
    try await withThrowingTaskGroup(of: (Int, [String]).self) { group in
      var next = 0
      func start() {
        guard next < rows.count else { return }
        let place = next
        next += 1
        group.addTask { (place, try CaseRun(rows[place], of: list).complaints) }
      }
      start()
      start()
      for try await (place, complaints) in group {
        outcomes[place] = complaints
        start()
      }
    }
    return outcomes
  }
}
