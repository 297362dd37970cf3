import ArgumentParser
import Findings

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Runs the verb and turns every outcome into an exit status.
///
/// 0: nothing wrong was found; 1: a finding of severity `error`; 2: the input or the call is bad,
/// told in one line on standard error.
@main enum Main {
  static func main() {
    do {
      var command = try Evenkeel.parseAsRoot()
      try command.run()
    } catch let error as InputError {
      stop(error.description)
    } catch let code as ExitCode {
      exit(code.rawValue)
    } catch {
      guard Evenkeel.exitCode(for: error) != .success else {
        print(Evenkeel.fullMessage(for: error))
        exit(0)
      }
      stop(Evenkeel.message(for: error) + "; see evenkeel --help")
    }
  }

  /// Ends the process over a bad input.
  static func stop(_ message: String) -> Never {
    let line = message.split(separator: "\n").joined(separator: " ")
    Terminal.writeError("evenkeel: \(line)\n")
    exit(2)
  }
}
