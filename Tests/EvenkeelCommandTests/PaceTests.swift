import Testing

@testable import EvenkeelCommand

/// Estimates of the time left.
@Suite struct PaceTests {
  @Test func theFirstUnitIsNoMeasure() {
    var pace = Pace()
    let start = ContinuousClock.now
    // A first unit that took a minute, and then ten in a second.
    #expect(pace.time(for: 99, done: 1, now: start + .seconds(60)) == nil)
    #expect(pace.time(for: 89, done: 11, now: start + .seconds(61)) == "9 s")
    #expect(pace.time(for: 0, done: 100, now: start + .seconds(70)) == nil)
  }

  @Test func aMomentIsNoMeasureEither() {
    var pace = Pace()
    let start = ContinuousClock.now
    _ = pace.time(for: 99, done: 1, now: start)
    #expect(pace.time(for: 98, done: 2, now: start + .milliseconds(3)) == nil)
  }

  @Test func longTimesAreInMinutesAndHours() {
    var pace = Pace()
    let start = ContinuousClock.now
    _ = pace.time(for: 9_999, done: 1, now: start)
    #expect(pace.time(for: 600, done: 2, now: start + .seconds(1)) == "10 min")
    #expect(pace.time(for: 9_000, done: 2, now: start + .seconds(1)) == "2 h")
  }
}
