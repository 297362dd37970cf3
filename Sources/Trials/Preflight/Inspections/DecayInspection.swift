import Findings
import Networks
import RealModule
import Semantics
import Tensors
import Training

/// Weight decay, L2 and L1 that outweigh the gradient of the loss.
struct DecayInspection: Inspection {
  /// From how many times the loss of a constant prediction a penalty on the weights as they start
  /// can never be paid back; ordinary trainings have 0.001 to 2, and those that stay at weights of
  /// 0 from 10.
  private static let certain = 5.0
  private static let suspicious = 2.0

  func suspects(in subject: PreflightSubject) -> [PreflightSuspect] {
    let optimizer = subject.training.optimizer
    let decay = optimizer.option("weight_decay") ?? 0
    var found: [PreflightSuspect] = []
    if decay > 0 {
      if optimizer is AdamW {
        found += decoupled(decay, subject)
      } else {
        found += coupled(
          decay, l1: 0, .weightDecay, .weightDecay, "The weight decay of \(Numerals.short(decay))",
          "drop_weight_decay", "leave out weight_decay (training: optimizer)", subject)
      }
    }
    for case let penalty as Regularization in subject.training.treatments {
      if penalty.l2 > 0 {
        found += coupled(
          penalty.l2, l1: 0, .regularization, .regularization,
          "The L2 penalty of \(Numerals.short(penalty.l2))", "drop_l2",
          "leave out l2 (training: gradients)", subject)
      }
      if penalty.l1 > 0 {
        found += coupled(
          0, l1: penalty.l1, .regularization, .regularization,
          "The L1 penalty of \(Numerals.short(penalty.l1))", "drop_l1",
          "leave out l1 (training: gradients)", subject)
      }
    }
    return found
  }

  /// A penalty in the gradient: the training minimises the loss plus λ/2 Σw² + λ₁ Σ|w|.
  private func coupled(
    _ decay: Double, l1: Double, _ rule: RuleName, _ cause: RootCause, _ subjectText: String,
    _ remedy: String, _ change: String, _ subject: PreflightSubject
  ) -> [PreflightSuspect] {
    let proposals = [RemedyProposal(remedy, change: change, predicted: nil)]
    let training = subject.training
    let rate = training.optimizer.learningRate * subject.peakFactor
    if decay > 0, let descent = training.optimizer as? SGD {
      // w ← w − ηλw alone, with momentum μ, is stable below 2(1 + μ).
      let limit =
        descent.isNesterov
        ? 2 * (1 + descent.momentum) / (1 + 2 * descent.momentum) : 2 * (1 + descent.momentum)
      let product = rate * decay * (1 - descent.dampening)
      if product > limit {
        return [
          PreflightSuspect(
            rule, cause, isCertain: true, weight: 0.97,
            "\(subjectText) makes weights explode: rate times decay is \(Numerals.short(product)).",
            because:
              "Without any gradient every step multiplies weights by 1 − rate · decay; beyond "
              + "\(Numerals.short(limit)) they grow from step to step.",
            evidence: [Evidence("rate_times_decay", product), Evidence("limit", limit)],
            remedies: proposals)
        ]
      }
    }
    guard let baseline = subject.baselineLoss, baseline > 0 else { return [] }
    let magnitudes = subject.network.parameters.reduce(0) { sum, parameter in
      // E|w| of a normal law; a uniform one has 8 % more.
      sum + (2 / Double.pi * parameter.moments.secondMoment).squareRoot()
        * Double(parameter.shape.count)
    }
    let penalty = decay / 2 * subject.squaredNorm + l1 * magnitudes
    let ratio = penalty / baseline
    let isFelt = subject.isDecayFelt(
      decay + (magnitudes > 0 ? l1 * magnitudes / subject.squaredNorm : 0))
    guard ratio > Self.suspicious, isFelt else { return [] }
    return [
      PreflightSuspect(
        rule, cause, isCertain: ratio > Self.certain,
        weight: ratio > Self.certain ? 0.95 : 0.6,
        "\(subjectText) outweighs the loss: for the weights as they start its part of what is "
          + "minimised is \(Numerals.short(penalty)), \(Numerals.short(ratio)) times the loss of a "
          + "constant prediction.",
        because: "Whatever is learned, the loss can only fall by \(Numerals.short(baseline)): the "
          + "least of both together lies near weights of 0."
          + (subject.first.map {
            " The first gradient of the loss has a norm of \(Numerals.short($0.gradientNorm)); the "
              + "penalty's has "
              + Numerals.short(
                decay * subject.squaredNorm.squareRoot()
                  + l1 * Double($0.elements).squareRoot()) + "."
          } ?? ""),
        evidence: [
          Evidence("penalty", penalty), Evidence("baseline_loss", baseline),
          Evidence("ratio", ratio),
        ], remedies: proposals)
    ]
  }

  /// Decay apart from the gradient: a weight that every step moves by the rate towards one side
  /// stays below 1/λ.
  private func decoupled(_ decay: Double, _ subject: PreflightSubject) -> [PreflightSuspect] {
    let proposals = [
      RemedyProposal(
        "drop_weight_decay", change: "leave out weight_decay (training: optimizer)", predicted: nil)
    ]
    let product = subject.training.optimizer.learningRate * subject.peakFactor * decay
    if product > 2 {
      return [
        PreflightSuspect(
          .weightDecay, .weightDecay, isCertain: true, weight: 0.97,
          "The weight decay of \(Numerals.short(decay)) makes weights explode: rate times decay is "
            + "\(Numerals.short(product)).",
          because: "Every step multiplies weights by 1 − rate · decay; beyond 2 they grow.",
          evidence: [Evidence("rate_times_decay", product), Evidence("limit", 2)],
          remedies: proposals)
      ]
    }
    let scale = subject.largestStart
    guard decay * scale > 1, subject.isDecayFelt(decay) else { return [] }
    return [
      PreflightSuspect(
        .weightDecay, .weightDecay, isCertain: decay * scale > 5,
        weight: decay * scale > 5 ? 0.95 : 0.7,
        "The weight decay of \(Numerals.short(decay)) keeps weights below "
          + "\(Numerals.short(1 / decay)), and they start with a root mean square of "
          + "\(Numerals.short(scale)).",
        because:
          "A step moves a weight by the rate η and takes η·λ of it away: both are equal at 1/λ.",
        evidence: [Evidence("limit", 1 / decay), Evidence("weights", scale)],
        remedies: proposals)
    ]
  }
}

extension PreflightSubject {
  /// The greatest root mean square that weights start with.
  var largestStart: Double {
    network.parameters.filter { $0.target.role != .bias }
      .map(\.startScale).max() ?? 0
  }

  /// Whether decay of this strength takes a good part of the weights away within the run.
  func isDecayFelt(_ decay: Double) -> Bool {
    let way = training.optimizer.learningRate * factorSum
    guard training.optimizer is SGD || training.optimizer is AdamW else {
      // Normalised gradients move a weight by the rate in every step.
      return way > 0.3 * largestStart
    }
    let memory = min(1 / max(1e-6, 1 - (training.optimizer.option("momentum") ?? 0)), 1000)
    return way * memory * decay > 0.5
  }
}
