import Experiments
import Findings
import Networks
import Samples
import Training

/// Targets that say nothing about the training: accuracy of a regression, or a loss that is reached
/// without learning.
struct SuccessTargetInspection: Inspection {
  func suspects(in subject: PreflightSubject) -> [PreflightSuspect] {
    switch subject.training.target {
    case .accuracy:
      guard case .reals = (subject.samples.validation ?? subject.samples.training).targets else {
        return []
      }
      return [
        PreflightSuspect(
          .successTarget, .successTarget, isCertain: true, weight: 1,
          "The target is an accuracy, and the samples have numbers, not classes.",
          because:
            "An accuracy counts right classes; of numbers it cannot be told, so that the target "
            + "is never met.",
          evidence: [],
          remedies: [
            RemedyProposal(
              "loss_target",
              change: "give a target of the loss, such as {loss_ratio: 0.1} (training: target)",
              predicted: nil),
            RemedyProposal(
              "read_labels",
              change: "read the column as classes, if it holds some (data: label; network: loss: "
                + "softmax_cross_entropy)", predicted: nil),
          ])
      ]
    case .loss(let limit):
      guard let baseline = subject.baselineLoss, limit >= baseline else { return [] }
      return [
        PreflightSuspect(
          .successTarget, .successTarget, isCertain: true, weight: 0.3, severity: .note,
          "The target of the loss, \(Numerals.short(limit)), is that of a constant prediction, "
            + "\(Numerals.short(baseline)), or above it.",
          because: "It is met without anything being learned.",
          evidence: [Evidence("target", limit), Evidence("baseline_loss", baseline)], remedies: [])
      ]
    case .lossRatio, nil: return []
    }
  }
}
