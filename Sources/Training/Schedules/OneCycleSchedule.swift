import RealModule

/// Up to the rate and far down again, both along half a cosine; PyTorch's `OneCycleLR`, whose
/// greatest rate is the optimiser's (Smith and Topin 2018).
public struct OneCycleSchedule: Schedule {
  public static let name = "one_cycle"
  public static let summary = "Leads the rate up to its value, and then down to nearly 0."
  public static let options: [SettingsOption<OneCycleSchedule>] = [
    .number("rise", \.rise, 0...1), .number("start_divisor", \.startDivisor, 1...1e9),
    .number("end_divisor", \.endDivisor, 1...1e9),
  ]

  /// The share of the run in which the rate rises.
  public var rise = 0.3
  /// What the rate starts at is the rate over this.
  public var startDivisor = 25.0
  /// What it ends at is what it started at over this.
  public var endDivisor = 1e4

  public init() {}

  public func factor(step: Int, of steps: Int, _ memory: ScheduleMemory) -> Double {
    let start = 1 / startDivisor
    let (peak, last) = (rise * Double(steps) - 1, Double(steps) - 1)
    let place = min(Double(step), last)
    func between(_ from: Double, _ to: Double, _ share: Double) -> Double {
      to + (from - to) / 2 * (1 + Double.cos(.pi * share))
    }
    if place <= peak { return peak > 0 ? between(start, 1, place / peak) : 1 }
    let from = max(peak, 0)
    return last > from ? between(1, start / endDivisor, (place - from) / (last - from)) : 1
  }
}
