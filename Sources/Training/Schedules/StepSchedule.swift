import RealModule

/// `factor^⌊t/every⌋`, PyTorch's `StepLR`.
public struct StepSchedule: Schedule {
  public static let name = "step"
  public static let summary = "Multiplies the rate by a factor every so many steps."
  public static let options: [SettingsOption<StepSchedule>] = [
    .count("every", \.every), .number("factor", \.factor, 0...1),
  ]

  public var every = 1000
  public var factor = 0.1

  public init() {}

  public func factor(step: Int, of steps: Int, _ memory: ScheduleMemory) -> Double {
    Double.pow(factor, step / every)
  }
}
