public import Findings
import Numbers
public import Semantics

/// Operators that can give NaN, or an infinity at a pole, such as log 0, or overflow on the way to
/// a result that is no large number: one finding for a node, and for all that fail alike.
public struct DomainRule: Rule {
  public init() {}

  public func findings(in diagnosis: Diagnosis) -> [Finding] {
    // By node: where it fails forward, its gradient fails as well.
    var nodes: [Int: [PlacedHazard]] = [:]
    var order: [Int] = []
    for placed in diagnosis.hazards where placed.hazard.kind.isOfDomain {
      let number = placed.nodes.first ?? -1
      if nodes[number] == nil { order.append(number) }
      nodes[number, default: []].append(placed)
    }
    var groups: [Likeness: [[PlacedHazard]]] = [:]
    var likenesses: [Likeness] = []
    for number in order {
      guard let all = nodes[number] else { continue }
      let isForward = all.contains { !$0.isBackward }
      let told = all.filter { $0.isBackward != isForward }
      let likeness = Likeness(told)
      if groups[likeness] == nil { likenesses.append(likeness) }
      groups[likeness, default: []].append(told)
    }
    // A trained model that is only run forward computes no gradient that could fail.
    let isRunOnly = diagnosis.purpose == .inference && diagnosis.isTrained
    return likenesses.compactMap { groups[$0].flatMap { Self.finding($0, isRunOnly) } }
  }

  /// What is told once.
  private struct Likeness: Hashable {
    let operatorName: String
    let isBackward: Bool
    let kinds: Set<Hazard.Kind>
    let origin: String?

    init(_ hazards: [PlacedHazard]) {
      operatorName = hazards[0].operatorName
      isBackward = hazards[0].isBackward
      kinds = Set(hazards.map(\.hazard.kind))
      origin = hazards.compactMap(\.origin).first
    }
  }

  private static func finding(_ groups: [[PlacedHazard]], _ isRunOnly: Bool) -> Finding? {
    guard let first = groups.first?.first else { return nil }
    let kinds = Set(groups[0].map(\.hazard.kind))
    let others = groups.reduce(0) { $0 + max(1, $1[0].nodes.count) } - 1
    let places =
      others == 0
      ? "" : others == 1 ? ", and at one more place" : ", and at \(others) more places"
    let subject =
      first.isBackward ? "the gradient of \(first.operatorName)" : first.operatorName
    let result =
      switch (kinds.contains(.undefined), kinds.contains(.pole)) {
      case (true, true): "give NaN or infinities"
      case (true, false): "give NaN"
      case (false, true): "give infinities"
      case (false, false): "overflow on the way to an ordinary result"
      }
    var evidence = [
      Evidence("node", .text(first.node)), Evidence("operator", .text(first.operatorName)),
      Evidence("pass", .text(first.isBackward ? "backward" : "forward")),
      Evidence("operands", .numbers(first.operands)),
      Evidence(
        "witness",
        .ranges(
          first.witness.map {
            Evidence.Range(name: $0.name, low: $0.numbers.lower, high: $0.numbers.upper)
          })),
    ]
    if others > 0 {
      evidence += [
        Evidence("places", Double(others + 1)),
        Evidence("nodes", .texts(groups.map { $0[0].node })),
      ]
    }
    return Finding(
      .domain, first.isBackward && isRunOnly ? .note : .warning, layer: first.layer,
      message: "At \(first.node) \(subject) can \(result)\(places).",
      because: first.hazard.summary, evidence: evidence)
  }
}

extension Hazard.Kind {
  /// Whether a result is not finite although nothing is out of the ordinary.
  public var isOfDomain: Bool { self == .pole || self == .undefined || self == .overflow }
}
