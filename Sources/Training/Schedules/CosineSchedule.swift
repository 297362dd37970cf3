import RealModule

/// `floor + (1 − floor)(1 + cos(π t/T))/2`, again after each period.
///
/// PyTorch's `CosineAnnealingLR` with T the steps of the run, and `CosineAnnealingWarmRestarts` with
/// a first period, each following one `growth` times as long (Loshchilov and Hutter 2017, eq. 5).
public struct CosineSchedule: Schedule {
  public static let name = "cosine"
  public static let summary = "Leads the rate down half a cosine, again after each period."
  public static let options: [SettingsOption<CosineSchedule>] = [
    .number("floor", \.floor, 0...1), .count("period", \.period, from: 0),
    .number("growth", \.growth, 1...1000),
  ]

  public var floor = 0.0
  /// Steps of the first period; 0 for the whole run.
  public var period = 0
  public var growth = 1.0

  public init() {}

  public func factor(step: Int, of steps: Int, _ memory: ScheduleMemory) -> Double {
    var (length, place) = (Double(steps), Double(min(step, steps)))
    if period > 0 {
      (length, place) = (Double(period), Double(step))
      if growth == 1 {
        place = place.truncatingRemainder(dividingBy: length)
      } else {
        while place >= length {
          place -= length
          length = (length * growth).rounded(.down)
        }
      }
    }
    return floor + (1 - floor) * (1 + Double.cos(.pi * place / length)) / 2
  }
}
