public import Findings
public import Networks
import RealModule

/// Which remedies to name for the findings of a check, with what each is predicted to do.
public struct Proposals {
  private let network: NetworkDescription
  private let predict: (NetworkDescription) throws -> SecondMoments
  /// At most this many remedies for one finding: the most promising.
  private let limit = 4
  /// Powers of ten that the worst second moment may be from 1.
  private static let reach = 6.0

  /// Second moments of every layer and time step, as far as there is a prediction.
  public struct SecondMoments: Sendable {
    public let activations: [Double]
    public let gradients: [Double]

    public init(activations: [Double], gradients: [Double]) {
      self.activations = activations
      self.gradients = gradients
    }
  }

  /// Prepares proposals for `network`; `predict` gives the second moments of a changed network.
  public init(
    for network: NetworkDescription,
    predicting predict: @escaping (NetworkDescription) throws -> SecondMoments
  ) {
    self.network = network
    self.predict = predict
  }

  /// The findings with remedies, those that promise most first.
  public func complete(_ findings: [Finding]) -> [Finding] {
    let asked = findings.reduce(into: Set<RuleName>()) { $0.insert($1.rule) }
    let candidates = RemedyCatalogue.all.filter { !$0.answers.isDisjoint(with: asked) }
      .compactMap(candidate)
    return findings.map { finding in
      var finding = finding
      let answers = candidates.filter { $0.remedy.answers.contains(finding.rule) }
        .sorted { $0.distance < $1.distance }
      // What is predicted to stay far off is not a remedy, unless nothing better is known.
      let promising = answers.filter { $0.distance <= Self.reach }
      finding.remedies += (promising.isEmpty ? answers : promising).prefix(limit)
        .map {
          RemedyProposal($0.remedy.name, change: $0.change.sentence, predicted: $0.effect)
        }
      return finding
    }
  }

  private struct Candidate {
    let remedy: any Remedy
    let change: NetworkChange
    let effect: String?
    /// How many powers of ten the worst second moment is from 1.
    let distance: Double
  }

  private func candidate(_ remedy: any Remedy) -> Candidate? {
    guard let change = remedy.change(network), let found = try? predict(change.network) else {
      return nil
    }
    let all = found.activations + found.gradients
    let distance = all.map { $0 > 0 ? abs(Double.log10($0)) : .infinity }.max() ?? .infinity
    return Candidate(remedy: remedy, change: change, effect: found.effect, distance: distance)
  }
}

extension Proposals.SecondMoments {
  /// The range of both, in words; nil where nothing is predicted.
  var effect: String? {
    let parts = [Self.range("gradient", gradients), Self.range("activation", activations)]
    let text = parts.compactMap { $0 }.joined(separator: ", ")
    return text.isEmpty ? nil : text
  }

  private static func range(_ name: String, _ values: [Double]) -> String? {
    guard let low = values.min(), let high = values.max() else { return nil }
    return "\(name) second moment \(Numerals.short(low)) to \(Numerals.short(high))"
  }
}
