public import Semantics

/// A recurrent layer over `[time, features]`, written out step by step.
///
/// Every gate has weights of its own, so that each bias and its law are seen by themselves. The
/// state starts at 0, which is why the first step has no recurrent product.
/// - `rnn`: h = φ(W x + b + U h).
/// - `lstm`: c = f·c + i·g, h = o·φ(c), with one bias per gate, which `forget_bias` is for f
///   (Hochreiter and Schmidhuber 1997, Gers et al. 2000).
/// - `gru`: h = (1 − z)·n + z·h, n = φ(W x + b + r·(U h)): z keeps, as in PyTorch and Keras
///   (Cho et al. 2014).
public struct RecurrentLayer: WeightedLayer {
  public enum Cell: String, Hashable, Sendable, CaseIterable { case rnn, lstm, gru }

  public var cell: Cell
  public var units: Int
  /// Whether every step's state is handed on, `[time, units]`, or only the last, `[units]`.
  public var returnsSequences: Bool
  /// Whether a second cell reads the steps from the last to the first; what both give stands side by
  /// side, `[time, 2 · units]` or `[2 · units]` (Schuster and Paliwal 1997).
  public var isBidirectional: Bool
  /// The bias of an LSTM's forget gate; nil where it starts as the other biases do.
  public var forgetBias: Double?
  public var activation: String
  public var hasBias: Bool
  public var initialization: Initialization

  public init(
    _ cell: Cell, _ units: Int, returnsSequences: Bool = false,
    isBidirectional: Bool = false, forgetBias: Double? = nil, activation: String = "tanh",
    bias: Bool = true,
    initialization: Initialization = Initialization()
  ) {
    self.cell = cell
    self.units = units
    self.returnsSequences = returnsSequences
    self.isBidirectional = isBidirectional
    self.forgetBias = forgetBias
    self.activation = activation
    hasBias = bias
    self.initialization = initialization
  }

  public static let forms = Cell.allCases.map { cell in
    var keys = [
      Key("units", .integer(1...16_777_216), isRequired: true, "Width of the state."),
      Key(
        "return_sequences", .boolean, default: "false",
        "Whether every step's state is handed on, or only the last."),
      Key(
        "bidirectional", .boolean, default: "false",
        "Whether a second cell reads the steps backward; the output is then twice as wide."),
      Key("activation", .activation, default: "tanh", "The function of the new state."),
    ]
    if cell == .lstm {
      keys.append(
        Key(
          "forget_bias", .number(-1e6...1e6),
          "Bias of the forget gate; it starts as the other biases do if left out."))
    }
    return NamedForm(
      cell.rawValue, cell.summary, keys: keys + [.bias, .initialization], shorthand: "units",
      example: "{\(cell.rawValue): {units: 128}}")
  }

  public init(_ fields: Fields, reader: inout LayerReader) throws(NetworkError) {
    let cell = Cell(rawValue: fields.form.name) ?? .rnn
    self.init(
      cell, try fields.integer("units"), returnsSequences: try fields.boolean("return_sequences"),
      isBidirectional: try fields.boolean("bidirectional"),
      forgetBias: cell == .lstm ? try fields.optionalNumber("forget_bias") : nil,
      activation: try fields.activation("activation") ?? "tanh", bias: try fields.boolean("bias"),
      initialization: try fields.initialization())
    try fields.require(
      hasBias || forgetBias == nil, "'forget_bias' stands beside 'bias: false'",
      cure: "remove one of them")
  }

  public var form: String { cell.rawValue }

  public var entries: [YAMLTree.Entry] {
    var entries = [YAMLTree.Entry("units", .integer(units))]
    if returnsSequences { entries.append(YAMLTree.Entry("return_sequences", .boolean(true))) }
    if isBidirectional { entries.append(YAMLTree.Entry("bidirectional", .boolean(true))) }
    if activation != "tanh" { entries.append(YAMLTree.Entry("activation", .text(activation))) }
    if let forgetBias { entries.append(YAMLTree.Entry("forget_bias", .number(forgetBias))) }
    return entries + Key.entries(bias: hasBias, initialization)
  }

  public func lower(_ input: Value, in lowering: inout Lowering) throws(NetworkError) -> Value {
    try lowering.requireFeatures(input)
    let shape = lowering.shape(of: input)
    guard shape.count == 3 else {
      throw lowering.error(
        .invalidShape,
        "'\(form)' takes [time, features], and its input is \(Array(shape.dropFirst()))",
        cure: "give an input such as [100, 8], or put 'reshape' in front of it")
    }
    // Before any list of steps is made: a step takes at least so many operators.
    let cells = isBidirectional ? 2 : 1
    guard saturatingProduct(shape[1], cells * cell.gates.count) <= lowering.limits.nodes else {
      throw lowering.error(
        .limitExceeded, "'\(form)' has \(shape[1].grouped) time steps to write out",
        cure: "use shorter sequences")
    }
    let forward = try states(input, isReversed: false, in: &lowering)
    var directions = [forward]
    if isBidirectional {
      directions.append(try states(input, isReversed: true, in: &lowering))
    }
    lowering.setSteps(forward)
    var outputs: [Value] = []
    for (number, states) in directions.enumerated() {
      guard returnsSequences else {
        // The last state of each in its own direction.
        outputs.append(number == 0 ? states[states.count - 1] : states[0])
        continue
      }
      var rows: [Value] = []
      for state in states { rows.append(try lowering.reshape(state, to: [shape[0], 1, units])) }
      outputs.append(try lowering.append("Concat", ["axis": .integer(1)], to: rows)[0])
    }
    guard outputs.count > 1 else { return outputs[0] }
    return try lowering.append("Concat", ["axis": .integer(-1)], to: outputs)[0]
  }

