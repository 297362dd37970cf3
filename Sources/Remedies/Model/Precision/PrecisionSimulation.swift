import Graphs
import Numbers
import ONNX
import Semantics
import Tensors

/// A model computed node by node with every result rounded to the format in which its operator gives it,
/// but for operators that are kept in fp32.
///
/// An operator in a narrow format reads what fp32 gives after a cast, and one in fp32 reads the other's
/// results as they were rounded: what a file with Cast nodes at the borders computes.
final class PrecisionSimulation {
  /// What an operator in a narrow format would lose, seen on the way.
  typealias Loss = (place: ModelPlace, damage: FormatDamage, format: NumberFormat)

  let graph: Graph
  /// The operator of the file that each node belongs to.
  let places: [ModelPlace?]
  /// The outputs of the model, those of reals with the formats in which it gives them.
  private let outputs: [(name: String, value: Value, format: NumberFormat?)]
  private let model: ImportedModel
  /// The format of each real value; nil for fp32, and what is not real.
  private let formats: [NumberFormat?]
  /// Whether the model is stored in fp32 and is to be taken to the format: inputs and parameters come
  /// in fp32, and outputs are given in it.
  private let isConversion: Bool
  private var exact: [Value: Tensor] = [:]
  private var narrow: [Value: Tensor] = [:]

  /// - Parameters:
  ///   - model: the model as it is.
  ///   - target: the format that it is to be taken to; nil for those that it declares.
  init(_ model: ImportedModel, to target: NumberFormat?) {
    self.model = model
    let graph = model.graph
    self.graph = graph
    isConversion = target != nil
    places = graph.nodes.indices.map { model.origins[$0] }
    var formats = [NumberFormat?](repeating: nil, count: graph.types.count)
    for (number, node) in graph.nodes.enumerated() {
      let format: NumberFormat?
      if let target {
        let type = model.origins[number].flatMap { model.types[$0] }?.type
        format = type == nil || type?.kind != .real || type == .float ? target : nil
      } else {
        format = model.nodeFormats[number]
      }
      for value in node.results where graph.type(of: value).kind == .real {
        formats[value.index] = format
      }
    }
    if let target {
      for value in graph.inputs + graph.parameters where graph.type(of: value).kind == .real {
        formats[value.index] = target
      }
    }
    self.formats = formats
    outputs = model.outputs.map { port in
      (port.name, port.value, target == nil ? formats[port.value.index] : nil)
    }
    for value in graph.parameters {
      guard let tensor = model.contents[value] else { continue }
      exact[value] = tensor.single
    }
  }

  /// The operators whose results a narrow format may round, in order of execution.
  var operators: [ModelPlace] {
    var seen: Set<ModelPlace> = []
    return graph.nodes.indices.compactMap { number in
      guard let place = places[number],
        graph.nodes[number].results.contains(where: { formats[$0.index] != nil }),
        seen.insert(place).inserted
      else { return nil }
      return place
    }
  }

  /// Operators of the file of which one reads a result of the other.
  var edges: [(from: ModelPlace, to: ModelPlace)] {
    graph.nodes.indices.flatMap { number -> [(ModelPlace, ModelPlace)] in
      guard let place = places[number] else { return [] }
      return graph.nodes[number].operands.compactMap { operand in
        guard case .node(let before, _) = graph.source(of: operand), let other = places[before],
          other != place
        else { return nil }
        return (other, place)
      }
    }
  }

  /// The inputs of one draw.
  func feed(_ patient: ModelPatient, seed: UInt64) -> [Value: Tensor] {
    var feed: [Value: Tensor] = [:]
    for value in graph.inputs {
      let type = graph.type(of: value)
      let tensor = Tensor(zeros: type.shape, Double.elementType(of: type.kind))
      patient.fill(value, tensor, seed)
      feed[value] = tensor
    }
    return feed
  }

  /// The outputs in doubles, nothing rounded.
  func reference(_ feed: [Value: Tensor]) -> [Tensor] {
    var tensors: [Value: Tensor] = feed
    run(Double.self) { value in
      if let tensor = tensors[value] { return tensor }
      guard let tensor = self.model.contents[value] else { return nil }
      return tensor.elementType == .float32 ? Tensor(tensor.doubles, shape: tensor.shape) : tensor
    } gives: { _, node, results in
      for (value, tensor) in zip(node.results, results) { tensors[value] = tensor }
    } forgets: {
      tensors[$0] = nil
    }
    return outputs.map { tensors[$0.value] ?? Tensor([Double.nan], shape: [1]) }
  }

