import Findings
import Foundation
import Numbers
package import ONNX
import ONNXMessages
import Tensors

/// A model whose tensors in single precision become float16 or bfloat16, as converters make it, but for
/// operators that are kept in fp32 between Cast nodes.
///
/// Inputs and outputs of the model keep their types. Operators that know no narrow types stay in fp32.
/// Constants that only operators in fp32 read stay in fp32 with them. Finite numbers beyond the type
/// become its greatest elsewhere.
package struct FormatConversion {
  package let file: ModelFile
  /// What was changed, as one sentence without a full stop.
  package let sentence: String
  /// The part of it that names the operators in fp32; nil where there are none.
  package let keptSentence: String?
  /// The part of it that names constants which the type does not hold; nil where there are none.
  package let constantsSentence: String?
  /// The operators that were asked to stay in fp32 and do.
  package let kept: [String]

  /// Converts a model.
  ///
  /// - Parameters:
  ///   - file: the model.
  ///   - model: the same, imported.
  ///   - type: `.float16` or `.bfloat16`.
  ///   - wide: operators that stay in fp32, by their first outputs.
  /// - Throws: ``ModelError`` where it holds nothing in single precision, or is too old for the type.
  package init(
    _ file: ModelFile, _ model: ImportedModel, to type: ONNX.DataType,
    keeping wide: Set<ModelPlace> = []
  ) throws {
    let format = type.format ?? .fp16
    let region = WideRegion(
      file, model.types, chosen: wide, required: Self.required(by: file),
      greatest: format.greatest)
    var converter = Converter(file: file, types: model.types, type: type, region: region)
    var message = file.message
    try converter.convert(&message)
    self.file = ModelFile(message, editedFrom: file)
    kept = region.names
    if kept.isEmpty {
      keptSentence = nil
    } else {
      let count = kept.count
      keptSentence =
        "\(count) \(count == 1 ? "operator stays" : "operators stay") in fp32 between Cast nodes: "
        + Self.list(kept)
    }
    if region.constants.isEmpty {
      constantsSentence = nil
    } else {
      let constants = region.constants.map { "\($0.name) = \(Numerals.short($0.value))" }
      constantsSentence =
        "constants beyond \(format.name) stay in fp32 with what reads them: " + Self.list(constants)
    }
    let limited =
      converter.limited.isEmpty
      ? nil
      : "numbers beyond \(Numerals.short(format.greatest)) become that in "
        + Self.list(converter.limited)
    let sentences = [
      "store and compute in \(type) what was in float32, inputs and outputs left as they are",
      keptSentence, constantsSentence, limited,
    ]
    sentence = sentences.compactMap { $0 }.joined(separator: "; ")
  }

  private static func list(_ names: [String]) -> String {
    names.prefix(listed).joined(separator: ", ")
      + (names.count > listed ? " and \(names.count - listed) others" : "")
  }

  /// Names that a sentence lists.
  private static let listed = 6

  /// Operators some input of which must be in single precision; they compute in it.
  private static let exact: Set = [
    "Resize", "Upsample", "Range", "NonMaxSuppression", "QuantizeLinear", "DequantizeLinear",
    "DynamicQuantizeLinear", "MelWeightMatrix", "Bernoulli", "Multinomial", "CumSum", "DFT", "STFT",
    "HannWindow", "HammingWindow", "BlackmanWindow", "Det", "GridSample", "RoiAlign", "MaxUnpool",
  ]

  /// The operators of a model that know no narrow types, by their first outputs.
  package static func required(by file: ModelFile) -> Set<ModelPlace> {
    var places: Set<ModelPlace> = []
    var message = file.message
    message.editBodies { body in
      for node in body.nodes where exact.contains(node.opType) && body.isStandard(node, node.opType)
      {
        if let first = node.firstOutput { places.insert(ModelPlace(body.function, first)) }
      }
    }
    return places
  }
}

/// One conversion as it goes through the parts of a model.
private struct Converter {
  let file: ModelFile
  let types: [ModelPlace: ModelType]
  let type: ONNX.DataType
  let region: WideRegion
  private var isChanged = false
  /// Initializers and constants with numbers that became the greatest of the type.
  private(set) var limited: [String] = []

  private static let single = Int32(ONNX.DataType.float.rawValue)
  private var narrow: Int32 { Int32(type.rawValue) }

