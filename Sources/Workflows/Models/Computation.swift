import Execution
import Findings
import Graphs
import Numbers
import Operators
import Semantics
import TensorFiles
import Tensors

/// The graph of a run: outputs, and the gradients that were asked for.
struct Computation {
  /// A gradient by the name of what it belongs to; nil where none reaches it.
  struct Gradient {
    let name: String
    let target: Value
    let value: Value?
  }

  let runnable: Runnable
  let graph: Graph
  let gradients: [Gradient]
  /// Inputs that seed the backward pass, by the output's name.
  let seeds: [(name: String, value: Value)]
  /// Inputs of a YAML network out of the file of inputs.
  let file: [String: Tensor]
  let cotangents: [String: Tensor]
  let seed: UInt64

  /// - Throws: `InputError` for tensors that do not fit, `OperatorError` for what has no gradient.
  init(_ runnable: Runnable, request: RunRequest) throws {
    self.runnable = runnable
    seed = request.seed
    file =
      request.model.isONNX
      ? [:] : try request.model.inputs.map { try ModelLoading.tensors($0).single } ?? [:]
    for port in runnable.inputs {
      if let tensor = file[port.name] {
        try Self.check(tensor, runnable.graph.type(of: port.value), "input \(port.name)")
      }
    }
    let known = Set(runnable.inputs.map(\.name))
    if let stray = file.keys.sorted().first(where: { !known.contains($0) }) {
      throw InputError(
        file: request.model.inputs,
        "there is no input \(stray); the inputs are \(known.sorted().joined(separator: ", "))")
    }
    guard request.wantsGradients else {
      (graph, gradients, seeds, cotangents) = (runnable.graph, [], [], [:])
      return
    }
    var graph = runnable.graph
    var seeds: [(name: String, value: Value)] = []
    var pairs: [(value: Value, cotangent: Value)] = []
    var seen: Set<Value> = []
    for output in runnable.outputs where graph.type(of: output.value).kind == .real {
      let cotangent = graph.addInput("cotangent/\(output.name)", graph.type(of: output.value))
      seeds.append((output.name, cotangent))
      guard seen.insert(output.value).inserted else { continue }
      pairs.append((output.value, cotangent))
    }
    guard !seeds.isEmpty else {
      throw InputError(file: request.model.path, "has no real output to differentiate")
    }
    cotangents =
      try request.cotangents.map { path in
        let tensors = try ModelLoading.tensors(path)
        var result = tensors.single
        for (name, list) in tensors.sequences {
          for (number, tensor) in list.enumerated() { result["\(name)/\(number)"] = tensor }
        }
        let names = Set(seeds.map(\.name))
        for (name, tensor) in result {
          guard let value = seeds.first(where: { $0.name == name })?.value else {
            throw InputError(
              file: path,
              "there is no real output \(name); there are \(names.sorted().joined(separator: ", "))"
            )
          }
          try Self.check(tensor, graph.type(of: value), "cotangent \(name)")
        }
        return result
      } ?? [:]
    let inputs = runnable.inputs.filter { graph.type(of: $0.value).kind == .real }
    let targets =
      runnable.parameters.map { (graph.name(of: $0), $0) } + inputs.map { ($0.name, $0.value) }
    let found = try graph.differentiate(
      pairs, withRespectTo: targets.map(\.1), adding: { Add() })
    let pruned = graph.pruned(
      keeping: runnable.graph.values + seeds.map(\.value)
        + targets.compactMap { found[$0.1] })
    self.graph = pruned.graph
    self.seeds = seeds
    gradients = targets.map { name, target in
      Gradient(name: name, target: target, value: found[target].flatMap { pruned[$0] })
    }
  }

  private static func check(_ tensor: Tensor, _ type: TensorType, _ what: String) throws {
    guard tensor.shape == type.shape, tensor.kind == type.kind else {
      throw InputError(
        "the \(what) has the type \(TensorType(tensor.shape, tensor.kind)), not \(type); "
          + "give it that shape")
    }
  }
}

extension Tensor {
  /// Reals of this precision; the tensor itself where it has it, or holds no reals.
  func cast<T: Scalar>(to _: T.Type) -> Tensor {
    guard kind == .real, elementType != T.elementType else { return self }
    let result = Tensor(zeros: shape, T.elementType)
    let target = result.elements(as: T.self)
    if elementType == .float32 {
      let source = elements(as: Float.self)
      for i in target.indices { target[i] = T(source[i]) }
    } else {
      let source = elements(as: Double.self)
      for i in target.indices { target[i] = T(source[i]) }
    }
    return result
  }

