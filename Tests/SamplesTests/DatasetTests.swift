import CAllocationCounter
import Foundation
import Numbers
import Samples
import TensorFiles
import Tensors
import Testing

@Suite struct DatasetTests {
  /// Sample i has the features i, 10 i and −i, and the class of `classes` at i.
  static func numbered(_ classes: [Int64], names: Int = 3) throws -> Dataset {
    let features = classes.indices.flatMap { [Float($0), Float(10 * $0), Float(-$0)] }
    return try Dataset(
      name: "numbered", features: Tensor(features, shape: [classes.count, 3]),
      targets: .classes(
        Tensor(classes, shape: [classes.count]), names: (0..<names).map { "c\($0)" }))
  }

  static func message(_ body: () throws -> Void) -> String? { SamplesTests.message("/", body) }

  // MARK: Batches

  @Test func aBatchHoldsTheSamplesThatWereAskedFor() throws {
    let set = try Self.numbered([0, 1, 2, 0, 1])
    let features = Tensor(zeros: [3, 3], .float32)
    let targets = Tensor(zeros: [3], .int64)
    set.copy([4, 0, 4], features: features, targets: targets)
    #expect(features.array(of: Float.self) == [4, 40, -4, 0, 0, 0, 4, 40, -4])
    #expect(targets.array(of: Int64.self) == [1, 0, 1])
  }

  @Test func everyEpochTakesEverySampleOnceInAnOrderOfItsOwn() throws {
    let set = try Self.numbered(Array(repeating: 0, count: 60))
    var batches = try Batches(of: set, size: 6, seed: 1)
    #expect(batches.perEpoch == 10)
    let epochs = (0..<3).map { epoch in
      (0..<10).flatMap { Array(batches.indices(ofStep: 10 * epoch + $0)) }
    }
    for order in epochs { #expect(order.sorted() == Array(0..<60)) }
    #expect(Set(epochs).count == 3 && !epochs.contains(Array(0..<60)))
  }

  @Test func aResumedRunHasTheOrderOfAWholeOne() throws {
    let set = try Self.numbered(Array(repeating: 0, count: 23))
    var whole = try Batches(of: set, size: 4, seed: 9)
    let steps = (0..<40).map { Array(whole.indices(ofStep: $0)) }
    for start in [7, 12, 39] {
      var resumed = try Batches(of: set, size: 4, seed: 9)
      #expect((start..<40).map { Array(resumed.indices(ofStep: $0)) } == Array(steps[start...]))
    }
    var other = try Batches(of: set, size: 4, seed: 10)
    #expect((0..<40).map { Array(other.indices(ofStep: $0)) } != steps)
  }

  /// The order is that of the documented numbers, so that it is the same everywhere.
  @Test func theOrderIsThePermutationOfTheSeedAndTheEpoch() throws {
    let set = try Self.numbered(Array(repeating: 0, count: 12))
    var batches = try Batches(of: set, size: 12, seed: 3)
    let stream = RandomStream(seed: 3, name: "order of samples")
    for epoch in [0, 1, 5] {
      #expect(
        Array(batches.indices(ofStep: epoch))
          == stream.substream(UInt32(epoch)).permutation(of: 12))
    }
    // By Philox written in Python.
    #expect(Array(batches.indices(ofStep: 0)) == [5, 10, 0, 9, 8, 4, 1, 2, 11, 7, 6, 3])
  }

