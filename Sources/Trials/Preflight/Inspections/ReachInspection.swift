import Findings
import Networks
import Training

/// How far the weights can come within the run: too few steps for the rate, a rate that is too
/// small for the steps, or clipping that leaves nothing of the gradients.
///
/// The first step tells how far one goes. A layer's output changes by the relative change of its
/// weights times √fan-in, since updates lie along the input; a run that does not change the output
/// of any layer by a good part of itself learns nothing.
struct ReachInspection: Inspection {
  private static let certain = 0.1
  private static let suspicious = 0.5

  func suspects(in subject: PreflightSubject) -> [PreflightSuspect] {
    guard let first = subject.first, first.effect > 0, first.effect.isFinite else { return [] }
    let optimizer = subject.training.optimizer
    let steps = Double(subject.plannedSteps)
    let momentum = optimizer.option("momentum") ?? 0
    let memory = min(steps, 1 / max(1e-9, 1 - momentum))
    let reach = first.effect * subject.factorSum * memory
    let left = subject.training.clipping.map { share(leftBy: $0, subject, first) } ?? 1
    if let clipping = subject.training.clipping, left * reach < Self.suspicious,
      left < 0.1, reach > 2 * left * reach
    {
      return [clipped(clipping, left: left, reach: reach, subject, first)]
    }
    let whole = first.effect * steps * memory
    // A schedule that takes the rate away is told as one.
    guard reach < Self.suspicious, reach > 0.2 * whole else { return [] }
    let seen = steps / subject.stepsPerEpoch
    let isShort = steps < 50 || seen < 1
    let isCertain = reach < Self.certain
    let weight = isCertain ? 0.93 : isShort ? 0.86 : 0.6
    let evidence = [
      Evidence("reach", reach), Evidence("steps", steps), Evidence("epochs", seen),
      Evidence("first_update_ratio", first.movement),
    ]
    let because =
      "The first step changes the weights of a layer by at most "
      + "\(Numerals.short(first.movement)) of "
      + "their size; \(Numerals.count(subject.plannedSteps)) such steps in one direction change "
      + "its "
      + "output by \(Numerals.short(reach)) of itself"
      + (seen < 1 ? ", and not every sample is seen once." : ".")
    guard isShort else {
      return [
        PreflightSuspect(
          .learningRateTooSmall, .learningRate, isCertain: isCertain, weight: weight,
          "The learning rate of \(Numerals.short(optimizer.learningRate)) is too small for "
            + "\(Numerals.count(subject.plannedSteps)) steps.", because: because,
          evidence: evidence,
          remedies: [
            RemedyProposal(
              "learning_rate", change: "raise the learning rate (training: optimizer)",
              predicted: nil), moreSteps,
          ])
      ]
    }
    return [
      PreflightSuspect(
        .tooFewSteps, .tooFewSteps, isCertain: isCertain, weight: weight,
        "\(Numerals.count(subject.plannedSteps)) steps are too few for a learning rate of "
          + "\(Numerals.short(optimizer.learningRate)).", because: because, evidence: evidence,
        remedies: [moreSteps])
    ]
  }

  private var moreSteps: RemedyProposal {
    RemedyProposal("more_steps", change: "make more steps (training: steps)", predicted: nil)
  }

  private func clipped(
    _ clipping: any Clipping, left: Double, reach: Double, _ subject: PreflightSubject,
    _ first: FirstStep
  ) -> PreflightSuspect {
    let name = type(of: clipping).name
    let limit = clipping.optionValues["limit"] ?? 0
    return PreflightSuspect(
      .clipping, .clipping, isCertain: left * reach < Self.certain,
      weight: left * reach < Self.certain ? 0.97 : 0.8,
      "Gradients are clipped to \(Numerals.short(limit)) (\(name)), and the first one has a norm "
        + "of "
        + "\(Numerals.short(first.gradientNorm)).",
      because:
        "All \(Numerals.count(subject.plannedSteps)) steps in one direction change the output of "
        + "a layer by \(Numerals.short(left * reach)) of itself, without clipping by "
        + "\(Numerals.short(reach)).",
      evidence: [
        Evidence("limit", limit), Evidence("gradient_norm", first.gradientNorm),
        Evidence("reach", left * reach), Evidence("reach_without", reach),
      ],
      remedies: [
        RemedyProposal(
          "remove_clipping", change: "do not clip gradients (training: leave out clip)",
          predicted: nil)
      ])
  }

  /// What is left of an update by clipping.
  private func share(
    leftBy clipping: any Clipping, _ subject: PreflightSubject, _ first: FirstStep
  ) -> Double {
    let limit = clipping.optionValues["limit"] ?? .infinity
    let optimizer = subject.training.optimizer
    let size: Double
    switch clipping {
    case is ValueClipping: size = first.elementScale
    case is AdaptiveClipping:
      // The limit is a share of the weights' own norm.
      size = first.gradientNorm / max(subject.squaredNorm.squareRoot(), 1e-300)
    default: size = first.gradientNorm
    }
    guard size > 0 else { return 1 }
    let factor = min(1, limit / size)
    guard !(optimizer is SGD), let epsilon = optimizer.option("epsilon") else { return factor }
    // Divided by their own size, gradients become smaller only where epsilon outweighs them.
    let clipped = first.elementScale * factor
    let whole = first.elementScale / (first.elementScale + epsilon)
    return whole > 0 ? clipped / (clipped + epsilon) / whole : 1
  }
}