  /// What kind of elements they are.
  var kind: ElementKind {
    switch elementType {
    case .float32, .float64: .real
    case .int64: .integer
    case .bool: .boolean
    }
  }
}

/// One run of a computation in a precision.
final class Evaluation<T: Scalar> {
  let plan: Plan<T>
  private let computation: Computation
  private var failure: (value: Value, cause: Cause, element: Int, count: Int)?
  private let reals: [Value]
  /// Constants of the model that are infinite on purpose, such as masks, and what only passes
  /// their infinities on.
  private var meant: Set<Value> = []

  /// Where `keepsAll` is set every real value can be read after the run.
  init(
    _ computation: Computation, _ formats: NodeFormats, keepsAll: Bool = false
  ) throws(MemoryError) {
    self.computation = computation
    let graph = computation.graph
    reals = graph.values.filter { graph.type(of: $0).kind == .real }
    let runnable = computation.runnable
    var bound: [Value: Tensor] = [:]
    for (value, tensor) in runnable.contents {
      bound[value] = tensor.cast(to: T.self)
    }
    plan = try Plan(
      graph,
      keeping: keepsAll
        ? reals : runnable.outputs.map(\.value) + computation.gradients.compactMap(\.value),
      observing: keepsAll ? [] : reals, format: formats.all, nodeFormats: formats.single,
      binding: bound)
    for (value, tensor) in bound where tensor.kind == .real {
      let elements = tensor.elements(as: T.self)
      if elements.indices.contains(where: { elements[$0].isInfinite }) { meant.insert(value) }
    }
    fill(formats)
  }

  private func fill(_ formats: NodeFormats) {
    let runnable = computation.runnable
    for port in runnable.inputs {
      let target = plan[port.value]
      if let tensor = runnable.given[port.value] ?? computation.file[port.name] {
        target.copyBytes(from: tensor.cast(to: T.self))
      } else {
        runnable.draw(port.value, target, computation.seed)
      }
    }
    for (name, value) in computation.seeds {
      let target = plan[value].elements(as: T.self)
      if let tensor = computation.cotangents[name] {
        plan[value].copyBytes(from: tensor.cast(to: T.self))
      } else {
        for i in target.indices { target[i] = 1 }
      }
    }
    if formats.all != nil { plan.roundInputsAndParameters() }
  }

  /// Runs, and compares every tensor with the same in doubles where a model is given for it.
  func run(
    _ compared: Runnable?, unitRoundoff: Double
  ) throws(MemoryError) -> RunReport.Comparison? {
    guard compared != nil else {
      plan.run(observer: Watch(evaluation: self, errors: nil))
      return nil
    }
    let exact = try ExactValues(computation)
    let errors = ErrorSeries(computation, exact, unitRoundoff: unitRoundoff)
    plan.run(observer: Watch(evaluation: self, errors: errors))
    return errors.comparison
  }

  private struct Watch: Observer {
    let evaluation: Evaluation
    let errors: ErrorSeries?

    func observe(_ value: Value, _ tensor: Tensor, _ summary: Summary) {
      if summary.nonFinite > 0 { evaluation.explain(value, tensor, summary.nonFinite) }
      errors?.see(value, tensor)
    }
  }

  /// Keeps the first tensor that is not finite without being meant so.
  private func explain(_ value: Value, _ tensor: Tensor, _ count: Int) {
    guard failure == nil, let node = computation.graph.producer(of: value),
      let result = node.results.firstIndex(of: value)
    else { return }
    let elements = tensor.elements(as: T.self)
    let isNaN = elements.indices.contains { elements[$0].isNaN }
    if !isNaN, node.op is Constant || node.operands.contains(where: meant.contains) {
      meant.insert(value)
      return
    }
    guard
      let element = elements.indices.first(where: {
        isNaN ? elements[$0].isNaN : !elements[$0].isFinite
      })
    else { return }
    let cause = node.op.cause(
      ofElement: element, inResult: result, operands: node.operands.map { plan[$0] },
      results: node.results.map { plan[$0] })
    failure = (value, cause, element, count)
  }

  // MARK: Results

  func gradient(_ gradient: Computation.Gradient) -> Tensor {
    gradient.value.map { plan[$0] }
      ?? Tensor(zeros: computation.graph.type(of: gradient.target).shape, T.elementType)
  }

