import Findings
import Graphs
import ONNX
import Operators
import Semantics
import Tensors

/// What a model's tensors tell of whether it was ever trained.
struct TrainingTrace {
  /// What speaks for a model that was never trained, as a sentence; nil where nothing does.
  let untrained: String?

  init(_ model: ImportedModel) {
    untrained = Self.untouchedStatistics(model)
  }

  /// Batch normalisations gather means and variances as they are trained, so that means of 0 and
  /// variances of 1 throughout say that none was.
  private static func untouchedStatistics(_ model: ImportedModel) -> String? {
    let graph = model.graph
    var count = 0
    for node in graph.nodes where node.op is BatchNormalization && node.operands.count == 5 {
      guard let mean = model.contents[node.operands[3]],
        let variance = model.contents[node.operands[4]]
      else { return nil }
      guard mean.doubles.allSatisfy({ $0 == 0 }), variance.doubles.allSatisfy({ $0 == 1 }) else {
        return nil
      }
      count += 1
    }
    guard count > 0 else { return nil }
    return
      "The running means of \(count == 1 ? "its batch normalisation" : "all \(count) batch normalisations") "
      + "are 0 and the variances 1, as before any training"
  }

  /// The note that a check begins with.
  var finding: Finding? {
    untrained.map { reason in
      Finding(
        .neverTrained, .note, layer: nil,
        message:
          "This model was never trained: look at it with --training, which judges a start with "
          + "its gradients, and normalises with the batch.",
        because: "\(reason).", evidence: [])
    }
  }
}
