/// From `start` to `end` over the run, PyTorch's `LinearLR`.
public struct LinearSchedule: Schedule {
  public static let name = "linear"
  public static let summary = "Leads the factor of the rate from start to end over the run."
  public static let options: [SettingsOption<LinearSchedule>] = [
    .number("start", \.start, 0...1e6), .number("end", \.end, 0...1e6),
  ]

  public var start = 1.0
  public var end = 0.0

  public init() {}

  public func factor(step: Int, of steps: Int, _ memory: ScheduleMemory) -> Double {
    start + (end - start) * Double(min(step, steps)) / Double(steps)
  }
}
