public import Graphs
import Numbers
public import Semantics
import Tensors

/// What is known of a value that a region reads and does not compute.
enum Leaf {
  /// A real that can be anything within an interval.
  case free(Interval)
  /// A gradient from outside.
  case cotangent
  /// Reals, integers or booleans that say which elements count.
  case mask
  case integers(low: Int64, high: Int64)
  /// The elements of a parameter; those that are 0 or small beside the others may move, where it is
  /// trained.
  case contents(Tensor, moves: Bool)

  /// Fills a tensor of the leaf's type.
  func fill(_ tensor: Tensor, number: Int, _ probe: Probe) {
    switch self {
    case .free(let hull): probe.fill(tensor, leaf: number, within: hull)
    case .cotangent: probe.fillCotangent(tensor, leaf: number)
    case .integers(let low, let high):
      probe.fillIntegers(tensor, leaf: number, low: low, high: high)
    case .contents(let own, let moves):
      tensor.copyBytes(from: own)
      if moves { move(tensor, number: number, probe) }
    case .mask:
      let lane = tensor.shape.rank == 0 ? 1 : tensor.shape[tensor.shape.rank - 1]
      switch tensor.elementType {
      case .bool:
        let elements = tensor.elements(as: Bool.self)
        probe.fillMask(tensor.count, leaf: number, lane: lane) { elements[$0] = $1 }
      case .int64:
        let elements = tensor.elements(as: Int64.self)
        probe.fillMask(tensor.count, leaf: number, lane: lane) { elements[$0] = $1 ? 1 : 0 }
      default:
        let elements = tensor.elements(as: Float.self)
        probe.fillMask(tensor.count, leaf: number, lane: lane) { elements[$0] = $1 ? 1 : 0 }
      }
    }
  }

  /// A weight that happens to be 0 will not stay there: every second probe moves it a little.
  private func move(_ tensor: Tensor, number: Int, _ probe: Probe) {
    guard probe.number % 2 == 1 else { return }
    let elements = tensor.elements(as: Float.self)
    var greatest: Float = 0
    for i in elements.indices { greatest = max(greatest, abs(elements[i])) }
    let stream = RandomStream(seed: UInt64(probe.number), name: "weights of leaf \(number)")
    for i in elements.indices where abs(elements[i]) <= greatest * 0x1p-10 {
      elements[i] = Float(stream.uniform(at: i) - 0.5)
    }
  }
}

extension Graph {
  /// Real inputs of one element, beside others: settings of the caller, which are not 0.
  ///
  /// Such are the probability with which a unit is kept, and a temperature.
  public var settings: Set<Value> {
    let reals = inputs.filter { type(of: $0).kind == .real }
    return Set(
      reals.filter {
        let shape = type(of: $0).shape
        return reals.count > 1 && shape.count == 1 && shape.rank <= 1
      })
  }
}

/// The leaves of a subject's differentiated graph.
struct LeafTable {
  private let differentiated: DifferentiatedSubject
  let natural: Interval
  private let masks: Set<Value>
  private let settings: Set<Value>

  static let setting = Interval(0.5, 1)
  /// A factor that turns what it is multiplied with into a mask.
  private static let leastMaskFactor = 1e3

  init(_ differentiated: DifferentiatedSubject, natural: Interval) {
    self.differentiated = differentiated
    self.natural = natural
    let graph = differentiated.subject.graph
    settings = graph.settings
    masks = Self.masks(differentiated.subject)
  }

  /// Real inputs that are multiplied with something huge, after nothing but moves and constants.
  private static func masks(_ subject: Subject) -> Set<Value> {
    let graph = subject.graph
    var origins: [Value: Value] = [:]
    for input in graph.inputs where graph.type(of: input).kind == .real { origins[input] = input }
    func scale(_ value: Value) -> Double? {
      if let tensor = subject.contents[value], tensor.count == 1 { return abs(tensor.doubles[0]) }
      guard let node = graph.producer(of: value), node.operands.isEmpty, node.results.count == 1,
        graph.type(of: value).shape.count == 1
      else { return nil }
      return node.op.bounds(of: [], in: graph.signature(of: node))[0].hull.magnitude
    }
    var masks: Set<Value> = []
    for node in graph.nodes where node.op is any Elementwise || node.operands.count == 1 {
      let moving = node.operands.filter { origins[$0] != nil }
      guard moving.count == 1, let origin = origins[moving[0]], node.results.count == 1 else {
        continue
      }
      let scales = node.operands.filter { $0 != moving[0] }.map(scale)
      guard scales.allSatisfy({ $0 != nil }) else { continue }
      origins[node.results[0]] = origin
      if scales.contains(where: { ($0 ?? 0) >= leastMaskFactor }) { masks.insert(origin) }
    }
    return masks
  }

