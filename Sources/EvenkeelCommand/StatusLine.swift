/// One line on standard error that says what is being done; silent where it is not a terminal.
final class StatusLine: @unchecked Sendable {
  // Shown from the one thread that runs the work.
  private var shown = ContinuousClock.now - .seconds(1)
  private var isShown = false

  /// Shows a text in place of the last one, ten times a second at most.
  func show(_ text: String) {
    let now = ContinuousClock.now
    guard Terminal.errorIsTerminal, now - shown > .milliseconds(100) else { return }
    shown = now
    isShown = true
    Terminal.writeError("\r\u{1B}[K" + text.prefix(Terminal.width - 1))
  }

  /// Removes the line.
  func clear() {
    if isShown { Terminal.writeError("\r\u{1B}[K") }
    isShown = false
  }
}
