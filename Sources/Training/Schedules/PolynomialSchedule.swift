import RealModule

/// `(1 − t/steps)^power`, PyTorch's `PolynomialLR`.
public struct PolynomialSchedule: Schedule {
  public static let name = "polynomial"
  public static let summary = "Leads the rate to 0 as a power of what is left of the run."
  public static let options: [SettingsOption<PolynomialSchedule>] = [
    .number("power", \.power, 0...100)
  ]

  public var power = 1.0

  public init() {}

  public func factor(step: Int, of steps: Int, _ memory: ScheduleMemory) -> Double {
    let rest = 1 - Double(min(step, steps)) / Double(steps)
    return rest > 0 ? Double.pow(rest, power) : power == 0 ? 1 : 0
  }
}
