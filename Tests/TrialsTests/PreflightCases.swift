import Findings

/// Experiments that contradict themselves, and such as do not.
enum PreflightCases {
  private typealias Table = PreflightCase.Table

  /// Two features and the class or number that `target` makes of them.
  private static func table(
    header: String = "a,b,y", rows: Int = 400,
    of target: @escaping @Sendable (_ row: Int, _ a: Double, _ b: Double) -> String
  ) -> Table {
    Table(
      header: header,
      row: { row, normal in "\(normal(0)),\(normal(1)),\(target(row, normal(0), normal(1)))" },
      rows: rows)
  }

  private static func regression(
    _ name: String, layers: String = "[{dense: 24}, relu, {dense: 1}]",
    training: String = "{optimizer: {adam: 0.01}, steps: 300}", options: String = "",
    rule: RuleName? = nil, cause: RootCause? = nil, isCertain: Bool = true, says: [String] = [],
    _ target: @escaping @Sendable (_ row: Int, _ a: Double, _ b: Double) -> String
  ) -> PreflightCase {
    PreflightCase(
      name: name, layers: layers, loss: "mean_squared_error",
      data: "{csv: t.csv, targets: [y]\(options)}", training: training, table: table(of: target),
      rule: rule, cause: cause, isCertain: isCertain, says: says)
  }

  private static func classes(
    _ name: String, layers: String = "[{dense: 24}, relu, {dense: 4}]", training: String? = nil,
    options: String = "", rule: RuleName? = nil, cause: RootCause? = nil, says: [String] = [],
    _ label: @escaping @Sendable (_ row: Int, _ a: Double, _ b: Double) -> String
  ) -> PreflightCase {
    var it = PreflightCase(
      name: name, layers: layers, data: "{csv: t.csv, label: y\(options)}", table: table(of: label),
      rule: rule, cause: cause, says: says)
    if let training { it.training = training }
    return it
  }

  private static func moons(
    _ name: String, layers: String = "[{dense: 24}, relu, {dense: 2}]",
    loss: String = "softmax_cross_entropy",
    training: String = "{optimizer: {adam: 0.01}, steps: 300}", start: String = "he_normal",
    rule: RuleName? = nil, cause: RootCause? = nil, isCertain: Bool = true, says: [String] = []
  ) -> PreflightCase {
    PreflightCase(
      name: name, layers: layers, loss: loss, training: training, start: start, rule: rule,
      cause: cause, isCertain: isCertain, says: says)
  }

  private static let one = "[{dense: 24}, relu, {dense: 1}"

  // MARK: - The output

  private static let outputs: [PreflightCase] = [
    moons(
      "softmax before softmax cross entropy", layers: "[{dense: 24}, tanh, {dense: 2}, softmax]",
      rule: .lossFormulation, cause: .lossFormulation, says: ["softmax", "0.313", "leave out"]),
    moons(
      "sigmoid before softmax cross entropy", layers: "[{dense: 24}, tanh, {dense: 2}, sigmoid]",
      rule: .lossFormulation, cause: .lossFormulation),
    moons(
      "sigmoid before a loss with a sigmoid", layers: "\(one), sigmoid]",
      loss: "binary_cross_entropy_with_logits", rule: .lossFormulation, cause: .lossFormulation,
      says: ["sigmoid", "0.503"]),
    moons(
      "a probability that is none", layers: "\(one)]", loss: "bce_on_probabilities",
      rule: .lossFormulation, cause: .lossFormulation, says: ["not confined to 0"]),
    moons(
      "bounded logits", layers: "[{dense: 24}, relu, {dense: 2}, softsign]", rule: .outputRange,
      cause: .outputActivation, says: ["-1 … 1"]),
    moons(
      "rectified logits", layers: "[{dense: 24}, relu, {dense: 2}, relu]", rule: .outputRange,
      cause: .outputActivation, says: ["no gradient"]),
    moons(
      "rectified logit of a bit", layers: "\(one), relu]",
      loss: "binary_cross_entropy_with_logits", rule: .outputRange, cause: .outputActivation),
    moons(
      "rectified score", layers: "\(one), softplus]", loss: "hinge", rule: .outputRange,
      cause: .outputActivation),
    regression(
      "a rectifier and negative targets", layers: "\(one), relu]", rule: .outputRange,
      cause: .outputActivation, says: ["relu", "% of the targets lie outside"]
    ) { _, a, b in "\(a + b)" },
    regression(
      "tanh and large targets", layers: "\(one), tanh]", rule: .outputRange,
      cause: .outputActivation
    ) { _, a, b in "\(5 * a)" },
    regression(
      "an exponential and negative targets", layers: "\(one), exp]", rule: .outputRange,
      cause: .outputActivation
    ) { _, a, b in "\(a - 1)" },
  ]

