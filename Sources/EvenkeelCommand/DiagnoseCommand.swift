import ArgumentParser
import Findings
import Reports
import Workflows

/// The verb `diagnose`: why a training fails.
struct DiagnoseCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diagnose",
    abstract: "Replay a failed training from its last healthy step; name the cause and prove it.",
    discussion: """
      Names the first tensor that is not finite, with element, operands and cause, what grew and \
      since when, and the root cause, which is proven by training with one thing changed. Exit \
      status: 0 the training is healthy or not finished, 1 it is not healthy, 2 bad input.
      """)

  @Argument(help: "A run that 'train' kept, or an experiment, which is run first.")
  var subject: String

  @Option(help: "Seconds for all of it, the first training included.")
  var seconds = 120.0

  @Option(
    parsing: .unconditional,
    help: "The seed of every random draw, in place of that in the experiment.")
  var seed: UInt64?

  @OptionGroup var memory: MemoryOption

  @Option(parsing: .unconditional, help: "Threads to use; results do not depend on it.")
  var threads: Int?

  @Flag(help: "Print one JSON document.")
  var json = false

  @Flag(help: "Show everything that was tried, though it takes more lines than the terminal has.")
  var all = false

  mutating func run() throws {
    try memory.apply(to: subject)
    var request = DiagnoseRequest(path: subject)
    request.seconds = seconds
    request.seed = seed
    request.threads = threads
    let line = StatusLine()
    request.progress = { line.show($0) }
    let report = try DiagnoseWorkflow(request).run()
    line.clear()
    if json {
      Terminal.writeOutput(report.json.text + "\n")
    } else {
      let screen = DiagnosisScreen(report, style: Terminal.style, showsAll: all)
      Terminal.writeOutput(screen.text)
    }
    if report.verdict != .healthy, report.verdict != .notFinished { throw ExitCode(1) }
  }
}
