import RealModule

/// `decay^t`, PyTorch's `ExponentialLR`.
public struct ExponentialSchedule: Schedule {
  public static let name = "exponential"
  public static let summary = "Multiplies the rate by a factor in every step."
  public static let options: [SettingsOption<ExponentialSchedule>] = [
    .number("decay", \.decay, 0...1)
  ]

  public var decay = 0.999

  public init() {}

  public func factor(step: Int, of steps: Int, _ memory: ScheduleMemory) -> Double {
    Double.pow(decay, step)
  }
}
