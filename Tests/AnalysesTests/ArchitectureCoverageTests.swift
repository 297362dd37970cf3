import Analyses
import Foundation
import Networks
import Operators
import Semantics
import Tensors
import Testing

/// Measured second moments of transformers, residual, convolutional and recurrent networks against
/// the prediction and its 95 % band.
@Suite struct ArchitectureCoverageTests {
  static let isLong = ProcessInfo.processInfo.environment["EVENKEEL_LONG"] != nil
  static let seeds = isLong ? 24 : 8

  struct Result {
    var forward = (inside: 0, count: 0)
    var backward = (inside: 0, count: 0)
    /// ln of measured over predicted second moments of gradients, averaged over draws, by layer.
    var gradientErrors: [Double] = []
    var coverage: (forward: Double, backward: Double) {
      (
        Double(forward.inside) / Double(max(1, forward.count)),
        Double(backward.inside) / Double(max(1, backward.count))
      )
    }

    mutating func add(_ layers: [(TensorState, TensorState, [Double], [Double])]) {
      for (activation, gradient, values, cotangents) in layers {
        if activation.predicted.basis != .unknown {
          forward.inside += values.count { activation.band.contains($0) }
          forward.count += values.count
        }
        guard gradient.predicted.basis != .unknown, !cotangents.isEmpty else { continue }
        backward.inside += cotangents.count { gradient.band.contains($0) }
        backward.count += cotangents.count
        let mean = cotangents.reduce(0) { $0 + Foundation.log($1) } / Double(cotangents.count)
        gradientErrors.append(mean - Foundation.log(gradient.predicted.secondMoment))
      }
    }
  }

  /// Predicted and measured, of the layers or, where there is one recurrent layer, of its steps.
  static func result(of text: String, batch: Int = 16) throws -> Result {
    let network = try NetworkDescription(yaml: text, activations: .standard)
      .lowered(batch: batch, registry: .standard, activations: .standard)
    let subject = Subject(network)
    var result = Result()
    if let first = subject.layers.first, !first.steps.isEmpty {
      var values = [[Double]](repeating: [], count: first.steps.count)
      var cotangents = values
      var states: [StepState] = []
      for seed in 0..<seeds {
        var options = Check.Options()
        options.seed = UInt64(seed)
        let check = try Check(subject, path: "", options: options, adding: { Add() })
        states = check.diagnosis.layers[0].steps
        for (index, step) in states.enumerated() {
          if let measured = step.activation.measured {
            values[index].append(measured.secondMoment)
          }
          if let measured = step.gradient.measured {
            cotangents[index].append(measured.secondMoment)
          }
        }
      }
      result.add(
        zip(states.indices, states).map { ($1.activation, $1.gradient, values[$0], cotangents[$0]) }
      )
      return result
    }
    var options = Check.Options()
    options.draws = seeds
    let check = try Check(subject, path: "", options: options, adding: { Add() })
    // The last cotangent is the seed itself.
    result.add(
      check.diagnosis.layers.dropLast().map {
        ($0.activation, $0.gradient, $0.activation.secondMoments, $0.gradient.secondMoments)
      })
    return result
  }

  static func report(_ name: String, _ result: Result) {
    let worst = result.gradientErrors.map(abs).max() ?? 0
    print(
      "coverage of \(name): "
        + String(
          format: "forward %.0f %%, backward %.0f %%, worst gradient off by a factor %.2f",
          100 * result.coverage.forward, 100 * result.coverage.backward,
          Foundation.exp(worst)))
  }

  struct Transformer: CustomTestStringConvertible, Sendable {
    let norm: String
    let blocks: Int
    var steps = 32
    var width = 64
    var heads = 4
    var testDescription: String {
      "\(norm)-norm transformer, \(blocks) blocks, \(steps) tokens of \(width), \(heads) heads"
    }
    var text: String {
      """
      network:
        input: [\(steps), \(width)]
        init: {weights: xavier_normal, bias: 0}
        layers:
          - repeat: \(blocks)
            layers:
              - residual:
                  norm: \(norm)
                  layers: [{attention: {heads: \(heads)}}]
              - residual:
                  norm: \(norm)
                  layers: [{dense: \(4 * width)}, gelu, {dense: \(width)}]
      """
    }
  }

  static let transformers = ["post", "pre"].flatMap { norm in
    [1, 2, 6, 12, 24].map { Transformer(norm: norm, blocks: $0) } + [
      Transformer(norm: norm, blocks: 12, steps: 8),
      Transformer(norm: norm, blocks: 12, steps: 128, heads: 1),
      Transformer(norm: norm, blocks: 12, steps: 16, width: 256, heads: 8),
    ]
  }

  /// The moment rules of attention are first order, and off by more than 1.5 they would mislead.
  ///
  /// 1.5 is also about one standard deviation over draws of a deep post-norm network of width 64.
  @Test(arguments: isLong ? transformers : transformers.filter { $0.steps == 32 && $0.width == 64 })
  func gradientsOfTransformersAreWithinAFactorOfOneAndAHalf(_ one: Transformer) throws {
    let result = try Self.result(of: one.text)
    Self.report(one.testDescription, result)
    let close = result.gradientErrors.count { abs($0) < Foundation.log(1.5) }
    #expect(close * 10 >= result.gradientErrors.count * 9)
    // 8 draws of the few layers of a shallow network say too little of a share.
    if Self.isLong || one.blocks >= 6 {
      #expect(result.coverage.forward > 0.75 && result.coverage.backward > 0.65)
    }
  }

  static let others = [
    "residual-100-scaled", "residual-100", "conv-20", "conv-20-batch-norm", "lstm-200-forget-3",
    "lstm-200-forget-0", "rnn-radius-0.5", "rnn-radius-1", "rnn-radius-1.5",
  ]

  @Test(.enabled(if: isLong), arguments: others)
  func examplesAreCovered(_ name: String) throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Examples/\(name).yaml")
    let result = try Self.result(of: String(contentsOf: file, encoding: .utf8), batch: 32)
    Self.report(name, result)
    // Draws are few and layers move together: 20 draws leave 5 to 10 % of uncertainty.
    #expect(result.coverage.forward > 0.85 && result.coverage.backward > 0.85)
  }
}
