import Findings
import RealModule
import Training

/// Settings of optimisers that cannot work: momentum that remembers more steps than the run has,
/// averages that never take a gradient in, a rate of 0.
struct OptimizerInspection: Inspection {
  func suspects(in subject: PreflightSubject) -> [PreflightSuspect] {
    let optimizer = subject.training.optimizer
    let name = type(of: optimizer).name
    var found: [PreflightSuspect] = []
    if optimizer.learningRate == 0 {
      found.append(
        PreflightSuspect(
          .learningRateTooSmall, .learningRate, isCertain: true, weight: 1,
          "The learning rate is 0.", because: "No weight ever moves.", evidence: [],
          remedies: [
            RemedyProposal(
              "adam", change: "give a learning rate (training: optimizer)", predicted: nil)
          ]))
    }
    for option in ["momentum", "beta1"] {
      found += memory(of: option, name, subject)
    }
    if let dampening = optimizer.option("dampening"), dampening >= 1,
      (optimizer.option("momentum") ?? 0) > 0
    {
      found.append(
        suspect(
          "A dampening of 1 keeps every gradient but the first out of the momentum.",
          because: "b ← μb + (1 − d)g takes nothing of g for d = 1.", isCertain: true, weight: 0.95,
          [Evidence("dampening", dampening)]))
    }
    if let alpha = optimizer.option("alpha"), alpha >= 1 {
      found.append(
        suspect(
          "With alpha = 1 the mean square of '\(name)' never takes a gradient in.",
          because: "Updates are gradients over epsilon alone.", isCertain: true, weight: 0.95,
          [Evidence("alpha", alpha)]))
    }
    if let beta1 = optimizer.option("beta1"), let beta2 = optimizer.option("beta2"),
      beta1 * beta1 >= beta2
    {
      found.append(
        suspect(
          "beta1 = \(Numerals.precise(beta1)) and beta2 = \(Numerals.precise(beta2)) do not go "
            + "together: '\(name)' needs beta1² below beta2.",
          because:
            "The mean of gradients remembers more steps than the mean of their squares, so that a "
            + "sum of old gradients is divided by the size of the last ones; such steps need not "
            + "converge.", isCertain: beta2 < 0.5, weight: beta2 < 0.5 ? 0.92 : 0.5,
          [Evidence("beta1", beta1), Evidence("beta2", beta2)]))
    }
    if let decay = optimizer.option("lr_decay"), decay > 0 {
      let steps = Double(subject.plannedSteps)
      let effective = Double.log(onePlus: steps * decay) / decay
      if effective < 0.05 * steps {
        found.append(
          suspect(
            "lr_decay = \(Numerals.precise(decay)) takes the learning rate away: all steps are "
              + "worth "
              + "\(Numerals.short(effective)) at the first rate.",
            because: "The rate is divided by 1 + step · lr_decay.",
            isCertain: effective < 0.02 * steps,
            weight: 0.85, [Evidence("effective_steps", effective)]))
      }
    }
    return found
  }

  /// An average that forgets by a factor μ in every step remembers 1/(1 − μ) of them.
  private func memory(
    of option: String, _ name: String, _ subject: PreflightSubject
  ) -> [PreflightSuspect] {
    guard let value = subject.training.optimizer.option(option), value > 0.95 else { return [] }
    let steps = Double(subject.plannedSteps)
    let memory = value < 1 ? 1 / (1 - value) : .infinity
    guard memory > steps / 5 else { return [] }
    let isCertain = memory > steps
    return [
      suspect(
        "\(option) = \(Numerals.precise(value)) of '\(name)' remembers "
          + (memory.isFinite ? "\(Numerals.short(memory)) steps" : "every step")
          + ", and the run has \(Numerals.count(subject.plannedSteps)).",
        because: option == "momentum"
          ? "Gradients of the start push until the end, and add up to "
            + "\(Numerals.short(min(memory, steps))) times the rate."
          : "The mean of gradients is that of the start until the end.",
        isCertain: isCertain, weight: isCertain ? 0.93 : 0.55,
        [Evidence(option, value), Evidence("memory", memory), Evidence("steps", steps)])
    ]
  }

  private func suspect(
    _ sentence: String, because: String, isCertain: Bool, weight: Double, _ evidence: [Evidence]
  ) -> PreflightSuspect {
    PreflightSuspect(
      .optimizerSettings, .optimizerSettings, isCertain: isCertain, weight: weight, sentence,
      because: because, evidence: evidence,
      remedies: [
        RemedyProposal(
          "usual_optimizer_settings", change: "take the usual settings (training: optimizer)",
          predicted: nil)
      ])
  }
}
