import Findings
import RealModule

/// All series of a run: weights and gradients of parameters, activations and gradients of layers,
/// and the loss.
struct GrowthBank: Sendable {
  private(set) var series: [GrowthSeries] = []
  private var layers: [String] = []
  private var parameters: [String] = []
  private var limits: GrowthLimits
  private let thresholds: WatchThresholds
  private let priorSpread: Double
  private var scratch = [Double](repeating: 0, count: GrowthSeries.memory)
  /// Series that are alarmed.
  private(set) var alarms = 0

  init(thresholds: WatchThresholds, priorSpread: Double = 0.25) {
    self.thresholds = thresholds
    self.priorSpread = priorSpread
    limits = GrowthLimits(thresholds: thresholds, series: 1, priorSpread: priorSpread)
  }

  /// Takes in a record; tells how many alarms begin.
  mutating func observe(_ record: StepRecord) -> Int {
    if layers.count != record.layers.count || parameters.count != record.parameters.count
      || series.isEmpty
    {
      if !series.isEmpty, record.layers.isEmpty || record.parameters.isEmpty { return 0 }
      layers = record.layers.map(\.name)
      parameters = record.parameters.map(\.name)
      let count = 1 + 2 * (layers.count + parameters.count)
      series = Array(repeating: GrowthSeries(of: count), count: count)
      limits = GrowthLimits(
        thresholds: thresholds, series: series.count, priorSpread: priorSpread)
    }
    var begun = 0
    // A loss, unlike a root mean square, is a square already.
    begun += observe(0, record.loss > 0 ? .log(record.loss) : .nan, record.step)
    var place = 1
    for i in record.layers.indices {
      begun += observe(place, Self.logarithm(record.layers[i].activation), record.step)
      begun += observe(
        place + 1, record.layers[i].gradient.map(Self.logarithm) ?? .nan, record.step)
      place += 2
    }
    for i in record.parameters.indices {
      begun += observe(place, Self.logarithm(record.parameters[i].weight), record.step)
      begun += observe(place + 1, Self.logarithm(record.parameters[i].gradient), record.step)
      place += 2
    }
    return begun
  }

  private mutating func observe(_ place: Int, _ value: Double, _ step: Int) -> Int {
    let wasAlarmed = series[place].isAlarmed
    let begins = series[place].observe(value, at: step, limits: limits, scratch: &scratch)
    alarms += (series[place].isAlarmed ? 1 : 0) - (wasAlarmed ? 1 : 0)
    return begins ? 1 : 0
  }

  private static func logarithm(_ health: StepRecord.TensorHealth) -> Double {
    health.nonFiniteCount == 0 && health.secondMoment > 0 ? .log(health.secondMoment) : .nan
  }

  /// The origins of all growth that goes on, earliest first.
  func origins() -> [GrowthOrigin] {
    series.indices.filter { series[$0].isAlarmed }.map { origin($0) }
      .sorted(by: GrowthOrigin.isBefore)
  }

  private func origin(_ place: Int) -> GrowthOrigin {
    let one = series[place]
    let quantity: StepRecord.Refusal.Place
    let name: String
    if place == 0 {
      (quantity, name) = (.loss, "loss")
    } else if place <= 2 * layers.count {
      (quantity, name) = (place % 2 == 1 ? .activation : .cotangent, layers[(place - 1) / 2])
    } else {
      let rest = place - 1 - 2 * layers.count
      (quantity, name) = (rest % 2 == 0 ? .weight : .gradient, parameters[rest / 2])
    }
    // The root of a second moment grows by half of its logarithm; a loss is told as it is.
    let share = quantity == .loss ? 1 : 0.5
    return GrowthOrigin(
      quantity: quantity, name: name, step: one.onset, rate: .exp(share * one.rate),
      growth: .exp(share * one.growth))
  }

  /// The greatest growth of a root mean square, or of the loss, that goes on, as a logarithm.
  var greatestGrowth: Double {
    var greatest = 0.0
    for i in series.indices where series[i].isAlarmed {
      greatest = max(greatest, (i == 0 ? 1 : 0.5) * series[i].growth)
    }
    return greatest
  }

  /// The earliest onset of growth that goes on.
  var earliestOnset: Int {
    var earliest = Int.max
    for one in series where one.isAlarmed { earliest = min(earliest, one.onset) }
    return earliest
  }
}
