import Graphs
import Numbers
import ONNX
import Semantics
import Tensors

/// How large the small elements of some values of a model are, in one forward pass.
///
/// An epsilon that is small beside them changes little.
struct OperandSizes {
  /// The tenth of all elements that are least, where they are not 0: their greatest magnitude.
  private var sizes: [ModelPlace: Double] = [:]
  /// A larger model is not run.
  private static let mostElements = 1 << 26

  init(_ patient: ModelPatient) {
    let graph = patient.model.graph
    let elements = graph.values.reduce(0) { $0 + graph.type(of: $1).shape.count }
    guard elements <= Self.mostElements, let seed = patient.seeds.first else { return }
    var sizes: [ModelPlace: Double] = [:]
    var pass = ForwardPass(patient, seed: seed)
    pass.run(keeping: { _ in false }) { _, computed in
      // Of the nodes that one node of the file became, the last one has its output.
      guard let place = patient.model.origins[computed.number], let result = computed.results.first,
        graph.type(of: computed.node.results[0]).kind == .real
      else { return }
      let numbers = result.doubles.map(abs).filter { $0 > 0 && $0.isFinite }.sorted()
      sizes[place] = numbers.isEmpty ? nil : numbers[numbers.count / 10]
    }
    self.sizes = sizes
  }

  /// Nil where nothing is known.
  subscript(place: ModelPlace) -> Double? { sizes[place] }
}