  /// The outputs where `wide` are the operators that compute in fp32.
  ///
  /// Outputs that the model gives in a narrow format are rounded to it, unless `roundsOutputs` is false.
  /// With `meeting` an operator that would lose something is told, and computes in fp32 from then on
  /// where the answer is yes.
  func outputs(
    _ feed: [Value: Tensor], wide: Set<ModelPlace>, roundsOutputs: Bool = true,
    meeting: ((Loss) -> Bool)? = nil
  ) -> [Tensor] {
    var (wide, wideValues) = (wide, Set<Value>())
    var tensors = feed.mapValues(\.single)
    var casts: [Value: Tensor] = [:]
    if isConversion { wideValues.formUnion(feed.keys) }
    run(Float.self) { value in
      tensors[value] ?? self.exact[value]
    } reading: { number, value, tensor in
      guard let format = self.formats[value.index], let place = self.places[number] else {
        return tensor
      }
      let isParameter = self.isConversion && self.exact[value] != nil
      guard isParameter || wideValues.contains(value), !wide.contains(place) else { return tensor }
      let cast: Tensor
      if let known = casts[value] ?? self.narrow[value] {
        cast = known
      } else {
        cast = isParameter ? tensor.stored(in: format) : tensor.rounded(to: format)
        if isParameter { self.narrow[value] = cast } else { casts[value] = cast }
      }
      if let meeting {
        let damage = FormatDamage(tensor, cast)
        if damage.isSerious(in: format), meeting((place, damage, format)) {
          wide.insert(place)
          return tensor
        }
      }
      return cast
    } gives: { number, node, results in
      for (value, tensor) in zip(node.results, results) {
        tensors[value] = tensor
        guard let format = self.formats[value.index], let place = self.places[number] else {
          continue
        }
        if wide.contains(place) || node.operands.isEmpty {
          wideValues.insert(value)
          continue
        }
        let rounded = tensor.rounded(to: format)
        if let meeting {
          let damage = FormatDamage(tensor, rounded)
          if damage.isSerious(in: format), meeting((place, damage, format)) {
            wide.insert(place)
            wideValues.insert(value)
            continue
          }
        }
        tensors[value] = rounded
      }
    } forgets: {
      tensors[$0] = nil
      casts[$0] = nil
    }
    return outputs.map { output in
      guard let tensor = tensors[output.value] ?? exact[output.value] else {
        return Tensor([Float.nan], shape: [1])
      }
      guard roundsOutputs, let format = output.format, wideValues.contains(output.value) else {
        return tensor
      }
      return tensor.rounded(to: format)
    }
  }

  /// How far outputs are from those of a reference.
  func errors(_ found: [Tensor], _ reference: [Tensor], into errors: inout OutputErrors) {
    for (output, (x, y)) in zip(outputs, zip(found, reference)) {
      errors.compare(output.name, x, with: y)
    }
  }

  /// Computes all nodes in order, in one type of reals.
  private func run<T: Scalar>(
    _: T.Type, holding tensor: (Value) -> Tensor?,
    reading: (Int, Value, Tensor) -> Tensor = { _, _, tensor in tensor },
    gives: (Int, Graph.Node, [Tensor]) -> Void, forgets: (Value) -> Void
  ) {
    var remaining = [Int](repeating: 0, count: graph.types.count)
    for node in graph.nodes { for operand in node.operands { remaining[operand.index] += 1 } }
    for output in outputs { remaining[output.value.index] += 1 }
    for (number, node) in graph.nodes.enumerated() {
      let signature = graph.signature(of: node)
      let operands = node.operands.compactMap { value in
        tensor(value).map { reading(number, value, $0) }
      }
      guard operands.count == node.operands.count else { return }
      let results = signature.results.map { Tensor(zeros: $0.shape, T.elementType(of: $0.kind)) }
      let workspace = Tensor(
        zeros: [node.op.workspace(for: signature)], T.elementType)
      node.op.value(of: operands, into: results, workspace: workspace.elements(as: T.self))
      gives(number, node, results)
      for operand in node.operands {
        remaining[operand.index] -= 1
        if remaining[operand.index] == 0 { forgets(operand) }
      }
    }
  }
}

extension Tensor {
  /// Reals in single precision; others as they are.
  var single: Tensor {
    guard elementType == .float64 else { return self }
    let source = elements(as: Double.self)
    let result = Tensor(zeros: shape, .float32)
    let target = result.elements(as: Float.self)
    for i in source.indices { target[i] = Float(source[i]) }
    return result
  }

  /// A copy rounded to a format as arithmetic does it.
  fileprivate func rounded(to format: NumberFormat) -> Tensor {
    let result = copy()
    result.round(to: format)
    return result
  }

  /// A copy in single precision as a file stores it in a format: finite numbers beyond it become its
  /// greatest.
  fileprivate func stored(in format: NumberFormat) -> Tensor {
    let result = rounded(to: format)
    let (x, y) = (elements(as: Float.self), result.elements(as: Float.self))
    for i in x.indices where x[i].isFinite && !y[i].isFinite {
      y[i] = Float(x[i] < 0 ? -format.greatest : format.greatest)
    }
    return result
  }
}