  // MARK: - How it is trained

  private static let settings: [PreflightCase] = [
    moons(
      "batch norm of one sample", layers: "[{dense: 24}, batch_norm, relu, {dense: 2}]",
      training: "{optimizer: {sgd: 0.05}, batch: 1, steps: 500}", rule: .normStatistics,
      cause: .batchSize, says: ["one sample", "batch: 32"]),
    moons(
      "a norm over one feature", layers: "[{dense: 24}, relu, {dense: 1}, layer_norm, {dense: 2}]",
      rule: .normStatistics, cause: .normalization, says: ["one feature"]),
    moons(
      "decay of 1",
      training: "{optimizer: {sgd: {learning_rate: 0.1, weight_decay: 1}}, steps: 400}",
      rule: .weightDecay, cause: .weightDecay, says: ["outweighs"]),
    moons(
      "rate times decay beyond 2",
      training: "{optimizer: {sgd: {learning_rate: 1, weight_decay: 3}}, steps: 400}",
      rule: .weightDecay, cause: .weightDecay, says: ["decay of 3 ", "decay is 3."]),
    moons(
      "decay apart from the gradient",
      training: "{optimizer: {adamw: {learning_rate: 0.01, weight_decay: 100}}, steps: 400}",
      rule: .weightDecay, cause: .weightDecay, says: ["below 0.01,"]),
    moons(
      "L1", training: "{optimizer: {adam: 0.01}, gradients: {regularization: {l1: 1}}, steps: 400}",
      rule: .regularization, cause: .regularization, says: ["L1"]),
    moons(
      "L2 under RMSprop",
      training: "{optimizer: {rmsprop: 0.01}, gradients: [{regularization: {l2: 2}}], steps: 400}",
      rule: .regularization, cause: .regularization, says: ["L2"]),
    moons(
      "a warm-up that never ends",
      training: "{optimizer: {sgd: 0.1}, warmup: 100000, steps: 400}", rule: .schedule,
      cause: .schedule, says: ["warm-up", "100,000"]),
    moons(
      "a rate that is gone at once",
      training: "{optimizer: {sgd: 0.1}, schedule: {exponential: 0.8}, steps: 800}",
      rule: .schedule, cause: .schedule, says: ["exponential"]),
    moons(
      "a rate that is stepped away",
      training: "{optimizer: {adam: 0.01}, schedule: {step: {every: 5, factor: 0.1}}, steps: 800}",
      rule: .schedule, cause: .schedule),
    moons(
      "a rate of 0 throughout",
      training: "{optimizer: {sgd: 0.1}, schedule: {linear: {start: 0, end: 0}}, steps: 400}",
      rule: .schedule, cause: .schedule, says: ["0 in every step"]),
    moons(
      "a rate that explodes",
      training: "{optimizer: {adam: 0.01}, schedule: {linear: {start: 1, end: 5000}}, steps: 400}",
      rule: .schedule, cause: .schedule, says: ["49.9"]),
    moons(
      "too few steps", training: "{optimizer: {adam: 0.001}, steps: 8}", rule: .tooFewSteps,
      cause: .tooFewSteps, isCertain: false, says: ["8 steps"]),
    moons(
      "a rate too small for the steps", training: "{optimizer: {adam: 1e-7}, steps: 600}",
      rule: .learningRateTooSmall, cause: .learningRate),
    moons(
      "a rate of 0", training: "{optimizer: {sgd: 0}, steps: 600}", rule: .learningRateTooSmall,
      cause: .learningRate, says: ["is 0"]),
    moons(
      "clipping to nothing", training: "{optimizer: {sgd: 0.1}, clip: {norm: 1e-8}, steps: 600}",
      rule: .clipping, cause: .clipping, says: ["do not clip"]),
    moons(
      "clipping to nothing by value",
      training: "{optimizer: {sgd: 0.1}, clip: {value: 1e-9}, steps: 600}", rule: .clipping,
      cause: .clipping),
    moons(
      "clipping below the epsilon of Adam",
      training: "{optimizer: {adam: 0.001}, clip: {global_norm: 1e-13}, steps: 300}",
      rule: .clipping, cause: .clipping),
    moons(
      "momentum that outlives the run",
      training: "{optimizer: {sgd: {learning_rate: 0.1, momentum: 0.9999}}, steps: 400}",
      rule: .optimizerSettings, cause: .optimizerSettings, says: ["0.9999"]),
    moons(
      "averages that do not go together",
      training: "{optimizer: {adamw: {learning_rate: 0.01, beta1: 0.99, beta2: 0.1}}, steps: 400}",
      rule: .optimizerSettings, cause: .optimizerSettings, says: ["beta1"]),
    moons(
      "dampening of 1",
      training: "{optimizer: {sgd: {learning_rate: 0.1, momentum: 0.9, dampening: 1}}, steps: 400}",
      rule: .optimizerSettings, cause: .optimizerSettings),
    moons(
      "dropout of nearly all", layers: "[{dense: 64}, relu, {dropout: 0.99}, {dense: 2}]",
      rule: .dropout, cause: .dropout, says: ["99 %", "0.64 are"]),
    moons(
      "noise far above gradients",
      training: "{optimizer: {sgd: 0.1}, gradients: {noise: {eta: 100}}, steps: 400}",
      rule: .gradientNoise, cause: .gradientNoise),
  ]

