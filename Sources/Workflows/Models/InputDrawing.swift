import Analyses
import Graphs
import Numbers
import ONNX
import Operators
import Semantics
import Tensors

/// Draws inputs that nothing was given for.
///
/// Reals are standard normal, integers lie among the places that they name. What the model uses as a mask
/// is one: of every row, the last axis, a beginning of random length is kept, so that no row is empty,
/// also where a causal mask comes on top. Other booleans are drawn true and false, with both in a row.
struct InputDrawing: Sendable {
  private let graph: Graph
  private let limits: [Value: Int]
  private let masks: [Value: MaskSense]
  /// Numbers of the caller, such as a temperature.
  private let settings: Set<Value>

  init(_ model: ImportedModel) {
    graph = model.graph
    let indices = IndexLimits(model)
    let finder = MaskFinder(model)
    var limits: [Value: Int] = [:]
    var masks: [Value: MaskSense] = [:]
    for input in model.graph.inputs {
      if model.graph.type(of: input).kind == .integer { limits[input] = indices.limit(of: input) }
      // What names places is no mask, although one may be made of it.
      if limits[input] == nil { masks[input] = finder.sense(of: input) }
    }
    self.limits = limits
    self.masks = masks
    settings = model.graph.settings
  }

  /// Fills an input for a seed; the tensor may be of either precision.
  func fill(_ value: Value, _ tensor: Tensor, seed: UInt64) {
    let stream = RandomStream(seed: seed, name: graph.name(of: value))
    if settings.contains(value) { return tensor.fillSetting(from: stream) }
    let sense = masks[value]
    switch tensor.elementType {
    case .float32: fill(tensor.elements(as: Float.self), tensor.shape, sense, stream)
    case .float64: fill(tensor.elements(as: Double.self), tensor.shape, sense, stream)
    case .int64:
      let elements = tensor.elements(as: Int64.self)
      guard let sense else {
        let limit = max(1, limits[value] ?? 2)
        for i in elements.indices { elements[i] = Int64(stream.integer(at: i, below: limit)) }
        return
      }
      drawMask(tensor.shape, sense, stream) { elements[$0] = $1 ? 1 : 0 }
    case .bool:
      let elements = tensor.elements(as: Bool.self)
      if let sense {
        drawMask(tensor.shape, sense, stream) { elements[$0] = $1 }
      } else {
        drawBoth(tensor.shape, stream) { elements[$0] = $1 }
      }
    }
  }

  private func fill<T: Scalar>(
    _ elements: Elements<T>, _ shape: Shape, _ sense: MaskSense?, _ stream: RandomStream
  ) {
    guard let sense else { return elements.fillNormal(from: stream) }
    drawMask(shape, sense, stream) { elements[$0] = $1 ? 1 : 0 }
  }

  private func drawMask(
    _ shape: Shape, _ sense: MaskSense, _ stream: RandomStream, _ set: (Int, Bool) -> Void
  ) {
    let length = shape.extents.last ?? 1
    guard length > 0 else { return }
    for row in 0..<shape.count / length {
      // At least half, as in batches of sequences of similar length.
      let kept = length - stream.integer(at: row, below: max(1, length / 2 + 1))
      for place in 0..<length { set(row * length + place, (place < kept) == (sense == .kept)) }
    }
  }

  private func drawBoth(_ shape: Shape, _ stream: RandomStream, _ set: (Int, Bool) -> Void) {
    let length = shape.extents.last ?? 1
    guard length > 1 else {
      for i in 0..<shape.count { set(i, stream.integer(at: i, below: 2) == 1) }
      return
    }
    for row in 0..<shape.count / length {
      let start = row * length
      let values = (0..<length).map { stream.integer(at: start + $0, below: 2) == 1 }
      let isEven = values.allSatisfy { $0 == values[0] }
      for place in 0..<length {
        set(start + place, place == 0 && isEven ? !values[0] : values[place])
      }
    }
  }
}

extension Tensor {
  /// Fills a setting of the caller: evenly between a half and 1.
  fileprivate func fillSetting(from stream: RandomStream) {
    let number = 0.5 + stream.uniform(at: 0) / 2
    switch elementType {
    case .float32: for i in 0..<count { elements(as: Float.self)[i] = Float(number) }
    default: for i in 0..<count { elements(as: Double.self)[i] = number }
    }
  }
}

/// How large the integers of an input may be that name places of something.
struct IndexLimits: Sendable {
  private let graph: Graph
  private let known: [Value: Int]
  private let readers: [Value: [Int]]

  init(_ model: ImportedModel) {
    graph = model.graph
    known = model.indexLimits
    var readers: [Value: [Int]] = [:]
    for (number, node) in graph.nodes.enumerated() {
      for operand in node.operands where graph.type(of: operand).kind == .integer {
        readers[operand, default: []].append(number)
      }
    }
    self.readers = readers
  }

  /// The least extent of what the integers point into, followed through operators on integers.
  func limit(of input: Value) -> Int? {
    var (waiting, seen) = ([input], Set([input]))
    var least: Int?
    while let value = waiting.popLast() {
      if let limit = known[value] { least = min(least ?? limit, limit) }
      for number in readers[value] ?? [] {
        let node = graph.nodes[number]
        switch node.op {
        case let gather as Gather where node.operands[1] == value:
          let shape = graph.type(of: node.operands[0]).shape
          let extent = shape.axis(gather.axis).map { shape[$0] } ?? 1
          least = min(least ?? extent, extent)
        case is Take where node.operands[1] == value:
          let count = graph.type(of: node.operands[0]).shape.count
          least = min(least ?? count, count)
        case let oneHot as OneHot: least = min(least ?? oneHot.depth, oneHot.depth)
        default:
          for result in node.results
          where graph.type(of: result).kind == .integer && seen.insert(result).inserted {
            waiting.append(result)
          }
        }
      }
    }
    return least
  }
}
