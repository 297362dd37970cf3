package import Findings
package import ONNX

/// Which remedies to name for the findings of a model's check.
package struct ModelProposals {
  private let patient: ModelPatient
  private let predict: (ModelFile) throws -> Proposals.SecondMoments?
  /// At most this many remedies for one finding.
  private let limit = 3

  /// `predict` gives the second moments of a changed model.
  package init(
    for patient: ModelPatient,
    predicting predict: @escaping (ModelFile) throws -> Proposals.SecondMoments?
  ) {
    self.patient = patient
    self.predict = predict
  }

  /// The findings with remedies, those that change least first.
  package func complete(_ findings: [Finding]) -> [Finding] {
    guard !findings.isEmpty else { return findings }
    var changes: [(remedy: any ModelRemedy, change: ModelChange, predicted: String?)] = []
    for remedy in ModelRemedies.answering(patient.rules) {
      // What no finding has room for is not worked out.
      let isAsked = findings.contains { finding in
        remedy.answers.contains(finding.rule)
          && changes.count { $0.remedy.answers.contains(finding.rule) } < limit
      }
      // Of several sizes of a change the first is named.
      guard isAsked, let change = remedy.changes(of: patient).first else { continue }
      let moments = change.isExact ? nil : try? predict(change.file)
      changes.append((remedy, change, moments?.effect))
    }
    return findings.map { finding in
      var finding = finding
      finding.remedies +=
        changes.filter { $0.remedy.answers.contains(finding.rule) }.prefix(limit)
        .map {
          RemedyProposal(
            $0.remedy.name, change: $0.change.sentence + ".", predicted: $0.predicted)
        }
      return finding
    }
  }
}
