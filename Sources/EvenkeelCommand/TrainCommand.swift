import ArgumentParser
import Findings
import Reports
import Training
import Trials
import Watching
import Workflows

/// The verb `train`: an experiment carried out under guard, watched and kept.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train with guards: no number that is not finite ever reaches a weight.",
    discussion: """
      What is found is told as soon as it is known. Ctrl-C ends the run cleanly; --resume goes on \
      with it as if it had never stopped. Exit status: 0 nothing wrong, 1 a finding of severity \
      error or a target that was missed, 2 bad input.
      """)

  @Argument(help: "The experiment: a YAML file with network, data and training.")
  var experiment: String?

  @Option(help: "Go on with a run from its last snapshot.")
  var resume: String?

  @Option(
    name: .customLong("run"), help: "The file to keep the run in (default: NAME.run here).")
  var path: String?

  @Flag(help: "Replace a run of that name.")
  var force = false

  @Flag(help: "Keep no file of the run.")
  var discard = false

  @Option(parsing: .unconditional, help: "Steps to make, in place of those in the experiment.")
  var steps: Int?

  @Option(
    parsing: .unconditional,
    help: "The seed of every random draw, in place of that in the experiment.")
  var seed: UInt64?

  @OptionGroup var memory: MemoryOption

  @Option(parsing: .unconditional, help: "Threads to use; results do not depend on it.")
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "Estimate the sharpness every so many steps, and the rate up to which descent is stable.",
      valueName: "steps"))
  var sharpness: Int?

  @Flag(help: "Print a line of JSON per step, after one that says what is trained.")
  var json = false

  @Flag(help: "Tell every finding in full, though it takes more lines than the terminal has.")
  var all = false

  func validate() throws {
    guard (experiment == nil) != (resume == nil) else {
      throw ValidationError("name an experiment, or a run with --resume, but not both")
    }
    guard path == nil || (!discard && resume == nil) else {
      throw ValidationError("--run goes neither with --discard nor with --resume")
    }
    guard resume == nil || (seed == nil && steps == nil) else {
      throw ValidationError("a run that is gone on with keeps its seed and its number of steps")
    }
  }

  mutating func run() throws {
    try memory.apply(to: resume ?? experiment)
    var request = TrainRequest(resume.map { .run($0) } ?? .experiment(experiment ?? ""))
    request.keeping = discard ? .nowhere : path.map { .file($0) } ?? .automatic
    request.replacesRun = force
    request.seed = seed
    request.steps = steps
    request.threads = threads
    request.sharpnessInterval = sharpness
    request.isStopped = { Interruption.isRequested }
    Interruption.listen()

    let workflow = try TrainWorkflow(request)
    let screen = TrainScreen(style: Terminal.style, showsAll: all)
    let beginning = screen.text(of: workflow.start)
    Terminal.writeOutput(json ? workflow.start.json.line + "\n" : beginning)
    if let problem = workflow.problem {
      Terminal.writeError("evenkeel: \(problem); the run is kept in memory\n")
    }
    var display = TrainDisplay(
      screen, of: workflow.start.plannedSteps, below: beginning.count { $0 == "\n" }, json: json)
    let report = try workflow.run { step, sharpness in
      display.show(step, sharpness: sharpness, trouble: workflow.trouble)
    }
    display.clear()
    Terminal.writeOutput(
      json ? report.json.line + "\n" : "\n" + screen.text(of: report, below: display.linesWritten))
    if let problem = workflow.problem { Terminal.writeError("evenkeel: \(problem)\n") }
    if report.ending == .stopped, let status = Interruption.status {
      if let run = report.start.run {
        Terminal.writeError("evenkeel: stopped; go on with: evenkeel train --resume \(run)\n")
      }
      throw ExitCode(status)
    }
    if report.verdict == .failing || report.verdict == .targetMissed { throw ExitCode(1) }
  }
}

