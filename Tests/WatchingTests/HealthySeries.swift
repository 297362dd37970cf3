import Numbers
import RealModule

/// A logarithm of a second moment as healthy training moves it: noise of any correlation and with
/// heavy tails, drift, warm-up, steps of the learning rate and the period of an epoch.
struct HealthySeries {
  let stream: RandomStream
  let correlation: Double
  let spread: Double
  let hasHeavyTails: Bool
  let drift: Double
  let period: Int
  let swing: Double
  let isSawtooth: Bool
  let warmUp: (size: Double, time: Double)
  /// The logarithm by which the level changes at steps 4000 and 7000.
  let steps: (Double, Double)
  private var state = 0.0

  /// All properties drawn at random.
  init(seed: UInt64, number: Int) {
    let stream = RandomStream(seed: seed, name: "series \(number)")
    func draw(_ index: Int, _ range: ClosedRange<Double>) -> Double {
      range.lowerBound + (range.upperBound - range.lowerBound) * stream.uniform(at: index)
    }
    // A third each: white, any, and as strong as allowed.
    correlation = [0, draw(0, 0...0.95), 0.95][stream.integer(at: 1, below: 3)]
    spread = 0.001 * .pow(500, draw(2, 0...1))
    hasHeavyTails = stream.uniform(at: 3) < 0.5
    drift = draw(4, -0.002...0.002)
    period = [50, 100, 200, 391][stream.integer(at: 5, below: 4)]
    swing = 2 * spread * draw(6, 0...1)
    isSawtooth = stream.uniform(at: 7) < 0.5
    warmUp = (draw(8, -2...2), draw(9, 20...200))
    steps = (draw(10, -2...2), draw(11, -2...2))
    self.stream = stream.substream(1)
  }

  /// Nothing but noise.
  init(seed: UInt64, correlation: Double, spread: Double, hasHeavyTails: Bool) {
    stream = RandomStream(seed: seed, name: "noise").substream(1)
    self.correlation = correlation
    self.spread = spread
    self.hasHeavyTails = hasHeavyTails
    (drift, period, swing, isSawtooth) = (0, 100, 0, false)
    (warmUp, steps) = ((0, 1), (0, 0))
  }

  mutating func value(at step: Int) -> Double {
    var shock = stream.normal(at: 4 * step)
    if hasHeavyTails {
      // Student's t with 4 degrees of freedom, brought to variance 1.
      let square =
        -2
        * Double.log(
          (1 - stream.uniform(at: 4 * step + 1)) * (1 - stream.uniform(at: 4 * step + 2)))
      shock *= (4 / square).squareRoot() / 2.0.squareRoot()
    }
    state =
      step == 0
      ? spread * shock
      : correlation * state + spread * (1 - correlation * correlation).squareRoot() * shock
    let phase = Double(step % period) / Double(period)
    let wave = isSawtooth ? 2 * phase - 1 : Double.sin(2 * .pi * phase)
    return state + drift * Double(step) + swing * wave
      + warmUp.size * .exp(-Double(step) / warmUp.time)
      + (step >= 4000 ? steps.0 : 0) + (step >= 7000 ? steps.1 : 0)
  }
}
