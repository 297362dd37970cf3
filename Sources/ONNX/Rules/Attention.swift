import Numbers
import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Attention in its variants, and what comes with it.
  static let attention: [String: Rule] = [
    "Attention": standardAttention,
    "LinearAttention": { try linearAttention($0).map(Item.tensor) },
    "RotaryEmbedding": one(rotaryEmbedding),
    "CausalConvWithState": { try causalConvolution($0).map(Item.tensor) },
  ]

  /// `swish(gate) · value` of two inputs of one shape.
  static func gated(_ context: NodeContext, alpha: Double) throws -> Operand {
    let (builder, gate, value) = (context.builder, try context.input(0), try context.input(1))
    guard gate.shape == value.shape else {
      throw ModelError.invalid("the inputs \(gate.shape) and \(value.shape) differ in shape")
    }
    return try builder.multiply(builder.swish(gate, alpha: alpha), value)
  }

  // MARK: Scaled dot products

  private static func standardAttention(_ context: NodeContext) throws -> [Item] {
    let builder = context.builder
    var (q, k, v) = try (context.input(0), context.input(1), context.input(2))
    let isPacked = q.rank == 3
    if isPacked {
      let (queries, keys) = try (context.integer("q_num_heads"), context.integer("kv_num_heads"))
      q = try builder.heads(q, queries)
      k = try builder.heads(k, keys)
      v = try builder.heads(v, keys)
    }
    var attention = AttentionRule(
      isCausal: try context.flag("is_causal"),
      scale: context.hasAttribute("scale") ? try context.real("scale", default: 1) : nil,
      softcap: try context.decimal("softcap", default: 0))
    attention.left = try context.wideInteger("left_window_size", default: -1).clamped
    attention.right = try context.wideInteger("right_window_size", default: -1).clamped
    attention.mask = try context.optional(3)
    attention.validKeys = try context.optional(6)
    if let pastKey = try context.optional(4), let pastValue = try context.optional(5) {
      guard pastKey.rank == 4, pastValue.rank == 4, q.rank == 4 else {
        throw ModelError.invalid("the past has the shape \(pastKey.shape)")
      }
      attention.past = pastKey.shape[2]
      k = try builder.concat([pastKey, k], axis: 2)
      v = try builder.concat([pastValue, v], axis: 2)
    }
    let wantsLogits = context.wantsOutput(3)
    let mode = wantsLogits ? try context.integer("qk_matmul_output_mode", default: 0) : nil
    let (result, logits) = try attention.apply(q, k, v, kept: mode, builder)
    let output = try isPacked ? builder.joined(result) : result
    return [output, k, v].map(Item.tensor) + (logits.map { [.tensor($0)] } ?? [])
  }

  // MARK: Linear attention

  /// A state that every token updates: `S ← decay · S + k ⊗ (…)`, and `q · S` as the result.
  private static func linearAttention(_ context: NodeContext) throws -> [Operand] {
    let builder = context.builder
    let (queries, keys) = try (context.integer("q_num_heads"), context.integer("kv_num_heads"))
    let rule = try context.text("update_rule", default: "gated_delta")
    guard ["linear", "gated", "delta", "gated_delta"].contains(rule) else {
      throw ModelError.invalid("attribute update_rule has the unknown value \(rule.quotedName)")
    }
    // The state is kept in fp32, whatever the format of the inputs.
    let type = try context.input(0).type
    func wide(_ x: Operand) throws -> Operand {
      try x.type == .double ? x : builder.cast(x, to: .float)
    }
    let q = try builder.heads(wide(context.input(0)), queries)
    let k = try builder.heads(wide(context.input(1)), keys)
    let v = try builder.heads(wide(context.input(2)), keys)
    guard keys > 0, queries % keys == 0, q.shape[3] == k.shape[3], k.shape[2] == v.shape[2],
      q.shape[2] == k.shape[2], q.shape[0] == k.shape[0], k.shape[0] == v.shape[0]
    else { throw ModelError.invalid("q \(q.shape), k \(k.shape) and v \(v.shape) do not fit") }
    let (batch, steps, depth, width) = (q.shape[0], q.shape[2], k.shape[3], v.shape[3])
    var scale = try context.real("scale", default: 0)
    if scale == 0 { scale = 1 / Double(depth).squareRoot() }
    var state =
      try context.optional(3).map(wide)
      ?? builder.expand(builder.scalar(0, v.type), [batch, keys, depth, width])
    guard state.shape == [batch, keys, depth, width] else {
      throw ModelError.invalid("the state \(state.shape) does not fit")
    }
    let isGated = rule == "gated" || rule == "gated_delta"
    let isDelta = rule == "delta" || rule == "gated_delta"
    /// [B, T, H · n] or [B, T, n] as [B, H, T, n].
    func perHead(_ number: Int, _ name: String) throws -> Operand {
      guard let x = try context.optional(number).map(wide), x.rank == 3 else {
        throw ModelError.invalid("\(rule) needs the input \(name)")
      }
      if x.shape[2] == 1 { return try builder.unsqueeze(x, [1]) }
      return try builder.heads(x, keys)
    }
    let decay = try isGated ? builder.apply(Exp(), perHead(4, "decay")) : nil
    let beta = try isDelta ? perHead(5, "beta") : nil
    try Limits.steps(steps, of: "the attention")
    var rows: [Operand] = []
    for step in 0..<steps {
      /// [B, H, n] of one token.
      func now(_ x: Operand) throws -> Operand { try builder.place(step, ofAxis: 2, in: x) }
      let key = try builder.unsqueeze(now(k), [3])
      var value = try builder.unsqueeze(now(v), [2])
      if let decay { state = try builder.multiply(state, builder.unsqueeze(now(decay), [3])) }
      if let beta {
        let known = try builder.apply(MatMul(isLeftTransposed: true), key, state, as: v.type)
        value = try builder.multiply(
          builder.unsqueeze(now(beta), [3]), builder.subtract(value, known))
      }
      state = try builder.add(state, builder.multiply(key, value))
      // Query heads that share a state.
      let query = try builder.reshape(now(q), [batch, keys, queries / keys, depth])
      let row = try builder.multiply(builder.product(query, state), scale)
      rows.append(try builder.reshape(row, [batch, queries, width]))
    }
    guard !rows.isEmpty else {
      return [builder.empty(type, [batch, 0, queries * width]), try builder.cast(state, to: type)]
    }
    return [
      try builder.cast(builder.joined(builder.stack(rows, axis: 2)), to: type),
      try builder.cast(state, to: type),
    ]
  }

  // MARK: Rotary embedding

  static func rotaryEmbedding(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    let isPacked = x.rank == 3
    let heads = isPacked ? try context.integer("num_heads") : 1
    guard isPacked || x.rank == 4, heads > 0 else {
      throw ModelError.invalid("takes [N, T, H · D] or [N, H, T, D], not \(x.shape)")
    }
    return try builder.rotated(
      isPacked ? builder.heads(x, heads) : x, cosines: context.input(1), sines: context.input(2),
      positions: context.optional(3), width: context.integer("rotary_embedding_dim", default: 0),
      isInterleaved: context.flag("interleaved")
    ).map { try isPacked ? builder.joined($0) : $0 }
  }

  // MARK: Causal convolution

  /// A depthwise convolution of what is past and present, and the last places for the next call.
  private static func causalConvolution(_ context: NodeContext) throws -> [Operand] {
    let (builder, x, weight) = (context.builder, try context.input(0), try context.input(1))
    guard x.rank == 3, weight.rank == 3, weight.shape[0] == x.shape[1], weight.shape[1] == 1,
      weight.shape[2] > 0
    else {
      throw ModelError.invalid("kernels \(weight.shape) do not fit \(x.shape)")
    }
    let carried = weight.shape[2] - 1
    let past =
      try context.optional(3)
      ?? builder.expand(builder.scalar(0, x.type), [x.shape[0], x.shape[1], carried])
    guard past.shape == [x.shape[0], x.shape[1], carried] else {
      throw ModelError.invalid("the state \(past.shape) does not fit")
    }
    let all = try builder.concat([past, x], axis: 2)
    let operands = try [all, weight] + (context.optional(2).map { [$0] } ?? [])
    var result = try builder.append(Conv(groups: x.shape[1]), to: operands)[0]
    switch try context.text("activation", default: "none") {
    case "none": break
    case "silu", "swish": result = try builder.apply(Silu(), result)
    case let text:
      throw ModelError.invalid("attribute activation has the unknown value \(text.quotedName)")
    }
    let extent = all.shape[2]
    return [result, try builder.slice(all, axis: 2, from: extent - carried, to: extent)]
  }
}

