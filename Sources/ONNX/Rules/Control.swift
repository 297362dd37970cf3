import ONNXMessages
import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// Operators with graphs inside.
  static let control: [String: Rule] = [
    "If": conditional, "Loop": loop, "Scan": scan, "SequenceMap": sequenceMap,
  ]

  /// The branch that a known condition takes; of an unknown one both, and their values by case.
  private static func conditional(_ context: NodeContext) throws -> [Item] {
    let (builder, condition) = (context.builder, try context.input(0))
    guard condition.count == 1, condition.kind == .boolean else {
      throw ModelError.invalid("the condition must be one boolean")
    }
    let (yes, no) = try (context.graph("then_branch"), context.graph("else_branch"))
    if let known = try builder.settled(condition)?.doubles.first {
      return try context.importer.run(known != 0 ? yes : no, on: [], isOnlyOne: true)
    }
    let (first, second): ([Item], [Item])
    do {
      (first, second) = try (
        context.importer.run(yes, on: []), context.importer.run(no, on: [])
      )
    } catch is ModelError {
      // One that does not fit may never run, which the condition decides.
      _ = try builder.known(condition)
      throw ModelError.unsupported("a branch cannot be imported")
    }
    // Values without a common shape need to know the condition.
    let scalar = try builder.reshape(condition, [])
    return try zip(first, second).map { a, b in
      guard case .tensor(let a) = a, case .tensor(let b) = b, a.shape == b.shape, a.kind == b.kind
      else {
        _ = try builder.known(condition)
        throw ModelError.unsupported("branches differ in the shape of what they compute")
      }
      return .tensor(try builder.choose(scalar, a, b))
    }
  }

  // MARK: Loops

  /// Iterations one after another, as many as known counts and conditions say.
  private static func loop(_ context: NodeContext) throws -> [Item] {
    let (builder, body) = (context.builder, try context.graph("body"))
    let carried = max(0, context.inputs.count - 2)
    guard body.input.count == carried + 2, body.output.count >= carried + 1 else {
      throw ModelError.invalid("the body does not fit \(carried) carried values")
    }
    let trips = try context.wideIntegers(ofInput: 0)?.first
    var condition = try context.optional(1)
    var values = try (0..<carried).map { try context.item($0 + 2) }
    var scans = [[Operand]](repeating: [], count: body.output.count - carried - 1)
    var trip = 0
    while trip < trips ?? .max {
      if let condition, try builder.known(condition).doubles.first == 0 { break }
      guard trip < Limits.nodes else {
        throw ModelError(.limitExceeded, "the loop does not end", cure: "bound its iterations")
      }
      let results = try context.importer.run(
        body,
        on: [
          .tensor(builder.integers([trip], shape: .scalar)),
          .tensor(condition ?? builder.scalar(1, .bool)),
        ] + values)
      guard case .tensor(let next) = results[0] else {
        throw ModelError.invalid("the body's condition is not a tensor")
      }
      // A body that only passes its condition on never ends the loop.
      condition = condition == nil && next.contents != nil ? nil : next
      if let known = next.contents?.doubles.first, known == 0 { condition = next }
      values = Array(results[1..<carried + 1])
      for number in scans.indices {
        guard case .tensor(let row) = results[carried + 1 + number] else {
          throw ModelError.invalid("the body gathers something but tensors")
        }
        scans[number].append(row)
      }
      trip += 1
    }
    return try values
      + scans.indices.map { number in
        if scans[number].isEmpty {
          return .tensor(try nothing(of: body.output[carried + 1 + number], builder))
        }
        return .tensor(try builder.stack(scans[number], axis: 0))
      }
  }

  /// What no iteration gathered.
  private static func nothing(
    of output: Onnx_ValueInfoProto, _ builder: Builder
  ) throws -> Operand {
    guard case .tensorType(let type)? = output.type.value,
      let kind = DataType(rawValue: Int(type.elemType)), kind.kind != nil
    else {
      throw ModelError.unsupported("a loop that never runs gathers \(output.name.quotedName)")
    }
    let extents = type.shape.dim.map { max(0, Int($0.dimValue)) }
    return builder.empty(kind, try Limits.shape([0] + extents, of: "the result"))
  }

  private static func scan(_ context: NodeContext) throws -> [Item] {
    let (builder, body) = (context.builder, try context.graph("body"))
    var inputs = try context.inputs.indices.map { number -> Operand? in
      context.has(number) ? try context.input(number) : nil
    }
    let scanned = try context.integer("num_scan_inputs")
    if context.opset < 9 {
      // The first version had a batch axis, and lengths as its first input.
      guard inputs.first.flatMap({ $0 }) == nil else {
        throw ModelError.unsupported("lengths of sequences in Scan of version 8")
      }
      return try batchedScan(context, body, Array(inputs.dropFirst()), scanned)
    }
    let states = inputs.count - scanned
    guard scanned > 0, states >= 0, body.input.count == inputs.count,
      body.output.count >= states, inputs.allSatisfy({ $0 != nil })
    else { throw ModelError.invalid("the body does not fit \(inputs.count) inputs") }
    let gathered = body.output.count - states
    func list(_ name: String, _ count: Int) throws -> [Int] {
      let list = try context.integers(name) ?? [Int](repeating: 0, count: count)
      guard list.count == count else {
        throw ModelError.invalid("\(name) has not \(count) entries")
      }
      return list
    }
    let (inputAxes, inputDirections) = try (
      list("scan_input_axes", scanned), list("scan_input_directions", scanned)
    )
    let (outputAxes, outputDirections) = try (
      list("scan_output_axes", gathered), list("scan_output_directions", gathered)
    )
    for number in 0..<scanned {
      guard let x = inputs[states + number] else { continue }
      let axis = try context.axis(inputAxes[number], rank: x.rank)
      var order = Array(0..<x.rank)
      order.insert(order.remove(at: axis), at: 0)
      let front = try builder.transpose(x, order)
      inputs[states + number] =
        try inputDirections[number] == 1
        ? builder.reversed(front, axis: 0) : front
    }
    let all = inputs.compactMap { $0 }
    let (final, rows) = try scan(
      context, body, states: Array(all[..<states]), over: Array(all[states...]))
    let outputs = try rows.enumerated().map { number, rows -> Operand in
      guard let first = rows.first else {
        return try nothing(of: body.output[states + number], builder)
      }
      let axis = try context.axis(outputAxes[number], rank: first.rank + 1)
      return try builder.stack(outputDirections[number] == 1 ? rows.reversed() : rows, axis: axis)
    }
    return (final + outputs).map(Item.tensor)
  }

  /// Runs the body over the first axis of `sequences`.
  private static func scan(
    _ context: NodeContext, _ body: Onnx_GraphProto, states: [Operand], over sequences: [Operand]
  ) throws -> (states: [Operand], rows: [[Operand]]) {
    var states = states
    guard let steps = sequences.first?.shape.extents.first,
      sequences.allSatisfy({ $0.shape.extents.first == steps })
    else { throw ModelError.invalid("sequences have different lengths") }
    try Limits.steps(steps, of: "the scan")
    var rows = [[Operand]](repeating: [], count: body.output.count - states.count)
    for step in 0..<steps {
      let places = try sequences.map { try context.builder.place(step, ofAxis: 0, in: $0) }
      let results = try context.importer.run(body, on: (states + places).map(Item.tensor)).map {
        guard case .tensor(let operand) = $0 else {
          throw ModelError.invalid("the body computes something but tensors")
        }
        return operand
      }
      for (number, row) in results.dropFirst(states.count).enumerated() { rows[number].append(row) }
      states = Array(results.prefix(states.count))
    }
    return (states, rows)
  }

  private static func batchedScan(
    _ context: NodeContext, _ body: Onnx_GraphProto, _ inputs: [Operand?], _ scanned: Int
  ) throws -> [Item] {
    let all = inputs.compactMap { $0 }
    let states = all.count - scanned
    guard scanned > 0, states >= 0, let batch = all.last?.shape.extents.first,
      all.allSatisfy({ $0.shape.extents.first == batch }), body.output.count >= states, batch > 0
    else { throw ModelError.invalid("the body does not fit its inputs") }
    let builder = context.builder
    let directions = try context.integers("directions") ?? [Int](repeating: 0, count: scanned)
    guard directions.count == scanned else { throw ModelError.invalid("directions do not fit") }
    var outputs = [[Operand]](repeating: [], count: body.output.count)
    for sample in 0..<batch {
      let own = try all.enumerated().map { number, x in
        let part = try builder.place(sample, ofAxis: 0, in: x)
        return try number >= states && directions[number - states] == 1
          ? builder.reversed(part, axis: 0) : part
      }
      let (final, rows) = try scan(
        context, body, states: Array(own[..<states]), over: Array(own[states...]))
      for (number, state) in final.enumerated() { outputs[number].append(state) }
      for (number, rows) in rows.enumerated() {
        outputs[states + number].append(try builder.stack(rows, axis: 0))
      }
    }
    return try outputs.map { .tensor(try builder.stack($0, axis: 0)) }
  }

  /// The body on every element of the first sequence, with those of others or what is the same for all.
  private static func sequenceMap(_ context: NodeContext) throws -> [Item] {
    let body = try context.graph("body")
    guard case .sequence(let first, _) = try context.item(0) else {
      throw ModelError.invalid("the first input is no sequence")
    }
    var results = [[Operand]](repeating: [], count: body.output.count)
    for number in first.indices {
      let inputs = try context.inputs.indices.map { place -> Item in
        switch try context.item(place) {
        case .sequence(let operands, _):
          guard operands.count == first.count else {
            throw ModelError.invalid("sequences have different lengths")
          }
          return .tensor(operands[number])
        case let item: return item
        }
      }
      for (place, item) in try context.importer.run(body, on: inputs).enumerated() {
        guard case .tensor(let operand) = item else {
          throw ModelError.invalid("the body computes something but tensors")
        }
        results[place].append(operand)
      }
    }
    return results.enumerated().map { place, operands in
      let declared = DataType(rawValue: Int(body.output[place].type.tensorType.elemType))
      return .sequence(operands, of: operands.first?.type ?? declared ?? .float)
    }
  }
}
