import Experiments
import Findings
import Networks
import Numbers
import RealModule
import Samples
import Tensors

/// Outputs that cannot be what the loss asks for: probabilities in place of logits, a rectifier or
/// a bounded function where targets or logits go further.
struct OutputInspection: Inspection {
  /// The share of a constant prediction's loss that no weights can get below, from which it is
  /// told.
  private static let told = 0.01

  func suspects(in subject: PreflightSubject) -> [PreflightSuspect] {
    guard let loss = subject.experiment.network.loss, let output = OutputRange(of: subject.network)
    else { return [] }
    switch loss.reading {
    case .probabilities: return probabilities(output, loss)
    case .classLogits, .bitLogits, .scores: return logits(output, loss, subject)
    case .values: return values(output, loss, subject)
    case .logRates, .distributions: return []
    }
  }

  // MARK: - Losses of classes

  private func probabilities(_ output: OutputRange, _ loss: LossDescription) -> [PreflightSuspect] {
    guard output.range.lower < 0 || output.range.upper > 1 else { return [] }
    return [
      PreflightSuspect(
        .lossFormulation, .lossFormulation, isCertain: true, weight: 0.95,
        "The loss '\(loss.name)' takes probabilities, and the network's output is not confined to "
          + "0 … 1.",
        because: "It takes the logarithms of the output and of 1 − output, which are not defined "
          + "outside, and its range is \(text(of: output.range)).",
        evidence: evidence(output.range),
        remedies: [
          RemedyProposal(
            "stable_loss",
            change: "take the loss of logits (network: loss: binary_cross_entropy_with_logits)",
            predicted: nil)
        ])
    ]
  }

  private func logits(
    _ output: OutputRange, _ loss: LossDescription, _ subject: PreflightSubject
  ) -> [PreflightSuspect] {
    guard !output.names.isEmpty else { return [] }
    let names = output.names.joined(separator: ", ")
    let least = leastLoss(output.range, loss.reading, subject)
    let baseline = subject.baselineLoss ?? 0
    let isLimited = least > Self.told * max(baseline, 1e-9) && least > 0
    var evidence = evidence(output.range)
    evidence.append(Evidence("least_loss", least))
    if baseline > 0 { evidence.append(Evidence("baseline_loss", baseline)) }
    let areShares = output.range.lower >= 0 && output.range.upper <= 1
    let limit =
      "With numbers from \(text(of: output.range)) the loss cannot fall below "
      + "\(Numerals.short(least))"
      + (baseline > 0 ? "; a constant prediction has \(Numerals.short(baseline))." : ".")
    if areShares, isLimited {
      return [
        PreflightSuspect(
          .lossFormulation, .lossFormulation, isCertain: true, weight: 0.96,
          layer: subject.network.layers.last?.name,
          "The network ends in \(names), and the loss '\(loss.name)' takes logits, of which it "
            + "makes probabilities itself.", because: limit, evidence: evidence,
          remedies: [dropped("drop_output_softmax", names)])
      ]
    }
    if isLimited {
      return [
        PreflightSuspect(
          .outputRange, .outputActivation, isCertain: true, weight: 0.94,
          layer: subject.network.layers.last?.name,
          "The network ends in \(names), so that its logits are confined to "
            + "\(text(of: output.range)).", because: limit, evidence: evidence,
          remedies: [dropped("drop_output_activation", names)])
      ]
    }
    guard output.isFlatBelow else { return [] }
    return [
      PreflightSuspect(
        .outputRange, .outputActivation, isCertain: true, weight: 0.94,
        layer: subject.network.layers.last?.name,
        "The network ends in \(names), and the loss '\(loss.name)' takes logits, which may be "
          + "below "
          + "0.",
        because:
          "A logit whose operand is below 0 gets no gradient: the class is never learned where "
          + "that is so for all samples.", evidence: evidence,
        remedies: [dropped("drop_output_activation", names)])
    ]
  }

