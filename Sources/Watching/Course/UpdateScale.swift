import Findings
import RealModule

/// How large updates are beside weights, over all parameters.
///
/// Parameters that began at zero, such as biases, are left out: their ratio says nothing. A weight
/// that began there is as large as its first update.
struct UpdateScale: Sendable {
  private var beganAtZero: [Bool] = []
  private var isFirst = true
  /// The geometric mean over parameters of the last step; nil before the first update.
  private(set) var ratio: Double?
  /// The parameter with the largest ratio in the last step.
  private(set) var largest: Int?
  private(set) var largestRatio = 0.0
  /// The sum of ratios over steps.
  private(set) var travel = 0.0
  private(set) var count = 0

  /// The mean ratio of a step.
  var mean: Double { count > 0 ? travel / Double(count) : 0 }

  mutating func observe(_ record: StepRecord, isNew: Bool) {
    if isNew || beganAtZero.count != record.parameters.count {
      if record.parameters.isEmpty { return }
      beganAtZero = [Bool](repeating: false, count: record.parameters.count)
      isFirst = true
    }
    var (sum, used) = (0.0, 0)
    largestRatio = 0
    for i in record.parameters.indices {
      let parameter = record.parameters[i]
      guard let update = parameter.update else { return }
      let weight = parameter.weight.secondMoment
      let ratio = (update.secondMoment / weight).squareRoot()
      if isFirst { beganAtZero[i] = !(ratio < 0.999) && !(update.secondMoment == 0 && weight > 0) }
      if beganAtZero[i] || !(ratio > 0) || !ratio.isFinite { continue }
      sum += .log(ratio)
      used += 1
      if ratio > largestRatio { (largest, largestRatio) = (i, ratio) }
    }
    isFirst = false
    count += 1
    guard used > 0 else {
      ratio = 0
      return
    }
    let mean = Double.exp(sum / Double(used))
    ratio = mean
    travel += mean
  }
}
