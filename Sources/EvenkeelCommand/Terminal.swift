import Reports

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The two streams that a person may be looking at.
enum Terminal {
  /// Whether standard output is a terminal.
  static var outputIsTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Whether what is printed may be coloured.
  static var outputTakesColour: Bool { outputIsTerminal && !wantsNoColour && !isDumb }

  /// Whether standard error is a terminal whose last line can be written anew, to show progress.
  static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 && !isDumb }

  /// `TERM=dumb`: a terminal that knows no control sequences.
  private static var isDumb: Bool {
    guard let term = unsafe getenv("TERM") else { return false }
    return unsafe String(cString: term) == "dumb"
  }

  /// Columns of the terminal on standard output; 80 elsewhere.
  static var width: Int { size?.columns ?? 80 }

  /// How a report is written to standard output: as wide and as high as the terminal, and without an
  /// end elsewhere.
  static var style: Style {
    Style(width: width, height: size?.lines, colour: outputTakesColour)
  }

  private static var size: (columns: Int, lines: Int)? {
    var size = winsize()
    guard outputIsTerminal, unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0,
      size.ws_col > 0, size.ws_row > 0
    else { return nil }
    return (Int(size.ws_col), Int(size.ws_row))
  }

  static func writeError(_ text: String) { send(text, to: STDERR_FILENO) }
  static func writeOutput(_ text: String) { send(text, to: STDOUT_FILENO) }

  /// `NO_COLOR`, the common wish for plain text.
  private static var wantsNoColour: Bool { unsafe getenv("NO_COLOR") != nil }

  private static func send(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes[sent...].withUnsafeBytes {
        unsafe write(descriptor, $0.baseAddress, $0.count)
      }
      guard count > 0 else { return }
      sent += count
    }
  }
}
