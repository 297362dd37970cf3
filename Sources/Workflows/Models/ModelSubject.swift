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
    for value in graph.parameters where graph.type(of: value).kind == .real {
      moments[value] = contents[value].map(Moments.init(ofParameter:))
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

  private init<T: Scalar>(_ elements: Elements<T>, _ shape: Shape) {
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
