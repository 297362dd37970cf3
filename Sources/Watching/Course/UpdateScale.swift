import Findings
import RealModule

/// How large updates are beside weights, over all parameters.
///
/// Parameters whose own size says nothing are left out: those that began at zero, which are as large
/// as their first update, and of one operation (`layers.3.weight`, `layers.3.bias`) those whose
/// second moment is below a tenth of the greatest, such as a bias around 0.
struct UpdateScale: Sendable {
  private var beganAtZero: [Bool] = []
  /// The operation of each parameter, by the place of its first one.
  private var operation: [Int] = []
  /// The greatest second moment of the weights of each operation.
  private var greatest: [Double] = []
  private var isFirst = true
  /// The geometric mean over parameters of the last step; nil before the first update.
  private(set) var ratio: Double?
  /// The parameter with the largest ratio in the last step.
  private(set) var largest: Int?
  private(set) var largestRatio = 0.0
  /// The sum of ratios over steps.
  private(set) var travel = 0.0
  private(set) var count = 0

  private static let least = 0.1

  /// The mean ratio of a step.
  var mean: Double { count > 0 ? travel / Double(count) : 0 }

  mutating func observe(_ record: StepRecord, isNew: Bool) {
    guard !record.parameters.isEmpty else { return }
    if isNew || beganAtZero.count != record.parameters.count { start(record.parameters) }
    for i in greatest.indices { greatest[i] = 0 }
    for i in record.parameters.indices {
      let weight = record.parameters[i].weight.secondMoment
      greatest[operation[i]] = max(greatest[operation[i]], weight)
    }
    var (sum, used) = (0.0, 0)
    largestRatio = 0
    for i in record.parameters.indices {
      guard let update = record.parameters[i].update else { return }
      let weight = record.parameters[i].weight.secondMoment
      let ratio = (update.secondMoment / weight).squareRoot()
      if isFirst { beganAtZero[i] = !(ratio < 0.999) && !(update.secondMoment == 0 && weight > 0) }
      if beganAtZero[i] || !(ratio > 0) || !ratio.isFinite { continue }
      if weight < Self.least * greatest[operation[i]] { continue }
      sum += .log(ratio)
      used += 1
      if ratio > largestRatio { (largest, largestRatio) = (i, ratio) }
    }
    isFirst = false
    count += 1
    let mean = used > 0 ? Double.exp(sum / Double(used)) : 0
    ratio = mean
    travel += mean
  }

  private mutating func start(_ parameters: [StepRecord.ParameterHealth]) {
    beganAtZero = Array(repeating: false, count: parameters.count)
    greatest = Array(repeating: 0, count: parameters.count)
    var first: [Substring: Int] = [:]
    operation = parameters.indices.map { i in
      let name = parameters[i].name
      let stem = name.lastIndex(of: ".").map { name[..<$0] } ?? name[...]
      if let known = first[stem] { return known }
      first[stem] = i
      return i
    }
    isFirst = true
  }
}
