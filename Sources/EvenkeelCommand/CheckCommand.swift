import ArgumentParser
import Findings
import Logging
import Reports
import Workflows

/// The verb `check`: whether a network is healthy, and what to change if it is not.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Predict and measure a network forward and backward, judge it, name remedies.",
    discussion: """
      Without data, inputs are standard normal, and so is the cotangent of the output, drawn from \
      the seed. Exit status: 0 nothing wrong, 1 a finding of severity error, 2 bad input.
      """)

  @Argument(
    help: ArgumentHelp(
      "Networks: YAML files, or models as ONNX files; '-' is standard input. Of several, each is "
        + "told in a line.", valueName: "model"))
  var models: [String]

  @OptionGroup var options: ModelOptions

  @Option(
    name: .customLong("for"),
    help: ArgumentHelp(
      """
      What the network is to be used for: training judges gradients as well, and lets an ONNX model \
      behave as in training; inference judges the forward pass alone. Training for YAML and with \
      --training, inference for an ONNX file.
      """, valueName: "purpose"))
  var purpose: String?

  @Option(
    parsing: .unconditional,
    help: "Samples in the batch: 256 by default, 8 where an ONNX model leaves it open.")
  var batch: Int?

  @Option(parsing: .unconditional, help: "The seed of every random draw.")
  var seed: UInt64 = 0

  @Option(
    parsing: .unconditional, help: "Weight seeds to measure; the spread over them is reported.")
  var draws: Int = 1

  @Option(
    help: """
      The number format to run in: fp32, tf32, bf16, fp16, fp8_e5m2, fp8_e5m2fnuz, fp8_e4m3fn, \
      fp8_e4m3fnuz, fp4_e2m1.
      """)
  var format: String = "fp32"

  @Flag(help: "Also compute the singular values of the input–output Jacobian.")
  var spectrum = false

  @Option(
    name: .customLong("healthy"),
    help: ArgumentHelp(
      "Second moments that count as healthy, as LOW:HIGH.", valueName: "low:high"))
  var healthy: String?

  @Option(help: "The share of dead units of a layer that is a finding.")
  var deadShare: Double?

  @Option(help: "The share of saturated activations of a layer that is a finding.")
  var saturatedShare: Double?

  @Option(help: "The share of elements lost to 0 in the format that is a finding.")
  var underflowShare: Double?

  @OptionGroup var memory: MemoryOption

  @Option(parsing: .unconditional, help: "Threads to use; results do not depend on it.")
  var threads: Int?

  @Flag(help: "Print one JSON document.")
  var json = false

  @Flag(
    help:
      "Show every layer, and all of the screen, though it takes more lines than the terminal has.")
  var all = false

  @Flag(help: "Show work and memory, and how long each stage took.")
  var verbose = false

  mutating func run() throws {
    if models.count == 1 { return try finish(with: check(models[0])) }
    guard models.count(where: { $0 == StandardInput.name }) <= 1 else {
      throw InputError("'-' stands for standard input, which can be read once; name it once")
    }
    // The worst of all files is the status: 2 where one could not be read.
    var worst: Int32 = 0
    for model in models {
      do throws(InputError) {
        worst = max(worst, try check(model) == .failing ? 1 : 0)
      } catch {
        Terminal.writeError("evenkeel: \(error.description)\n")
        worst = 2
      }
    }
    if worst > 0 { throw ExitCode(worst) }
  }

  private func finish(with verdict: Verdict) throws {
    if verdict == .failing { throw ExitCode(1) }
  }

  /// Checks one of the files and prints what was found.
  private func check(_ model: String) throws(InputError) -> Verdict {
    do {
      guard model == StandardInput.name else { return try check(model, named: model) }
      return try StandardInput.kept { path in
        do {
          return try check(path, named: model)
        } catch let error as InputError {
          throw InputError(error.description.replacing(path, with: model))
        }
      }
    } catch let error as InputError {
      throw error
    } catch {
      throw InputError(file: model, "\(error)")
    }
  }

  private func check(_ model: String, named name: String) throws -> Verdict {
    try memory.apply(to: name)
    var request = CheckRequest(path: model)
    request.batch = batch
    var file = ModelRequest(path: model)
    file.inputs = options.inputs
    file.shapes = options.shape
    file.dimensions = options.dim
    file.isTraining = options.training
    file.note = Notes().teller
    request.model = file
    request.purpose = try purpose.map(Self.purpose)
    request.seed = seed
    request.draws = draws
    request.format = format
    request.wantsSpectrum = spectrum
    request.threads = threads
    request.healthy = try healthy.map(Self.range)
    request.deadShare = deadShare
    request.saturatedShare = saturatedShare
    request.underflowShare = underflowShare
    if verbose {
      request.logger = Logger(label: "evenkeel") { StreamLogHandler.standardError(label: $0) }
      request.logger.logLevel = .debug
    }
    let progress = ProgressLine("draws")
    if draws > 1 { request.progress = { progress.show($0, of: $1) } }

    let result = try CheckWorkflow(request).run()
    progress.clear()
    let report = result.report
    if json {
      let text = models.count > 1 ? report.json.line : report.json.text
      Terminal.writeOutput(text.replacing(model, with: name) + "\n")
    } else if models.count > 1 {
      Terminal.writeOutput(Self.line(report, name) + "\n")
    } else {
      let screen = result.screen(
        style: Terminal.style, showsAll: all, isVerbose: verbose, repair: repair(of: name, report))
      Terminal.writeOutput(screen.replacing(model, with: name))
    }
    return report.verdict
  }

  /// A report in a line: the file, its verdict, and what is wrong first of all.
  private static func line(_ report: CheckReport, _ name: String) -> String {
    let told = report.findings.filter { $0.severity != .note }
    guard let first = told.first else { return "\(name): \(report.verdict.rawValue)" }
    let place = first.layer.map { " at \($0)" } ?? ""
    let more = told.count > 1 ? ", and \(told.count - 1) more" : ""
    return "\(name): \(report.verdict.rawValue), \(first.rule.rawValue)\(place)\(more)"
  }

  /// The command that tries the changes with the same inputs; nil where it would judge otherwise, since a
  /// repair has the usual limits, the format of the file, and no standard input.
  private func repair(of model: String, _ report: CheckReport) -> String? {
    let isONNX = ModelRequest(path: model).isONNX
    guard format == "fp32", healthy == nil, deadShare == nil, saturatedShare == nil,
      underflowShare == nil, model != StandardInput.name, isONNX || batch == nil
    else { return nil }
    var words = ["evenkeel", "repair", model]
    if isONNX {
      if report.model.purpose == .training { words.append("--training") }
      if let inputs = options.inputs { words += ["--inputs", inputs] }
      words += options.shape.flatMap { ["--shape", $0] } + options.dim.flatMap { ["--dim", $0] }
      if let batch { words += ["--batch", "\(batch)"] }
    }
    if seed != 0 { words += ["--seed", "\(seed)"] }
    return words.map(Self.quoted).joined(separator: " ")
  }

  /// A word as a shell reads it.
  private static func quoted(_ word: String) -> String {
    let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "/._-=,:+@%".contains($0) }
    return isPlain && !word.isEmpty
      ? word : "'" + word.replacing("'", with: "'\\''") + "'"
  }

  private static func purpose(_ text: String) throws -> Purpose {
    guard let purpose = Purpose(rawValue: text) else {
      throw InputError("--for \(text): no such purpose; use training or inference")
    }
    return purpose
  }

  /// `1e-6:1e3` as a range.
  private static func range(_ text: String) throws -> ClosedRange<Double> {
    let parts = text.split(separator: ":").map { Double($0) }
    guard parts.count == 2, let low = parts[0], let high = parts[1], low > 0, low < high,
      high.isFinite
    else {
      throw InputError("--healthy \(text): not a range; write two positive numbers as 1e-6:1e3")
    }
    return low...high
  }
}
