import Analyses
import Foundation
import Networks
import Operators
import Semantics
import Tensors

/// How many measured second moments lay in their 95 % band.
struct Coverage: Sendable {
  struct Count: Sendable {
    var inside = 0
    var measured = 0
    /// Layers without a prediction, and with one.
    var unknown = 0
    var known = 0
    /// Layers whose band does not hold its own prediction.
    var apart = 0

    var share: Double { Double(inside) / Double(max(1, measured)) }

    static func += (a: inout Count, b: Count) {
      a.inside += b.inside
      a.measured += b.measured
      a.unknown += b.unknown
      a.known += b.known
      a.apart += b.apart
    }
  }

  var forward = Count()
  var backward = Count()
  /// A line for each layer: predicted, band and measured.
  var lines: [String] = []

  static func += (a: inout Coverage, b: Coverage) {
    a.forward += b.forward
    a.backward += b.backward
    a.lines += b.lines
  }

  /// Draws the parameters and inputs of a network `draws` times.
  ///
  /// Starts that look at the data are predicted anew for every draw.
  static func measured(of network: DrawnNetwork, draws: Int) throws -> Coverage {
    let lowered = try NetworkDescription(yaml: network.text, activations: .standard)
      .lowered(batch: network.batch, registry: .standard, activations: .standard)
    var options = Check.Options()
    guard network.kind == .lsuv else {
      options.draws = draws
      return Coverage(
        of: try Check(Subject(lowered), path: "", options: options, adding: { Add() }))
    }
    var result = Coverage()
    for seed in 0..<draws {
      options.seed = UInt64(seed)
      let subject = Subject(lowered, seed: options.seed)
      result += Coverage(of: try Check(subject, path: "", options: options, adding: { Add() }))
    }
    return result
  }

  init() {}

  private init(of check: Check) {
    for layer in check.diagnosis.layers {
      if layer.steps.isEmpty {
        add(layer.name, layer.activation, layer.gradient)
      } else {
        for (number, step) in layer.steps.enumerated() {
          add("\(layer.name) step \(number)", step.activation, step.gradient)
        }
      }
    }
  }

  private mutating func add(_ name: String, _ activation: TensorState, _ gradient: TensorState) {
    forward += Self.count(activation)
    backward += Self.count(gradient)
    lines.append("\(name)\t\(Self.text(activation))\t\(Self.text(gradient))")
  }

  private static func measurements(_ state: TensorState) -> [Double] {
    state.secondMoments.isEmpty
      ? state.measured.map { [$0.secondMoment] } ?? [] : state.secondMoments
  }

  private static func count(_ state: TensorState) -> Count {
    var count = Count()
    // A gradient that nothing asks for is no missing prediction.
    guard state.measured != nil else { return count }
    guard state.predicted.basis != .unknown else {
      count.unknown = 1
      return count
    }
    count.known = 1
    if !state.band.contains(state.predicted.secondMoment) { count.apart = 1 }
    for value in measurements(state) where value.isFinite && value > 1e-37 {
      count.measured += 1
      if state.band.contains(value) { count.inside += 1 }
    }
    return count
  }

  private static func text(_ state: TensorState) -> String {
    let predicted = state.predicted
    guard predicted.basis != .unknown else { return "unknown: \(predicted.note ?? "")" }
    let values = measurements(state).map { String(format: "%.5g", $0) }
    return String(
      format: "%.5g [%.5g %.5g] %@ of %@", predicted.secondMoment, state.band.lowerBound,
      state.band.upperBound, "\(predicted.basis)", values.joined(separator: " "))
  }
}
