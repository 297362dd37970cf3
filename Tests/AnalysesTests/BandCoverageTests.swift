import Analyses
import Foundation
import Networks
import Operators
import Semantics
import Testing

/// Measured second moments of deep networks against the predicted 95 % band, over many seeds.
@Suite struct BandCoverageTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let activation: String
    let start: String
    let width: Int
    var testDescription: String { "\(activation), \(start), width \(width)" }
  }

  static let depth = 50
  static let seeds = 50
  static let batch = 64

  /// Widths 512 and 1024 take minutes and run with `make coverage`.
  static let widths =
    ProcessInfo.processInfo.environment["EVENKEEL_LONG"] == nil
    ? [64, 128] : [64, 128, 256, 512, 1024]

  static let cases = widths.flatMap { width in
    [
      Case(activation: "relu", start: "he_normal", width: width),
      Case(activation: "tanh", start: "xavier_normal", width: width),
      Case(activation: "gelu", start: "he_normal", width: width),
      Case(activation: "scaled_sigmoid", start: "xavier_normal", width: width),
    ]
  }

  /// Shares of draws and layers whose second moment lies in the band: forward and backward.
  static func coverage(_ one: Case) throws -> (forward: Double, backward: Double) {
    let text = """
      network:
        input: [\(one.width)]
        init: {weights: \(one.start), bias: 0}
        layers:
          - repeat: \(depth)
            layers: [{dense: \(one.width)}, \(one.activation)]
      """
    let network = try NetworkDescription(yaml: text, activations: .standard)
      .lowered(batch: batch, registry: .standard, activations: .standard)
    var options = Check.Options()
    options.draws = seeds
    let check = try Check(Subject(network), path: "", options: options, adding: { Add() })
    func share(_ state: KeyPath<LayerState, TensorState>, _ layers: some Sequence<LayerState>)
      -> Double
    {
      let inside = layers.flatMap { layer in
        layer[keyPath: state].secondMoments.map { layer[keyPath: state].band.contains($0) }
      }
      return Double(inside.count { $0 }) / Double(inside.count)
    }
    return (
      share(\.activation, check.diagnosis.layers),
      share(\.gradient, check.diagnosis.layers.dropLast())
    )
  }

  @Test func nineteenOfTwentyMeasurementsLieInTheBand() throws {
    var sums = (forward: 0.0, backward: 0.0)
    for one in Self.cases {
      let found = try Self.coverage(one)
      print(
        "coverage of \(one.testDescription): forward "
          + String(format: "%.1f %%, backward %.1f %%", 100 * found.forward, 100 * found.backward))
      sums.forward += found.forward
      sums.backward += found.backward
      // Layers of one draw move together, so 50 draws of one network are about 50 to 100
      // independent trials: the standard deviation of one share is 2 to 3 %.
      #expect(found.forward > 0.85 && found.backward > 0.85, "\(one.testDescription)")
    }
    let count = Double(Self.cases.count)
    let mean = (forward: sums.forward / count, backward: sums.backward / count)
    print(
      String(
        format: "coverage over all: forward %.1f %%, backward %.1f %%", 100 * mean.forward,
        100 * mean.backward))
    #expect((0.93...0.97).contains(mean.forward))
    #expect((0.93...0.97).contains(mean.backward))
  }
}
