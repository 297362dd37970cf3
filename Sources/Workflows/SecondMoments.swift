import Analyses
import Remedies
import Semantics

extension Proposals.SecondMoments {
  /// The predicted second moments of every layer and time step of a subject; unknown ones left out.
  init(of differentiated: DifferentiatedSubject) {
    let prediction = Prediction(of: differentiated)
    let outputs = differentiated.subject.layers.flatMap { [$0.output] + $0.steps }
    self.init(
      activations: outputs.map { prediction[$0].secondMoment }.filter { !$0.isNaN },
      gradients: outputs.compactMap { differentiated.cotangents[$0] }
        .map { prediction[$0].secondMoment }.filter { !$0.isNaN })
  }
}
