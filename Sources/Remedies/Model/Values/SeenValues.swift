import Graphs
import ONNX
import Semantics
import Tensors

/// What an operator of the file reads and gives, in doubles, over the draws of a patient.
struct SeenValues {
  let place: ModelPlace
  let node: Graph.Node
  let number: Int
  let operands: [Tensor]
  let results: [Tensor]

  /// Computes the model for every seed, and hands each node that an operator of the file became to
  /// `look`.
  static func look(_ patient: ModelPatient, _ look: (SeenValues) -> Void) {
    for seed in patient.seeds {
      if let deadline = patient.deadline, ContinuousClock.now > deadline { return }
      var pass = ForwardPass(patient, seed: seed)
      pass.run(keeping: { _ in false }) { pass, computed in
        guard let place = patient.model.origins[computed.number] else { return }
        let operands = computed.node.operands.compactMap { pass.tensors[$0] }
        guard operands.count == computed.node.operands.count else { return }
        look(
          SeenValues(
            place: place, node: computed.node, number: computed.number, operands: operands,
            results: computed.results))
      }
    }
  }
}
