import Experiments
import Findings
import Networks
import Samples
import Tensors
import Training

/// Targets of a regression whose scale or tails are far from what the output starts with.
struct TargetScaleInspection: Inspection {
  func suspects(in subject: PreflightSubject) -> [PreflightSuspect] {
    guard subject.experiment.network.loss?.reading == .values,
      case .reals(let targets) = subject.samples.training.targets
    else { return [] }
    let columns = ColumnStatistics.columns(of: targets, samples: subject.samples.training.count)
      .filter { $0.count > 0 }
    guard
      let worst = columns.max(by: { Self.distance($0.usualScale) < Self.distance($1.usualScale) })
    else { return [] }
    return scale(worst, subject) + tails(subject)
  }

  /// How far a scale is from 1, as a factor.
  private static func distance(_ scale: Double) -> Double {
    scale > 0 ? max(scale, 1 / scale) : 1
  }

  private func scale(
    _ column: ColumnStatistics, _ subject: PreflightSubject
  ) -> [PreflightSuspect] {
    let scale = column.usualScale
    guard scale > 8 || (scale > 0 && scale < 0.02) else { return [] }
    let output = subject.first?.outputScale
    let far = Self.distance(scale)
    let isCertain = far > 1000
    let start =
      output.map { "; the network's output starts with \(Numerals.short($0))" } ?? ""
    return [
      PreflightSuspect(
        .targetScale, .targetScale, isCertain: isCertain,
        weight: isCertain ? 0.96 : far > 100 ? 0.92 : 0.75,
        "Targets have a root mean square of \(Numerals.short(scale))\(start).",
        because:
          "They go from \(Numerals.short(column.minimum)) to \(Numerals.short(column.maximum)), "
          + "with a mean of \(Numerals.short(column.mean)) and a deviation of "
          + "\(Numerals.short(column.deviation)). Weights have to grow that far first, and "
          + "gradients "
          + "are as large as the distance.",
        evidence: [
          Evidence("target_scale", scale), Evidence("target_mean", column.mean),
          Evidence("target_deviation", column.deviation),
          Evidence("output_scale", output ?? .nan),
        ], remedies: [.standardizedTargets])
    ]
  }

  private func tails(_ subject: PreflightSubject) -> [PreflightSuspect] {
    let spreads = subject.targetSpreads
    guard subject.samples.training.count >= 100,
      let worst = spreads.max(by: { $0.tailShare < $1.tailShare }), worst.tailShare > 0.6,
      worst.distinctCount > 20
    else { return [] }
    return [
      PreflightSuspect(
        .targetScale, .targetScale, isCertain: worst.tailShare > 0.9,
        weight: worst.tailShare > 0.9 ? 0.9 : 0.6,
        "Targets have heavy tails: one in a hundred makes \(Numerals.percent(worst.tailShare)) of "
          + "their squared distance from the median.",
        because:
          "The mean squared error is decided by a few samples, and by chance; of normal targets "
          + "they make 8 %.",
        evidence: [Evidence("tail_share", worst.tailShare), Evidence("median", worst.median)],
        remedies: [
          RemedyProposal(
            "robust_targets",
            change:
              "take the logarithm of the targets, limit them, or leave the farthest samples out",
            predicted: nil)
        ])
    ]
  }
}

extension RemedyProposal {
  /// Targets in units of their own deviation.
  static let standardizedTargets = RemedyProposal(
    "standardize_targets",
    change: "give targets mean 0 and deviation 1 (data: standardize_targets: true)", predicted: nil)
}

extension PreflightSubject {
  /// How each number of a target is spread; none for classes and for targets of many numbers.
  var targetSpreads: [Spread] {
    guard case .reals(let targets) = samples.training.targets else { return [] }
    let elements = targets.elements(as: Float.self)
    let width = elements.count / samples.training.count
    guard width <= 16 else { return [] }
    return (0..<width).map { column in
      Spread((0..<samples.training.count).map { Double(elements[$0 * width + column]) })
    }
  }
}

extension ExperimentData {
  /// Whether targets were shifted and scaled, so that they are no longer those of the file.
  var isStandardized: Bool { targetScale != nil }
}