  /// What the file of outputs holds.
  func items(
    _ runnable: Runnable, _ computation: Computation, keepsDoubles: Bool
  ) -> [SafetensorsFile.Item] {
    let isDouble = T.elementType == .float64
    var items = runnable.outputs.map { port in
      let tensor = plan[port.value]
      // What was computed in doubles is kept so if they were asked for.
      let widens = isDouble && keepsDoubles && port.storedType == .float32
      return SafetensorsFile.Item(port.name, tensor, as: widens ? .float64 : port.storedType)
    }
    items += computation.gradients.map {
      SafetensorsFile.Item("grad/\($0.name)", gradient($0), as: isDouble ? .float64 : .float32)
    }
    return items
  }

  /// What was not finite.
  func findings(_ runnable: Runnable) -> [Finding] {
    guard let failure else { return [] }
    let graph = computation.graph
    let node = graph.producer(of: failure.value)
    let number: Int? =
      switch graph.source(of: failure.value) {
      case .node(let number, _): graph.nodes[number].forward ?? number
      default: nil
      }
    let place = number.flatMap { runnable.place(ofNode: $0) }
    let forwardNode = number.map { graph.nodes[$0] }
    let isBackward = node?.isBackward ?? false
    var because: String
    switch failure.cause {
    case .produced(let reason, let explanation):
      let phrase = reason.phrase
      because = "\(phrase.prefix(1).uppercased())\(phrase.dropFirst()): \(explanation)"
    case .passedOn(let operand, let element):
      let name =
        node.map { node in
          let value = node.operands[operand]
          return graph.producer(of: value).map { graph.place(of: $0) } ?? graph.name(of: value)
        } ?? ""
      because = "It is passed on from element \(element) of \(name)"
    }
    because += "."
    if isBackward, let remark = node?.origin?.remark { because += " " + remark }
    return [
      Finding(
        .nonFinite, .error, layer: place,
        message: "\(Numerals.count(failure.count)) "
          + "\(failure.count == 1 ? "element" : "elements") of the "
          + "\(isBackward ? "gradient" : "result") of \(forwardNode?.typeForPeople ?? "an input") "
          + "\(failure.count == 1 ? "is" : "are") not finite: the first such tensor in order of "
          + "execution.",
        because: because,
        evidence: [
          Evidence("non_finite", Double(failure.count)),
          Evidence("element", Double(failure.element)),
        ])
    ]
  }
}

/// All real values of a computation in doubles.
final class ExactValues {
  private let plan: Plan<Double>

  init(_ computation: Computation) throws(MemoryError) {
    plan =
      try Evaluation<Double>(computation, NodeFormats(all: nil, single: [:]), keepsAll: true).plan
    plan.run()
  }

  subscript(value: Value) -> Elements<Double> { plan[value].elements(as: Double.self) }
}

/// Relative errors of the tensors of a run, in order.
final class ErrorSeries {
  private let computation: Computation
  private let exact: ExactValues
  private let limit: Double
  private var errors: [Value: Double] = [:]
  private var list: [RunReport.Error] = []

  init(_ computation: Computation, _ exact: ExactValues, unitRoundoff: Double) {
    self.computation = computation
    self.exact = exact
    limit = 16 * unitRoundoff
  }

  func see(_ value: Value, _ tensor: Tensor) {
    let graph = computation.graph
    guard let node = graph.producer(of: value) else { return }
    let error =
      tensor.elementType == .float32
      ? Self.relativeError(tensor.elements(as: Float.self), exact[value])
      : Self.relativeError(tensor.elements(as: Double.self), exact[value])
    errors[value] = error
    let before = node.operands.map { errors[$0] ?? 0 }.max() ?? 0
    let number: Int? =
      switch graph.source(of: value) {
      case .node(let number, _): node.forward ?? number
      default: nil
      }
    let place = number.flatMap { computation.runnable.place(ofNode: $0) } ?? graph.name(of: value)
    list.append(
      RunReport.Error(
        name: node.isBackward ? "gradient at \(place)" : place, operatorName: node.op.typeName,
        relativeError: error, before: before))
  }

  private static func relativeError<S: Scalar>(
    _ found: Elements<S>, _ exact: Elements<Double>
  ) -> Double {
    var (difference, size) = (0.0, 0.0)
    for i in exact.indices {
      let (x, y) = (Double(found[i]), exact[i])
      if x == y || (x.isNaN && y.isNaN) {
        if y.isFinite { size += y * y }
        continue
      }
      difference += (x - y) * (x - y)
      size += y * y
    }
    if difference == 0 { return 0 }
    return size == 0 ? .infinity : (difference / size).squareRoot()
  }

  var comparison: RunReport.Comparison {
    RunReport.Comparison(
      errors: list,
      firstGrowth: list.first { $0.relativeError > limit && !($0.relativeError < 10 * $0.before) },
      limit: limit)
  }
}
