/// How the learning rate changes over a run, as a factor of the optimiser's rate.
///
/// Definitions are those of `torch.optim.lr_scheduler` in PyTorch 2.13 where it has the schedule.
public protocol Schedule: NamedSettings {
  /// The factor in step `step`, from 0, of a run of `steps`.
  func factor(step: Int, of steps: Int, _ memory: ScheduleMemory) -> Double

  /// Told the loss of every step that was made; for schedules that follow the loss.
  func observe(loss: Double, _ memory: inout ScheduleMemory)
}

extension Schedule {
  public func observe(loss: Double, _ memory: inout ScheduleMemory) {}
}

/// What a schedule remembers of the losses, kept with a snapshot.
public struct ScheduleMemory: Hashable, Sendable {
  /// What the rate is multiplied by.
  public var factor = 1.0
  /// The least mean loss of a window.
  public var best = Double.infinity
  /// Windows without a new least loss.
  public var waited = 0
  /// Windows in which nothing is counted.
  public var rest = 0
  /// The sum of losses in the window.
  public var sum = 0.0
  /// Losses in the window.
  public var count = 0

  public init() {}
}

/// All schedules by name.
public enum ScheduleCatalogue {
  public static let all: [any Schedule.Type] = [
    ConstantSchedule.self, StepSchedule.self, ExponentialSchedule.self, LinearSchedule.self,
    PolynomialSchedule.self, CosineSchedule.self, OneCycleSchedule.self, PlateauSchedule.self,
  ]

  public static let names = all.map { $0.name }

  /// The schedule called `name`, with the options that are named and the defaults of the others.
  ///
  /// - Throws: ``TrainingError`` when there is no such schedule or option, or a value is out of its
  ///   range.
  public static func schedule(
    _ name: String, options: [String: Double] = [:]
  ) throws(TrainingError) -> any Schedule {
    try settings(
      named: name, options: options, among: all, called: "schedule", plural: "schedules",
      as: (any Schedule).self)
  }
}

/// A schedule, with a linear rise in front of it.
public struct LearningRatePlan: Sendable {
  /// Steps of the rise; 0 for none.
  public var warmup: Int
  /// The factor that the rise starts from.
  public var warmupStart: Double
  /// What follows, beginning with its step 0.
  public var schedule: any Schedule

  public init(
    _ schedule: any Schedule = ConstantSchedule(), warmup: Int = 0, warmupStart: Double = 0.01
  ) {
    precondition(warmup >= 0, "a rise has no negative number of steps")
    self.schedule = schedule
    self.warmup = warmup
    self.warmupStart = warmupStart
  }

  /// The factor of the optimiser's rate in step `step`, from 0, of a run of `steps`.
  public func factor(step: Int, of steps: Int, _ memory: ScheduleMemory) -> Double {
    guard step < warmup else {
      return schedule.factor(step: step - warmup, of: max(1, steps - warmup), memory)
    }
    return warmupStart + (1 - warmupStart) * Double(step) / Double(warmup)
  }

  /// Tells the schedule the loss of a step that was made.
  public func observe(loss: Double, step: Int, _ memory: inout ScheduleMemory) {
    if step >= warmup { schedule.observe(loss: loss, &memory) }
  }
}
