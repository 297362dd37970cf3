import Findings
import RealModule

/// Gradients, or activations, that explode or vanish from layer to layer.
///
/// Gradients are taken relative to the top layer's, where the backward pass starts: as a run
/// converges all of them become small together, which is no fault. Activations are taken both as
/// they are and relative to the first layer's.
struct LayerTrend: Detector {
  enum Quantity { case gradient, activation }
  enum Direction { case exploding, vanishing }

  let quantity: Quantity
  let direction: Direction
  private var persistence = Persistence()
  /// The layer where it is worst in the last step that was outside.
  private var worst = 0
  /// The first outside in the order in which the quantity propagates.
  private var first = 0
  private var value = 1.0
  private var limit = 1.0
  /// The mean factor per layer between the start and the worst.
  private var perLayer = 1.0
  private var isStrong = false

  init(_ quantity: Quantity, _ direction: Direction) {
    self.quantity = quantity
    self.direction = direction
  }

  mutating func observe(_ record: StepRecord, in course: Course) {
    guard let start = start(of: record) else { return }
    let range = course.thresholds.healthy
    let spread = course.subject.spread(layers: record.layers.count)
    let bound = direction == .exploding ? range.upperBound * spread : range.lowerBound / spread
    var (isOutside, extreme) = (false, 1.0)
    let count = record.layers.count
    for place in 0..<count {
      let i = quantity == .gradient ? count - 1 - place : place
      guard i != start.layer, let moment = moment(record.layers[i]) else { continue }
      let ratio = moment / start.moment
      let isFarther = direction == .exploding ? ratio > extreme : ratio < extreme
      let leaves: Bool
      switch (direction, quantity) {
      case (.exploding, .gradient): leaves = ratio > bound
      case (.vanishing, .gradient): leaves = ratio < bound
      case (.exploding, .activation): leaves = ratio > bound && moment > range.upperBound
      case (.vanishing, .activation): leaves = ratio < bound && moment < range.lowerBound
      }
      guard leaves else { continue }
      if !isOutside { first = i }
      isOutside = true
      if isFarther {
        extreme = ratio
        worst = i
      }
    }
    if isOutside {
      value = extreme
      limit = bound
      let layers = Double(abs(worst - start.layer))
      perLayer = extreme > 0 ? Double.exp(.log(extreme) / layers) : 0
      isStrong =
        direction == .exploding
        ? extreme > bound * course.thresholds.margin : extreme < bound / course.thresholds.margin
    }
    persistence.note(isOutside, at: record.step, window: course.thresholds.persistence)
  }

  private func moment(_ layer: StepRecord.LayerHealth) -> Double? {
    let health = quantity == .gradient ? layer.gradient : layer.activation
    guard let health, health.nonFiniteCount == 0 else { return nil }
    return health.secondMoment
  }

  /// The layer where the quantity starts, with its second moment, which is positive.
  private func start(of record: StepRecord) -> (layer: Int, moment: Double)? {
    let count = record.layers.count
    for place in 0..<count {
      let i = quantity == .gradient ? count - 1 - place : place
      if let moment = moment(record.layers[i]) { return moment > 0 ? (i, moment) : nil }
    }
    return nil
  }

  func judgement(in course: Course) -> Judgement? {
    if persistence.isActive {
      return Judgement(severity: course.severity(ofCause: isStrong), since: persistence.since)
    }
    return course.isOver && persistence.spikes > 0
      ? Judgement(severity: .note, since: persistence.lastSpike) : nil
  }

  func finding(_ severity: Severity, in course: Course) -> Finding {
    let isGradient = quantity == .gradient
    let what = isGradient ? "gradient" : "activation"
    let rule: RuleName =
      switch (quantity, direction) {
      case (.gradient, .exploding): .explodingGradient
      case (.gradient, .vanishing): .vanishingGradient
      case (.activation, .exploding): .explodingActivation
      case (.activation, .vanishing): .vanishingActivation
      }
    let start = isGradient ? "the top layer's" : "the first layer's"
    let bound = Numerals.short(limit)
    let (outer, inner) = (course.layers[worst], course.layers[first])
    let evidence = [
      Evidence("relative_second_moment", value), Evidence("limit", limit),
      Evidence("factor_per_layer", perLayer), Evidence("margin", course.thresholds.margin),
      Evidence("persistence", Double(course.thresholds.persistence)),
      Evidence("spikes", Double(persistence.spikes)),
    ]
    guard persistence.isActive else {
      return Finding(
        rule, .note, layer: outer,
        message: (persistence.spikes == 1
          ? "Once, in step \(Numerals.count(persistence.lastSpike)), the \(what) "
          : "\(Numerals.count(persistence.spikes)) times, last in step "
            + "\(Numerals.count(persistence.lastSpike)), the \(what) ")
          + "left its band for a few steps and came back.",
        because:
          "At \(outer) its second moment was \(Numerals.short(value)) times \(start); the limit "
          + "is \(bound).", evidence: evidence)
    }
    let verb = direction == .exploding ? "explodes" : "vanishes"
    return Finding(
      rule, severity, layer: inner,
      message: "Since step \(Numerals.count(persistence.since)), the \(what) \(verb): going "
        + "\(isGradient ? "backward" : "forward"), its second moment passes \(bound) times \(start) "
        + "at \(inner) and "
        + (value == 0
          ? "is 0 at \(outer)." : "reaches \(Numerals.short(value)) times it at \(outer)."),
      because: (value == 0
        ? "Nothing of it is left below."
        : "Each layer multiplies it by \(Numerals.short(perLayer)) on average.") + course.effect,
      evidence: evidence)
  }
}
