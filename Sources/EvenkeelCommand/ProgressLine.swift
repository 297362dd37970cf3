/// One line on standard error that says how far long work is; silent where it is not a terminal.
final class ProgressLine: @unchecked Sendable {
  // Shown from the one thread that runs the work.
  private let unit: String
  private var pace = Pace()
  private var isShown = false

  init(_ unit: String) { self.unit = unit }

  /// Shows that `done` of `total` units are done, with the time left by the pace so far.
  func show(_ done: Int, of total: Int) {
    guard Terminal.errorIsTerminal else { return }
    var line = "\r\u{1B}[K\(done) of \(total) \(unit)"
    if let time = pace.time(for: total - done, done: done) { line += ", about \(time) left" }
    isShown = true
    Terminal.writeError(line)
  }

  /// Removes the line.
  func clear() {
    if isShown { Terminal.writeError("\r\u{1B}[K") }
    isShown = false
  }
}
