import Foundation
import Numbers
package import ONNX
import ONNXMessages
import Tensors

/// A model whose tensors in single precision become float16 or bfloat16, as converters make it.
///
/// Inputs and outputs keep their types, with Cast nodes behind and before them. So do operators that know no
/// narrow types. Finite numbers beyond the type become its greatest.
package struct FormatConversion {
  package let file: ModelFile
  /// What was changed, as one sentence without a full stop.
  package let sentence: String

  /// Converts a model.
  ///
  /// - Parameters:
  ///   - file: the model.
  ///   - model: the same, imported.
  ///   - type: `.float16` or `.bfloat16`.
  /// - Throws: ``ModelError`` where it holds nothing in single precision, or is too old for the type.
  package init(_ file: ModelFile, _ model: ImportedModel, to type: ONNX.DataType) throws {
    var converter = Converter(file: file, types: model.types, type: type)
    var message = file.message
    try converter.convert(&message)
    self.file = ModelFile(message, editedFrom: file)
    sentence =
      "store and compute in \(type) what was in float32, inputs and outputs left as they are"
  }
}

/// One conversion as it goes through the parts of a model.
private struct Converter {
  let file: ModelFile
  let types: [ModelPlace: ModelType]
  let type: ONNX.DataType
  private var isChanged = false

  private static let single = Int32(ONNX.DataType.float.rawValue)
  private var narrow: Int32 { Int32(type.rawValue) }

  /// Operators some input of which must be in single precision; they compute in it.
  private static let exact: Set = [
    "Resize", "Upsample", "Range", "NonMaxSuppression", "QuantizeLinear", "DequantizeLinear",
    "DynamicQuantizeLinear", "MelWeightMatrix", "Bernoulli", "Multinomial", "CumSum", "DFT", "STFT",
    "HannWindow", "HammingWindow", "BlackmanWindow", "Det", "GridSample", "RoiAlign", "MaxUnpool",
  ]

  init(file: ModelFile, types: [ModelPlace: ModelType], type: ONNX.DataType) {
    self.file = file
    self.types = types
    self.type = type
  }

  mutating func convert(_ model: inout Onnx_ModelProto) throws {
    let opset =
      model.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? 0
    let least = type == .bfloat16 ? 13 : 7
    guard opset >= least else {
      throw ModelError(
        .unsupported,
        "imports version \(opset) of the standard operators, which do not know \(type)",
        cure: "export with opset_version \(least) or newer", file: file.path)
    }
    for function in model.functions.indices {
      for i in model.functions[function].node.indices {
        try convert(&model.functions[function].node[i])
      }
      for i in model.functions[function].valueInfo.indices {
        convert(&model.functions[function].valueInfo[i].type)
      }
    }
    let inputs = model.graph.input
    let outputs = model.graph.output
    try convert(&model.graph)
    guard isChanged else {
      throw ModelError(
        .unsupported, "holds nothing in float32", cure: "leave out --format", file: file.path)
    }
    // Inputs whose default is an initializer change with it.
    let initial = Set(model.graph.initializer.map(\.name))
    for (number, port) in inputs.enumerated() where !initial.contains(port.name) {
      model.graph.input[number] = port
    }
    model.graph.output = outputs
    let types = self.types
    let single = Self.single
    model.editBodies { body in
      Self.keepExact(&body, types, narrow)
      guard body.isMainGraph else { return }
      Self.castBorders(
        &body, inputs.filter { !initial.contains($0.name) && $0.type.isTensor(of: single) },
        outputs.filter { $0.type.isTensor(of: single) }, narrow)
    }
  }

  // MARK: Types and contents

  private mutating func convert(_ graph: inout Onnx_GraphProto) throws {
    for i in graph.initializer.indices { try convert(&graph.initializer[i]) }
    for i in graph.valueInfo.indices { convert(&graph.valueInfo[i].type) }
    for i in graph.input.indices { convert(&graph.input[i].type) }
    for i in graph.output.indices { convert(&graph.output[i].type) }
    for i in graph.node.indices { try convert(&graph.node[i]) }
  }

  private mutating func convert(_ type: inout Onnx_TypeProto) {
    switch type.value {
    case .tensorType where type.tensorType.elemType == Self.single:
      type.tensorType.elemType = narrow
    case .sequenceType: convert(&type.sequenceType.elemType)
    case .optionalType: convert(&type.optionalType.elemType)
    default: break
    }
  }

  private mutating func convert(_ tensor: inout Onnx_TensorProto) throws {
    guard tensor.dataType == Self.single else { return }
    isChanged = true
    let greatest = type.format?.greatest ?? .infinity
    let reals = try file.contents(of: tensor).tensor
    let held = Tensor(
      reals.doubles.map { $0.isFinite ? min(max($0, -greatest), greatest) : $0 },
      shape: reals.shape)
    var narrowed = Onnx_TensorProto()
    narrowed.name = tensor.name
    narrowed.dims = tensor.dims
    narrowed.dataType = narrow
    narrowed.rawData = Data()
    if tensor.hasDocString { narrowed.docString = tensor.docString }
    narrowed.metadataProps = tensor.metadataProps
    tensor = try file.replacing(narrowed, by: held)
  }

