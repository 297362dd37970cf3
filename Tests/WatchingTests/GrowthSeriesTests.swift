import Foundation
import RealModule
import Testing

@testable import Watching

/// False alarms, delays and onsets of the test for growth, by simulation.
@Suite struct GrowthSeriesTests {
  static let isLong = ProcessInfo.processInfo.environment["EVENKEEL_LONG"] != nil

  /// Whether every alarm and delay is printed.
  static let shows = ProcessInfo.processInfo.environment["EVENKEEL_SHOW"] != nil

  static func alarms(stream seed: Int, series: Int, steps: Int) -> Int {
    let limits = GrowthLimits(thresholds: WatchThresholds(), series: series)
    var scratch = [Double](repeating: 0, count: GrowthSeries.memory)
    var alarms = 0
    for number in 0..<series {
      var source = HealthySeries(seed: UInt64(seed), number: number)
      var test = GrowthSeries()
      for step in 0..<steps
      where test.observe(source.value(at: step), at: step, limits: limits, scratch: &scratch) {
        alarms += 1
        if Self.shows {
          print(
            "alarm step \(step) ρ \(source.correlation) spread \(source.spread) t4",
            "\(source.hasHeavyTails) drift \(source.drift) period \(source.period) swing",
            "\(source.swing) sawtooth \(source.isSawtooth)")
        }
      }
    }
    return alarms
  }

  @Test func healthyStreamsRaiseAtMostOneAlarm() {
    let streams = Self.isLong ? 200 : 4
    let steps = Self.isLong ? 10_000 : 2500
    let counts = (0..<streams).map { Self.alarms(stream: $0, series: 300, steps: steps) }
    print("alarms of \(streams) streams: \(counts.reduce(0, +)), at most \(counts.max() ?? 0)")
    #expect(counts.allSatisfy { $0 <= 1 })
  }

  struct Delays {
    var found = 0
    var falseAlarms = 0
    var delays: [Int] = []
    var errors: [Int] = []
    var rates: [Double] = []
  }

  static func delays(
    rate: Double, spread: Double, correlation: Double, onset: Int, draws: Int
  ) -> Delays {
    let limits = GrowthLimits(thresholds: WatchThresholds(), series: 300)
    var scratch = [Double](repeating: 0, count: GrowthSeries.memory)
    var result = Delays()
    for draw in 0..<draws {
      var source = HealthySeries(
        seed: UInt64(1000 + draw), correlation: correlation, spread: spread, hasHeavyTails: false)
      var test = GrowthSeries()
      for step in 0..<(onset + 2000) {
        let growth = step < onset ? 0 : 2 * Double.log(rate) * Double(step - onset + 1)
        guard
          test.observe(
            source.value(at: step) + growth, at: step, limits: limits, scratch: &scratch)
        else { continue }
        if step < onset {
          result.falseAlarms += 1
          continue
        }
        result.found += 1
        result.delays.append(step - onset + 1)
        result.errors.append(test.onset - onset)
        result.rates.append(.exp(test.rate / 2))
        break
      }
    }
    result.delays.sort()
    result.errors.sort { abs($0) < abs($1) }
    result.rates.sort()
    return result
  }

  @Test func growthIsFoundAndDated() {
    let draws = Self.isLong ? 200 : 10
    for (spread, correlation) in [(0.001, 0.5), (0.02, 0.9), (0.1, 0.5), (0.3, 0.0), (0.3, 0.95)] {
      for rate in [1.01, 1.02, 1.05, 1.1, 1.3, 2, 3] {
        for onset in [40, 1000] {
          let result = Self.delays(
            rate: rate, spread: spread, correlation: correlation, onset: onset, draws: draws)
          let n = result.delays.count
          if Self.shows, n > 0 {
            print(
              "spread \(spread) ρ \(correlation) rate \(rate) onset \(onset): found \(n)/\(draws) delay "
                + "\(result.delays[n / 2]) 90% \(result.delays[n * 9 / 10]) error \(result.errors[n / 2])"
                + " 90% \(result.errors[n * 9 / 10]) rate \(result.rates[n / 2])")
          }
          #expect(n == draws)
        }
      }
    }
  }
}
