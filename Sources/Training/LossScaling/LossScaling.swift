/// How the loss is scaled up before the backward pass, so that gradients do not vanish in a narrow
/// format: a constant factor, or one that falls after a gradient that is not finite and rises after
/// many that are.
public struct LossScaling: NamedSettings {
  public static let name = "loss_scale"
  public static let summary = "Multiplies the loss, and divides gradients by the same."
  public static let options: [SettingsOption<LossScaling>] = [
    .number("initial", \.initial, 0x1p-126...0x1p126), .number("growth", \.growth, 1...0x1p32),
    .number("backoff", \.backoff, 0x1p-32...1), .count("interval", \.interval),
    .count("hysteresis", \.hysteresis), .number("floor", \.floor, 0x1p-126...0x1p126),
    .number("ceiling", \.ceiling, 0x1p-126...0x1p126),
  ]

  public var initial = 65536.0
  /// The factor after `interval` finite steps in a row; 1 for a scale that never rises.
  public var growth = 2.0
  /// The factor after a step that is not finite; 1 for a scale that never falls.
  public var backoff = 0.5
  public var interval = 2000
  /// Steps that are not finite, since the scale last changed, until it falls.
  public var hysteresis = 1
  public var floor = 1.0
  public var ceiling = 0x1p126

  public init() {}

  /// A scale that stays.
  public static func constant(_ scale: Double) -> LossScaling {
    var scaling = LossScaling()
    (scaling.initial, scaling.growth, scaling.backoff) = (scale, 1, 1)
    (scaling.floor, scaling.ceiling) = (min(scale, 1), max(scale, 0x1p126))
    return scaling
  }

  /// Whether the scale changes in a run.
  public var isDynamic: Bool { growth != 1 || backoff != 1 }

  /// The constants of well-known scalers: PyTorch's `GradScaler`, Keras' `LossScaleOptimizer`, Apex,
  /// and DeepSpeed's `DynamicLossScaler`, as their sources give them.
  public static let known: [(name: String, scaling: LossScaling)] = [
    ("dynamic", of()), ("torch_amp", of()), ("tensorflow", of(initial: 0x1p15)),
    ("apex", of(ceiling: 0x1p24)), ("deepspeed", of(initial: 0x1p32, interval: 1000)),
  ]

  /// The scaling called `name`.
  ///
  /// - Throws: ``TrainingError`` when there is none of this name.
  public static func named(_ name: String) throws(TrainingError) -> LossScaling {
    guard let found = known.first(where: { $0.name == name }) else {
      throw TrainingError(
        .unknownName, "there is no loss scaling \(quoted(name))",
        cure: suggestion(for: name, among: known.map(\.name), of: "give a number, or one of"))
    }
    return found.scaling
  }

  private static func of(
    initial: Double = 0x1p16, interval: Int = 2000, ceiling: Double = 0x1p126
  ) -> LossScaling {
    var scaling = LossScaling()
    (scaling.initial, scaling.interval, scaling.ceiling) = (initial, interval, ceiling)
    return scaling
  }

  public func checkTogether() throws(TrainingError) {
    guard floor <= initial, initial <= ceiling else {
      throw TrainingError(
        .invalidValue, "'initial' of 'loss_scale' is not between 'floor' and 'ceiling'",
        cure: "choose floor, initial and ceiling in rising order")
    }
  }
}

/// The scale of the loss as a run goes on, kept with a snapshot.
public struct LossScaler: Hashable, Sendable {
  public let settings: LossScaling
  public var scale: Double
  /// Finite steps since the scale last changed or a step was not finite.
  public var finiteSteps = 0
  /// Steps that were not finite since the scale last changed.
  public var badSteps = 0

  public init(_ settings: LossScaling) {
    self.settings = settings
    scale = settings.initial
  }

  /// Whether the scale cannot fall any more, so that a step that is not finite will stay so.
  public var isAtFloor: Bool { scale * settings.backoff < settings.floor || settings.backoff == 1 }

  /// Goes on to the next step.
  ///
  /// - Parameter isFinite: whether all gradients of this one were.
  public mutating func advance(isFinite: Bool) {
    if isFinite {
      finiteSteps += 1
      if finiteSteps >= settings.interval {
        finiteSteps = 0
        badSteps = 0
        scale = min(settings.ceiling, scale * settings.growth)
      }
    } else {
      finiteSteps = 0
      badSteps += 1
      if badSteps >= settings.hysteresis {
        badSteps = 0
        scale = max(settings.floor, scale * settings.backoff)
      }
    }
  }
}
