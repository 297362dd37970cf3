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

  @Argument(help: "The network: a YAML file, or a model as an ONNX file.")
  var model: String

  @OptionGroup var options: ModelOptions

  @Option(help: "Samples in the batch: 256 by default, 8 where an ONNX model leaves it open.")
  var batch: Int?

  @Option(help: "The seed of every random draw.")
  var seed: UInt64 = 0

  @Option(help: "Weight seeds to measure; the spread over them is reported.")
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

  @Option(help: "Threads to use; results do not depend on it.")
  var threads: Int?

  @Flag(help: "Print one JSON document.")
  var json = false

  @Flag(help: "Show every layer.")
  var all = false

  @Flag(help: "Show work and memory, and how long each stage took.")
  var verbose = false

  mutating func run() throws {
    try memory.apply(to: model)
    var request = CheckRequest(path: model)
    request.batch = batch
    var file = ModelRequest(path: model)
    file.inputs = options.inputs
    file.shapes = options.shape
    file.dimensions = options.dim
    file.isTraining = options.training
    request.model = file
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
    if json {
      Terminal.writeOutput(result.report.json.text + "\n")
    } else {
      let style = Style(width: Terminal.width, colour: Terminal.outputIsTerminal)
      Terminal.writeOutput(result.screen(style: style, showsAll: all, isVerbose: verbose))
    }
    if result.report.verdict == .failing { throw ExitCode(1) }
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