/// Scaled dot-product attention with everything that may be done to its logits.
struct AttentionRule {
  var isCausal = false
  /// nil for 1/√D.
  var scale: Double?
  var softcap = 0.0
  /// Booleans, or numbers that are added, that broadcast to [N, H, T, S].
  var mask: Operand?
  /// How many keys of every sample are no padding.
  var validKeys: Operand?
  /// Keys before the first query.
  var past = 0
  var left = -1
  var right = -1

  /// The result [N, H, T, E] and, if asked, the logits at one of the stages 0 … 3.
  func apply(
    _ q: Operand, _ k: Operand, _ v: Operand, kept stage: Int? = nil, _ builder: Builder
  ) throws -> (result: Operand, logits: Operand?) {
    guard q.rank == 4, k.rank == 4, v.rank == 4, k.shape[1] == v.shape[1], k.shape[1] > 0,
      q.shape[1] % k.shape[1] == 0
    else { throw ModelError.invalid("q \(q.shape), k \(k.shape) and v \(v.shape) do not fit") }
    let (k, v) = try (
      builder.repeated(k, heads: q.shape[1]), builder.repeated(v, heads: q.shape[1])
    )
    let (queries, keys) = (q.shape[2], k.shape[2])
    let isPlain = mask == nil && validKeys == nil && softcap == 0 && left < 0 && right < 0
    // In narrow formats every step of the definition rounds, which one operator does not.
    let isNarrow = q.type.format.map { $0.bitCount < 32 } ?? false
    if isPlain, !isNarrow, stage == nil, !isCausal || keys == queries + past {
      let op = Attention(isCausal: isCausal && queries > 1, scale: scale)
      return (try builder.append(op, to: [q, k, v])[0], nil)
    }
    var logits = try builder.scores(q, k, scale ?? 1 / Double(q.shape[3]).squareRoot())
    var shown = logits
    if softcap > 0 {
      logits = try builder.multiply(
        builder.apply(Tanh(), builder.multiply(logits, 1 / softcap)), softcap)
    }
    if stage == 1 { shown = logits }
    var allowed = try allowed(queries, keys, builder)
    if let mask, mask.isReal {
      logits = try builder.add(logits, padded(mask, keys, -.infinity, builder))
    } else if let mask {
      let own = try padded(mask, keys, 0, builder)
      allowed = try allowed.map { try builder.apply(And(), $0, own, as: .bool) } ?? own
    }
    if let allowed {
      let nothing = builder.scalar(-.infinity, logits.type)
      logits = try builder.choose(allowed, logits, nothing)
    }
    if stage == 2 { shown = logits }
    let weights = try softmax(logits, builder)
    if stage == 3 { shown = weights }
    return (try builder.product(weights, v), stage == nil ? nil : shown)
  }

