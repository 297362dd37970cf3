public import Experiments
public import Findings
public import Remedies
import Training
public import Trials

/// How a training begins, kept to weigh causes by.
public struct StartBalance {
  private let state: StartState
  private let losses: [Double]
  private let experiment: Experiment
  private let samples: ExperimentData

  /// What the first step of a run shows.
  public init(_ trial: Trial, _ experiment: Experiment) {
    state = StartState(trial.trainer.network, experiment.network, trial.symptoms.first)
    losses = trial.losses
    (self.experiment, samples) = (experiment, trial.samples)
  }

  /// How strongly a run speaks for each cause, from 0 to 1.
  public func weights(of patient: Patient) -> [RootCause: Double] {
    let suspects = Suspicion(patient: patient, start: state, origin: nil, losses: losses).suspects
      .joined(by: Preflight.suspects(of: experiment, samples).map { .init($0) })
    return Dictionary(suspects.map { ($0.cause, $0.weight) }) { first, _ in first }
  }
}
