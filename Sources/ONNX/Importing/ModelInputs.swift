import Graphs
import ONNXMessages
import Semantics
import Tensors

extension Importer {
  /// Adds the inputs of the model, those that are not initializers.
  func addInputs(of graph: Onnx_GraphProto, to frame: inout Frame) throws {
    let named = Set(graph.input.map(\.name))
    for name in Set(options.shapes.keys).union(options.given.keys).sorted()
    where !named.contains(name) && frame.items[name] == nil {
      let known = graph.input.map(\.name).filter { frame.items[$0] == nil }
      throw ModelError(
        .mismatch, "has no input \(name.quotedName)",
        cure: "its inputs are \(known.map(\.quotedName).joined(separator: ", "))")
    }
    try checkDimensions(of: graph)
    var symbols = options.dimensions
    // Symbols mean the same everywhere; what is given decides first.
    for input in graph.input where frame.items[input.name] == nil {
      guard case .tensorType(let tensor)? = input.type.value else { continue }
      let extents: [Int]? =
        switch options.given[input.name] {
        case .tensor(let given): given.shape.extents
        default: options.shapes[input.name]
        }
      guard let extents else { continue }
      for (dimension, extent) in zip(tensor.shape.dim, extents)
      where !dimension.dimParam.isEmpty && symbols[dimension.dimParam] == nil {
        symbols[dimension.dimParam] = extent
      }
    }
    for input in graph.input where frame.items[input.name] == nil {
      let item = try item(input, symbols)
      frame.items[input.name] = item
      note(item, as: ModelPlace(nil, input.name))
    }
  }

  /// Refuses an extent for a symbol that no input has.
  private func checkDimensions(of graph: Onnx_GraphProto) throws {
    let known = Set(graph.input.flatMap { Self.symbols(of: $0.type) })
    guard let stray = options.dimensions.keys.sorted().first(where: { !known.contains($0) }) else {
      return
    }
    throw ModelError(
      .mismatch, "no input has an extent \(stray.quotedName)",
      cure: known.isEmpty
        ? "all extents are fixed, or have no name; use --shape"
        : "the names are \(known.sorted().map(\.quotedName).joined(separator: ", "))")
  }

  private static func symbols(of type: Onnx_TypeProto) -> [String] {
    switch type.value {
    case .tensorType(let tensor)?: tensor.shape.dim.map(\.dimParam).filter { !$0.isEmpty }
    case .optionalType(let optional)?: symbols(of: optional.elemType)
    case .sequenceType(let sequence)?: symbols(of: sequence.elemType)
    default: []
    }
  }

  private func item(_ input: Onnx_ValueInfoProto, _ symbols: [String: Int]) throws -> Item {
    let name = input.name
    switch input.type.value {
    case .tensorType(let type): return .tensor(try tensor(name, type, symbols))
    case .optionalType(let type):
      guard case .tensorType(let element)? = type.elemType.value else {
        guard case .sequenceType(let sequence)? = type.elemType.value else { break }
        return try self.sequence(name, sequence)
      }
      switch options.given[name] {
      case .nothing, nil: return .nothing
      default: return .tensor(try tensor(name, element, symbols))
      }
    case .sequenceType(let type): return try sequence(name, type)
    default: break
    }
    throw ModelError.unsupported(
      "input \(name.quotedName) is neither a tensor, nor a sequence or optional of tensors")
  }

  private func dataType(_ number: Int32, of name: String) throws -> DataType {
    guard let type = DataType(rawValue: Int(number)), type.kind != nil else {
      let type = DataType(rawValue: Int(number)).map { "\($0)" } ?? "\(number)"
      throw ModelError.unsupported("input \(name.quotedName) has elements of type \(type)")
    }
    return type
  }

  private func sequence(_ name: String, _ type: Onnx_TypeProto.Sequence) throws -> Item {
    guard case .tensorType(let element)? = type.elemType.value else {
      throw ModelError.unsupported(
        "input \(name.quotedName) is a sequence of something but tensors")
    }
    let kind = try dataType(element.elemType, of: name)
    switch options.given[name] {
    case .sequence(let tensors):
      return .sequence(
        try tensors.enumerated().map { try port("\(name)/\($0)", $1, kind) },
        of: kind)
    case .nothing: return .nothing
    default:
      throw ModelError(
        .needsContents, "input \(name.quotedName) is a sequence", cure: "give it with --inputs")
    }
  }

  private func port(_ name: String, _ given: Tensor, _ type: DataType) throws -> Operand {
    guard given.kindOfContents == type.kind else {
      throw ModelError(
        .mismatch, "input \(name.quotedName) takes \(type)",
        cure: "give it elements of this kind")
    }
    return builder.input(name, type, given.shape, given: given)
  }

  private func tensor(
    _ name: String, _ type: Onnx_TypeProto.Tensor, _ symbols: [String: Int]
  ) throws -> Operand {
    let kind = try dataType(type.elemType, of: name)
    let dimensions = type.hasShape ? type.shape.dim : nil
    if case .tensor(let given)? = options.given[name] {
      try check(given.shape.extents, dimensions, of: name)
      return try port(name, given, kind)
    }
    if let extents = options.shapes[name] {
      try check(extents, dimensions, of: name)
      return builder.input(name, kind, try Limits.shape(extents, of: "input \(name.quotedName)"))
    }
    guard let dimensions else {
      throw ModelError(
        .mismatch, "input \(name.quotedName) declares no shape",
        cure: "give it with --shape \(name)=2,3")
    }
    let extents = dimensions.enumerated().map { axis, dimension in
      switch dimension.value {
      case .dimValue(let extent): Int(extent)
      case .dimParam(let symbol) where symbols[symbol] != nil: symbols[symbol] ?? 1
      default: axis == 0 ? options.batch : options.open
      }
    }
    return builder.input(name, kind, try Limits.shape(extents, of: "input \(name.quotedName)"))
  }

  /// Throws unless extents are those that the file declares.
  private func check(
    _ extents: [Int], _ dimensions: [Onnx_TensorShapeProto.Dimension]?, of name: String
  ) throws {
    guard let dimensions else { return }
    let fits =
      extents.count == dimensions.count
      && zip(extents, dimensions).allSatisfy { extent, dimension in
        guard case .dimValue(let declared)? = dimension.value else { return true }
        return Int(declared) == extent || declared <= 0
      }
    guard fits else {
      let declared = dimensions.map { dimension in
        switch dimension.value {
        case .dimValue(let extent): "\(extent)"
        case .dimParam(let symbol): symbol
        case nil: "?"
        }
      }
      throw ModelError(
        .mismatch,
        "input \(name.quotedName) takes the shape [\(declared.joined(separator: ", "))], not \(extents)",
        cure: "give it that shape")
    }
  }

  /// The inputs that the graph has.
  var ports: [ImportedModel.Port] {
    builder.graph.inputs.map { value in
      ImportedModel.Port(
        name: builder.graph.name(of: value), value: value,
        type: builder.types[value] ?? .float)
    }
  }
}

extension ModelFile {
  /// Whether the batch of ``ImportOptions`` decides the first extent of any input.
  public func leavesBatchOpen(_ options: ImportOptions) -> Bool {
    let held = Set(message.graph.initializer.map(\.name))
    return message.graph.input.contains { input in
      guard !held.contains(input.name), options.given[input.name] == nil,
        options.shapes[input.name] == nil, case .tensorType(let type)? = input.type.value,
        let first = type.shape.dim.first
      else { return false }
      switch first.value {
      case .dimValue: return false
      case .dimParam(let symbol): return options.dimensions[symbol] == nil
      case nil: return true
      }
    }
  }
}
