import Numbers
public import Tensors

extension LoweredParameter {
  /// Fills a tensor of the parameter's shape, of either precision, with its initial elements.
  ///
  /// The elements depend on the seed and the parameter's name alone, and are the same numbers in
  /// both precisions up to rounding.
  public func fill(_ tensor: Tensor, seed: UInt64) {
    precondition(tensor.shape == shape, "a tensor of another shape")
    initializer.fill(tensor, for: target, from: RandomStream(seed: seed, name: name))
  }
}

extension LoweredInput {
  /// Fills a tensor with a random batch: normal features and reals, uniform classes and bits.
  public func fill(_ tensor: Tensor, seed: UInt64) {
    let stream = RandomStream(seed: seed, name: name)
    switch content {
    case .features, .reals: tensor.setReals { stream.normal(at: $0) }
    case .bits: tensor.setReals { Double(stream.integer(at: $0, below: 2)) }
    case .signs: tensor.setReals { Double(2 * stream.integer(at: $0, below: 2) - 1) }
    case .oneHot(let count):
      tensor.setReals { index in
        stream.integer(at: index / count, below: count) == index % count ? 1 : 0
      }
    case .tokens(let count), .classes(let count):
      let elements = tensor.elements(as: Int64.self)
      for index in elements.indices {
        elements[index] = Int64(stream.integer(at: index, below: count))
      }
    }
  }
}

extension Tensor {
  /// Sets every element of a real tensor from its number, rounding once.
  func setReals(_ element: (Int) -> Double) {
    if elementType == .float64 {
      let elements = elements(as: Double.self)
      for index in elements.indices { elements[index] = element(index) }
    } else {
      let elements = elements(as: Float.self)
      for index in elements.indices { elements[index] = Float(element(index)) }
    }
  }

  /// Multiplies every element of a real tensor, computing in double precision.
  func scaleReals(by factor: Double) {
    if elementType == .float64 {
      let elements = elements(as: Double.self)
      for index in elements.indices { elements[index] *= factor }
    } else {
      let elements = elements(as: Float.self)
      for index in elements.indices { elements[index] = Float(Double(elements[index]) * factor) }
    }
  }
}

/// A matrix of `rows` by `columns` whose shorter side is orthonormal, uniform among all such (Haar).
///
/// Normal vectors are made orthogonal one after the other, twice each, which leaves errors of a few
/// roundings ("twice is enough", Giraud, Langou and Rozložník 2005); each keeps its direction among
/// what is left, so that no sign needs correction.
///
/// - Returns: the elements row by row.
func orthonormalMatrix(rows: Int, columns: Int, from stream: RandomStream) -> [Double] {
  let count = min(rows, columns)
  let length = max(rows, columns)
  var vectors = (0..<count * length).map { stream.normal(at: $0) }
  unsafe vectors.withUnsafeMutableBufferPointer { all in
    for number in 0..<count {
      let own = number * length
      for _ in 0..<2 {
        for other in stride(from: 0, to: own, by: length) {
          var product = 0.0
          for k in 0..<length { unsafe product += all[own + k] * all[other + k] }
          for k in 0..<length { unsafe all[own + k] -= product * all[other + k] }
        }
      }
      var square = 0.0
      for k in 0..<length { unsafe square += all[own + k] * all[own + k] }
      let factor = 1 / square.squareRoot()
      for k in 0..<length { unsafe all[own + k] *= factor }
    }
  }
  if rows <= columns { return vectors }
  return (0..<rows * columns).map { vectors[$0 % columns * length + $0 / columns] }
}
