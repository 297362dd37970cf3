import Analyses
import Graphs
import Numbers
import ONNX
import Operators
import Semantics
import TensorFiles
import Tensors

/// A model with inputs and the outputs that are expected.
struct Case: Decodable {
  let model: String
  /// A folder of ONNX test data.
  let inputs: String
  /// A safetensors file with the expected outputs by name.
  let expected: String
  /// The suite's tolerances, relative and absolute.
  let rtol: Double
  let atol: Double

  static let radii = [0, 1e-3, 1]

  /// Measures the bounds of all values: of the gradient graph, where the model has one.
  func measured(samples: Int) throws -> CaseAnswer {
    let file = try ModelFile(contentsOf: model)
    var options = ImportOptions()
    options.given = try file.testData(in: inputs)
    let model = try ImportedModel(file, options)
    var centers: [Value: Tensor] = [:]
    for input in model.inputs { centers[input.value] = options.given.tensor(input.name) }
    let isMoving = model.inputs.contains { model.graph.type(of: $0.value).kind == .real }
    guard isMoving else { return CaseAnswer(hasRealInputs: false) }
    let (graph, outputs, gradients) = differentiated(model, &centers)
    let elements = graph.types.reduce(0) { $0 + $1.shape.count }
    let trial = try BoundTrial(
      graph, centers: centers, contents: model.contents, nodeFormats: model.nodeFormats)
    var answer = CaseAnswer(hasRealInputs: true)
    answer.isDifferentiated = !gradients.isEmpty
    for radius in Self.radii {
      let bounds = trial.bounds(radius: radius)
      var found = RadiusAnswer(radius: radius)
      for sample in 0...(radius == 0 ? 0 : samples) {
        trial.run(sample: sample, within: bounds)
        let comparison = trial.comparison(with: bounds)
        found.compared += comparison.compared
        found.undefined += elements - comparison.compared
        for violation in comparison.violations where found.violations.count < 8 {
          found.violations.append(violation.text(in: graph, sample: sample))
        }
        if sample == 0 { found.missed = try missed(outputs, bounds, comparison) }
        if radius == 0 { answer.widths = widths(trial, &answer.localViolations) }
      }
      found.outputs = share(of: outputs.map(\.value), bounds)
      found.gradients = share(of: gradients, bounds)
      found.unbounded = unbounded(bounds)
      answer.radii.append(found)
    }
    return answer
  }

  /// The graph with gradients of all real outputs in real inputs and parameters, each output's
  /// cotangent an input around normal numbers; the graph as it is where it has none.
  private func differentiated(
    _ model: ImportedModel, _ centers: inout [Value: Tensor]
  ) -> (graph: Graph, outputs: [(name: String, value: Value)], gradients: [Value]) {
    let outputs = model.outputs.map { ($0.name, $0.value) }
    var graph = model.graph
    var pairs: [(value: Value, cotangent: Value)] = []
    var seeds: [Value: Tensor] = [:]
    var seen: Set<Value> = []
    for output in model.outputs
    where graph.type(of: output.value).kind == .real && seen.insert(output.value).inserted {
      let type = graph.type(of: output.value)
      let cotangent = graph.addInput("cotangent/\(output.name)", type)
      let tensor = Tensor(zeros: type.shape, .float64)
      tensor.elements(as: Double.self)
        .fillNormal(from: RandomStream(seed: 0, name: "cotangent/\(output.name)"))
      seeds[cotangent] = tensor
      pairs.append((output.value, cotangent))
    }
    let targets =
      model.parameters + model.inputs.map(\.value).filter { graph.type(of: $0).kind == .real }
    guard !pairs.isEmpty,
      let found = try? graph.differentiate(
        pairs, withRespectTo: targets, adding: { Add() }),
      targets.contains(where: { found[$0] != nil })
    else { return (model.graph, outputs, []) }
    // Inputs, parameters and forward nodes come first and stay where they are.
    let pruned = graph.pruned(keeping: Array(model.graph.values) + targets.compactMap { found[$0] })
    for (value, tensor) in seeds { if let new = pruned[value] { centers[new] = tensor } }
    return (
      pruned.graph, outputs.compactMap { name, value in pruned[value].map { (name, $0) } },
      targets.compactMap { found[$0].flatMap { pruned[$0] } }
    )
  }

