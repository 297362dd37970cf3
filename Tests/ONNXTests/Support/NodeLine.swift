import Foundation
import ONNX
import ONNXMessages
import Tensors

/// One node out of Data/nodes.txt: an operator with the types of its inputs, what integers among them
/// hold, and its attributes.
///
/// `ai.onnx:Slice:13 1[20x10x5] 7[2]=0,0 7[2]=3,10 - ->1 axis=i:0`: domain, operator and version, inputs
/// with their type by its number, `-` for one that is left out, the number of outputs, attributes.
struct NodeLine {
  struct Input {
    var type: DataType
    var extents: [Int64]
    /// What it holds, where the line says so; else small numbers.
    var integers: [Int64] = []
    var reals: [Float] = []

    var count: Int64 { extents.reduce(1) { $0 &* $1 } }
    var isReal: Bool { type.kind == .real }
  }

  let domain: String
  let name: String
  let version: Int64
  var inputs: [Input?] = []
  let outputs: Int
  var attributes: [Onnx_AttributeProto] = []

  static let all: [NodeLine] = {
    let text = (try? String(contentsOfFile: Fixture.path("nodes.txt"), encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { NodeLine(String($0)) }
  }()

  init?(_ line: String) {
    let words = line.split(separator: " ").map(String.init)
    let head = words[0].split(separator: ":").map(String.init)
    guard head.count == 3, let version = Int64(head[2]),
      let arrow = words.firstIndex(where: { $0.hasPrefix("->") }),
      let outputs = Int(words[arrow].dropFirst(2))
    else { return nil }
    (domain, name, self.version) = (head[0] == "ai.onnx" ? "" : head[0], head[1], version)
    self.outputs = outputs
    for word in words[1..<arrow] {
      guard word != "-" else {
        inputs.append(nil)
        continue
      }
      guard let open = word.firstIndex(of: "["), let close = word.firstIndex(of: "]"),
        let number = Int(word[..<open]), let type = DataType(rawValue: number)
      else { return nil }
      var input = Input(
        type: type,
        extents: word[word.index(after: open)..<close].split(separator: "x").compactMap {
          Int64($0)
        })
      let values = word[close...].dropFirst(2).split(separator: ",")
      if type.kind == .real {
        input.reals = values.compactMap { Float($0) }
      } else {
        input.integers = values.compactMap { Int64($0) }
      }
      inputs.append(input)
    }
    for word in words[(arrow + 1)...] {
      guard let equal = word.firstIndex(of: "=") else { return nil }
      var attribute = Onnx_AttributeProto()
      attribute.name = String(word[..<equal])
      let kind = word[word.index(after: equal)]
      let text = word[equal...].dropFirst(3)
      let parts = text.split(separator: ",")
      switch kind {
      case "i": (attribute.type, attribute.i) = (.int, Int64(text) ?? 0)
      case "f": (attribute.type, attribute.f) = (.float, Float(text) ?? 0)
      case "s": (attribute.type, attribute.s) = (.string, Data(text.utf8))
      case "I": (attribute.type, attribute.ints) = (.ints, parts.compactMap { Int64($0) })
      case "F": (attribute.type, attribute.floats) = (.floats, parts.compactMap { Float($0) })
      default: (attribute.type, attribute.strings) = (.strings, parts.map { Data($0.utf8) })
      }
      attributes.append(attribute)
    }
  }

  /// Which inputs hold what they hold when the model is read.
  enum Known: CaseIterable {
    case integers, everything, nothing
  }

  /// A model of this node alone.
  func model(_ known: Known) -> TestModel {
    var model = TestModel(opset: domain.isEmpty ? version : 21)
    if !domain.isEmpty {
      var entry = Onnx_OperatorSetIdProto()
      (entry.domain, entry.version) = (domain, version)
      model.message.opsetImport.append(entry)
    }
    var names: [String] = []
    for (number, input) in inputs.enumerated() {
      guard let input else {
        names.append("")
        continue
      }
      let name = "x\(number)"
      names.append(name)
      let isKnown = known == .everything || known == .integers && !input.integers.isEmpty
      guard isKnown, input.count >= 0, input.count <= 1 << 16 else {
        model.input(name, input.type, input.extents)
        continue
      }
      var attribute = Onnx_AttributeProto()
      (attribute.name, attribute.type) = ("value", .tensor)
      attribute.t = tensor(input)
      model.node("Constant", [], [name], [attribute])
    }
    var node = TestModel.node(name, names, (0..<outputs).map { "y\($0)" }, attributes)
    node.domain = domain
    model.message.graph.node.append(node)
    for number in 0..<outputs { model.output("y\(number)") }
    return model
  }

  private func tensor(_ input: Input) -> Onnx_TensorProto {
    var tensor = Onnx_TensorProto()
    (tensor.dataType, tensor.dims) = (Int32(input.type.rawValue), input.extents)
    let count = Int(input.count)
    switch input.type {
    case .float: tensor.floatData = (0..<count).map { real($0, of: input) }
    case .double: tensor.doubleData = (0..<count).map { Double(real($0, of: input)) }
    case .int64: tensor.int64Data = (0..<count).map { integer($0, of: input) }
    case .uint32, .uint64:
      tensor.uint64Data = (0..<count).map { UInt64(bitPattern: integer($0, of: input)) }
    default:
      tensor.int32Data = (0..<count).map { Int32(truncatingIfNeeded: integer($0, of: input)) }
    }
    return tensor
  }

  func real(_ place: Int, of input: Input) -> Float {
    input.reals.indices.contains(place) ? input.reals[place] : Float(place % 5) / 4 - 0.4
  }

  func integer(_ place: Int, of input: Input) -> Int64 {
    input.integers.indices.contains(place) ? input.integers[place] : Int64(place % 3)
  }
}
