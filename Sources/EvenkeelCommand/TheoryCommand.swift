import ArgumentParser
import Findings
import Reports
import Workflows

/// `evenkeel theory`: the numbers of the theory, without a network.
struct TheoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "theory",
    abstract: "The numbers of the theory: moments, gains, critical points, depth scales, shapes.",
    discussion: """
      NAME is an activation, a parameter in parentheses: tanh, 'leaky_relu(0.2)', 'elu(1)'.
      """,
    subcommands: [Activation.self, Critical.self, Depth.self, Gains.self, Shape.self])

  /// What all questions share: the activation, and the form of the answer.
  struct Question: ParsableArguments {
    @Argument(help: "The activation, such as tanh or 'leaky_relu(0.2)'.")
    var name: String

    @Flag(help: "Print one JSON document.")
    var json = false

    /// Prints the answer as JSON or as its table.
    func answer<Result: JSONRepresentable>(_ result: Result, as table: (Result) -> String) {
      Terminal.writeOutput(json ? result.json.text + "\n" : table(result))
    }
  }

  struct Activation: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Averages of an activation over normal pre-activations.")

    @OptionGroup var question: Question

    @Option(help: "The variance of the pre-activations.")
    var q = 1.0

    func run() throws {
      question.answer(try TheoryAnswers().activation(question.name, q: q)) {
        TheoryTables.text(of: $0, style: Terminal.style)
      }
    }
  }

  struct Critical: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Weight scales at which gradients neither vanish nor explode.")

    @OptionGroup var question: Question

    @Option(help: "The standard deviation of the biases.")
    var biasStd = 0.0

    func run() throws {
      question.answer(try TheoryAnswers().critical(question.name, biasDeviation: biasStd)) {
        TheoryTables.text(of: $0, style: Terminal.style)
      }
    }
  }

  struct Depth: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "The phase of a network, and over how many layers signals are lost.")

    @OptionGroup var question: Question

    @Option(help: "The standard deviation of a weight times the root of its fan-in.")
    var weightStd: Double

    @Option(help: "The standard deviation of the biases.")
    var biasStd = 0.0

    func run() throws {
      let result = try TheoryAnswers().depth(
        question.name, weightDeviation: weightStd, biasDeviation: biasStd)
      question.answer(result) { TheoryTables.text(of: $0, style: Terminal.style) }
    }
  }

  struct Gains: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Gains of the weights at unit variance, with PyTorch's beside them.")

    @OptionGroup var question: Question

    func run() throws {
      question.answer(try TheoryAnswers().gains(question.name)) {
        TheoryTables.text(of: $0, style: Terminal.style)
      }
    }
  }

  struct Shape: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "An activation shaped for deep networks without skips: DKS or TAT.")

    @OptionGroup var question: Question

    @Option(
      help: "dks (deep kernel shaping) or tat (tailored activation transformation).",
      transform: Self.parseMethod)
    var method: TheoryAnswers.ShapeTarget.Method

    @Option(help: "The number of nonlinear layers in a chain.")
    var depth: Int

    @Option(help: "dks: the largest slope of the network's correlation map (default: 1.5).")
    var zeta: Double?

    @Option(help: "tat: the curvature of the network's correlation map (default: 0.3).")
    var tau: Double?

    @Option(help: "tat of leaky_relu: the network's correlation at 0 (default: 0.9).")
    var eta: Double?

    private static func parseMethod(
      _ text: String
    ) throws -> TheoryAnswers.ShapeTarget.Method {
      guard let method = TheoryAnswers.ShapeTarget.Method(rawValue: text) else {
        throw ValidationError("there is no method '\(text)'; choose dks or tat")
      }
      return method
    }

    func run() throws {
      let target = TheoryAnswers.ShapeTarget(method, zeta: zeta, tau: tau, eta: eta)
      question.answer(
        try TheoryAnswers().shape(question.name, target: target, depth: depth)
      ) { TheoryTables.text(of: $0, style: Terminal.style) }
    }
  }
}
