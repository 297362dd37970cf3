import Findings
import Networks
import RealModule
import Training

/// Noise added to gradients that is far above them.
struct NoiseInspection: Inspection {
  func suspects(in subject: PreflightSubject) -> [PreflightSuspect] {
    guard let first = subject.first, first.gradientNorm > 0 else { return [] }
    for case let noise as GradientNoise in subject.training.treatments where noise.eta > 0 {
      let norm = (noise.eta * Double(first.elements)).squareRoot()
      let ratio = norm / first.gradientNorm
      // Variances of all steps, as they add up in a weight that only noise moves.
      let steps = min(subject.plannedSteps, 100_000)
      let sum = (0..<steps).reduce(0.0) { $0 + 1 / Double.pow(1 + Double($1), noise.gamma) }
      let walk =
        subject.training.optimizer.learningRate * (noise.eta * sum).squareRoot()
        / max(subject.smallestStart, 1e-300)
      let isNormalized = !(subject.training.optimizer is SGD)
      guard ratio > 5, isNormalized || walk > 0.3 else { continue }
      let isCertain = ratio > 30
      return [
        PreflightSuspect(
          .gradientNoise, .gradientNoise, isCertain: isCertain, weight: isCertain ? 0.95 : 0.7,
          "The noise that is added to gradients has a norm of \(Numerals.short(norm)), "
            + "\(Numerals.short(ratio)) times that of the first gradient.",
          because: isNormalized
            ? "Steps are divided by the size of gradients, so that noise takes nearly all of them."
            : "By the noise alone a weight wanders \(Numerals.short(walk)) times its own size.",
          evidence: [
            Evidence("noise_norm", norm), Evidence("gradient_norm", first.gradientNorm),
            Evidence("walk", walk),
          ],
          remedies: [
            RemedyProposal(
              "drop_noise", change: "leave out the noise (training: gradients)", predicted: nil)
          ])
      ]
    }
    return []
  }
}

extension PreflightSubject {
  /// The least root mean square that weights start with, but for those that start at 0.
  var smallestStart: Double {
    network.parameters.filter { $0.target.role != .bias }
      .map { $0.startScale }.filter { $0 > 0 }.min() ?? 1
  }
}
