import Analyses
import Networks
import Operators
import Semantics

/// The time from a description to the moments of every value, forward and backward.
enum PredictionTime {
  /// Milliseconds.
  static func measured(_ yaml: String) throws -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    let network = try NetworkDescription(yaml: yaml, activations: .standard)
      .lowered(batch: 256, registry: .standard, activations: .standard)
    let differentiated = try DifferentiatedSubject(Subject(network, seed: 0), adding: { Add() })
    let prediction = Prediction(of: differentiated)
    let time = clock.now - start
    guard prediction[network.output].secondMoment >= 0 else {
      throw BenchError("the prediction is not a number")
    }
    return time / .milliseconds(1)
  }
}
