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
    case .features, .reals: tensor.setNormal(std: 1, from: stream)
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

  /// Sets every element of a real tensor to mean + std · z, z normal, perhaps within ±`bound`.
  func setNormal(
    mean: Double = 0, std: Double, bound: Double = .infinity, from stream: RandomStream
  ) {
    if elementType == .float64 {
      elements(as: Double.self)
        .fillNormal(from: stream, mean: mean, deviation: std, bound: bound)
    } else {
      elements(as: Float.self)
        .fillNormal(from: stream, mean: mean, deviation: std, bound: bound)
    }
  }

  /// Sets every element of a real tensor to a number that is uniform between ±`bound`.
  func setUniform(bound: Double, from stream: RandomStream) {
    guard bound > 0 else {
      setReals { _ in 0 }
      return
    }
    if elementType == .float64 {
      elements(as: Double.self).fillUniform(from: stream, low: -bound, high: bound)
    } else {
      elements(as: Float.self).fillUniform(from: stream, low: -bound, high: bound)
    }
  }

  /// Multiplies every element of a real tensor, computing in double precision.
  public func scaleReals(by factor: Double) {
    if elementType == .float64 {
      let elements = elements(as: Double.self)
      for index in elements.indices { elements[index] *= factor }
    } else {
      let elements = elements(as: Float.self)
      for index in elements.indices { elements[index] = Float(Double(elements[index]) * factor) }
    }
  }
}
