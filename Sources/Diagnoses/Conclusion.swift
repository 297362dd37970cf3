import Findings
import Remedies

/// What all suspects and tries together say.
struct Conclusion {
  private(set) var rootCause: DiagnosisReport.Verdicted?
  /// What is to be said where no cause is named.
  private(set) var note: String?

  /// A suspect below this is not named as the cause unless a change of it heals.
  private static let leastWeight = 0.5

  /// - Parameters:
  ///   - suspects: those that heal first, then by weight.
  ///   - tries: what was tried.
  init(_ suspects: [DiagnosisReport.Suspect], _ tries: Counterfactuals) {
    let count = suspects.reduce(0) { $0 + $1.counterfactuals.count }
    if tries.isMatterOfChance, !(suspects.first?.isProven ?? false) {
      rootCause = Self.chance(suspects.first, tries.controls)
      return
    }
    guard let first = suspects.first, first.heals || first.weight >= Self.leastWeight else {
      note =
        "No cause was found: \(count == 0 ? "nothing that could be changed" : "none of \(count) changes") "
        + "makes the training healthy, and the run itself speaks for none."
      return
    }
    var sentences = first.evidence
    let proof = first.counterfactuals.last {
      ($0.isHealthy || $0.isRelieved) && !$0.seeds.values.contains(false)
    }
    var others: [RootCause] = []
    if let pair = tries.pair {
      sentences.append(
        "Two changes together heal it, and neither alone does: \(proof?.change ?? "").")
      others = [pair.second.cause].compactMap { $0 }.filter { $0 != first.cause }
    } else if let proof, first.heals, proof.isRelieved {
      sentences.append(
        "With one change nothing is found any more: \(proof.change). The loss ends at "
          + "\(Numerals.short(proof.lastLoss)); the target asks for more than that\(Self.wherever(proof))."
      )
    } else if let proof, first.heals {
      sentences.append("With one change the training is healthy: \(proof.change).")
    } else if first.heals {
      // What speaks for it is all the proof there is.
    } else if first.counterfactuals.isEmpty {
      sentences.append("No change of it was tried.")
    } else {
      sentences.append("No change of it alone made the training healthy.")
    }
    if first.heals, !first.counterfactuals.isEmpty, first.cause.isNumerical {
      sentences.append(Self.nullTest(tries, proof))
    }
    rootCause = .init(
      cause: first.cause, isProven: first.isProven,
      because: sentences.filter { !$0.isEmpty }.joined(separator: " "), others: others,
      change: proof?.change)
  }

  /// With which seeds a target is still missed.
  private static func wherever(_ proof: DiagnosisReport.Counterfactual) -> String {
    proof.isHealthy ? " with some seeds" : ""
  }

  /// What other seeds say of a change.
  private static func nullTest(
    _ tries: Counterfactuals, _ proof: DiagnosisReport.Counterfactual?
  ) -> String {
    let lucky = tries.controls.filter(\.isHealthy).map { "\($0.seed)" }
    guard lucky.isEmpty else {
      return "It is not proven: seed \(lucky.joined(separator: " and seed ")) alone, with nothing "
        + "changed, heals it as well."
    }
    let seeds = proof?.seeds.keys.sorted().map { "\($0)" } ?? []
    guard !seeds.isEmpty else { return "There was no time to prove it with other seeds." }
    return
      "Unchanged it fails with seed \(seeds.joined(separator: " and seed ")) too, and with the "
      + "change \(proof?.isRelieved == true ? "nothing is found" : "it is healthy") there."
  }

  private static func chance(
    _ first: DiagnosisReport.Suspect?, _ controls: [DiagnosisReport.Control]
  ) -> DiagnosisReport.Verdicted {
    let lucky = controls.filter(\.isHealthy).map { "\($0.seed)" }
    var text =
      "With nothing changed but the seed, \(lucky.count) of \(controls.count) runs are healthy "
      + "(seed \(lucky.joined(separator: ", "))): the start or the order of samples decides."
    if let first, first.weight >= leastWeight, first.cause.isNumerical {
      text +=
        " What makes it so sensitive may be \(first.cause.phrase). "
        + first.evidence.joined(separator: " ")
    }
    return .init(cause: .seed, isProven: true, because: text)
  }
}
