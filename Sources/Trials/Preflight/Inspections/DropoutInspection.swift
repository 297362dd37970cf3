import Findings
import Graphs
import Networks
import RealModule
import Tensors
import Training

/// Dropout that leaves next to nothing.
struct DropoutInspection: Inspection {
  func suspects(in subject: PreflightSubject) -> [PreflightSuspect] {
    var worst: (rate: Double, kept: Double, units: Int)?
    for input in subject.network.auxiliaryInputs {
      guard case .mask(let rate) = input.content else { continue }
      let units =
        subject.network.graph.type(of: input.value).shape.count / max(1, subject.training.batch)
      let kept = Double(units) * (1 - rate)
      if rate > worst?.rate ?? 0 { worst = (rate, kept, units) }
    }
    guard let worst, worst.rate >= 0.8 || (worst.kept < 2 && worst.rate >= 0.5) else { return [] }
    let isCertain = worst.rate >= 0.95 || (worst.rate >= 0.9 && worst.kept < 4)
    let nothing = Double.pow(worst.rate, worst.units)
    return [
      PreflightSuspect(
        .dropout, .dropout, isCertain: isCertain, weight: isCertain ? 0.95 : 0.6,
        "Dropout sets \(Numerals.percent(worst.rate)) of \(Numerals.count(worst.units)) units to "
          + "0: "
          + "\(Numerals.short(worst.kept)) are left on average.",
        because:
          "What is left is multiplied by \(Numerals.short(1 / (1 - worst.rate))), so that its "
          + "noise is \(Numerals.short((worst.rate / (1 - worst.rate)).squareRoot())) times a "
          + "unit's "
          + "own size"
          + (nothing > 0.001
            ? "; in \(Numerals.percent(nothing)) of the samples nothing passes." : "."),
        evidence: [
          Evidence("rate", worst.rate), Evidence("kept_units", worst.kept),
          Evidence("nothing_passes", nothing),
        ],
        remedies: [
          RemedyProposal(
            "drop_dropout", change: "leave out the dropout (network: layers)", predicted: nil)
        ])
    ]
  }
}
