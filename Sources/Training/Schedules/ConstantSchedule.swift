/// The rate as it is.
public struct ConstantSchedule: Schedule {
  public static let name = "constant"
  public static let summary = "The learning rate stays."
  public static let options: [SettingsOption<ConstantSchedule>] = []

  public init() {}

  public func factor(step: Int, of steps: Int, _ memory: ScheduleMemory) -> Double { 1 }
}
