import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Recurrent layers, written out step by step.
  static let recurrent: [String: Rule] = [
    "RNN": { try RecurrentRule($0, gates: 1).apply(RecurrentRule.plain).map(Item.tensor) },
    "GRU": { try RecurrentRule($0, gates: 3).apply(RecurrentRule.gated).map(Item.tensor) },
    "LSTM": { try RecurrentRule($0, gates: 4).apply(RecurrentRule.longShort).map(Item.tensor) },
  ]
}

/// One recurrent node: its weights by direction, and what its cells are made of.
///
/// Gates come in the order of ONNX: i, o, f, c for LSTM and z, r, h for GRU.
struct RecurrentRule {
  /// The weights of one direction.
  struct Direction {
    /// [D, gates · H], transposed once.
    let input: Operand
    let recurrence: Operand
    /// Both biases, each [gates · H]; nil where there are none.
    let biases: (input: Operand, recurrence: Operand)?
    /// [3 · H] for the gates i, o, f.
    let peepholes: Operand?
    let functions: [Function]
  }

  /// The state of a cell: what it hands on and, for LSTM, what it keeps.
  typealias State = (h: Operand, c: Operand?)

  /// A step of a cell: the direction, the products of the input with the weights, the state.
  typealias Cell = (RecurrentRule, Direction, Operand, State) throws -> State

  typealias Function = @Sendable (Builder, Operand) throws -> Operand

  private let context: NodeContext
  private let gates: Int
  private let x: Operand
  private let hidden: Int
  private let steps: Int
  private let batch: Int
  private let isBatchFirst: Bool
  private let isReverse: [Bool]
  private var directions: [Direction] = []
  /// What becomes of a tensor of reals before it is multiplied by weights.
  private let prepare: (Builder, Operand) throws -> Operand

  private var builder: Builder { context.builder }

  /// Reads a node, or `weights` in place of its W and R; `prepare` is done to a tensor of reals before it
  /// is multiplied by weights.
  init(
    _ context: NodeContext, gates: Int, weights: (w: Operand, r: Operand)? = nil,
    prepare: @escaping (Builder, Operand) throws -> Operand = { $1 }
  ) throws {
    self.context = context
    self.gates = gates
    self.prepare = prepare
    let builder = context.builder
    isBatchFirst = try context.flag("layout")
    let given = try context.input(0)
    let (w, r) = try weights ?? (context.input(1), context.input(2))
    guard given.rank == 3, w.rank == 3, r.rank == 3 else {
      throw ModelError.invalid("takes X, W and R of three axes, not \(given.shape), \(w.shape)")
    }
    x = try isBatchFirst ? builder.transpose(given, [1, 0, 2]) : given
    (steps, batch) = (x.shape[0], x.shape[1])
    hidden = r.shape[2]
    switch try context.text("direction", default: "forward") {
    case "forward": isReverse = [false]
    case "reverse": isReverse = [true]
    case "bidirectional": isReverse = [false, true]
    case let text:
      throw ModelError.invalid("attribute direction has the unknown value \(text.quotedName)")
    }
    let count = isReverse.count
    guard w.shape == [count, gates * hidden, x.shape[2]],
      r.shape == [count, gates * hidden, hidden]
    else {
      throw ModelError.invalid("the weights \(w.shape) and \(r.shape) do not fit \(given.shape)")
    }
    let bias = try context.optional(3)
    let peepholes = try gates == 4 ? context.optional(7) : nil
    guard bias.map({ $0.shape == [count, 2 * gates * hidden] }) ?? true,
      peepholes.map({ $0.shape == [count, 3 * hidden] }) ?? true
    else { throw ModelError.invalid("the biases or peepholes do not fit \(hidden) units") }
    let functions = try Self.functions(context, gates: gates, directions: count)
    for number in 0..<count {
      func own(_ operand: Operand) throws -> Operand {
        try builder.place(number, ofAxis: 0, in: operand)
      }
      let halves = try bias.map {
        try builder.split(own($0), axis: 0, [gates * hidden, gates * hidden])
      }
      directions.append(
        Direction(
          input: try builder.transpose(own(w), [1, 0]),
          recurrence: try builder.transpose(own(r), [1, 0]),
          biases: halves.map { ($0[0], $0[1]) },
          peepholes: try peepholes.map(own), functions: functions[number]))
    }
  }

  // MARK: Activations

