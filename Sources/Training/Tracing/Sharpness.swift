import Numbers
import RealModule
import Samples
import Tensors

extension Trainer {
  /// Estimates the sharpness: the largest eigenvalue in magnitude of the Hessian of the loss, over the batch
  /// of the next step and at the weights as they are.
  ///
  /// Power iteration with products of the Hessian and a vector, each the central difference of two
  /// gradients along it. Gradient descent is stable below the rate 2/λ, with momentum μ below
  /// 2(1 + μ)/λ (Cohen and others, 2021). Weights are as before afterwards, bit for bit.
  ///
  /// - Parameters:
  ///   - iterations: at most; it ends when an estimate changes by less than a thousandth.
  ///   - seed: of the vector that it begins with.
  /// - Returns: λ; nil in a narrow format, whose rounding is coarser than the differences, and where the
  ///   loss is not finite nearby.
  public func sharpness(iterations: Int = 30, seed: UInt64 = 0) -> Double? {
    guard settings.precision.format == .fp32, settings.precision.backwardFormat == nil,
      step < plannedSteps
    else { return nil }
    let scale = model.lossScale
    model.lossScale = 1
    defer { model.lossScale = scale }
    feed.fill(batches.indices(ofStep: step * settings.accumulation)) { model[$0] }
    let parameters = model.parameters
    let weights = parameters.map { $0.weight.copy().elements(as: Float.self) }
    defer { restore(weights) }
    var direction = parameters.enumerated().map { number, parameter in
      let stream = RandomStream(seed: seed, name: "sharpness").substream(UInt32(number))
      return (0..<parameter.weight.count).map { stream.normal(at: $0) }
    }
    let size = norm(weights.map { weight in weight.indices.map { Double(weight[$0]) } })
    let distance = 1e-3 * (size > 0 ? size : 1)
    var last = 0.0
    for _ in 0..<iterations {
      let length = norm(direction)
      guard length > 0, length.isFinite else { return length == 0 ? 0 : nil }
      for i in direction.indices { for j in direction[i].indices { direction[i][j] /= length } }
      guard let forward = gradients(weights, direction, distance),
        let back = gradients(weights, direction, -distance)
      else { return nil }
      var product = direction
      var estimate = 0.0
      for i in product.indices {
        for j in product[i].indices {
          product[i][j] = (forward[i][j] - back[i][j]) / (2 * distance)
          estimate += product[i][j] * direction[i][j]
        }
      }
      direction = product
      if abs(estimate - last) <= 1e-3 * abs(estimate) { return abs(estimate) }
      last = estimate
    }
    return abs(last)
  }

  /// The gradients at the weights moved along a direction; nil where the loss is not finite there.
  private func gradients(
    _ weights: [Elements<Float>], _ direction: [[Double]], _ distance: Double
  ) -> [[Double]]? {
    for (number, parameter) in model.parameters.enumerated() {
      let elements = parameter.weight.elements(as: Float.self)
      for i in elements.indices {
        elements[i] = Float(Double(weights[number][i]) + distance * direction[number][i])
      }
    }
    model.weightsWereWritten()
    guard model.computeGradients().isFinite else { return nil }
    return model.parameters.map { parameter in
      let elements = parameter.gradient.elements(as: Float.self)
      return elements.indices.map { Double(elements[$0]) }
    }
  }

  private func restore(_ weights: [Elements<Float>]) {
    for (number, parameter) in model.parameters.enumerated() {
      parameter.weight.elements(as: Float.self).copy(from: weights[number])
    }
    model.weightsWereWritten()
  }

  private func norm(_ vectors: [[Double]]) -> Double {
    vectors.reduce(0) { $0 + $1.reduce(0) { $0 + $1 * $1 } }.squareRoot()
  }
}