/// What a training shows while it goes on: a line that is written anew, and findings as they begin.
private struct TrainDisplay {
  private let screen: TrainScreen
  private let planned: Int
  private let json: Bool
  private var pace = Pace()
  private var shown = ContinuousClock.now - .seconds(1)
  private var losses: [Double] = []
  private var isShown = false
  private var toldTrouble: String?
  /// Lines on standard output, what was told ahead of the first step included.
  private(set) var linesWritten: Int
  private var isFull = false

  init(_ screen: TrainScreen, of planned: Int, below lines: Int, json: Bool) {
    self.screen = screen
    linesWritten = lines
    self.planned = planned
    self.json = json
  }

  mutating func show(_ step: Trial.Step, sharpness: Double?, trouble: String?) {
    losses.append(step.record.loss)
    if json {
      Terminal.writeOutput(StepLine(step, sharpness: sharpness).json.line + "\n")
    } else {
      if let sharpness {
        write(
          screen.text(
            ofSharpness: sharpness, atStep: step.record.step, rate: step.record.learningRate))
      }
      for event in step.events {
        switch event {
        case .began(let finding), .worsened(let finding):
          write(screen.text(of: finding, atStep: step.record.step))
        case .ended(let finding):
          write(screen.text(of: finding, atStep: step.record.step, ending: true))
        }
      }
    }
    if trouble != toldTrouble {
      clear()
      toldTrouble = trouble
      Terminal.writeError(
        trouble.map { "evenkeel: \($0); the run is kept in memory meanwhile\n" }
          ?? "evenkeel: the run is kept in its file again\n")
    }
    let now = ContinuousClock.now
    guard Terminal.errorIsTerminal, now - shown > .milliseconds(100) else { return }
    shown = now
    Terminal.writeError("\r\u{1B}[K" + line(step.record))
    isShown = true
  }

  /// Writes what has happened, as long as there is room for the summary below it.
  private mutating func write(_ text: String) {
    guard !isFull else { return }
    clear()
    isFull = linesWritten >= screen.mostEvents
    Terminal.writeOutput(isFull ? "… more in the summary below\n" : text)
    linesWritten += isFull ? 1 : text.count { $0 == "\n" }
  }

  private mutating func line(_ record: StepRecord) -> String {
    let done = record.step + 1
    let time = pace.time(for: planned - done, done: done).map { ", about \($0) left" } ?? ""
    var parts = [
      "step \(done)/\(planned)", "loss \(Numerals.short(record.loss))",
      Sparkline.text(losses, columns: 16), "gradient \(Numerals.short(record.gradientNorm))",
    ]
    if let scale = record.lossScale { parts.append("scale \(Numerals.short(scale))") }
    if record.refusal != nil { parts.append("refused") }
    return parts.joined(separator: "  ") + time
  }

  mutating func clear() {
    if isShown { Terminal.writeError("\r\u{1B}[K") }
    isShown = false
  }
}

/// A step as a line of JSON: its record, what began or ended with it, and the evaluation after it.
private struct StepLine: JSONRepresentable {
  let step: Trial.Step
  let sharpness: Double?

  init(_ step: Trial.Step, sharpness: Double?) {
    self.step = step
    self.sharpness = sharpness
  }

  var json: JSON {
    guard case .object(let members) = step.record.json else { return step.record.json }
    let events = step.events.map { event -> JSON in
      let (kind, finding) =
        switch event {
        case .began(let finding): ("began", finding)
        case .worsened(let finding): ("worsened", finding)
        case .ended(let finding): ("ended", finding)
        }
      return .object(["event": .text(kind), "finding": finding.json])
    }
    let evaluation: JSON =
      step.evaluation.map {
        .object(["loss": .number($0.loss), "accuracy": .number($0.accuracy)])
      } ?? .null
    return .object(
      members + [
        .init("events", .array(events)), .init("evaluation", evaluation),
        .init("sharpness", .number(sharpness)),
      ])
  }
}