  /// The mean loss of the best outputs within a range.
  private func leastLoss(
    _ range: Interval, _ reading: LossDescription.Reading, _ subject: PreflightSubject
  ) -> Double {
    guard range.lower > -.infinity || range.upper < .infinity else { return 0 }
    func softplus(_ x: Double) -> Double {
      x > 30 ? x : Double.log(onePlus: Double.exp(x))
    }
    let shares = subject.classShares
    switch reading {
    case .classLogits:
      guard range.isBounded, let classes = subject.outputClasses, classes > 1 else { return 0 }
      return Double.log(
        onePlus: Double(classes - 1) * Double.exp(range.lower - range.upper))
    case .bitLogits:
      let ones = shares.count == 2 ? shares[1] : 0.5
      return ones * softplus(-range.upper) + (1 - ones) * softplus(range.lower)
    case .scores:
      let ones = shares.count == 2 ? shares[1] : 0.5
      return ones * max(0, 1 - range.upper) + (1 - ones) * max(0, 1 + range.lower)
    case .probabilities, .values, .logRates, .distributions: return 0
    }
  }

  // MARK: - Losses of numbers

  private func values(
    _ output: OutputRange, _ loss: LossDescription, _ subject: PreflightSubject
  ) -> [PreflightSuspect] {
    guard !output.names.isEmpty, case .reals(let targets) = subject.samples.training.targets else {
      return []
    }
    let names = output.names.joined(separator: ", ")
    let range = output.range
    let elements = targets.elements(as: Float.self)
    var (outside, sum, count) = (0, 0.0, 0)
    for i in elements.indices where elements[i].isFinite {
      let y = Double(elements[i])
      let distance = max(0, range.lower - y, y - range.upper)
      if distance > 0 { outside += 1 }
      sum += loss.term(ofDifference: distance)
      count += 1
    }
    guard count > 0 else { return [] }
    let least = sum / Double(count)
    let baseline = subject.baselineLoss ?? 0
    var evidence = evidence(range)
    evidence += [
      Evidence("targets_outside", Double(outside) / Double(count)), Evidence("least_loss", least),
      Evidence("baseline_loss", baseline),
    ]
    if outside > 0, least > Self.told * baseline {
      return [
        PreflightSuspect(
          .outputRange, .outputActivation, isCertain: true, weight: 0.97,
          layer: subject.network.layers.last?.name,
          "The network ends in \(names), whose range is \(text(of: range)), and "
            + "\(Numerals.percent(Double(outside) / Double(count))) of the targets lie outside.",
          because:
            "No weights bring the loss below \(Numerals.short(least)); a constant "
            + "prediction has \(Numerals.short(baseline)).", evidence: evidence,
          remedies: [dropped("drop_output_activation", names)]
            + (range.isBounded && !subject.experiment.data.standardizesTargets
              ? [.standardizedTargets] : []))
      ]
    }
    guard output.isFlatBelow else { return [] }
    return [
      PreflightSuspect(
        .outputRange, .outputActivation, weight: 0.45, layer: subject.network.layers.last?.name,
        "The network ends in \(names), which has no slope where its operand is below 0.",
        because: "An output that starts below 0 for all samples stays at "
          + "\(Numerals.short(range.lower)) for good.", evidence: evidence,
        remedies: [dropped("drop_output_activation", names)])
    ]
  }

  private func dropped(_ remedy: String, _ names: String) -> RemedyProposal {
    RemedyProposal(
      remedy, change: "leave out \(names) at the end (network: layers)", predicted: nil)
  }

  private func text(of range: Interval) -> String {
    "\(Numerals.precise(range.lower)) … \(Numerals.precise(range.upper))"
  }

  private func evidence(_ range: Interval) -> [Evidence] {
    [Evidence("output_from", range.lower), Evidence("output_to", range.upper)]
  }
}

extension PreflightSubject {
  /// The share of samples of each class, as the training has them; empty for other targets.
  var classShares: [Double] {
    guard case .classes(let labels, let names) = samples.training.targets else { return [] }
    return BaselineLoss.shares(of: labels, names.count)
  }

  /// Classes that the loss tells apart; nil where it tells none.
  var outputClasses: Int? {
    guard network.inputs.count > 1 else { return nil }
    switch network.inputs[1].content {
    case .classes(let count), .oneHot(let count): return count
    case .bits, .signs: return 2
    default: return nil
    }
  }
}