  // MARK: - The data

  private static let data: [PreflightCase] = [
    classes(
      "labels from 1", rule: .labels, cause: .labels, says: ["start at 1", "first_label: 1"]
    ) { row, a, b in a > b ? "1" : row % 2 == 0 ? "2" : "3" },
    classes("one class", rule: .labels, cause: .labels, says: ["one class"]) { _, _, _ in "1" },
    classes(
      "a target that the majority meets",
      training: "{optimizer: {adam: 0.01}, steps: 300, target: {accuracy: 0.9}}",
      rule: .successTarget, cause: .successTarget, says: ["met by answering"]
    ) { row, _, _ in row % 25 == 0 ? "1" : "0" },
    regression(
      "accuracy of a regression",
      training: "{optimizer: {adam: 0.01}, steps: 300, target: {accuracy: 0.9}}",
      rule: .successTarget, cause: .successTarget, says: ["never met"]
    ) { _, a, b in a > b ? "1" : "0" },
    regression(
      "targets of millions", rule: .targetScale, cause: .targetScale, says: ["standardize_targets"]
    ) { _, a, b in "\(2e6 * a + 1e6)" },
    regression(
      "targets of prices", rule: .targetScale, cause: .targetScale, isCertain: false
    ) { _, a, b in "\(40 * a + 250)" },
    regression(
      "tiny targets", rule: .targetScale, cause: .targetScale, isCertain: false
    ) { _, a, b in "\(1e-4 * a)" },
    regression(
      "heavy tails", rule: .targetScale, cause: .targetScale, says: ["heavy tails"]
    ) { row, _, b in
      let divisor = PreflightCase.normal(row, 9)
      return "\(0.003 * b / (divisor * divisor + 1e-4))"
    },
    regression(
      "a target that is far out", rule: .badInput, cause: .data, says: ["line 203", "1e9"]
    ) { row, a, _ in row == 201 ? "1e9" : "\(a)" },
    classes(
      "a cell that is far out", layers: "[{dense: 24}, relu, {dense: 2}]", rule: .badInput,
      cause: .data, says: ["t.csv line 352", "'b'", "leave_out: [352]"]
    ) { row, a, b in "\(row % 2)" }.with(
      Table(
        header: "a,b,y",
        row: { row, normal in "\(normal(0)),\(row == 350 ? 1e12 : normal(1)),\(row % 2)" })),
    classes(
      "a huge column", layers: "[{dense: 24}, relu, {dense: 2}]", rule: .badInput, cause: .data,
      says: ["'b'", "standardize"]
    ) { row, a, b in "\(row % 2)" }.with(
      Table(
        header: "a,b,y", row: { row, normal in "\(normal(0)),\(3e4 * normal(1)),\(row % 2)" })),
    PreflightCase(
      name: "a constant column of an identifier", input: "[3]",
      data: "{csv: t.csv, label: y}",
      table: Table(
        header: "a,id,b,y",
        row: { row, normal in "\(normal(0)),5000000,\(normal(1)),\(row % 2)" }), rule: .badInput,
      cause: .data, says: ["'id'", "in every row"]),
  ]

