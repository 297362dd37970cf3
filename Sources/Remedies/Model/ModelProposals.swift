package import Findings
package import ONNX

/// Which remedies to name for the findings of a model's check.
package struct ModelProposals {
  private let patient: ModelPatient
  private let predict: (ModelFile) throws -> Proposals.SecondMoments?
  /// At most this many remedies for one finding.
  private let limit = 4

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
    var seen: Set<String> = []
    // Of several sizes of a change the first is named.
    let changes = ModelRemedies.changes(of: patient).filter { seen.insert($0.remedy).inserted }
    let answers = Dictionary(
      uniqueKeysWithValues: ModelRemedies.all.map { ($0.name, $0.answers) })
    var predicted: [String: String] = [:]
    for change in changes where !change.isExact {
      predicted[change.remedy] = (try? predict(change.file))?.effect
    }
    return findings.map { finding in
      var finding = finding
      finding.remedies +=
        changes.filter { answers[$0.remedy]?.contains(finding.rule) ?? false }.prefix(limit)
        .map {
          RemedyProposal(
            $0.remedy, change: $0.sentence + ".", predicted: predicted[$0.remedy])
        }
      return finding
    }
  }
}
