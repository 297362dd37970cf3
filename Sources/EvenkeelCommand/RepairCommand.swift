import ArgumentParser
import Findings
import Reports
import Workflows

/// The verb `repair`: the smallest change that works, proven.
struct RepairCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Search the remedies, keep the smallest change that works, prove it, write the file.",
    discussion: """
      A repair counts only when training meets its target with no finding left, for every seed, and \
      its loss ends below where it began and below that of a constant prediction. \
      Comments and order of the file are kept. Of an ONNX model only what is repaired changes; it \
      counts when what was written, read again, passes its check for every seed, and its outputs are \
      where they were. Exit status: 0 repaired or nothing wrong, 1 no repair was found or errors \
      remain, 2 bad input.
      """)

  @Argument(
    help: "A YAML file: an experiment, or a network without data. Or a model as an ONNX file.")
  var subject: String

  @OptionGroup var options: ModelOptions

  @Option(
    parsing: .unconditional,
    help: "Samples in the batch where an ONNX model leaves it open (default: 8).")
  var batch: Int?

  @Option(
    help: ArgumentHelp(
      "fp16 or bf16: takes an ONNX model in fp32 to it; the fewest operators stay in fp32 that its outputs need.",
      valueName: "format"))
  var format: String?

  @Option(
    name: .shortAndLong,
    help: "The file to write the repaired one to; weights beside a model go to FILE.data.")
  var output: String?

  @Option(help: "What the search may cost: '20000 steps', '60s', '5m' (default: 120s).")
  var budget: String?

  @Option(parsing: .unconditional, help: "Seeds that a repair must be healthy for.")
  var seeds = 3

  @Option(parsing: .unconditional, help: "The first seed, in place of that in the experiment.")
  var seed: UInt64?

  @OptionGroup var memory: MemoryOption

  @Option(parsing: .unconditional, help: "Threads to use; results do not depend on it.")
  var threads: Int?

  @Flag(help: "Try remedies chosen at random too, with as many steps and in as much time again.")
  var compareRandom = false

  @Option(
    help: ArgumentHelp(
      "How far a change may move an output of an ONNX model, against its norm.",
      valueName: "share"))
  var maxError = 0.01

  @Flag(help: "Weights of an ONNX model may be multiplied, though it looks trained.")
  var rescale = false

  @Flag(help: "Weights of an ONNX model may be drawn anew, though it looks trained.")
  var redraw = false

  @Flag(help: "Print one JSON document.")
  var json = false

  @Flag(help: "Show everything that was tried, though it takes more lines than the terminal has.")
  var all = false

  mutating func run() throws {
    try memory.apply(to: subject)
    var request = RepairRequest(path: subject)
    request.output = output
    request.budget = budget
    request.seeds = seeds
    request.seed = seed
    request.threads = threads
    request.comparesWithRandom = compareRandom
    request.limit = maxError
    (request.redraws, request.rescales) = (redraw, rescale)
    var file = ModelRequest(path: subject)
    file.inputs = options.inputs
    file.shapes = options.shape
    file.dimensions = options.dim
    file.batch = batch
    file.isTraining = options.training
    file.note = Notes().teller
    request.model = file
    request.format = format
    let line = StatusLine()
    request.progress = { line.show($0) }
    let report = try RepairWorkflow(request).run()
    line.clear()
    if json {
      Terminal.writeOutput(report.json.text + "\n")
    } else {
      let screen = RepairScreen(report, output: output, style: Terminal.style, showsAll: all)
      Terminal.writeOutput(screen.text)
    }
    if report.outcome == .unrepaired || report.outcome == .partlyRepaired { throw ExitCode(1) }
  }
}
