import ArgumentParser
import Findings
import Reports
import Workflows

/// Options that say what a model's file leaves open.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Inputs by name: a safetensors file, or a folder of ONNX test data.", valueName: "path"))
  var inputs: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "The shape of an input that the file leaves open, as x=8,3,32,32.", valueName: "name=dims"))
  var shape: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "The extent that a symbol of the file stands for, as batch=8.", valueName: "symbol=n"))
  var dim: [String] = []

  @Flag(help: "Let BatchNormalization and Dropout behave as in training.")
  var training = false
}

/// The verb `run`: outputs and gradients of a model on given or random inputs.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Compute outputs of a model, and gradients, in any number format.",
    discussion: """
      Inputs that are not given are drawn from the seed: normal reals, integers that name places of \
      what they index. Gradients are those of the sum of outputs times cotangents. Exit status: 0 \
      everything finite, 1 something is not, 2 bad input.
      """)

  @Argument(help: "The model: an ONNX or YAML file.")
  var model: String

  @OptionGroup var options: ModelOptions

  @Option(
    name: [.customLong("outputs"), .customLong("output")],
    help: ArgumentHelp("The safetensors file to write.", valueName: "file"))
  var outputs: String?

  @Flag(help: "Also compute gradients of every input and parameter, as grad/NAME.")
  var gradients = false

  @Option(
    help: ArgumentHelp(
      "Cotangents of outputs by name, in a safetensors file; ones where it has none.",
      valueName: "file"))
  var cotangents: String?

  @Option(
    help: """
      The number format: fp64, fp32, tf32, bf16, fp16, fp8_e5m2, fp8_e5m2fnuz, fp8_e4m3fn, \
      fp8_e4m3fnuz, fp4_e2m1.
      """)
  var format: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("The format of one node.", valueName: "node=format"))
  var nodeFormat: [String] = []

  @Option(help: ArgumentHelp("Compare every tensor with the same in fp64.", valueName: "fp64"))
  var compare: String?

  @Option(parsing: .unconditional, help: "Samples in the batch that the file leaves open.")
  var batch: Int?

  @Option(parsing: .unconditional, help: "The seed of inputs that are drawn.")
  var seed: UInt64 = 0

  @OptionGroup var memory: MemoryOption

  @Option(parsing: .unconditional, help: "Threads to use; results do not depend on it.")
  var threads: Int?

  @Flag(help: "Print one JSON document.")
  var json = false

  @Flag(help: "Show every tensor.")
  var all = false

  mutating func run() throws {
    guard compare == nil || compare == "fp64" else {
      throw InputError("--compare \(compare ?? ""): the reference is fp64")
    }
    if let batch, batch < 1 { throw InputError("--batch \(batch): must be at least 1") }
    try memory.apply(to: model)
    var request = RunRequest(path: model)
    request.model.inputs = options.inputs
    request.model.shapes = options.shape
    request.model.dimensions = options.dim
    request.model.isTraining = options.training
    request.model.batch = batch
    request.model.note = Notes().teller
    request.outputs = outputs
    request.wantsGradients = gradients
    request.cotangents = cotangents
    request.format = format
    request.nodeFormats = nodeFormat
    request.comparesWithDoubles = compare != nil
    request.seed = seed
    request.threads = threads

    let report = try RunWorkflow(request).run()
    if json {
      Terminal.writeOutput(report.json.text + "\n")
    } else {
      Terminal.writeOutput(RunScreen(report, style: Terminal.style, showsAll: all).text)
    }
    if report.findings.contains(where: { $0.severity == .error }) { throw ExitCode(1) }
  }
}
