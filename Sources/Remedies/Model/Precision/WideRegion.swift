import Foundation
import ONNX
import ONNXMessages
import Tensors

/// Which nodes of a file in fp32 stay in it when the rest becomes narrow, and in which form each value
/// is at home.
///
/// What computes the constants that such a node reads stays with it. A value is at home in fp32 where a node
/// in fp32 gives it and the graph around it does not need it narrow, and where it is an input or output of
/// the model; a constant is where nothing else reads it.
struct WideRegion {
  /// The nodes by their first outputs, what computes constants for them included.
  private(set) var nodes: Set<ModelPlace>
  /// Values that are at home in fp32.
  private(set) var home: Set<ModelPlace> = []
  /// The names of the nodes that are kept, without those that an operator requires and those that
  /// compute constants.
  private(set) var names: [String] = []
  /// Constants that nodes in fp32 read and the narrow type does not hold, with their values.
  private(set) var constants: [(name: String, value: Double)] = []

  /// - Parameters:
  ///   - file: the model before anything is changed.
  ///   - types: those of its values.
  ///   - chosen: nodes that are to stay in fp32, by their first outputs.
  ///   - required: those that have to.
  ///   - greatest: the greatest number of the narrow type.
  init(
    _ file: ModelFile, _ types: [ModelPlace: ModelType], chosen: Set<ModelPlace>,
    required: Set<ModelPlace>, greatest: Double
  ) {
    nodes = chosen.union(required)
    var survey = Survey()
    var copy = file.message
    let inputs = Set(copy.graph.input.map(\.name))
    copy.editBodies { survey.add($0) }
    absorbConstants(survey)
    for (place, node) in survey.order where chosen.contains(place) && !required.contains(place) {
      names.append(node.name.isEmpty ? place.name : node.name)
    }
    settle(survey, inputs: inputs.subtracting(survey.initializers.keys.map(\.name)))
    tellConstants(survey, file, greatest)
  }

  /// Takes in what computes constants for nodes in fp32.
  private mutating func absorbConstants(_ survey: Survey) {
    for (place, node) in survey.order.reversed() where nodes.contains(place) {
      for name in survey.read(node) {
        let source = ModelPlace(place.function, name)
        guard survey.constants.contains(source), let producer = survey.producers[source],
          producer.opType != "Constant", let first = producer.firstOutput
        else { continue }
        nodes.insert(ModelPlace(place.function, first))
      }
    }
  }

  private mutating func settle(_ survey: Survey, inputs: Set<String>) {
    var wideReaders: Set<ModelPlace> = []
    var narrowReaders = survey.innerOutputs
    for (place, node) in survey.order {
      let readers = survey.read(node).map { ModelPlace(place.function, $0) }
      if nodes.contains(place) {
        wideReaders.formUnion(readers)
        home.formUnion(
          node.output.map { ModelPlace(place.function, $0) }
            .filter { !survey.innerOutputs.contains($0) })
      } else {
        narrowReaders.formUnion(readers)
      }
    }
    let isConstant = { (place: ModelPlace) in
      survey.initializers[place] != nil || survey.producers[place]?.opType == "Constant"
    }
    for place in wideReaders where isConstant(place) && !narrowReaders.contains(place) {
      home.insert(place)
    }
    home.formUnion(inputs.map { ModelPlace(nil, $0) })
    home.formUnion(survey.outputs)
  }

  private mutating func tellConstants(_ survey: Survey, _ file: ModelFile, _ greatest: Double) {
    var seen: Set<ModelPlace> = []
    for (place, node) in survey.order where nodes.contains(place) {
      for name in survey.read(node) {
        let source = ModelPlace(place.function, name)
        guard seen.insert(source).inserted,
          let tensor = survey.initializers[source] ?? survey.producers[source]?.constantTensor,
          let type = ONNX.DataType(rawValue: Int(tensor.dataType)), type.kind != .boolean,
          let held = try? file.contents(of: tensor).tensor
        else { continue }
        let largest = held.numbers.filter(\.isFinite).max { $0.magnitude < $1.magnitude }
        if let largest, largest.magnitude > greatest { constants.append((name, largest)) }
      }
    }
  }

  /// What all lists of nodes have, in order; graphs within nodes come after the nodes around them.
  private struct Survey {
    var order: [(place: ModelPlace, node: Onnx_NodeProto)] = []
    var producers: [ModelPlace: Onnx_NodeProto] = [:]
    var initializers: [ModelPlace: Onnx_TensorProto] = [:]
    /// Values that depend on no input.
    var constants: Set<ModelPlace> = []
    /// Outputs of the graph of the model, and those of all other lists.
    var outputs: Set<ModelPlace> = []
    var innerOutputs: Set<ModelPlace> = []

    mutating func add(_ body: ModelBody) {
      func place(_ name: String) -> ModelPlace { ModelPlace(body.function, name) }
      for tensor in body.initializers {
        initializers[place(tensor.name)] = tensor
        if !body.overridable.contains(tensor.name) { constants.insert(place(tensor.name)) }
      }
      if body.isMainGraph {
        outputs.formUnion(body.outputs.map(place))
      } else {
        innerOutputs.formUnion(body.outputs.map(place))
      }
      for node in body.nodes {
        guard let first = node.firstOutput else { continue }
        order.append((place(first), node))
        for output in node.output where !output.isEmpty { producers[place(output)] = node }
        let read = self.read(node)
        let isConstant =
          node.opType == "Constant"
          || !read.isEmpty && !node.runsGraphs
            && !body.callsFunction(node) && read.allSatisfy { constants.contains(place($0)) }
        if isConstant { constants.formUnion(node.output.map(place)) }
      }
    }

    /// What decides the numbers that a node gives.
    func read(_ node: Onnx_NodeProto) -> [String] {
      let inputs = node.opType == "CastLike" ? Array(node.input.prefix(1)) : node.input
      return inputs.filter { !$0.isEmpty }
    }
  }
}

extension Onnx_NodeProto {
  var firstOutput: String? { output.first { !$0.isEmpty } }

  /// What a Constant holds, as a tensor.
  var constantTensor: Onnx_TensorProto? {
    guard opType == "Constant", let own = attribute.first, own.refAttrName.isEmpty else {
      return nil
    }
    switch own.name {
    case "value": return own.t
    case "value_float", "value_floats":
      var tensor = Onnx_TensorProto()
      tensor.dataType = Int32(ONNX.DataType.float.rawValue)
      tensor.floatData = own.name == "value_float" ? [own.f] : own.floats
      tensor.dims = own.name == "value_float" ? [] : [Int64(own.floats.count)]
      return tensor
    case "value_int", "value_ints":
      var tensor = Onnx_TensorProto()
      tensor.dataType = Int32(ONNX.DataType.int64.rawValue)
      tensor.int64Data = own.name == "value_int" ? [own.i] : own.ints
      tensor.dims = own.name == "value_int" ? [] : [Int64(own.ints.count)]
      return tensor
    default: return nil
    }
  }
}
