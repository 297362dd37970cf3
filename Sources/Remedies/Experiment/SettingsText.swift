import Experiments
import Findings
import Training

extension Optimizer {
  /// Settings that are not as by default, for a sentence about what a change drops: ` with momentum
  /// 0.9`; empty where there are none.
  func settings(otherThan names: Set<String>) -> String {
    let usual = Self().optionValues
    let own = Self.options.compactMap { option -> String? in
      guard !names.contains(option.name), let value = optionValues[option.name],
        value != usual[option.name]
      else { return nil }
      return option.kind == .flag ? option.name : "\(option.name) \(Numerals.precise(value))"
    }
    return own.isEmpty ? "" : " with " + own.joined(separator: ", ")
  }

  /// The optimiser with some options changed; itself where they do not go together.
  func with(_ changes: [String: Double]) -> any Optimizer {
    let options = optionValues.merging(changes) { _, new in new }
    return (try? OptimizerCatalogue.optimizer(Self.name, options: options)) ?? self
  }
}