  @Test func incompleteBatchesAreLeftOutAndOrderCanBeKept() throws {
    let set = try Self.numbered(Array(repeating: 0, count: 11))
    var batches = try Batches(of: set, size: 4, seed: 0, isShuffled: false)
    #expect(batches.perEpoch == 2)
    #expect(
      (0..<3).map { Array(batches.indices(ofStep: $0)) } == [
        [0, 1, 2, 3], [4, 5, 6, 7], [0, 1, 2, 3],
      ])
    #expect(
      Self.message { _ = try Batches(of: set, size: 12, seed: 0) }
        == "numbered: a batch would have 12 samples, and there are 11; choose smaller batches")
  }

  static var counts: Bool {
    #if DEBUG
      false
    #else
      ek_counts_allocations()
    #endif
  }

  @Test(.enabled(if: counts)) func stepsAllocateNothing() throws {
    let set = try Self.numbered(Array(repeating: 1, count: 100))
    var batches = try Batches(of: set, size: 10, seed: 1)
    let features = Tensor(zeros: [10, 3], .float32)
    let targets = Tensor(zeros: [10], .int64)
    set.copy(batches.indices(ofStep: 0), features: features, targets: targets)
    ek_start_counting()
    for step in 1..<35 {
      set.copy(batches.indices(ofStep: step), features: features, targets: targets)
    }
    let counted = ek_stop_counting()
    #expect(counted.own == 0)
    #expect(targets.array(of: Int64.self) == Array(repeating: 1, count: 10))
  }

  // MARK: Division

  @Test func aDivisionGivesEverySampleToOnePart() throws {
    let set = try Self.numbered((0..<50).map { $0 % 3 })
    let (training, validation) = try set.split(validation: 0.3, seed: 4)
    #expect(training.count == 35 && validation.count == 15)
    let ids = (training.numbers + validation.numbers).enumerated().filter { $0.offset % 3 == 0 }
      .map(\.element)
    #expect(ids.sorted() == (0..<50).map { Float($0) })
    // Features, classes and places go together.
    for part in [training, validation] {
      for i in 0..<part.count {
        let id = Int(part.numbers[3 * i])
        #expect(part.labels[i] == Int64(id % 3))
        #expect(part.place(ofSample: i) == "numbered[\(id)]")
      }
    }
    let again = try set.split(validation: 0.3, seed: 4)
    let other = try set.split(validation: 0.3, seed: 5)
    #expect(again.validation.numbers == validation.numbers)
    #expect(other.validation.numbers != validation.numbers)
  }

  @Test func aStratifiedDivisionKeepsTheShareOfEveryClass() throws {
    // 60, 30 and 10 of each class; 25 % of them are 15, 7.5 and 2.5.
    let classes = (0..<100).map { Int64($0 % 10 < 6 ? 0 : $0 % 10 < 9 ? 1 : 2) }
    let (training, validation) = try Self.numbered(classes)
      .split(validation: 0.25, seed: 1, isStratified: true)
    func counts(_ set: Dataset) -> [Int] { (0..<3).map { c in set.labels.count { $0 == c } } }
    #expect(validation.count == 25 && counts(validation) == [15, 8, 2])
    #expect(counts(training) == [45, 22, 8])
  }

  @Test func impossibleDivisionsAreRefused() throws {
    let set = try Self.numbered([0, 1, 2])
    for share in [0, 1, -0.5, 2, .nan, 0.1] {
      #expect(
        Self.message { _ = try set.split(validation: share, seed: 0) }
          == "numbered: a share of \(share) of 3 samples leaves a part empty; "
          + "choose a share between 0 and 1 that gives both parts samples")
    }
    let reals = try Dataset(
      name: "r", features: set.features, targets: .reals(Tensor(zeros: [3, 1], .float32)))
    #expect(
      Self.message { _ = try reals.split(validation: 0.4, seed: 0, isStratified: true) }
        == "r: samples without one class each cannot be divided by class; "
        + "leave out the stratification")
  }

  // MARK: Standardisation

  @Test func standardisedFeaturesHaveMeanZeroAndDeviationOne() throws {
    let stream = RandomStream(seed: 2, name: "x")
    let numbers = (0..<4000).map { i in
      Float(i % 2 == 0 ? 1000 + 0.5 * stream.normal(at: i) : 7.3)
    }
    let set = try Dataset(
      name: "s", features: Tensor(numbers, shape: [2000, 2]),
      targets: .reals(Tensor(zeros: [2000, 1], .float32)))
    let (training, validation) = try set.split(validation: 0.25, seed: 0)
    let scale = try Standardization(of: training)
    #expect(abs(scale.means[0] - 1000) < 0.05 && abs(scale.deviations[0] - 0.5) < 0.03)
    #expect(scale.means[1] == Double(Float(7.3)) && scale.deviations[1] == 1)
    #expect(scale.constantCount == 1)
    let scaled = try scale(training)
    let scaledNumbers = scaled.numbers
    let first = (0..<1500).map { Double(scaledNumbers[2 * $0]) }
    let mean = first.reduce(0, +) / 1500
    let square = first.reduce(0) { $0 + $1 * $1 } / 1500
    // The features have 24 bits at 1000, a ten-thousandth of the deviation.
    #expect(abs(mean) < 1e-6 && abs(square - 1) < 1e-6)
    #expect((0..<1500).allSatisfy { scaledNumbers[2 * $0 + 1] == 0 })
    // The other part is scaled by what was measured on this one.
    let other = try scale(validation)
    #expect(
      other.numbers[0]
        == Float((Double(validation.numbers[0]) - scale.means[0]) / scale.deviations[0]))
    let whole = try Standardization(of: training, scope: .all)
    #expect(whole.means.count == 1 && abs(whole.means[0] - (1000 + 7.3) / 2) < 0.05)
  }

  @Test func numbersThatAreNotFiniteAreLeftOutOfTheScale() throws {
    let set = try Dataset(
      name: "s", features: Tensor([Float.nan, 1, 3, .infinity], shape: [4, 1]),
      targets: .reals(Tensor(zeros: [4, 1], .float32)), allowsNonFinite: true)
    let scale = try Standardization(of: set)
    #expect(scale.means == [2] && scale.deviations == [1] && scale.constantCount == 0)
    #expect(try scale(set).numbers.map { "\($0)" } == ["nan", "-1.0", "1.0", "inf"])
  }

  @Test func whatCannotBeScaledIsNamed() throws {
    let small = try Dataset(
      name: "s", features: Tensor([Float(0), 1e-30], shape: [2, 1]),
      targets: .reals(Tensor(zeros: [2, 1], .float32)))
    let large = try Dataset(
      name: "t", features: Tensor([Float(0), 1e20], shape: [2, 1]),
      targets: .reals(Tensor(zeros: [2, 1], .float32)))
    let scale = try Standardization(of: small)
    let text = Self.message { _ = try scale(large) }
    #expect(text?.hasPrefix("t: in row 1, feature 0 is 1e+20, which no deviation of 5") == true)
    #expect(
      Self.message { _ = try scale(try Self.numbered([0, 1])) }
        == "numbered: the scale of 1 features is known, and a sample has 3; "
        + "measure samples of the same kind")
  }

  // MARK: Features as a network reads them

  @Test func featuresTakeTheShapeThatANetworkReads() throws {
    let set = try Self.numbered([1, 0])
    let column = set.arranged(as: [3, 1])
    #expect(column.featureShape == [3, 1] && column.numbers == set.numbers)
    #expect(set.arranged(as: [1, 4]).featureShape == [3])
  }

  @Test func imagesWithChannelsLastAreTurned() throws {
    let numbers = (0..<24).map(Float.init)
    let set = try Dataset(
      name: "images", features: Tensor(numbers, shape: [2, 2, 2, 3]),
      targets: .reals(Tensor([Float](repeating: 0, count: 2), shape: [2, 1])))
    let turned = set.arranged(as: [3, 2, 2])
    #expect(turned.featureShape == [3, 2, 2])
    #expect(turned.numbers.prefix(6) == [0, 3, 6, 9, 1, 4])
    #expect(turned.numbers[12] == 12 && turned.numbers[16] == 13)
    // Of another order nothing is known.
    #expect(set.arranged(as: [2, 3, 2]).featureShape == [2, 2, 3])
    #expect(set.arranged(as: [12]).numbers == numbers)
  }

  // MARK: What is refused

  @Test func partsThatDoNotFitAreRefused() throws {
    let features = Tensor(zeros: [3, 2], .float32)
    func refusal(_ features: Tensor, _ targets: Dataset.Targets) -> String? {
      Self.message { _ = try Dataset(name: "d", features: features, targets: targets) }
    }
    #expect(
      refusal(features, .classes(Tensor(zeros: [2], .int64), names: ["a"]))
        == "d: there are 3 samples, and the targets have the shape [2]; "
        + "give one target for each sample")
    #expect(
      refusal(Tensor(zeros: [0, 2], .float32), .reals(Tensor(zeros: [0, 1], .float32)))
        == "d: the features have the shape [0, 2]; "
        + "give at least one sample with at least one feature")
    #expect(
      refusal(features, .classes(Tensor([Int64(0), 1, 2], shape: [3]), names: ["a", "b"]))
        == "d: in row 2, the label is 2; labels go from 0 to 1, as there are 2 classes")
    #expect(
      refusal(Tensor(zeros: [3, 2], .float64), .reals(Tensor(zeros: [3, 1], .float32)))
        == "d: the features are neither single-precision numbers nor integers; convert them")
  }
}
