public import Findings

/// A threshold by the name that people write, with its range.
public struct WatchOption: Sendable {
  public let name: String
  /// What it limits, in a line.
  public let summary: String
  public let range: ClosedRange<Double>
  /// Whether only whole numbers are allowed.
  public let isWhole: Bool
  let get: @Sendable (WatchThresholds) -> Double
  let set: @Sendable (inout WatchThresholds, Double) -> Void

  /// The option's value in a set of thresholds.
  public func value(in thresholds: WatchThresholds) -> Double { get(thresholds) }

  private static func number(
    _ name: String, _ path: any WritableKeyPath<WatchThresholds, Double> & Sendable,
    _ range: ClosedRange<Double>, _ summary: String
  ) -> WatchOption {
    WatchOption(
      name: name, summary: summary, range: range, isWhole: false, get: { $0[keyPath: path] },
      set: { $0[keyPath: path] = $1 })
  }

  private static func count(
    _ name: String, _ path: any WritableKeyPath<WatchThresholds, Int> & Sendable,
    _ range: ClosedRange<Int>, _ summary: String
  ) -> WatchOption {
    WatchOption(
      name: name, summary: summary, range: Double(range.lowerBound)...Double(range.upperBound),
      isWhole: true, get: { Double($0[keyPath: path]) }, set: { $0[keyPath: path] = Int($1) })
  }

  /// All thresholds.
  public static let all: [WatchOption] = [
    WatchOption(
      name: "healthy_from", summary: "the least healthy second moment", range: 0...1,
      isWhole: false, get: { $0.healthy.lowerBound },
      set: { $0.healthy = $1...max($1, $0.healthy.upperBound) }),
    WatchOption(
      name: "healthy_to", summary: "the greatest healthy second moment", range: 1...1e300,
      isWhole: false, get: { $0.healthy.upperBound },
      set: { $0.healthy = min($1, $0.healthy.lowerBound)...$1 }),
    .number("margin", \.margin, 1...1e30, "the factor beyond a limit that can be an error"),
    .count(
      "persistence", \.persistence, 4...64, "steps of which three in four must agree"),
    .number("dead_share", \.deadShare, 0...1, "the share of a layer's activations that may be 0"),
    .number(
      "saturated_share", \.saturatedShare, 0...1,
      "the share of activations that may lie where the function is flat"),
    .number(
      "underflow_share", \.underflowShare, 0...1,
      "the share of a gradient that may round to 0 in the format"),
    .number("lost_share", \.lostShare, 0...1, "the share of updates that may be lost to rounding"),
    .number(
      "large_change", \.largeChange, 0...1e6,
      "the greatest relative change of a layer's output by one update"),
    .number(
      "small_change", \.smallChange, 0...1e6,
      "the least relative change of a layer's output over the run"),
    .number(
      "least_decrease", \.leastDecrease, 0...1, "the share by which the loss must fall"),
    .number(
      "clear_decrease", \.clearDecrease, 0...1,
      "the share of the loss whose fall shows learning, whatever the noise"),
    .count("minimum_steps", \.minimumSteps, 16...1_000_000_000, "steps before the loss is judged"),
    .number(
      "significance", \.significance, 0...100, "standard errors that make a change significant"),
    .number(
      "halving_budget", \.halvingBudget, 0...1e9,
      "lengths of the run in which the loss must be halved"),
    .number(
      "divergence_factor", \.divergenceFactor, 1...1e30,
      "the factor over where the loss began that counts as diverged"),
    .number(
      "oscillation_correlation", \.oscillationCorrelation, -1...0,
      "the correlation of successive losses below which they oscillate"),
    .number(
      "oscillation_amplitude", \.oscillationAmplitude, 0...1e6,
      "the amplitude, relative to the loss, of an oscillation that is told"),
    .number("refusal_share", \.refusalShare, 0...1, "the share of steps that scaling may refuse"),
    .number(
      "false_alarm_steps", \.falseAlarmSteps, 100...1e12,
      "steps of healthy training for one false alarm of growth"),
    .number(
      "growth_allowance", \.growthAllowance, 0...1,
      "the logarithm of a second moment's growth per step that is a slow drift"),
    .number(
      "least_growth", \.leastGrowth, 1...1e30,
      "the factor by which a root mean square must have grown"),
  ]
}

extension WatchThresholds {
  /// Thresholds by name; those that are not named keep their defaults.
  ///
  /// - Throws: `InputError` for a name that there is not, or a value out of its range.
  public init(options: [String: Double]) throws(InputError) {
    self.init()
    for (name, value) in options.sorted(by: { $0.key < $1.key }) { try set(name, to: value) }
  }

  /// Sets one threshold.
  ///
  /// - Throws: `InputError` for a name that there is not, or a value out of its range.
  public mutating func set(_ name: String, to value: Double) throws(InputError) {
    guard let option = WatchOption.all.first(where: { $0.name == name }) else {
      let names = WatchOption.all.map(\.name).joined(separator: ", ")
      throw InputError("there is no threshold '\(name)'; the thresholds are \(names)")
    }
    guard option.range.contains(value), !option.isWhole || value == value.rounded() else {
      let kind = option.isWhole ? "whole number" : "number"
      throw InputError(
        "'\(name)' is \(Numerals.precise(value)); give a \(kind) from "
          + "\(Numerals.precise(option.range.lowerBound)) to "
          + "\(Numerals.precise(option.range.upperBound))")
    }
    option.set(&self, value)
  }
}
