import Semantics
import Tensors

extension LossDescription {
  /// Adds the targets and the loss of `output`.
  func lower(
    _ output: Value, in lowering: inout Lowering
  ) throws(NetworkError) -> (Value, LoweredInput) {
    try lowering.requireFeatures(output)
    let shape = lowering.shape(of: output)
    switch name {
    case "softmax_cross_entropy", "nll_of_softmax": return try ofClasses(output, in: &lowering)
    case "bce_on_probabilities", "binary_cross_entropy_with_logits":
      let bits = try lowering.targets(shape, .bits)
      return (try ofBits(output, bits.value, in: &lowering), bits)
    case "hinge":
      let signs = try lowering.targets(shape, .signs)
      let mean = try lowering.apply("Hinge", to: output, signs.value)
      return (try reduced(mean, over: shape.reduce(1, *), in: &lowering), signs)
    case "gaussian_nll": return try ofMeansAndVariances(output, in: &lowering)
    case "poisson_nll":
      let counts = try lowering.targets(shape, .counts)
      let rate = try lowering.apply("Exp", to: output)
      let product = try lowering.apply("Mul", to: counts.value, output)
      return (try reduced(terms: try lowering.apply("Sub", to: rate, product), &lowering), counts)
    default:
      let reals = try lowering.targets(shape, .reals)
      return (try ofDifferences(output, reals.value, in: &lowering), reals)
    }
  }

  // MARK: - Classes

  private func ofClasses(
    _ output: Value, in lowering: inout Lowering
  ) throws(NetworkError) -> (Value, LoweredInput) {
    let shape = lowering.shape(of: output)
    guard (2...3).contains(shape.count), let classes = shape.last else {
      throw lowering.error(
        .invalidShape,
        "'\(name)' takes [classes] or [time, classes], and the output is "
          + "\(Array(shape.dropFirst()))",
        cure: "end with 'flatten' and 'dense'")
    }
    guard classWeights.isEmpty || classWeights.count == classes else {
      throw lowering.error(
        .invalidValue,
        "'class_weights' has \(classWeights.count) weights, and the output has \(classes) classes",
        cure: "give one weight for each class")
    }
    let rows = shape.dropLast().reduce(1, *)
    let logits = shape.count == 3 ? try lowering.reshape(output, to: [rows, classes]) : output
    guard name == "softmax_cross_entropy" else {
      let hot = try lowering.targets([rows, classes], .oneHot(count: classes))
      let shares = try lowering.apply("Softmax", ["axis": .integer(-1)], to: logits)
      let logarithms = try lowering.apply("Log", to: shares)
      let chosen = try lowering.apply("Mul", to: logarithms, hot.value)
      return (try lowering.scaledSum(chosen, reduction == .sum ? -1 : -1 / Double(rows)), hot)
    }
    guard classWeights.isEmpty else { return try weighted(logits, in: &lowering) }
    let labels = try lowering.targets([rows], .classes(count: classes))
    var loss = try lowering.apply("SoftmaxCrossEntropy", to: logits, labels.value)
    if labelSmoothing > 0 {
      // The mean over all classes of -log softmax, which an even target has.
      let logarithms = try lowering.apply("LogSoftmax", ["axis": .integer(-1)], to: logits)
      let even = try lowering.scaledSum(logarithms, -labelSmoothing / Double(rows * classes))
      let own = try lowering.apply("Mul", to: loss, try lowering.constant(1 - labelSmoothing, []))
      loss = try lowering.apply("Add", to: own, even)
    }
    return (try reduced(loss, over: rows, in: &lowering), labels)
  }

  /// `-Σ w_c t_c log softmax_c` over `Σ w_label`, as PyTorch's `cross_entropy` has it, with the targets
  /// smoothed; for a sum without the division.
  private func weighted(
    _ logits: Value, in lowering: inout Lowering
  ) throws(NetworkError) -> (Value, LoweredInput) {
    let shape = lowering.shape(of: logits)
    let hot = try lowering.targets(shape, .oneHot(count: shape[1]))
    var columns: [Value] = []
    for weight in classWeights { columns.append(try lowering.constant(weight, [1, 1])) }
    let weights = try lowering.append("Concat", ["axis": .integer(1)], to: columns)[0]
    let own = try lowering.apply("Mul", to: hot.value, weights)
    var wanted = own
    if labelSmoothing > 0 {
      let kept = try lowering.apply("Mul", to: own, try lowering.constant(1 - labelSmoothing, []))
      let share = try lowering.constant(labelSmoothing / Double(shape[1]), [])
      wanted = try lowering.apply("Add", to: kept, try lowering.apply("Mul", to: weights, share))
    }
    let logarithms = try lowering.apply("LogSoftmax", ["axis": .integer(-1)], to: logits)
    let sum = try lowering.scaledSum(try lowering.apply("Mul", to: wanted, logarithms), -1)
    guard reduction == .mean else { return (sum, hot) }
    return (try lowering.apply("Div", to: sum, try lowering.scaledSum(own, 1)), hot)
  }

  // MARK: - Bits

