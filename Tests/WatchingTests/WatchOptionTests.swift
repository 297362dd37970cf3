import Findings
import Testing
import Watching

@Suite struct WatchOptionTests {
  @Test func everyThresholdIsSetByItsName() throws {
    for option in WatchOption.all {
      let default_ = option.value(in: WatchThresholds())
      #expect(option.range.contains(default_), "\(option.name)")
      let other = option.isWhole ? default_ + 1 : default_ * 0.999 + option.range.lowerBound * 0.001
      let set = try WatchThresholds(options: [option.name: other])
      #expect(option.value(in: set) == other, "\(option.name)")
      let changed = WatchOption.all.filter { $0.value(in: set) != $0.value(in: WatchThresholds()) }
      #expect(changed.map(\.name) == [option.name])
    }
  }

  @Test func unknownNamesAndValuesOutOfRangeAreRefused() {
    let unknown = #expect(throws: InputError.self) { try WatchThresholds(options: ["margins": 1]) }
    #expect(
      unknown?.message.hasPrefix("there is no threshold 'margins'; the thresholds are") == true)
    let range = #expect(throws: InputError.self) { try WatchThresholds(options: ["dead_share": 2]) }
    #expect(range?.message == "'dead_share' is 2; give a number from 0 to 1")
    let whole = #expect(throws: InputError.self) {
      try WatchThresholds(options: ["persistence": 4.5])
    }
    #expect(whole?.message == "'persistence' is 4.5; give a whole number from 4 to 64")
    #expect(throws: InputError.self) { try WatchThresholds(options: ["margin": .nan]) }
  }
}