  /// What an input or parameter lies in.
  func hull(of value: Value) -> Interval {
    let subject = differentiated.subject
    let type = differentiated.graph.type(of: value)
    if case .parameter = differentiated.graph.source(of: value) {
      guard let own = subject.contents[value] ?? drawn(value, type) else { return Interval(-1, 1) }
      let hull = own.hull
      let moves = type.kind == .real && own.count > 1 && !subject.frozen.contains(value)
      return moves && hull.contains(0) ? hull.union(Interval(-0.5, 0.5)) : hull
    }
    return switch self[value] {
    case .free(let hull): hull
    case .cotangent: Interval(-1, 1)
    case .mask: Interval(0, 1)
    case .integers(let low, let high): Interval(Double(low), Double(high))
    case .contents(let tensor, _): tensor.hull
    }
  }

  /// A small parameter as it is drawn; of large ones little would be learnt.
  private func drawn(_ value: Value, _ type: TensorType) -> Tensor? {
    guard type.shape.count <= 4096 else { return nil }
    let tensor = Tensor(zeros: type.shape, Float.elementType(of: type.kind))
    differentiated.subject.fillParameter(value, tensor, 0)
    return tensor
  }

  /// What is known of a value that was not computed.
  subscript(value: Value) -> Leaf {
    let subject = differentiated.subject
    let graph = differentiated.graph
    let type = graph.type(of: value)
    if value == differentiated.seedCotangent { return .cotangent }
    switch graph.source(of: value) {
    case .node(let number, _): return graph.nodes[number].isBackward ? .cotangent : .free(natural)
    case .parameter:
      let tensor = Tensor(zeros: type.shape, Float.elementType(of: type.kind))
      subject.fillParameter(value, tensor, 0)
      let moves = type.kind == .real && tensor.count > 1 && !subject.frozen.contains(value)
      return .contents(tensor, moves: moves)
    case .input:
      let known = subject.bounds(value)
      if let known, known.intervals.allSatisfy({ $0.lower == $0.upper }) {
        let tensor = Tensor(zeros: type.shape, Float.elementType(of: type.kind))
        subject.fillInput(value, tensor, 0)
        return .contents(tensor, moves: false)
      }
      switch type.kind {
      case .boolean: return .mask
      case .integer:
        guard let hull = known?.hull, hull.isBounded else { return .mask }
        return .integers(low: Int64(hull.lower), high: Int64(hull.upper))
      case .real:
        if masks.contains(value) { return .mask }
        return .free(settings.contains(value) ? Self.setting : known?.hull ?? natural)
      }
    }
  }
}

extension Tensor {
  /// What all elements lie in; everything where one is NaN.
  fileprivate var hull: Interval {
    func hull<T: Element>(_ elements: Elements<T>, _ number: (T) -> Double) -> Interval {
      guard elements.count > 0 else { return Interval(0) }
      var (least, greatest) = (Double.infinity, -Double.infinity)
      for i in elements.indices {
        let element = number(elements[i])
        if element.isNaN { return .whole }
        least = min(least, element)
        greatest = max(greatest, element)
      }
      return Interval(least, greatest)
    }
    return switch elementType {
    case .float32: hull(elements(as: Float.self)) { Double($0) }
    case .float64: hull(elements(as: Double.self)) { $0 }
    case .int64: hull(elements(as: Int64.self)) { Double($0) }
    case .bool: hull(elements(as: Bool.self)) { $0 ? 1 : 0 }
    }
  }
}
