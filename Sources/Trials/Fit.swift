import Findings
import Numbers
import RealModule
import Samples
public import Training

/// How well a network fits what it was trained on, beside what it was not, and beside a prediction that
/// does not look at the features.
public struct Fit: Hashable, Sendable {
  /// Over the training data, or 4,096 samples of them at even distances.
  public let training: Evaluation
  /// nil where nothing was held out.
  public let validation: Evaluation?
  /// The loss of the best constant prediction over the training data; nil where it is not known.
  public let baselineLoss: Double?
  /// The loss of that same prediction over the validation data.
  public let validationBaselineLoss: Double?
  /// The share of the commonest class in the training data; nil where there are no classes.
  public let commonestShare: Double?
  public let validationSamples: Int

  /// Samples that a fit is measured over at most.
  static let mostSamples = 4096

  public init(
    training: Evaluation, validation: Evaluation?, baselineLoss: Double?,
    validationBaselineLoss: Double? = nil, commonestShare: Double?, validationSamples: Int
  ) {
    self.validationBaselineLoss = validationBaselineLoss ?? baselineLoss
    (self.training, self.validation) = (training, validation)
    (self.baselineLoss, self.commonestShare) = (baselineLoss, commonestShare)
    self.validationSamples = validationSamples
  }

  /// The share of a constant prediction's loss by which a network must be better to have learned anything.
  static let leastGain = 0.02

  /// Whether the network does no better on its own samples than a constant prediction.
  public var isWorthless: Bool {
    guard let baselineLoss, baselineLoss > 0 else { return false }
    return !(training.loss <= (1 - Self.leastGain) * baselineLoss)
  }

  /// Whether the network has learned its samples, and does no better than a constant on others.
  ///
  /// A loss above the constant's alone is not enough where classes are told: a network that is sure of
  /// itself has a large loss for the few samples that it gets wrong. Their share must then be within three
  /// standard errors of that of the commonest class.
  public var isMemorized: Bool {
    guard let validation, let baselineLoss, let heldBaseline = validationBaselineLoss,
      baselineLoss > 0, training.loss < baselineLoss / 2, !(validation.loss <= heldBaseline)
    else { return false }
    guard let accuracy = validation.accuracy, let share = commonestShare else { return true }
    return accuracy < share + 3 * Self.error(of: share, samples: validationSamples)
  }

  /// The standard error of a share of n samples.
  public static func error(of share: Double, samples: Int) -> Double {
    (max(0, share * (1 - share)) / Double(max(1, samples))).squareRoot()
  }
}

extension Fit {
  /// What is found at the end of a run whose steps were all made.
  var findings: [Finding] {
    var findings: [Finding] = []
    if isWorthless, let baselineLoss {
      findings.append(
        Finding(
          .lossNotDecreasing, .warning, layer: nil,
          message: "The run ends with a loss of \(Numerals.short(training.loss)) over what it was "
            + "trained on; a constant prediction has \(Numerals.short(baselineLoss)).",
          because: "What the network makes of the features is worth no more than a constant.",
          evidence: [
            Evidence("training_loss", training.loss), Evidence("baseline", baselineLoss),
          ]))
    }
    if isMemorized, let validation, let baselineLoss {
      let shares = zip(training.accuracy, validation.accuracy).map {
        ", and the accuracy \(Numerals.percent($0)) in training and "
          + "\(Numerals.percent($1)) in validation"
      }
      findings.append(
        Finding(
          .generalizationGap, .warning, layer: nil,
          message: "The network has learned its own samples and nothing that holds for others: the "
            + "loss is \(Numerals.short(training.loss)) in training and "
            + "\(Numerals.short(validation.loss)) in validation"
            + (shares ?? "") + ".",
          because: "A constant prediction has \(Numerals.short(baselineLoss)) in training and "
            + "\(Numerals.short(validationBaselineLoss ?? .nan)) in validation.",
          evidence: [
            Evidence("training_loss", training.loss),
            Evidence("validation_loss", validation.loss), Evidence("baseline", baselineLoss),
          ]))
    }
    return findings
  }

  private func zip(_ a: Double?, _ b: Double?) -> (Double, Double)? {
    if let a, let b { (a, b) } else { nil }
  }
}