  private static func functions(
    _ context: NodeContext, gates: Int, directions: Int
  ) throws -> [[Function]] {
    let standard =
      gates == 1
      ? ["Tanh"]
      : gates == 3
        ? ["Sigmoid", "Tanh"]
        : ["Sigmoid", "Tanh", "Tanh"]
    let names = context.texts("activations") ?? (0..<directions).flatMap { _ in standard }
    guard names.count == standard.count * directions else {
      throw ModelError.invalid("\(names.count) activations do not fit \(directions) directions")
    }
    var alphas = (context.reals("activation_alpha") ?? [])[...]
    var betas = (context.reals("activation_beta") ?? [])[...]
    let all = try names.map { name -> Function in
      func alpha(_ fallback: Double) -> Double { alphas.popFirst() ?? fallback }
      func beta(_ fallback: Double) -> Double { betas.popFirst() ?? fallback }
      func plain(_ op: some Operator) -> Function { { try $0.apply(op, $1) } }
      switch name.lowercased() {
      case "relu": return plain(Relu())
      case "tanh": return plain(Tanh())
      case "sigmoid": return plain(Sigmoid())
      case "softsign": return plain(Softsign())
      case "softplus": return plain(Softplus())
      case "leakyrelu": return plain(LeakyRelu(alpha: alpha(0.01)))
      case "thresholdedrelu": return plain(ThresholdedRelu(alpha: alpha(1)))
      case "elu": return plain(Elu(alpha: alpha(1)))
      case "hardsigmoid": return plain(HardSigmoid(alpha: alpha(0.2), beta: beta(0.5)))
      case "affine":
        let (a, b) = (alpha(1), beta(0))
        return { try $0.add($0.multiply($1, a), b) }
      case "scaledtanh":
        let (a, b) = (alpha(1), beta(1))
        return { try $0.multiply($0.apply(Tanh(), $0.multiply($1, b)), a) }
      default:
        throw ModelError.invalid("attribute activations has the unknown name \(name.quotedName)")
      }
    }
    return (0..<directions).map {
      Array(all[$0 * standard.count..<($0 + 1) * standard.count])
    }
  }

  /// What goes into an activation, held within the attribute `clip`.
  private func clipped(_ x: Operand) throws -> Operand {
    guard context.hasAttribute("clip") else { return x }
    let limit = try context.real("clip", default: 0)
    return limit > 0 ? try builder.clip(x, -limit, limit) : x
  }

  private func activated(_ direction: Direction, _ number: Int, _ x: Operand) throws -> Operand {
    try direction.functions[number](builder, clipped(x))
  }

  // MARK: Steps

  /// Y, Y_h and, for LSTM, Y_c.
  func apply(_ cell: Cell) throws -> [Operand] {
    try Limits.steps(steps * directions.count, of: "the recurrence")
    var rows: [[Operand]] = []
    var ends: [State] = []
    let lengths = try context.integers(ofInput: 4)
    guard lengths.map({ $0.count == batch && $0.allSatisfy((0...steps).contains) }) ?? true else {
      throw ModelError.invalid("the lengths of sequences do not fit \(batch) of \(steps) steps")
    }
    // Equal lengths need no mask.
    let masked = lengths.flatMap { $0.allSatisfy { $0 == steps } ? nil : $0 }
    for (number, direction) in directions.enumerated() {
      var state: State = (
        try initial(5, number), gates == 4 ? try initial(6, number) : nil
      )
      var product = try builder.product(
        prepare(builder, builder.reshape(x, [steps * batch, x.shape[2]])), direction.input)
      if let biases = direction.biases { product = try builder.add(product, biases.input) }
      let all = try builder.reshape(product, [steps, batch, gates * hidden])
      var outputs: [Operand] = []
      for step in 0..<steps {
        let place = isReverse[number] ? steps - 1 - step : step
        let next = try cell(self, direction, builder.place(place, ofAxis: 0, in: all), state)
        guard let masked else {
          state = next
          outputs.append(next.h)
          continue
        }
        // Beyond its end a sequence keeps its state, and gives zeros.
        let isInside = builder.constant(
          Tensor(masked.map { place < $0 }, shape: [batch, 1]), .bool)
        outputs.append(
          try builder.choose(isInside, next.h, builder.scalar(0, x.type)))
        state.h = try builder.choose(isInside, next.h, state.h)
        if let old = state.c, let new = next.c {
          state.c = try builder.choose(isInside, new, old)
        }
      }
      rows.append(isReverse[number] ? outputs.reversed() : outputs)
      ends.append(state)
    }
    // [steps, directions, batch, hidden], or [batch, steps, directions, hidden].
    let sequence =
      steps == 0
      ? builder.empty(x.type, [0, directions.count, batch, hidden])
      : try builder.stack(rows.map { try builder.stack($0, axis: 0) }, axis: 1)
    let final = try builder.stack(ends.map(\.h), axis: 0)
    let kept = ends.compactMap(\.c)
    let outputs =
      try [isBatchFirst ? builder.transpose(sequence, [2, 0, 1, 3]) : sequence]
      + ([final] + (kept.isEmpty ? [] : [builder.stack(kept, axis: 0)])).map {
        try isBatchFirst ? builder.transpose($0, [1, 0, 2]) : $0
      }
    return outputs
  }