  private mutating func convert(_ node: inout Onnx_NodeProto) throws {
    for i in node.attribute.indices {
      if node.attribute[i].hasG { try convert(&node.attribute[i].g) }
      for j in node.attribute[i].graphs.indices { try convert(&node.attribute[i].graphs[j]) }
    }
    switch node.opType {
    case "Constant":
      guard let own = node.attribute.first, own.refAttrName.isEmpty else { return }
      var tensor = own.t
      if own.name == "value_float" || own.name == "value_floats" {
        tensor = Onnx_TensorProto()
        tensor.dataType = Self.single
        tensor.floatData = own.name == "value_float" ? [own.f] : own.floats
        tensor.dims = own.name == "value_float" ? [] : [Int64(own.floats.count)]
      } else if own.name != "value" {
        return
      }
      guard tensor.dataType == Self.single else { return }
      try convert(&tensor)
      node.attribute[0] = .tensor("value", tensor)
    case "ConstantOfShape":
      if let place = node.attribute.firstIndex(where: { $0.name == "value" }) {
        try convert(&node.attribute[place].t)
      } else {
        var zero = Onnx_TensorProto.scalar(0, type)
        zero.dims = [1]
        node.attribute.append(.tensor("value", zero))
        isChanged = true
      }
    case "Cast", "EyeLike", "RandomNormal", "RandomUniform", "RandomNormalLike",
      "RandomUniformLike", "SequenceEmpty":
      let name = node.opType == "Cast" ? "to" : "dtype"
      if let place = node.attribute.firstIndex(where: { $0.name == name }) {
        if node.attribute[place].i == Int64(Self.single) { node.attribute[place].i = Int64(narrow) }
      } else if ["RandomNormal", "RandomUniform", "EyeLike", "SequenceEmpty"].contains(node.opType)
      {
        node.attribute.append(.integer("dtype", type.rawValue))
      }
    default: break
    }
  }

  // MARK: Casts

  /// Puts casts around operators that do not know narrow types.
  private static func keepExact(
    _ body: inout ModelBody, _ types: [ModelPlace: ModelType], _ narrow: Int32
  ) {
    var nodes: [Onnx_NodeProto] = []
    func isSingle(_ name: String) -> Bool {
      types[ModelPlace(body.function, name)]?.type == .float
    }
    for node in body.nodes {
      guard exact.contains(node.opType), body.isStandard(node, node.opType) else {
        nodes.append(node)
        continue
      }
      var changed = node
      for place in node.input.indices where isSingle(node.input[place]) {
        let wide = body.freshName("\(node.input[place])_fp32")
        nodes.append(
          body.node(
            "Cast", [node.input[place]], wide, near: node, [.integer("to", Int(single))]))
        changed.input[place] = wide
      }
      var after: [Onnx_NodeProto] = []
      for place in node.output.indices where isSingle(node.output[place]) {
        let wide = body.freshName("\(node.output[place])_fp32")
        changed.output[place] = wide
        after.append(
          body.node("Cast", [wide], node.output[place], near: node, [.integer("to", Int(narrow))]))
      }
      nodes.append(changed)
      nodes += after
    }
    body.nodes = nodes
  }

  /// Casts inputs behind, and outputs before, the graph, so that these keep their types.
  private static func castBorders(
    _ body: inout ModelBody, _ inputs: [Onnx_ValueInfoProto], _ outputs: [Onnx_ValueInfoProto],
    _ narrow: Int32
  ) {
    let format = ONNX.DataType(rawValue: Int(narrow)).map { "\($0)" } ?? "narrow"
    func cast(_ name: String, _ result: String, to type: Int32) -> Onnx_NodeProto {
      var node = Onnx_NodeProto()
      node.opType = "Cast"
      node.name = body.freshName("\(name)_Cast")
      (node.input, node.output) = ([name], [result])
      node.attribute = [.integer("to", Int(type))]
      return node
    }
    var names: [String: String] = [:]
    var first: [Onnx_NodeProto] = []
    for port in inputs {
      let inner = body.freshName("\(port.name)_\(format)")
      names[port.name] = inner
      first.append(cast(port.name, inner, to: narrow))
    }
    var last: [Onnx_NodeProto] = []
    for port in outputs {
      // An input that is handed on as it is needs no cast.
      guard names[port.name] == nil else { continue }
      let inner = body.freshName("\(port.name)_\(format)")
      names[port.name] = inner
      last.append(cast(inner, port.name, to: single))
    }
    for i in body.nodes.indices { body.nodes[i].rename(names) }
    // An output that is an initializer keeps its name inside.
    let computed = Set(body.nodes.flatMap(\.output))
    for i in last.indices where !computed.contains(last[i].input[0]) {
      guard let old = names.first(where: { $0.value == last[i].input[0] })?.key,
        let place = body.initializers.firstIndex(where: { $0.name == old })
      else { continue }
      body.initializers[place].name = last[i].input[0]
    }
    body.nodes = first + body.nodes + last
  }
}

extension Onnx_TypeProto {
  fileprivate func isTensor(of type: Int32) -> Bool {
    if case .tensorType(let tensor)? = value { tensor.elemType == type } else { false }
  }
}

extension Onnx_NodeProto {
  /// Other names for what the node, and graphs within it, read and compute.
  fileprivate mutating func rename(_ names: [String: String]) {
    for i in input.indices { input[i] = names[input[i]] ?? input[i] }
    for i in output.indices { output[i] = names[output[i]] ?? output[i] }
    for i in attribute.indices {
      if attribute[i].hasG { attribute[i].g.rename(names) }
      for j in attribute[i].graphs.indices { attribute[i].graphs[j].rename(names) }
    }
  }
}

extension Onnx_GraphProto {
  fileprivate mutating func rename(_ names: [String: String]) {
    for i in output.indices { output[i].name = names[output[i].name] ?? output[i].name }
    for i in node.indices { node[i].rename(names) }
  }
}
