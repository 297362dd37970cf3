import Findings
import Graphs
import ONNX
import Operators
import Semantics
import Tensors

/// What a model's tensors tell of whether it was ever trained.
///
/// Norms start with scales that are all equal and, where they gather statistics, with means of 0 and
/// variances of 1. Every update moves them, each element by another amount; so that equal ones throughout say
/// that there was none, and unequal ones that there was.
enum TrainingTrace: Equatable {
  /// With what speaks for it, as part of a sentence.
  case untrained(String)
  case trained
  /// There is no norm, or only some have moved, so that nothing is said.
  case unknown

  init(_ model: ImportedModel) {
    let statistics = Self.statistics(model)
    let scales = Self.scales(model)
    if scales.contains(false) || statistics.contains(false) {
      self = .trained
    } else if !statistics.isEmpty {
      let which =
        statistics.count == 1
        ? "its batch normalisation" : "all \(statistics.count) batch normalisations"
      self = .untrained(
        "the running means of \(which) are 0 and the variances 1, as before any training")
    } else if !scales.isEmpty {
      let which = scales.count == 1 ? "its norm has" : "all \(scales.count) norms have"
      self = .untrained("\(which) scales that are all equal, as before any training")
    } else {
      self = .unknown
    }
  }

  /// Whether weights are to be judged as those of a start: those that are to be trained, unless they were,
  /// and of models that are only run those that plainly never were.
  func isStart(for purpose: Purpose) -> Bool {
    switch self {
    case .untrained: true
    case .trained: false
    case .unknown: purpose == .training
    }
  }

  /// Of every batch normalisation with running statistics, whether they are untouched.
  private static func statistics(_ model: ImportedModel) -> [Bool] {
    model.graph.nodes.compactMap { node in
      guard node.op is BatchNormalization, node.operands.count == 5,
        let mean = model.contents[node.operands[3]], let variance = model.contents[node.operands[4]]
      else { return nil }
      return mean.doubles.allSatisfy { $0 == 0 } && variance.doubles.allSatisfy { $0 == 1 }
    }
  }

  /// Of every norm with a scale of several elements, whether these are equal.
  private static func scales(_ model: ImportedModel) -> [Bool] {
    let graph = model.graph
    return graph.nodes.compactMap { node in
      guard
        node.op is LayerNormalization || node.op is BatchNormalization
          || node.op is RMSNormalization,
        node.operands.count > 1
      else { return nil }
      var scale = node.operands[1]
      while let before = graph.producer(of: scale), before.operands.count == 1 {
        scale = before.operands[0]
      }
      guard model.parameters.contains(scale), let numbers = model.contents[scale]?.doubles,
        numbers.count > 1
      else { return nil }
      return numbers.allSatisfy { $0 == numbers[0] }
    }
  }

  /// The note that a check for inference begins with.
  var finding: Finding? {
    guard case .untrained(let reason) = self else { return nil }
    return Finding(
      .neverTrained, .note, layer: nil,
      message:
        "This model was never trained: look at it with --training, which judges a start with "
        + "its gradients, and normalises with the batch.",
      because: "\(reason.prefix(1).uppercased())\(reason.dropFirst()).", evidence: [])
  }
}