  init(
    file: ModelFile, types: [ModelPlace: ModelType], type: ONNX.DataType, region: WideRegion
  ) {
    (self.file, self.types, self.type, self.region) = (file, types, type, region)
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
    let inputs = model.graph.input
    let outputs = model.graph.output
    var declared: Set<String> = []
    for port in inputs where port.type.isTensor(of: Self.single) { declared.insert(port.name) }
    for tensor in model.graph.initializer where tensor.dataType == Self.single {
      declared.insert(tensor.name)
    }
    try model.editBodies { body in try convert(&body, declared) }
    for function in model.functions.indices {
      let proto = model.functions[function]
      let key = ModelFunction(
        domain: proto.domain == "ai.onnx" ? "" : proto.domain, name: proto.name,
        overload: proto.overload)
      convert(&model.functions[function].valueInfo, in: key)
      for i in proto.node.indices { convertGraphs(of: &model.functions[function].node[i], in: key) }
    }
    convertTypes(of: &model.graph)
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
  }

  // MARK: Types

  private mutating func convertTypes(of graph: inout Onnx_GraphProto) {
    convert(&graph.valueInfo, in: nil)
    for i in graph.input.indices { convert(&graph.input[i].type) }
    for i in graph.output.indices { convert(&graph.output[i].type) }
    for i in graph.node.indices { convertGraphs(of: &graph.node[i], in: nil) }
  }

  private mutating func convertGraphs(of node: inout Onnx_NodeProto, in _: ModelFunction?) {
    for i in node.attribute.indices {
      if node.attribute[i].hasG { convertTypes(of: &node.attribute[i].g) }
      for j in node.attribute[i].graphs.indices { convertTypes(of: &node.attribute[i].graphs[j]) }
    }
  }

  private func convert(_ infos: inout [Onnx_ValueInfoProto], in function: ModelFunction?) {
    for i in infos.indices where !region.home.contains(ModelPlace(function, infos[i].name)) {
      convert(&infos[i].type)
    }
  }

  private func convert(_ type: inout Onnx_TypeProto) {
    switch type.value {
    case .tensorType where type.tensorType.elemType == Self.single:
      type.tensorType.elemType = narrow
    case .sequenceType: convert(&type.sequenceType.elemType)
    case .optionalType: convert(&type.optionalType.elemType)
    default: break
    }
  }

  // MARK: Contents

  private mutating func convert(_ tensor: inout Onnx_TensorProto, called name: String) throws {
    guard tensor.dataType == Self.single else { return }
    isChanged = true
    let greatest = type.format?.greatest ?? .infinity
    let reals = try file.contents(of: tensor).tensor
    let numbers = reals.doubles
    if numbers.contains(where: { $0.isFinite && $0.magnitude > greatest }) { limited.append(name) }
    let held = Tensor(
      numbers.map { $0.isFinite ? min(max($0, -greatest), greatest) : $0 }, shape: reals.shape)
    var narrowed = Onnx_TensorProto()
    narrowed.name = tensor.name
    narrowed.dims = tensor.dims
    narrowed.dataType = narrow
    narrowed.rawData = Data()
    if tensor.hasDocString { narrowed.docString = tensor.docString }
    narrowed.metadataProps = tensor.metadataProps
    tensor = try file.replacing(narrowed, by: held)
  }