  /// How many elements of values there are, and how many are bounded on both sides.
  private func share(of values: [Value], _ bounds: BoundPropagation) -> RadiusAnswer.Share {
    values.reduce(into: RadiusAnswer.Share()) { share, value in
      share.elements += bounds[value].intervals.count
      share.bounded += bounds[value].intervals.count(where: \.isBounded)
    }
  }

  /// Elements that operators leave without a bound while all operands have one.
  private func unbounded(_ bounds: BoundPropagation) -> [String: Int] {
    var counts: [String: Int] = [:]
    for node in bounds.graph.nodes
    where node.operands.allSatisfy({ bounds[$0].intervals.allSatisfy(\.isBounded) }) {
      let count = node.results.reduce(0) {
        $0 + bounds[$1].intervals.count { !$0.isBounded }
      }
      if count > 0 { counts[node.op.typeName, default: 0] += count }
    }
    return counts
  }

  /// Relative widths of what each operator makes of points: the operands of the last run.
  private func widths(
    _ trial: BoundTrial, _ violations: inout [String]
  ) -> [String: [CaseAnswer.Width]] {
    var widths: [String: [CaseAnswer.Width]] = [:]
    for (number, node) in trial.graph.nodes.enumerated() {
      guard let bounds = trial.localBounds(ofNode: number) else { continue }
      for (value, bounds) in zip(node.results, bounds) {
        let numbers = trial[value].doubles
        // Of sums that cancel to nothing, the terms are the measure.
        let terms = node.operands.map { trial[$0].doubles.greatest }.max() ?? 0
        let scale = numbers.greatest < 1e-6 * terms ? terms : numbers.greatest
        var found: [Double] = []
        for (number, interval) in zip(numbers, bounds.intervals) where !number.isNaN {
          if !interval.contains(number), violations.count < 8 {
            violations.append(
              "\(node.op.typeName) of \(trial.graph.signature(of: node).operands): "
                + "\(number), not in \(interval)")
          }
          guard number.isFinite else { continue }
          let width = interval.upper - interval.lower
          found.append(width == 0 ? 0 : width / (scale == 0 ? 1 : scale))
        }
        guard !found.isEmpty else { continue }
        found.sort()
        widths[node.op.typeName, default: []].append(
          CaseAnswer.Width(median: found[found.count / 2], worst: found[found.count - 1]))
      }
    }
    return widths
  }

  /// Expected outputs that lie outside by more than the suite's tolerance.
  private func missed(
    _ outputs: [(name: String, value: Value)], _ bounds: BoundPropagation,
    _ comparison: BoundTrial.Comparison
  ) throws -> [String] {
    let stored = try SafetensorsFile(expected)
    var missed: [String] = []
    for output in outputs where stored.entry(output.name) != nil {
      let numbers = try stored.tensor(output.name).doubles
      let intervals = bounds[output.value].intervals
      guard numbers.count == intervals.count else {
        missed.append("\(output.name): \(intervals.count) elements, not \(numbers.count)")
        continue
      }
      for (element, (number, interval)) in zip(numbers, intervals).enumerated()
      where !number.isNaN && comparison.isDefined(output.value, element) {
        let tolerance = number.isFinite ? atol + rtol * abs(number) : 0
        if interval.lower - tolerance <= number, number <= interval.upper + tolerance { continue }
        missed.append("\(output.name): \(number) is not in \(interval)")
        break
      }
    }
    return missed
  }
}

extension [String: ImportOptions.Given] {
  /// What an input was given, of a sequence by its number.
  fileprivate func tensor(_ name: String) -> Tensor? {
    if case .tensor(let tensor) = self[name] { return tensor }
    guard let slash = name.lastIndex(of: "/"), let number = Int(name[name.index(after: slash)...]),
      case .sequence(let list) = self[String(name[..<slash])], list.indices.contains(number)
    else { return nil }
    return list[number]
  }
}

extension [Double] {
  /// The greatest finite magnitude.
  fileprivate var greatest: Double { reduce(0) { $1.isFinite ? Swift.max($0, abs($1)) : $0 } }
}

extension BoundTrial.Violation {
  fileprivate func text(in graph: Graph, sample: Int) -> String {
    "\(graph.name(of: value)): element \(element) = \(number), not in \(interval) (sample \(sample))"
  }
}
