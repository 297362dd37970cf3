import Experiments
import Findings
import Networks
import Samples
import Tensors
import Training

/// Classes: labels that start at another number than they are read from, one class only, classes
/// without samples, and how unlike in number they are.
struct LabelInspection: Inspection {
  /// The share of the most frequent class from which an imbalance is told.
  private static let unlike = 0.9

  func suspects(in subject: PreflightSubject) -> [PreflightSuspect] {
    guard case .classes(_, let names) = subject.samples.training.targets else {
      return wholeNumbers(subject)
    }
    let shares = subject.classShares
    let present = shares.indices.filter { shares[$0] > 0 }
    guard let first = present.first, let last = present.last else { return [] }
    if present.count == 1 {
      return [
        PreflightSuspect(
          .labels, .labels, isCertain: true, weight: 0.95,
          "All samples to train on are of one class, '\(names[first])'.",
          because: "There is nothing to tell apart: whatever is learned is to answer it always.",
          evidence: [Evidence("classes", 1)], remedies: [])
      ]
    }
    var found: [PreflightSuspect] = []
    let areNumbers = names == names.indices.map(String.init)
    if areNumbers, first > 0 {
      found.append(
        PreflightSuspect(
          .labels, .labels, isCertain: true, weight: 0.5,
          "Labels start at \(first): no sample has a label below, and the network has "
            + "\(subject.outputClasses ?? names.count) outputs.",
          because:
            "Labels go from \(first) to \(last) and are read as classes 0 to \(last), so that "
            + "\(first == 1 ? "class 0 has" : "\(first) classes have") no sample.",
          evidence: [Evidence("first_label", Double(first)), Evidence("last_label", Double(last))],
          remedies: [
            RemedyProposal(
              "first_label", change: "number classes from \(first) (data: first_label: \(first))",
              predicted: nil)
          ]))
    }
    let empty = (first...last).filter { shares[$0] == 0 }
    if !empty.isEmpty {
      let told = empty.prefix(4).map { "'\(names[$0])'" }.joined(separator: ", ")
      found.append(
        PreflightSuspect(
          .labels, .labels, isCertain: true, weight: 0.1, severity: .note,
          "\(empty.count == 1 ? "Class" : "Classes") \(told)"
            + "\(empty.count > 4 ? " and \(empty.count - 4) more" : "") "
            + "\(empty.count == 1 ? "has" : "have") no sample to train on.",
          because: "Nothing is learned of what has no sample.",
          evidence: [Evidence("empty_classes", Double(empty.count))], remedies: []))
    }
    found += imbalance(shares, names, subject)
    return found
  }

  private func imbalance(
    _ shares: [Double], _ names: [String], _ subject: PreflightSubject
  ) -> [PreflightSuspect] {
    guard let most = shares.indices.max(by: { shares[$0] < shares[$1] }),
      shares[most] >= Self.unlike
    else { return [] }
    let share = Numerals.percent(shares[most])
    let isMet =
      if case .accuracy(let wanted)? = subject.training.target { wanted <= shares[most] } else {
        false
      }
    let evidence = [Evidence("majority", shares[most])]
    guard isMet else {
      return [
        PreflightSuspect(
          .labels, .labels, isCertain: true, weight: 0.2, severity: .note,
          "\(share) of the samples are of class '\(names[most])'.",
          because: "An accuracy of \(share) is reached by answering it always; look at the loss.",
          evidence: evidence, remedies: [])
      ]
    }
    return [
      PreflightSuspect(
        .successTarget, .successTarget, isCertain: true, weight: 0.5,
        "The target of accuracy is met by answering '\(names[most])' always: \(share) of the "
          + "samples are of this class.",
        because: "A run can reach it without having learned to tell classes apart.",
        evidence: evidence,
        remedies: [])
    ]
  }

  /// Targets of a regression that look like class numbers.
  private func wholeNumbers(_ subject: PreflightSubject) -> [PreflightSuspect] {
    guard subject.experiment.network.loss?.reading == .values, !subject.samples.isStandardized,
      let spread = subject.targetSpreads.first, subject.targetSpreads.count == 1, spread.areWhole,
      (2...20).contains(spread.distinctCount),
      subject.samples.training.count >= 10 * spread.distinctCount
    else { return [] }
    return [
      PreflightSuspect(
        .labels, .labels, weight: 0.25,
        "The targets are whole numbers of \(spread.distinctCount) different values, read as "
          + "numbers.",
        because:
          "If they are classes, their order and distances mean nothing, and a regression learns "
          + "what is between them.",
        evidence: [Evidence("distinct", Double(spread.distinctCount))],
        remedies: [
          RemedyProposal(
            "read_labels",
            change:
              "read the column as classes (data: label; network: loss: softmax_cross_entropy)",
            predicted: nil)
        ])
    ]
  }
}
