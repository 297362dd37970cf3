public import Numbers
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
  /// Fills a tensor with a random batch: normal features and reals, uniform classes, bits and small
  /// counts.
  public func fill(_ tensor: Tensor, seed: UInt64) {
    fill(tensor, from: RandomStream(seed: seed, name: name))
  }

  /// The same from a stream of one's own, such as that of a step.
  public func fill(_ tensor: Tensor, from stream: RandomStream) {
    switch content {
    case .features, .reals: tensor.setNormal(std: 1, from: stream)
    case .counts: tensor.setReals { Double(stream.integer(at: $0, below: 4)) }
    case .bits: tensor.setReals { Double(stream.integer(at: $0, below: 2)) }
    case .signs: tensor.setReals { Double(2 * stream.integer(at: $0, below: 2) - 1) }
    case .mask(let rate): tensor.setMask(rate: rate, from: stream)
    case .runningMean: tensor.setReals { _ in 0 }
    case .runningVariance: tensor.setReals { _ in 1 }
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

  /// Sets every element of a real tensor to 0 with probability `rate`, and otherwise to 1/(1 − rate).
  func setMask(rate: Double, from stream: RandomStream) {
    let threshold = UInt64((rate * 0x1p32).rounded())
    guard elementType == .float32 else {
      return setReals { UInt64(stream.word(at: $0)) < threshold ? 0 : 1 / (1 - rate) }
    }
    let mask = Mask(
      elements: elements(as: Float.self), stream: stream, threshold: threshold,
      kept: Float(1 / (1 - rate)))
    Threads.run(parts: mask.parts, mask)
  }

  /// Blocks of four elements, which share a block of the generator.
  private struct Mask: PartedWork {
    let elements: Elements<Float>
    let stream: RandomStream
    let threshold: UInt64
    let kept: Float

    var blocks: Int { (elements.count + 3) / 4 }
    var parts: Int { min(blocks / 4096 + 1, 16) }

    func run(part: Int) {
      for block in blocks * part / parts..<blocks * (part + 1) / parts {
        let words = stream.words(ofBlock: block)
        for lane in 0..<min(4, elements.count - 4 * block) {
          elements[4 * block + lane] = UInt64(words[lane]) < threshold ? 0 : kept
        }
      }
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
