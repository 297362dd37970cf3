import Experiments
import Findings
import Networks
import Samples
import Tensors

/// Columns of features that are constant, huge or of another scale than the others, by name.
///
/// Only what is larger than the others does harm: pixels at the border of images, which hardly ever
/// change, and columns of few ones are no unlike scales.
struct ColumnInspection: Inspection {
  func suspects(in subject: PreflightSubject) -> [PreflightSuspect] {
    let data = subject.samples.training
    let columns = subject.columns
    guard !columns.isEmpty else { return [] }
    guard subject.experiment.network.input.count == 1 else { return whole(columns, subject) }
    let varying = columns.filter { !$0.isConstant && $0.usualScale > 0 }
    let usual = CellInspection.median(varying.map(\.usualScale))
    let reference = max(usual, 1)
    func names(_ places: [Int]) -> String {
      let told = places.prefix(3).map { data.columnName($0) }.joined(separator: ", ")
      return places.count > 3 ? "\(told) and \(places.count - 3) more" : told
    }
    var found: [PreflightSuspect] = []
    let huge = columns.indices.filter { columns[$0].usualScale > 30 * reference }
      .sorted { columns[$0].usualScale > columns[$1].usualScale }
    if let worst = huge.first {
      let ratio = columns[worst].usualScale / reference
      let isCertain = ratio > 1000
      let constants = huge.filter { columns[$0].isConstant }
      found.append(
        PreflightSuspect(
          .badInput, .data, isCertain: isCertain,
          weight: isCertain ? 0.95 : ratio > 100 ? 0.9 : 0.7,
          "\(names(huge)) \(huge.count == 1 ? "is" : "are") far larger than the other features: "
            + "\(data.columnName(worst)) "
            + (columns[worst].isConstant
              ? "is \(Numerals.short(columns[worst].mean)) in every row"
              : "has a root mean square of \(Numerals.short(columns[worst].usualScale))")
            + ", half of the others at most \(Numerals.short(usual)).",
          because:
            "Whatever the network sees of the others is drowned by it, and a rate that suits one "
            + "is wrong for the others."
            + (constants.isEmpty ? "" : " A constant column tells nothing: leave it out."),
          evidence: [
            Evidence("column", Double(worst + 1)), Evidence("scale", columns[worst].usualScale),
            Evidence("usual_scale", usual),
          ], remedies: [standardize]))
    }
    let constant = columns.indices.filter {
      columns[$0].isConstant && columns[$0].mean != 0 && !huge.contains($0)
        && columns[$0].count == data.count
    }
    if !constant.isEmpty, !data.featureNames.isEmpty {
      let scale = constant.map { columns[$0].magnitude }.max() ?? 0
      found.append(
        PreflightSuspect(
          .badInput, .data, isCertain: true, weight: scale > 5 * reference ? 0.5 : 0.1,
          severity: .note,
          "\(names(constant)) \(constant.count == 1 ? "is" : "are") the same in every row.",
          because: "A column that never changes tells nothing; it acts as a bias of its size, "
            + "\(Numerals.short(scale)).", evidence: [Evidence("columns", Double(constant.count))],
          remedies: [standardize]))
    }
    if huge.isEmpty, usual > 20 || (usual > 0 && usual < 0.03) {
      found.append(overall(usual, subject))
    }
    let tiny = columns.indices.filter {
      !columns[$0].isConstant && columns[$0].magnitude < 1e-3 * usual
    }
    if !tiny.isEmpty, tiny.count < columns.count / 2 || columns.count <= 2 {
      found.append(
        PreflightSuspect(
          .badInput, .data, weight: 0.6,
          "\(names(tiny)) \(tiny.count == 1 ? "is" : "are") far smaller than the other features.",
          because:
            "The greatest magnitude is \(Numerals.short(tiny.map { columns[$0].magnitude }.max() ?? 0)), "
            + "half of the others have at least \(Numerals.short(usual)): nothing is learned of "
            + "it.",
          evidence: [Evidence("usual_scale", usual)], remedies: [standardize]))
    }
    return found
  }

  /// Images and sequences, whose numbers share one scale.
  private func whole(
    _ columns: [ColumnStatistics], _ subject: PreflightSubject
  ) -> [PreflightSuspect] {
    let scale = CellInspection.median(columns.map(\.usualScale))
    guard scale > 20 || (scale > 0 && scale < 0.01) else { return [] }
    return [overall(scale, subject)]
  }

  private func overall(_ scale: Double, _ subject: PreflightSubject) -> PreflightSuspect {
    let isFar = scale > 1e4 || scale < 1e-4
    return PreflightSuspect(
      .badInput, .data, isCertain: isFar, weight: isFar ? 0.95 : scale > 100 ? 0.85 : 0.6,
      "Features have a root mean square of \(Numerals.short(scale)).",
      because: "Starts of weights are made for features of about 1.",
      evidence: [Evidence("scale", scale)],
      remedies: [
        RemedyProposal(
          "standardize_inputs",
          change: "give features mean 0 and deviation 1 (data: standardize: "
            + "\(subject.experiment.network.input.count == 1 ? "feature" : "all"))",
          predicted: nil)
      ])
  }

  private var standardize: RemedyProposal {
    RemedyProposal(
      "standardize_inputs",
      change: "give features mean 0 and deviation 1 (data: standardize: feature)", predicted: nil)
  }
}

extension PreflightSubject {
  /// What an axis of features is taken apart into: the columns of a table, the features of a time
  /// step, or all pixels together.
  static func columns(of data: Dataset) -> [ColumnStatistics] {
    guard data.features.elementType == .float32 else { return [] }
    let rank = data.featureShape.extents.count
    let width = rank == 1 ? data.featureWidth : rank == 2 ? data.featureShape.extents[1] : 1
    guard width > 0, data.features.count % width == 0 else { return [] }
    return ColumnStatistics.columns(of: data.features, samples: data.features.count / width)
  }
}
