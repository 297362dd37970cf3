import ArgumentParser
import Findings
import Workflows

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
        print(Evenkeel.fullMessage(for: error) + (isHelp(error) ? Verbs.examples(of: verb) : ""))
        exit(0)
      }
      stop(complaint(error))
    }
  }

  private static let words = Array(CommandLine.arguments.dropFirst())
  private static let verb = Verbs.called(in: words)

  private static func isHelp(_ error: any Error) -> Bool {
    Evenkeel.fullMessage(for: error).contains("USAGE:")
  }

  /// What is wrong with a call, with a hint at the help of its verb.
  private static func complaint(_ error: any Error) -> String {
    if let first = words.first, !first.hasPrefix("-"), first != "help", verb == nil {
      let near = Program.nearestName(to: first, among: Verbs.names).map { "did you mean \($0)? " }
      return "there is no verb '\(first)'; \(near ?? "")the verbs are "
        + Verbs.names.joined(separator: ", ")
    }
    let told = Self.refusal(Evenkeel.message(for: error))
    let message = told.prefix(1).lowercased() + told.dropFirst()
    let join = message.last == "?" ? " See" : "; see"
    return "\(message)\(join) evenkeel \(verb.map { $0 + " " } ?? "")--help"
  }

  /// What is wrong with a number of an option, in place of the parser's words for it.
  private static func refusal(_ message: String) -> String {
    let parts = message.split(separator: "'", omittingEmptySubsequences: false)
    guard parts.count == 5, parts[0] == "The value ", parts[2] == " is invalid for ",
      parts[4].isEmpty, let option = parts[3].split(separator: " ").first
    else { return message }
    let value = parts[1]
    let need: String
    switch Double(value) {
    case nil: need = "is no number; write one"
    case let number? where number != number.rounded(): need = "must be a whole number"
    case let number? where number < 0: need = "must be 0 or more"
    default: need = "is beyond what it can be"
    }
    return "\(option) \(value): \(need)"
  }

  /// Ends the process over a bad input.
  static func stop(_ message: String) -> Never {
    let line = message.split(separator: "\n").joined(separator: " ")
    Terminal.writeError("evenkeel: \(line)\n")
    exit(2)
  }
}
