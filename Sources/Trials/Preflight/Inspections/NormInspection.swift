import Findings
import Networks
import Training

/// Norms whose mean and variance are taken over one number, or so few that nothing is left of it.
struct NormInspection: Inspection {
  func suspects(in subject: PreflightSubject) -> [PreflightSuspect] {
    var told: Set<Bool> = []
    return subject.network.normalizedGroups.compactMap { group in
      guard group.count <= (group.spansBatch ? 4 : 2), told.insert(group.spansBatch).inserted else {
        return nil
      }
      let what = group.count == 1 ? "one number" : "\(group.count) numbers"
      let rest =
        switch group.count {
        case 1: "Nothing of its operand is left but a sign at most, and no gradient passes."
        case 2: "Of two numbers only the order is left: they become −1 and 1."
        default: "Mean and variance of so few are mostly noise."
        }
      let weight = [0, 0.97, 0.8, 0.5, 0.4][group.count]
      return PreflightSuspect(
        .normStatistics, group.spansBatch ? .batchSize : .normalization,
        isCertain: group.count == 1, weight: weight, layer: group.name,
        "'\(group.form)' takes its statistics over \(what)"
          + (group.spansBatch
            ? ": a batch has \(subject.training.batch == 1 ? "one sample" : "few samples")."
            : ": its operand has \(group.count == 1 ? "one feature" : "two features")."),
        because: rest,
        evidence: [
          Evidence("numbers", Double(group.count)),
          Evidence("batch", Double(subject.training.batch)),
        ],
        remedies: [
          group.spansBatch
            ? RemedyProposal(
              "larger_batch", change: "take 32 samples into a batch (training: batch: 32)",
              predicted: nil)
            : RemedyProposal(
              "drop_norm", change: "leave out the norm over \(what) (network: layers)",
              predicted: nil)
        ])
    }
  }
}
