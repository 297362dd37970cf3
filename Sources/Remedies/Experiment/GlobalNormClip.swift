import Experiments
public import Findings
import RealModule
import Training
import Trials

/// Gradients clipped by their global norm, at what the run's own healthy steps had.
public struct GlobalNormClip: ExperimentRemedy {
  public let name = "clip_global_norm"
  public let cause: RootCause? = nil
  public let effort = 1

  public init() {}

  public func amendments(for patient: Patient) -> [Amendment] {
    // In a run that explodes most steps are no longer healthy ones: the first tenth of the norms is.
    let early = patient.symptoms.gradientNorms.prefix(20).filter { $0.isFinite && $0 > 0 }.sorted()
    let own = early.isEmpty ? nil : early[early.count / 2]
    let limits = ([own.map(Self.rounded), 1].compactMap { $0 }).reduce(into: [Double]()) {
      if !$0.contains($1) { $0.append($1) }
    }
    return limits.map { limit in
      var clipping = GlobalNormClipping()
      clipping.limit = limit
      return Amendment(
        self,
        "clip gradients at a global norm of \(Numerals.short(limit)) (training: clip: "
          + "{global_norm: \(Numerals.short(limit))})",
        patient.changed { $0.training.clipping = clipping })
    }
  }

  /// One significant digit, so that people can read it.
  private static func rounded(_ x: Double) -> Double {
    guard x > 0, x.isFinite else { return 1 }
    let power = Double.pow(10, Double.log10(x).rounded(.down))
    return (x / power).rounded() * power
  }
}