  /// A mask that is too short for all keys.
  private func padded(
    _ mask: Operand, _ keys: Int, _ value: Double, _ builder: Builder
  ) throws -> Operand {
    guard mask.rank > 0, let have = mask.shape.extents.last, have > 1 || keys == 1, have < keys
    else {
      return mask
    }
    var after = mask.rank.zeros
    after[mask.rank - 1] = keys - have
    return try builder.padded(mask, before: mask.rank.zeros, after: after, with: value)
  }

  /// Which keys each query sees, by their places; nil for all.
  private func allowed(_ queries: Int, _ keys: Int, _ builder: Builder) throws -> Operand? {
    let isWindowed = left >= 0 || right >= 0
    guard isCausal || isWindowed || validKeys != nil else { return nil }
    let columns = try builder.places(keys, shape: [1, 1, 1, keys])
    var results: [Operand] = []
    if isCausal || isWindowed {
      var rows = try builder.places(queries, shape: [1, 1, queries, 1]) { $0 + past }
      if let validKeys, past == 0 {
        let offset = try builder.add(
          builder.reshape(builder.cast(validKeys, to: .int64), [validKeys.count, 1, 1, 1]),
          -Double(queries))
        rows = try builder.add(rows, offset)
      }
      func see(_ op: some Operator, _ limit: Operand) throws {
        results.append(try builder.apply(op, columns, limit, as: .bool))
      }
      if isCausal { try see(LessOrEqual(), rows) }
      if left >= 0 { try see(GreaterOrEqual(), builder.add(rows, -Double(left))) }
      if right >= 0 { try see(LessOrEqual(), builder.add(rows, Double(right))) }
    }
    if let validKeys {
      let counts = try builder.reshape(
        builder.cast(validKeys, to: .int64), [validKeys.count, 1, 1, 1])
      results.append(try builder.apply(Less(), columns, counts, as: .bool))
    }
    return try results.dropFirst().reduce(results[0]) {
      try builder.apply(And(), $0, $1, as: .bool)
    }
  }

