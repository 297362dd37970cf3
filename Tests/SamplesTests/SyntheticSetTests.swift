import Foundation
import Numbers
import Samples
import TensorFiles
import Tensors
import Testing

/// What holds for every synthetic set.
@Suite struct SyntheticSetTests {
  private static func bytes(_ tensor: Tensor) -> [UInt64] {
    switch tensor.elementType {
    case .int64: tensor.array(of: Int64.self).map { UInt64(bitPattern: $0) }
    default: tensor.array(of: Float.self).map { UInt64($0.bitPattern) }
    }
  }

  private static func set(
    _ name: String, _ samples: Int, seed: UInt64, _ options: [String: Double] = [:]
  ) throws -> Dataset {
    try SyntheticCatalogue.set(
      name, options: options.merging(["samples": Double(samples)]) { _, count in count }
    ).dataset(seed: seed)
  }

  @Test(arguments: SyntheticCatalogue.names)
  func theSeedAloneDecidesEveryByte(name: String) throws {
    let first = try Self.set(name, 60, seed: 5)
    let again = try Self.set(name, 60, seed: 5)
    let other = try Self.set(name, 60, seed: 6)
    #expect(first.count == 60 && first.name == name)
    #expect(Self.bytes(first.features) == Self.bytes(again.features))
    #expect(Self.bytes(first.targets.tensor) == Self.bytes(again.targets.tensor))
    #expect(Self.bytes(first.features) != Self.bytes(other.features))
  }

  @Test(arguments: SyntheticCatalogue.names)
  func fewerSamplesAreTheFirstOfMore(name: String) throws {
    let more = try Self.set(name, 50, seed: 2)
    let fewer = try Self.set(name, 20, seed: 2)
    let width = fewer.features.count
    #expect(Self.bytes(fewer.features) == Array(Self.bytes(more.features).prefix(width)))
    let targets = fewer.targets.tensor.count
    #expect(
      Self.bytes(fewer.targets.tensor) == Array(Self.bytes(more.targets.tensor).prefix(targets)))
  }

  @Test(arguments: ["blobs", "circles", "moons", "spirals", "xor", "digits"])
  func classesHaveEqualCounts(name: String) throws {
    let set = try Self.set(name, 120, seed: 1)
    let classes = set.classNames.count
    for c in 0..<classes { #expect(set.labels.count { $0 == c } == 120 / classes) }
  }

  @Test(arguments: SyntheticCatalogue.names)
  func everyOptionIsCheckedAndCanBeSet(name: String) throws {
    let type = try #require(SyntheticCatalogue.all.first { $0.name == name })
    try Self.expectChecks(type)
  }

  private static func expectChecks<S: SyntheticSet>(_ type: S.Type) throws {
    #expect(S.options.first?.name == "samples" && !S.summary.isEmpty)
    for option in S.options {
      let high = option.range.upperBound * 2 + 1
      for value in [option.range.lowerBound - 1, high, .nan] {
        let text = message("/") {
          _ = try SyntheticCatalogue.set(S.name, options: [option.name: value])
        }
        #expect(
          text?.hasPrefix("'\(option.name)' of '\(S.name)' is \(value); give a") == true,
          "\(text ?? "accepted")")
      }
      let least = try SyntheticCatalogue.set(
        S.name, options: [option.name: option.range.lowerBound])
      // Where the default is not the least value, the set has changed.
      let isDefault = (least as? S) == S()
      let other = try SyntheticCatalogue.set(
        S.name, options: [option.name: min(option.range.upperBound, option.range.lowerBound + 1)])
      #expect(!isDefault || (other as? S) != S())
    }
  }

  @Test func refusalsTellWhatThereIs() {
    #expect(
      message("/") { _ = try SyntheticCatalogue.set("spiral") }
        == "there is no synthetic set 'spiral'; the sets are blobs, circles, moons, spirals, xor, "
        + "teacher, linear, copy, adding, digits")
    #expect(
      message("/") { _ = try SyntheticCatalogue.set("moons", options: ["classes": 3]) }
        == "'moons' has no option 'classes'; its options are samples, noise")
    #expect(
      message("/") { _ = try SyntheticCatalogue.set("blobs", options: ["classes": 2.5]) }
        == "'classes' of 'blobs' is 2.5; give a whole number from 2 to 1,000")
    #expect(
      message("/") { _ = try Self.set("digits", 16_000_000, seed: 0) }
        == "'digits' would have more than 268,435,456 numbers; make fewer or smaller samples")
    var wrong = Blobs()
    wrong.noise = -1
    #expect(
      message("/") { _ = try wrong.dataset(seed: 0) }
        == "'noise' of 'blobs' is -1.0; give a number from 0.0 to 1000000.0")
  }
}