  private func initial(_ input: Int, _ direction: Int) throws -> Operand {
    guard var given = try context.optional(input) else {
      return try builder.expand(builder.scalar(0, x.type), [batch, hidden])
    }
    if isBatchFirst, given.rank == 3 { given = try builder.transpose(given, [1, 0, 2]) }
    guard given.shape == [directions.count, batch, hidden] else {
      throw ModelError.invalid("the initial state \(given.shape) does not fit")
    }
    return try builder.place(direction, ofAxis: 0, in: given)
  }

  // MARK: Cells

  /// `f(X Wᵀ + b + H Rᵀ + b)`.
  static func plain(
    _ rule: RecurrentRule, _ direction: Direction, _ input: Operand, _ state: State
  ) throws -> State {
    let builder = rule.builder
    let sum = try builder.add(input, rule.recurrent(state.h, direction))
    return (try rule.activated(direction, 0, sum), nil)
  }

  private func recurrent(_ h: Operand, _ direction: Direction) throws -> Operand {
    let product = try builder.product(prepare(builder, h), direction.recurrence)
    return try direction.biases.map { try builder.add(product, $0.recurrence) } ?? product
  }

  /// Gates z and r (Cho and others 2014), the latter before or after the product with R.
  static func gated(
    _ rule: RecurrentRule, _ direction: Direction, _ input: Operand, _ state: State
  ) throws -> State {
    let (builder, hidden) = (rule.builder, rule.hidden)
    let fed = try builder.split(input, axis: 1, [2 * hidden, hidden])
    let update: Operand
    let candidate: Operand
    if try rule.context.flag("linear_before_reset") {
      let back = try builder.split(
        rule.recurrent(state.h, direction), axis: 1, [2 * hidden, hidden])
      let gates = try builder.split(
        rule.activated(direction, 0, builder.add(fed[0], back[0])), axis: 1, [hidden, hidden])
      update = gates[0]
      candidate = try builder.add(fed[1], builder.multiply(gates[1], back[1]))
    } else {
      let weights = try builder.split(direction.recurrence, axis: 1, [2 * hidden, hidden])
      let biases = try direction.biases.map {
        try builder.split($0.recurrence, axis: 0, [2 * hidden, hidden])
      }
      var back = try builder.product(state.h, weights[0])
      if let biases { back = try builder.add(back, biases[0]) }
      let gates = try builder.split(
        rule.activated(direction, 0, builder.add(fed[0], back)), axis: 1, [hidden, hidden])
      update = gates[0]
      var inner = try builder.product(builder.multiply(gates[1], state.h), weights[1])
      if let biases { inner = try builder.add(inner, biases[1]) }
      candidate = try builder.add(fed[1], inner)
    }
    let new = try rule.activated(direction, 1, candidate)
    // (1 − z) · new + z · h.
    let change = try builder.multiply(update, builder.subtract(state.h, new))
    return (try builder.add(new, change), nil)
  }

  /// Gates i, o, f and the candidate (Hochreiter and Schmidhuber 1997), with peepholes.
  static func longShort(
    _ rule: RecurrentRule, _ direction: Direction, _ input: Operand, _ state: State
  ) throws -> State {
    let (builder, hidden) = (rule.builder, rule.hidden)
    guard let old = state.c else { throw ModelError.invalid("has no cell state") }
    let sum = try builder.add(input, rule.recurrent(state.h, direction))
    var parts = try builder.split(sum, axis: 1, [hidden, hidden, hidden, hidden])
    let peepholes = try direction.peepholes.map {
      try builder.split($0, axis: 0, [hidden, hidden, hidden])
    }
    if let peepholes {
      parts[0] = try builder.add(parts[0], builder.multiply(peepholes[0], old))
      parts[2] = try builder.add(parts[2], builder.multiply(peepholes[2], old))
    }
    let gate = try rule.activated(direction, 0, parts[0])
    let forget =
      try rule.context.flag("input_forget")
      ? builder.subtract(builder.scalar(1, gate.type), gate)
      : rule.activated(direction, 0, parts[2])
    let candidate = try rule.activated(direction, 1, parts[3])
    let kept = try builder.add(
      builder.multiply(forget, old), builder.multiply(gate, candidate))
    if let peepholes { parts[1] = try builder.add(parts[1], builder.multiply(peepholes[1], kept)) }
    let output = try rule.activated(direction, 0, parts[1])
    let h = try builder.multiply(output, direction.functions[2](builder, kept))
    return (h, kept)
  }
}