  static let wrong = outputs + settings + data

  // MARK: - Nothing wrong

  static let ordinary: [PreflightCase] = [
    moons("moons"),
    moons("log softmax", layers: "[{dense: 24}, relu, {dense: 2}, log_softmax]"),
    moons("log of a sigmoid", layers: "[{dense: 24}, tanh, {dense: 2}, sigmoid, log]"),
    moons("a logit of a bit", layers: "\(one)]", loss: "binary_cross_entropy_with_logits"),
    moons("a probability", layers: "\(one), sigmoid]", loss: "bce_on_probabilities"),
    moons("a score in tanh", layers: "\(one), tanh]", loss: "hinge"),
    moons(
      "logits in a wide range",
      layers: "[{dense: 24}, tanh, {dense: 2}, {affine: {function: tanh, gamma: 20}}]"),
    moons(
      "batch norm of 8", layers: "[{dense: 24}, batch_norm, relu, {dense: 2}]",
      training: "{optimizer: {sgd: 0.1}, batch: 8, steps: 500}"),
    moons("layer norm", layers: "[{dense: 24}, layer_norm, relu, {dense: 2}]"),
    moons("one sample, no norm", training: "{optimizer: {sgd: 0.01}, batch: 1, steps: 500}"),
    moons(
      "usual decay",
      training: "{optimizer: {sgd: {learning_rate: 0.1, weight_decay: 5e-4}}, steps: 500}"
    ),
    moons(
      "strong decay of AdamW",
      training: "{optimizer: {adamw: {learning_rate: 0.01, weight_decay: 0.3}}, steps: 500}"),
    moons(
      "usual L2",
      training: "{optimizer: {adam: 0.01}, gradients: {regularization: {l2: 1e-3}}, steps: 500}"
    ),
    moons("cosine", training: "{optimizer: {sgd: 0.1}, schedule: cosine, warmup: 50, steps: 500}"),
    moons("one cycle", training: "{optimizer: {sgd: 0.3}, schedule: one_cycle, steps: 500}"),
    moons(
      "three steps down",
      training: "{optimizer: {sgd: 0.1}, schedule: {step: {every: 150, factor: 0.1}}, steps: 500}"),
    moons("linear to 0", training: "{optimizer: {adam: 0.01}, schedule: linear, steps: 500}"),
    moons(
      "polynomial", training: "{optimizer: {adam: 0.01}, schedule: {polynomial: 2}, steps: 500}"),
    moons("plateau", training: "{optimizer: {sgd: 0.1}, schedule: plateau, steps: 500}"),
    moons("clipping at 1", training: "{optimizer: {sgd: 0.1}, clip: {global_norm: 1}, steps: 500}"),
    moons(
      "clipping far below, for Adam",
      training: "{optimizer: {adam: 0.01}, clip: {global_norm: 0.01}, steps: 500}"),
    moons(
      "adaptive clipping", training: "{optimizer: {sgd: 0.1}, clip: {adaptive: 0.01}, steps: 500}"),
    moons(
      "momentum", training: "{optimizer: {sgd: {learning_rate: 0.01, momentum: 0.9}}, steps: 500}"),
    moons(
      "strong momentum, long run",
      training: "{optimizer: {sgd: {learning_rate: 0.01, momentum: 0.99}}, steps: 2000}"),
    moons("RMSprop", training: "{optimizer: {rmsprop: 0.001}, steps: 500}"),
    moons("Adadelta", training: "{optimizer: {adadelta: 1}, steps: 500}"),
    moons("Adagrad", training: "{optimizer: {adagrad: 0.05}, steps: 500}"),
    moons("Adamax", training: "{optimizer: {adamax: 0.005}, steps: 500}"),
    moons("half of dropout", layers: "[{dense: 64}, relu, {dropout: 0.5}, {dense: 2}]"),
    moons(
      "a little noise",
      training: "{optimizer: {sgd: 0.1}, gradients: {noise: {eta: 0.001}}, steps: 500}"),
    moons(
      "deep sigmoids", layers: "[{repeat: 12, layers: [{dense: 24}, sigmoid]}, {dense: 2}]",
      training: "{optimizer: {sgd: 0.1}, steps: 500}", start: "xavier_normal"),
    moons("zero weights", training: "{optimizer: {sgd: 0.1}, steps: 500}", start: "zeros"),
    moons("PyTorch's start", start: "pytorch"),
    regression("a rectifier and counts", layers: "\(one), relu]") { _, a, b in "\(abs(a) * 2)" },
    regression("a sigmoid and shares", layers: "\(one), sigmoid]") { _, a, b in
      "\(min(1, max(0, 0.5 + a / 6)))"
    },
    regression("plain targets") { _, a, b in "\(a + 0.5 * b)" },
    regression("targets around 3") { _, a, b in "\(3 + a)" },
    regression("standardised targets", options: ", standardize_targets: true") { _, a, b in
      "\(2e6 * a + 5e6)"
    },
    regression("whole numbers") { row, a, b in "\(row % 5)" },
    regression("positive targets, skewed") { row, a, _ in "\(a * a)" },
    classes("three classes", layers: "[{dense: 24}, relu, {dense: 3}]") { row, _, _ in "\(row % 3)"
    },
    classes("classes by name", layers: "[{dense: 24}, relu, {dense: 2}]") { row, _, _ in
      row % 3 == 0 ? "cat" : "dog"
    },
    classes(
      "labels from 1, said so", layers: "[{dense: 24}, relu, {dense: 3}]",
      options: ", first_label: 1"
    ) { row, _, _ in "\(row % 3 + 1)" },
    classes("a rare class", layers: "[{dense: 24}, relu, {dense: 2}]") { row, _, _ in
      row % 20 == 0 ? "1" : "0"
    },
    PreflightCase(
      name: "ones and zeros beside numbers", input: "[3]", data: "{csv: t.csv, label: y}",
      table: Table(
        header: "a,flag,rare,y",
        row: { row, normal in "\(normal(0)),\(row % 2),\(row % 130 == 0 ? 1 : 0),\(row % 2)" })),
    PreflightCase(
      name: "columns of factor 10", input: "[2]", data: "{csv: t.csv, label: y}",
      table: Table(
        header: "a,b,y", row: { row, normal in "\(normal(0)),\(10 * normal(1)),\(row % 2)" })),
    PreflightCase(
      name: "a huge column, standardised", input: "[2]",
      data: "{csv: t.csv, label: y, standardize: true}",
      table: Table(
        header: "a,b,y", row: { row, normal in "\(normal(0)),\(1e6 + 3e4 * normal(1)),\(row % 2)" })
    ),
    PreflightCase(
      name: "images", input: "[1, 12, 12]", layers: "[flatten, {dense: 32}, relu, {dense: 10}]",
      data: "{digits: {samples: 300, size: 12}}"),
    PreflightCase(
      name: "convolutions and a mean of rectifiers", input: "[1, 12, 12]",
      layers:
        "[{conv2d: {channels: 10, kernel: 3, padding: same}}, relu, global_average_pool]",
      data: "{digits: {samples: 300, size: 12}}"),
    PreflightCase(
      name: "a sequence", input: "[20, 2]", layers: "[{lstm: 16}, {dense: 1}]",
      loss: "mean_squared_error", data: "{adding: {samples: 300, length: 20}}"),
    PreflightCase(
      name: "spirals", data: "{spirals: {samples: 300, turns: 1}}"),
    PreflightCase(
      name: "clouds far from 0", layers: "[{dense: 24}, relu, {dense: 3}]",
      data: "{blobs: {samples: 300}}"),
    PreflightCase(
      name: "a teacher's numbers", input: "[16]", layers: "[{dense: 32}, tanh, {dense: 1}]",
      loss: "mean_squared_error", data: "{teacher: {samples: 300}}"),
    PreflightCase(
      name: "a line", input: "[8]", layers: "[{dense: 1}]", loss: "mean_squared_error",
      data: "{linear: {samples: 300}}", training: "{optimizer: {sgd: 0.1}, steps: 200}"),
  ]
}

extension PreflightCase {
  /// The same with another table.
  fileprivate func with(_ table: Table) -> PreflightCase {
    var it = self
    it.table = table
    return it
  }
}
