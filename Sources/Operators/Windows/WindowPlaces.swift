import Semantics

/// Mean squares by place: outputs at a border have fewer taps inside, and inputs there reach fewer
/// outputs.
extension WindowPlane {
  /// Places beyond which profiles are not kept: one of a large image differs little from flat.
  private static let limit = 1 << 16

  /// The profile of a convolution's output, whose second moment counts the mean share of taps that
  /// lie inside; `before` is the input's.
  func spread(_ before: [Double], over result: inout Moments, share: Double) {
    guard before.isEmpty || before.count == inputs, !isIdentity || !before.isEmpty,
      outputs <= Self.limit
    else { return }
    result.setPlaces(
      (0..<outputs).map { output in
        var sum = 0.0
        forEachInput(of: output) { _, input in sum += before.isEmpty ? 1 : before[input] }
        return sum / (Double(taps) * share)
      })
  }

  /// The profile of the cotangent of a convolution's input, `before` being that of the output's.
  func gather(_ before: [Double], over result: inout Moments, share: Double) {
    guard before.isEmpty || before.count == outputs, !isIdentity || !before.isEmpty,
      inputs <= Self.limit
    else { return }
    var sums = [Double](repeating: 0, count: inputs)
    for output in 0..<outputs {
      forEachInput(of: output) { _, input in sums[input] += before.isEmpty ? 1 : before[output] }
    }
    result.setPlaces(sums.map { $0 / (Double(taps) * share) })
  }
}