  /// The softmax over keys; a query that sees none has weights of 0.
  private func softmax(_ logits: Operand, _ builder: Builder) throws -> Operand {
    let greatest = try builder.apply(ReduceMax(axes: [3]), logits)
    let seesSome = try builder.apply(
      Greater(), greatest, builder.scalar(-.infinity, logits.type), as: .bool)
    let zero = builder.scalar(0, logits.type)
    let weights = try builder.apply(
      Softmax(axis: 3), builder.choose(seesSome, logits, zero))
    return try builder.choose(seesSome, weights, zero)
  }
}

extension Operand {
  func map(_ body: (Operand) throws -> Operand) rethrows -> Operand { try body(self) }
}

extension Builder {
  /// [N, T, H · D] as [N, H, T, D].
  func heads(_ x: Operand, _ heads: Int) throws -> Operand {
    guard x.rank == 3, heads > 0, x.shape[2] % heads == 0 else {
      throw ModelError.invalid("\(x.shape) has no \(heads) heads")
    }
    return try transpose(
      reshape(x, [x.shape[0], x.shape[1], heads, x.shape[2] / heads]), [0, 2, 1, 3])
  }

  /// [N, H, T, D] as [N, T, H · D].
  func joined(_ x: Operand) throws -> Operand {
    try reshape(
      transpose(x, [0, 2, 1, 3]), [x.shape[0], x.shape[2], x.shape[1] * x.shape[3]])
  }

  /// `x · sigmoid(alpha · x)`.
  func swish(_ x: Operand, alpha: Double) throws -> Operand {
    if alpha == 1 { return try apply(Silu(), x) }
    return try multiply(x, apply(Sigmoid(), multiply(x, alpha)))
  }

  /// Pairs of [N, H, T, D] turned by an angle that depends on the position, as Su and others have it
  /// (2021).
  func rotated(
    _ x: Operand, cosines: Operand, sines: Operand, positions: Operand?, width: Int,
    isInterleaved: Bool
  ) throws -> Operand {
    let width = width == 0 ? x.shape[3] : width
    guard width > 0, width % 2 == 0, width <= x.shape[3] else {
      throw ModelError.invalid("\(width) places of \(x.shape) cannot be turned in pairs")
    }
    /// [T, D/2] or [N, T, D/2] as [N, 1, T, D/2].
    func angle(_ table: Operand) throws -> Operand {
      guard let positions else { return try unsqueeze(table, [1]) }
      return try unsqueeze(gather(table, axis: 0, positions), [1])
    }
    let (cosine, sine) = try (angle(cosines), angle(sines))
    guard cosine.shape.extents.last == width / 2, sine.shape == cosine.shape else {
      throw ModelError.invalid("\(cosines.shape) angles do not fit \(width) places")
    }
    let turned = try slice(x, axis: 3, from: 0, to: width)
    let (first, second) =
      try
      (isInterleaved
      ? (
        slice(turned, axis: 3, from: 0, to: width, step: 2),
        slice(turned, axis: 3, from: 1, to: width, step: 2)
      )
      : (
        slice(turned, axis: 3, from: 0, to: width / 2),
        slice(turned, axis: 3, from: width / 2, to: width)
      ))
    let real = try subtract(multiply(first, cosine), multiply(second, sine))
    let imaginary = try add(multiply(first, sine), multiply(second, cosine))
    let result =
      try
      (isInterleaved
      ? reshape(stack([real, imaginary], axis: 4), turned.shape.extents)
      : concat([real, imaginary], axis: 3))
    return try concat([result, slice(x, axis: 3, from: width, to: x.shape[3])], axis: 3)
  }
}
