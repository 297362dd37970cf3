import ArgumentParser

/// A verb whose help ends with examples.
protocol ExampleGiving: ParsableCommand {
  /// Two calls, each with what it does.
  static var examples: [(call: String, does: String)] { get }
}

extension CheckCommand: ExampleGiving {
  static let examples: [(call: String, does: String)] = [
    ("evenkeel check network.yaml", "Is it healthy, and if not, what should change?"),
    ("evenkeel check model.onnx --format fp16 --json", "The same in half precision, for programs."),
  ]
}

extension RunCommand: ExampleGiving {
  static let examples: [(call: String, does: String)] = [
    (
      "evenkeel run model.onnx --inputs in.safetensors --outputs out.safetensors",
      "Compute outputs of given inputs."
    ),
    ("evenkeel run model.onnx --gradients --compare fp64", "How much does rounding change?"),
  ]
}

extension TrainCommand: ExampleGiving {
  static let examples: [(call: String, does: String)] = [
    ("evenkeel train experiment.yaml", "Train, and keep the run in experiment.run."),
    ("evenkeel train --resume experiment.run", "Go on with a run that was stopped."),
  ]
}

extension DiagnoseCommand: ExampleGiving {
  static let examples: [(call: String, does: String)] = [
    ("evenkeel diagnose experiment.run", "Why did this training fail?"),
    ("evenkeel diagnose experiment.yaml --seconds 60", "Train first, and take a minute."),
  ]
}

extension RepairCommand: ExampleGiving {
  static let examples: [(call: String, does: String)] = [
    ("evenkeel repair experiment.yaml -o repaired.yaml", "Find the smallest change that works."),
    ("evenkeel repair model.onnx --format fp16 -o half.onnx", "Convert a model to half precision."),
  ]
}

extension ExportCommand: ExampleGiving {
  static let examples: [(call: String, does: String)] = [
    ("evenkeel export experiment.run -o steps.csv", "A row for every step."),
    ("evenkeel export experiment.run -o weights.safetensors", "The weights of the last snapshot."),
  ]
}

extension TheoryCommand: ExampleGiving {
  static let examples: [(call: String, does: String)] = [
    ("evenkeel theory activation gelu", "Averages of gelu over normal pre-activations."),
    ("evenkeel theory depth tanh --weight-std 1.3", "How deep does a signal reach?"),
  ]
}

/// The verbs by name, for help and hints.
enum Verbs {
  static let names = Evenkeel.configuration.subcommands.compactMap {
    $0.configuration.commandName
  }

  /// The verb that was called, where the first word names one, or `help` is asked about it.
  static func called(in words: [String]) -> String? {
    words.prefix(2).first { names.contains($0) }
  }

  /// What help about a verb ends with.
  static func examples(of verb: String?) -> String {
    let types = Evenkeel.configuration.subcommands
    guard let verb,
      let type = types.first(where: { $0.configuration.commandName == verb }),
      let examples = (type as? any ExampleGiving.Type)?.examples
    else { return "" }
    let lines = examples.map { "  \($0.call)\n      \($0.does)" }
    return "\nEXAMPLES:\n" + lines.joined(separator: "\n")
  }
}