  /// What a node in the narrow type says of types and constants.
  private mutating func convertAttributes(_ node: inout Onnx_NodeProto) throws {
    switch node.opType {
    case "Constant":
      guard var tensor = node.constantTensor, tensor.dataType == Self.single else { return }
      try convert(&tensor, called: node.output.first ?? node.name)
      node.attribute[0] = .tensor("value", tensor)
    case "ConstantOfShape":
      if let place = node.attribute.firstIndex(where: { $0.name == "value" }) {
        try convert(&node.attribute[place].t, called: node.output.first ?? node.name)
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

  // MARK: Nodes

  private mutating func convert(_ body: inout ModelBody, _ declared: Set<String>) throws {
    var forms = Forms(body, self, declared)
    for i in body.initializers.indices {
      let name = body.initializers[i].name
      guard !region.home.contains(ModelPlace(body.function, name)) else { continue }
      try convert(&body.initializers[i], called: name)
    }
    var nodes: [Onnx_NodeProto] = []
    for node in body.nodes {
      let isWide =
        node.firstOutput.map { region.nodes.contains(ModelPlace(body.function, $0)) } ?? false
      var changed = node
      if isWide {
        if node.opType == "CastLike", body.isStandard(node, "CastLike") {
          changed.opType = "Cast"
          changed.input = Array(node.input.prefix(1))
          changed.attribute = [.integer("to", Int(Self.single))]
        }
      } else if !(node.opType == "Constant" && forms.isWideAtHome(node.output.first ?? "")) {
        try convertAttributes(&changed)
      }
      for place in changed.input.indices {
        changed.input[place] =
          isWide
          ? forms.wide(changed.input[place], near: node, &nodes)
          : forms.narrow(changed.input[place], near: node, &nodes)
      }
      var after: [Onnx_NodeProto] = []
      if node.opType != "Constant" {
        for place in node.output.indices {
          changed.output[place] = forms.output(node.output[place], isWide, near: node, &after)
        }
      }
      nodes.append(changed)
      nodes += after
    }
    if forms.hasCasts { isChanged = true }
    body.nodes = nodes
  }

  /// The names under which a list of nodes has its values in fp32 and in the narrow type.
  private struct Forms {
    private let body: ModelBody
    private let converter: Converter
    private let declared: Set<String>
    private var wides: [String: String] = [:]
    private var narrows: [String: String] = [:]
    private(set) var hasCasts = false
    /// Constants of the list, as they were, that may be held twice.
    private let constants: [String: Onnx_TensorProto]
    /// Elements of a constant that is held in both types rather than cast.
    private static let mostCopied = 4096

    init(_ body: ModelBody, _ converter: Converter, _ declared: Set<String>) {
      (self.body, self.converter, self.declared) = (body, converter, declared)
      var constants: [String: Onnx_TensorProto] = [:]
      for tensor in body.initializers where !body.overridable.contains(tensor.name) {
        constants[tensor.name] = tensor
      }
      for node in body.nodes {
        if let name = node.output.first { constants[name] = node.constantTensor }
      }
      self.constants = constants.filter { _, tensor in
        tensor.dataLocation != .external
          && tensor.dims.reduce(1.0, { $0 * Double($1) }) <= Double(Self.mostCopied)
      }
    }

    private func isSingle(_ name: String) -> Bool {
      guard !name.isEmpty else { return false }
      if let known = converter.types[ModelPlace(body.function, name)] {
        return known.type == .float
      }
      return body.function == nil && declared.contains(name)
    }

    func isWideAtHome(_ name: String) -> Bool {
      converter.region.home.contains(ModelPlace(body.function, name))
    }

    private func cast(
      _ name: String, _ result: String, to type: ONNX.DataType, near node: Onnx_NodeProto
    ) -> Onnx_NodeProto {
      body.node("Cast", [name], result, near: node, [.integer("to", type.rawValue)])
    }

    /// The name of a value in fp32; what makes it so goes to `before`.
    mutating func wide(
      _ name: String, near node: Onnx_NodeProto, _ before: inout [Onnx_NodeProto]
    ) -> String {
      guard isSingle(name), !isWideAtHome(name) else { return name }
      if let known = wides[name] { return known }
      let fresh = body.freshName("\(name)_fp32")
      wides[name] = fresh
      if var constant = constants[name] {
        // A copy keeps the digits that the narrow one has lost.
        constant.name = ""
        before.append(body.node("Constant", [], fresh, near: node, [.tensor("value", constant)]))
      } else {
        before.append(cast(name, fresh, to: .float, near: node))
      }
      hasCasts = true
      return fresh
    }

    /// The name of a value in the narrow type.
    mutating func narrow(
      _ name: String, near node: Onnx_NodeProto, _ before: inout [Onnx_NodeProto]
    ) -> String {
      guard isSingle(name), isWideAtHome(name) else { return name }
      if let known = narrows[name] { return known }
      let fresh = body.freshName("\(name)_\(converter.type)")
      narrows[name] = fresh
      before.append(cast(name, fresh, to: converter.type, near: node))
      hasCasts = true
      return fresh
    }

    /// The name under which a node gives a value; what takes it home goes to `after`.
    mutating func output(
      _ name: String, _ isWide: Bool, near node: Onnx_NodeProto, _ after: inout [Onnx_NodeProto]
    ) -> String {
      guard isSingle(name), isWide != isWideAtHome(name) else { return name }
      hasCasts = true
      let fresh = body.freshName(isWide ? "\(name)_fp32" : "\(name)_\(converter.type)")
      if isWide { wides[name] = fresh } else { narrows[name] = fresh }
      after.append(cast(fresh, name, to: isWide ? converter.type : .float, near: node))
      return fresh
    }
  }
}

extension Onnx_TypeProto {
  fileprivate func isTensor(of type: Int32) -> Bool {
    if case .tensorType(let tensor)? = value { tensor.elemType == type } else { false }
  }
}
