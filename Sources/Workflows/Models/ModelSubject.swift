import Analyses
import Findings
import Graphs
import Numbers
import ONNX
import Operators
import Semantics
import Tensors

extension Subject {
  /// An imported model, with its parameters as they are and inputs as given or drawn.
  init(_ model: ImportedModel, given: [String: ImportOptions.Given]) throws {
    let runnable = Runnable(model, given: given)
    let graph = model.graph
    let stream = ModelStream(model)
    guard let output = stream.output else {
      throw InputError(file: model.path, "has no real output to look at")
    }
    let layers = ModelLayers(model, stream).layers
    guard !layers.isEmpty else {
      throw InputError(file: model.path, "has no layer: no operator of it gives reals")
    }
    let contents = model.contents
    let limits = IndexLimits(model)
    let tensors = runnable.given
    var moments: [Value: Moments] = [:]
    for value in graph.parameters {
      switch graph.type(of: value).kind {
      case .real: moments[value] = contents[value].map(Moments.init(ofParameter:))
      case .boolean where model.constants.contains(value):
        moments[value] = contents[value].flatMap(Moments.init(ofCondition:))
      default: break
      }
    }
    self.init(
      graph: graph, output: output, layers: layers, parameterMoments: moments,
      frozen: stream.frozen,
      bounds: { value in
        let type = graph.type(of: value)
        // Vectors at most: of matrices little is learnt from their elements.
        let isKnown = model.constants.contains(value) || type.shape.count <= 4096
        if let own = tensors[value] ?? (isKnown ? contents[value] : nil) {
          let numbers = own.doubles
          guard type.kind != .real || !numbers.contains(where: \.isNaN) else { return nil }
          return Bounds(numbers.map { Interval($0) }, shape: type.shape)
        }
        guard type.kind == .integer, let limit = limits.limit(of: value) else { return nil }
        return Bounds(repeating: Interval(0, Double(max(limit, 1) - 1)), shape: type.shape)
      },
      contents: contents, ending: stream.ending,
      results: model.outputs.map(\.value).filter { graph.type(of: $0).kind == .real },
      place: { runnable.words(forNode: $0) },
      fillParameter: { value, tensor, _ in contents[value].map { tensor.fill(from: $0) } },
      fillInput: { value, tensor, seed in
        if let own = tensors[value] {
          tensor.fill(from: own)
        } else {
          runnable.draw(value, tensor, seed)
        }
      })
  }
}

extension Tensor {
  /// The elements of another tensor of the same shape, in this one's precision.
  fileprivate func fill(from other: Tensor) {
    switch elementType {
    case .float32: copyBytes(from: other.cast(to: Float.self))
    case .float64: copyBytes(from: other.cast(to: Double.self))
    case .int64, .bool: copyBytes(from: other)
    }
  }
}

extension Moments {
  /// Those of the elements that a trained parameter has, as if they had been drawn.
  ///
  /// A mean that chance explains counts as 0. Rows, or columns, that are orthonormal up to a factor
  /// are known by a few of them.
  init(ofParameter tensor: Tensor) {
    switch tensor.elementType {
    case .float32: self.init(tensor.elements(as: Float.self), tensor.shape)
    case .float64: self.init(tensor.elements(as: Double.self), tensor.shape)
    case .int64, .bool: self = .unknown("the parameter holds no reals")
    }
  }

  /// Those of a condition that is a constant: how many elements of each row are true.
  init?(ofCondition tensor: Tensor) {
    guard tensor.elementType == .bool, tensor.count > 0 else { return nil }
    let elements = tensor.elements(as: Bool.self)
    self.init(
      mean: 0, secondMoment: 0, sampleCorrelation: 1, positionCorrelation: 1, law: .other,
      basis: .closedForm)
    visible = Self.rows(tensor.shape) { elements[$0] }
    mean = visible.reduce(0, +) / Double(tensor.count)
    secondMoment = mean
  }

  /// How many elements of each row along the last axis are visible, rows of the axis before it.
  private static func rows(_ shape: Shape, _ isVisible: (Int) -> Bool) -> [Double] {
    guard shape.rank >= 1, shape.count > 0 else { return [] }
    let length = shape[shape.rank - 1]
    let rows = shape.rank >= 2 ? shape[shape.rank - 2] : 1
    let repeats = Double(shape.count / (length * rows))
    var counts = [Double](repeating: 0, count: rows)
    for element in 0..<shape.count where isVisible(element) {
      counts[element / length % rows] += 1 / repeats
    }
    return counts
  }

  /// Elements that a softmax leaves nothing of, beside others that change nothing.
  private static func mask<T: Scalar>(_ elements: Elements<T>, _ shape: Shape) -> Moments? {
    var hidden = 0
    for element in elements.indices {
      if elements[element] <= -1e4 { hidden += 1 } else if elements[element] != 0 { return nil }
    }
    guard hidden > 0, hidden < elements.count else { return nil }
    var result = Moments.constant(0)
    result.visible = rows(shape) { elements[$0] > -1e4 }
    return result
  }

  private init<T: Scalar>(_ elements: Elements<T>, _ shape: Shape) {
    if let mask = Self.mask(elements, shape) {
      self = mask
      return
    }
    let summary = Summary(of: elements)
    guard summary.nonFinite == 0, summary.minimum < summary.maximum else {
      self = .constant(elements.count == 0 ? 0 : Double(elements[0]))
      return
    }
    let isCentred =
      abs(summary.mean) < 3 * (summary.variance / Double(summary.count)).squareRoot()
    self = .parameter(
      mean: isCentred ? 0 : summary.mean, secondMoment: summary.secondMoment,
      isOrthogonal: Self.isOrthogonal(elements, shape))
    basis = .firstOrder
    note = "of the elements as they are"
  }

  private static func isOrthogonal<T: Scalar>(_ elements: Elements<T>, _ shape: Shape) -> Bool {
    guard shape.rank == 2, shape[0] > 1, shape[1] > 1 else { return false }
    let (rows, columns) = (shape[0], shape[1])
    func line(_ number: Int) -> [Double] {
      rows <= columns
        ? (0..<columns).map { Double(elements[number * columns + $0]) }
        : (0..<rows).map { Double(elements[$0 * columns + number]) }
    }
    let lines = (0..<min(4, rows, columns)).map(line)
    func product(_ a: [Double], _ b: [Double]) -> Double {
      zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
    }
    let size = product(lines[0], lines[0])
    guard size > 0, size.isFinite else { return false }
    return lines.indices.allSatisfy { i in
      lines.indices.allSatisfy { j in
        abs(product(lines[i], lines[j]) - (i == j ? size : 0)) < 1e-4 * size
      }
    }
  }
}
