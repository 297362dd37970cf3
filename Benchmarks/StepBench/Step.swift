import Networks
import Numbers
import Operators
import Semantics
import Tensors
import Training

/// A training step whose parameters and inputs hold numbers that the peer has too.
struct Step {
  let step: TrainingStep

  /// - Parameters:
  ///   - yaml: a network with a loss.
  ///   - batch: samples.
  ///   - watches: whether everything is summarised in every step.
  ///   - format: the number format of activations and cotangents; nil for single precision.
  /// - Throws: what is wrong with the network.
  init(_ yaml: String, batch: Int, watches: Bool, format: NumberFormat?) throws {
    let network = try NetworkDescription(yaml: yaml, activations: .standard)
      .lowered(batch: batch, registry: .standard, activations: .standard)
    guard network.loss != nil else { throw BenchError("the network has no loss") }
    step = try TrainingStep(network, adding: { Add() }, isWatched: watches, format: format)
  }

  /// Matrices get uniform numbers of variance 1/fan-in, scales 1, and biases 0; the batch and the
  /// targets are uniform.
  func fill() {
    for (number, parameter) in step.network.parameters.enumerated() {
      let elements = step[parameter.value].elements(as: Float.self)
      let fan = parameter.shape.extents.dropFirst().reduce(1, *)
      let scale = (3 / Float(fan)).squareRoot()
      let isScale = parameter.shape.rank == 1 && !parameter.name.hasSuffix("bias")
      for i in elements.indices {
        elements[i] =
          parameter.shape.rank == 1 ? (isScale ? 1 : 0) : scale * hashed(i, number)
      }
    }
    for (number, input) in step.network.inputs.enumerated() {
      let elements = step[input.value].elements(as: Float.self)
      for i in elements.indices { elements[i] = 1.75 * hashed(i, 1_000_001 + number) }
    }
  }
}

/// Number `i` of stream `stream`, uniform in [−1, 1), as the peer computes it.
func hashed(_ i: Int, _ stream: Int) -> Float {
  var h = UInt32(truncatingIfNeeded: i) &* 2_654_435_761
  h = h &+ UInt32(truncatingIfNeeded: stream) &* 2_246_822_519
  h ^= h >> 15
  h = h &* 2_246_822_519
  h ^= h >> 13
  return Float(h >> 8) / 8_388_608 - 1
}

struct BenchError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
