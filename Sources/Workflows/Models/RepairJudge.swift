import Findings
import ONNX
import Remedies

/// Whether a changed model is a repair, judged against the model as it was with the same seeds.
///
/// What the model as it was does as well, in fp32, is no fault of a number format and refuses nothing that
/// is done about one. A finding of the kind that a change is to cure must be gone, and nothing may be
/// found that was not found before.
struct RepairJudge {
  /// The findings of the model as it is.
  let before: [Finding]
  /// Those that it has in fp32 too; nil where it is in fp32.
  let inSingle: [Finding]?

  /// How good a changed model is.
  enum Grade: Int, Comparable {
    /// Something is worse, or what was to be cured is still there.
    case none
    /// Something is cured, and errors remain that are not of that kind.
    case partial
    /// No error is left but what the model has in fp32 too, and no warning that was not there before.
    case warnings
    case healthy

    static func < (a: Grade, b: Grade) -> Bool { a.rawValue < b.rawValue }
  }

  /// Rules whose findings are told place by place; others are about the network as a whole.
  private static let local: Set<RuleName> = [.domain, .nonFinite, .overflow, .underflow]

  /// Grades a changed model.
  ///
  /// - Parameters:
  ///   - after: the findings of the changed model.
  ///   - answers: the rules that the changes are to cure.
  /// - Returns: how good it is.
  func grade(_ after: [Finding], answers: Set<RuleName>) -> Grade {
    let (before, after) = (before.filter(Self.counts), after.filter(Self.counts))
    if after.isEmpty { return .healthy }
    let excused = (inSingle ?? []).filter(Self.counts)
    let open = after.filter { finding in !excused.contains { Self.covers($0, finding) } }
    let own = answers.intersection(Self.local)
    // What it was to cure, in the narrow format or at all.
    guard !open.contains(where: { own.contains($0.rule) && $0.severity == .error }),
      !open.contains(where: { own.contains($0.rule) && $0.rule == .domain })
    else { return .none }
    // What was not finite before could not be seen to vanish or to grow.
    let wasHidden = before.contains { $0.rule == .nonFinite && $0.severity == .error }
    guard
      open.allSatisfy({ finding in
        before.contains { Self.covers($0, finding) }
          || wasHidden && !Self.local.contains(finding.rule)
      })
    else { return .none }
    let hasErrors = open.contains { $0.severity == .error }
    let isBetter = before.contains { finding in
      !after.contains { $0.rule == finding.rule && $0.severity >= finding.severity }
    }
    guard isBetter else { return .none }
    if !hasErrors { return .warnings }
    return own.isDisjoint(with: Set(before.map(\.rule))) ? .none : .partial
  }

  private static func counts(_ finding: Finding) -> Bool { finding.severity > .note }

  /// Whether one finding is as bad as another of the same kind.
  private static func covers(_ a: Finding, _ b: Finding) -> Bool {
    a.rule == b.rule && a.severity >= b.severity && (!local.contains(a.rule) || a.layer == b.layer)
  }
}
