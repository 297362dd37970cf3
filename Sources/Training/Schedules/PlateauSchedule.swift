/// Multiplies the rate by a factor when the loss stops falling.
///
/// PyTorch's `ReduceLROnPlateau` in relative mode, which looks at the mean loss of every window of
/// `window` steps.
public struct PlateauSchedule: Schedule {
  public static let name = "plateau"
  public static let summary = "Multiplies the rate by a factor when the loss stops falling."
  public static let options: [SettingsOption<PlateauSchedule>] = [
    .count("window", \.window), .count("patience", \.patience, from: 0),
    .number("factor", \.factor, 0...1), .number("threshold", \.threshold, 0...1),
    .count("cooldown", \.cooldown, from: 0), .number("floor", \.floor, 0...1),
  ]

  public var window = 50
  /// Windows without a fall that are waited for.
  public var patience = 10
  public var factor = 0.1
  /// The share by which a loss must be below the least one to count as a fall.
  public var threshold = 1e-4
  /// Windows after a change that are not looked at.
  public var cooldown = 0
  /// The least factor.
  public var floor = 0.0

  public init() {}

  public func factor(step: Int, of steps: Int, _ memory: ScheduleMemory) -> Double {
    memory.factor
  }

  public func observe(loss: Double, _ memory: inout ScheduleMemory) {
    memory.sum += loss
    memory.count += 1
    guard memory.count >= window else { return }
    let mean = memory.sum / Double(memory.count)
    (memory.sum, memory.count) = (0, 0)
    if mean < memory.best * (1 - threshold) || memory.best == .infinity && mean.isFinite {
      memory.best = mean
      memory.waited = 0
    } else {
      memory.waited += 1
    }
    if memory.rest > 0 {
      memory.rest -= 1
      memory.waited = 0
    }
    if memory.waited > patience {
      memory.factor = max(floor, memory.factor * factor)
      memory.rest = cooldown
      memory.waited = 0
    }
  }
}