  private func ofBits(
    _ output: Value, _ bits: Value, in lowering: inout Lowering
  ) throws(NetworkError) -> Value {
    let count = lowering.shape(of: output).reduce(1, *)
    let one = try lowering.constant(1, [1])
    guard name == "binary_cross_entropy_with_logits" else {
      let yes = try lowering.apply("Mul", to: bits, try lowering.apply("Log", to: output))
      let rest = try lowering.apply("Log", to: try lowering.apply("Sub", to: one, output))
      let no = try lowering.apply("Mul", to: try lowering.apply("Sub", to: one, bits), rest)
      let sum = try lowering.apply("Add", to: yes, no)
      return try lowering.scaledSum(sum, reduction == .sum ? -1 : -1 / Double(count))
    }
    guard positiveWeight != 1 else {
      let mean = try lowering.apply("BinaryCrossEntropyWithLogits", to: output, bits)
      return try reduced(mean, over: count, in: &lowering)
    }
    // (1 − t) x + (1 + (p − 1) t) softplus(−x): neither overflows nor loses a confident answer.
    let negative = try lowering.apply("Neg", to: output)
    let smooth = try lowering.apply("Softplus", to: negative)
    let extra = try lowering.apply(
      "Mul", to: bits, try lowering.constant(positiveWeight - 1, [1]))
    let factor = try lowering.apply("Add", to: extra, one)
    let rest = try lowering.apply(
      "Mul", to: try lowering.apply("Sub", to: one, bits), output)
    let terms = try lowering.apply(
      "Add", to: rest, try lowering.apply("Mul", to: factor, smooth))
    return try reduced(terms: terms, &lowering)
  }

  // MARK: - Numbers

  private func ofDifferences(
    _ output: Value, _ targets: Value, in lowering: inout Lowering
  ) throws(NetworkError) -> Value {
    switch name {
    case "l1":
      let difference = try lowering.apply("Sub", to: output, targets)
      return try reduced(terms: try lowering.apply("Abs", to: difference), &lowering)
    case "huber":
      // c (d − c/2) with c = d between ±delta: d²/2 inside, and delta (|d| − delta/2) outside.
      let difference = try lowering.apply("Sub", to: output, targets)
      let inner = try lowering.apply(
        "Clip", ["min": .real(-delta), "max": .real(delta)], to: difference)
      let half = try lowering.apply("Mul", to: inner, try lowering.constant(0.5, [1]))
      let rest = try lowering.apply("Sub", to: difference, half)
      return try reduced(terms: try lowering.apply("Mul", to: inner, rest), &lowering)
    default:
      let mean = try lowering.apply("MeanSquaredError", to: output, targets)
      return try reduced(mean, over: lowering.shape(of: output).reduce(1, *), in: &lowering)
    }
  }

  /// The last axis of the output holds as many log variances as means, behind them.
  private func ofMeansAndVariances(
    _ output: Value, in lowering: inout Lowering
  ) throws(NetworkError) -> (Value, LoweredInput) {
    let shape = lowering.shape(of: output)
    guard shape.count >= 2, let width = shape.last, width % 2 == 0 else {
      throw lowering.error(
        .invalidShape,
        "'\(name)' takes a mean and a log variance for each target, and the output is "
          + "\(Array(shape.dropFirst()))",
        cure: "end with twice as many units as there are targets")
    }
    let reals = try lowering.targets(shape.dropLast() + [width / 2], .reals)
    let parts = try lowering.append(
      "Split",
      ["axis": .integer(shape.count - 1), "split": .integers([width / 2, width / 2])],
      to: [output])
    let difference = try lowering.apply("Sub", to: reals.value, parts[0])
    let square = try lowering.apply("Mul", to: difference, difference)
    let precision = try lowering.apply("Exp", to: try lowering.apply("Neg", to: parts[1]))
    let scaled = try lowering.apply("Mul", to: square, precision)
    let twice = try lowering.apply("Add", to: parts[1], scaled)
    let terms = try lowering.apply("Mul", to: twice, try lowering.constant(0.5, [1]))
    return (try reduced(terms: terms, &lowering), reals)
  }

  // MARK: - Reductions

  /// A mean over `count` terms, or their sum.
  private func reduced(
    _ mean: Value, over count: Int, in lowering: inout Lowering
  ) throws(NetworkError) -> Value {
    guard reduction == .sum else { return mean }
    return try lowering.apply("Mul", to: mean, try lowering.constant(Double(count), []))
  }

  /// The mean or the sum of terms.
  private func reduced(
    terms: Value, _ lowering: inout Lowering
  ) throws(NetworkError) -> Value {
    let count = lowering.shape(of: terms).reduce(1, *)
    return try lowering.scaledSum(terms, reduction == .sum ? 1 : 1 / Double(count))
  }
}

extension Lowering {
  /// Adds the input that the loss compares the output with.
  fileprivate mutating func targets(
    _ shape: [Int], _ content: LoweredInput.Content
  ) throws(NetworkError) -> LoweredInput {
    let isOfClasses = if case .classes = content { true } else { false }
    let value = try addInput("targets", shape, isOfClasses ? .integer : .real)
    return LoweredInput(value: value, name: "targets", content: content)
  }

  /// `factor · Σ x` over all elements, a scalar.
  fileprivate mutating func scaledSum(
    _ value: Value, _ factor: Double
  ) throws(NetworkError) -> Value {
    let axes = Array(shape(of: value).indices)
    let sum = try apply(
      "ReduceSum", ["axes": .integers(axes), "keepdims": .integer(0)], to: value)
    return try apply("Mul", to: sum, try constant(factor, []))
  }
}