  /// The states of one cell at every time step, in the order of time.
  private func states(
    _ input: Value, isReversed: Bool, in lowering: inout Lowering
  ) throws(NetworkError) -> [Value] {
    let count = lowering.shape(of: input)[1]
    let prefix = isReversed ? "reverse." : ""
    var gates: [Gate] = []
    for name in cell.gates {
      gates.append(try gate(name, input, prefix: prefix, in: &lowering))
    }
    let functions = (
      gate: try lowering.activation("sigmoid"), state: try lowering.activation(activation)
    )
    var states = [Value?](repeating: nil, count: count)
    var (before, memory): (Value?, Value?) = (nil, nil)
    for place in 0..<count {
      let step = isReversed ? count - 1 - place : place
      let state = try lowering.scoped("\(prefix)t\(step + 1)") {
        (lowering) throws(NetworkError) in
        switch cell {
        case .rnn:
          let sum = try gates[0].sum(step, before, in: &lowering)
          return try lowering.append(functions.state, to: [sum])[0]
        case .lstm:
          return try lstm(step, gates, before, &memory, functions, in: &lowering)
        case .gru: return try gru(step, gates, before, functions, in: &lowering)
        }
      }
      states[step] = state
      before = state
    }
    return states.compactMap { $0 }
  }

  /// One gate: its share of the input at every step, and its recurrent weights.
  private struct Gate {
    let fromInput: [Value]
    let recurrent: Value

    /// `U h`, nil at the first step.
    func product(_ state: Value?, in lowering: inout Lowering) throws(NetworkError) -> Value? {
      guard let state else { return nil }
      return try lowering.append("Gemm", ["transB": .integer(1)], to: [state, recurrent])[0]
    }

    /// `W x + b + U h`.
    func sum(
      _ step: Int, _ state: Value?, in lowering: inout Lowering
    ) throws(NetworkError) -> Value {
      guard let product = try product(state, in: &lowering) else { return fromInput[step] }
      return try lowering.apply("Add", to: fromInput[step], product)
    }
  }

  /// Adds the weights of one gate and multiplies all time steps of the input at once.
  private func gate(
    _ name: String, _ input: Value, prefix direction: String, in lowering: inout Lowering
  ) throws(NetworkError) -> Gate {
    let shape = lowering.shape(of: input)
    var own = initialization
    if name == "f", let forgetBias {
      own.bias = InitializerChoice(ConstantInitializer(forgetBias))
    }
    let prefix = direction + (cell.gates.count == 1 ? "" : name + ".")
    let all = try lowering.projection(
      input, from: shape[2], to: units, name: prefix, bias: hasBias, defaultFan: Double(units),
      own: own)
    let steps = try lowering.append(
      "Split",
      ["axis": .integer(1), "split": .integers(Array(repeating: 1, count: shape[1]))], to: [all])
    var fromInput: [Value] = []
    for step in steps { fromInput.append(try lowering.reshape(step, to: [shape[0], units])) }
    let recurrent = try lowering.parameter(
      prefix + "recurrent_weight", [units, units], role: .recurrent, fanIn: Double(units),
      fanOut: Double(units), own: own)
    return Gate(fromInput: fromInput, recurrent: recurrent)
  }

  private typealias Functions = (gate: any Activation, state: any Activation)

  private func lstm(
    _ step: Int, _ gates: [Gate], _ state: Value?, _ memory: inout Value?, _ functions: Functions,
    in lowering: inout Lowering
  ) throws(NetworkError) -> Value {
    func open(_ number: Int) throws(NetworkError) -> Value {
      try lowering.append(
        functions.gate, to: [try gates[number].sum(step, state, in: &lowering)])[0]
    }
    let input = try open(0)
    let candidate = try lowering.append(
      functions.state, to: [try gates[2].sum(step, state, in: &lowering)])[0]
    var new = try lowering.apply("Mul", to: input, candidate)
    if let memory {
      let kept = try lowering.apply("Mul", to: try open(1), memory)
      new = try lowering.apply("Add", to: kept, new)
    }
    memory = new
    let shown = try lowering.append(functions.state, to: [new])[0]
    return try lowering.apply("Mul", to: try open(3), shown)
  }

  private func gru(
    _ step: Int, _ gates: [Gate], _ state: Value?, _ functions: Functions,
    in lowering: inout Lowering
  ) throws(NetworkError) -> Value {
    func open(_ number: Int) throws(NetworkError) -> Value {
      try lowering.append(
        functions.gate, to: [try gates[number].sum(step, state, in: &lowering)])[0]
    }
    var candidate = gates[2].fromInput[step]
    if let product = try gates[2].product(state, in: &lowering) {
      let passed = try lowering.apply("Mul", to: try open(0), product)
      candidate = try lowering.apply("Add", to: candidate, passed)
    }
    candidate = try lowering.append(functions.state, to: [candidate])[0]
    let keep = try open(1)
    let renew = try lowering.apply("Sub", to: try lowering.constant(1, [1]), keep)
    let new = try lowering.apply("Mul", to: renew, candidate)
    guard let state else { return new }
    return try lowering.apply("Add", to: new, try lowering.apply("Mul", to: keep, state))
  }
}

extension RecurrentLayer.Cell {
  /// The gates in PyTorch's order.
  var gates: [String] {
    switch self {
    case .rnn: ["h"]
    case .lstm: ["i", "f", "g", "o"]
    case .gru: ["r", "z", "n"]
    }
  }

  var summary: String {
    switch self {
    case .rnn: "A plain recurrent layer over [time, features]."
    case .lstm: "A long short-term memory over [time, features]."
    case .gru: "A gated recurrent unit over [time, features]."
    }
  }
}
