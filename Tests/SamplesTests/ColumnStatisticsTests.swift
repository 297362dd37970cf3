import Samples
import Tensors
import Testing

@Suite struct ColumnStatisticsTests {
  /// Numbers around 0 without a pattern that tests could lean on: a linear congruence, centred.
  private static func numbers(_ count: Int) -> [Double] {
    var state: UInt64 = 12345
    return (0..<count).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) / Double(1 << 53) * 2 - 1
    }
  }

  @Test func momentsAreThoseOfTheDefinition() {
    let column = ColumnStatistics([1, 2, 3, 4, .nan])
    #expect(column.count == 4 && column.nonFiniteCount == 1)
    #expect(column.mean == 2.5 && abs(column.deviation - 1.25.squareRoot()) < 1e-15)
    #expect(column.minimum == 1 && column.maximum == 4 && column.outliers.isEmpty)
    #expect(abs(column.scale - 7.5.squareRoot()) < 1e-15 && column.usualScale == column.scale)
  }

  @Test func aCellThatIsFarOutIsFound() {
    var numbers = Self.numbers(1000)
    numbers[411] = -1e30
    let column = ColumnStatistics(numbers)
    #expect(column.outliers.map(\.sample) == [411] && column.outliers[0].value == -1e30)
    // A uniform number between −1 and 1 has a root mean square of 1/√3.
    #expect(abs(column.usualScale - 0.577) < 0.02)
  }

  @Test func severalCellsAreFoundTheFarthestFirst() {
    var numbers = Self.numbers(1000)
    (numbers[3], numbers[5], numbers[900]) = (1e6, -2e6, 5e5)
    #expect(ColumnStatistics(numbers).outliers.map(\.sample) == [5, 3, 900])
  }

  @Test func whatIsFrequentOrOnlyLargeIsNoOutlier() {
    #expect(ColumnStatistics(Self.numbers(500)).outliers.isEmpty)
    // A column of rare ones, a cube of normal-like numbers, and one in forty that is large.
    #expect(ColumnStatistics((0..<500).map { $0 % 130 == 0 ? 1 : 0 }).outliers.isEmpty)
    #expect(ColumnStatistics(Self.numbers(500).map { $0 * $0 * $0 }).outliers.isEmpty)
    let frequent = Self.numbers(400).enumerated().map { $0 % 40 == 0 ? 1e9 : $1 }
    #expect(ColumnStatistics(frequent).outliers.isEmpty)
  }

  @Test func constantColumnsHaveNoDeviation() {
    let column = ColumnStatistics([0.1, 0.1, 0.1])
    #expect(column.isConstant && column.deviation == 0 && column.mean == 0.1)
    #expect(ColumnStatistics([.nan]).count == 0 && !ColumnStatistics([]).isConstant)
  }

  @Test func tailsAreSharesOfSquaredDistances() {
    // 0 a hundred times but once: the one is all there is.
    let one = Spread((0..<100).map { $0 == 7 ? 5 : 0 })
    #expect(one.tailShare == 1 && one.median == 0 && one.distinctCount == 2 && one.areWhole)
    // Uniform: the farthest hundredth has 3 % of the squares, ∫ x² over 0.99 … 1 times 3.
    let uniform = Spread(Self.numbers(20_000))
    #expect(abs(uniform.tailShare - 0.0297) < 0.003 && !uniform.areWhole)
    #expect(Spread((0..<100).map { $0 == 7 ? 1e300 : 0 }).tailShare == 1)
  }

  @Test func targetsAreStandardised() throws {
    let targets = Tensor([10, 20, 30, 40] as [Float], shape: [4, 1])
    let data = try Dataset(
      name: "d", features: Tensor(zeros: [4, 2], .float32), targets: .reals(targets))
    let scale = try TargetStandardization(of: data)
    #expect(scale.means == [25] && abs(scale.deviations[0] - 125.0.squareRoot()) < 1e-12)
    let scaled = try scale(data).targets.tensor.elements(as: Float.self)
    #expect(abs(scaled[0] + 1.3416407) < 1e-6 && abs(scaled[3] - 1.3416407) < 1e-6)
    let classes = try Dataset(
      name: "d", features: Tensor(zeros: [1, 1], .float32),
      targets: .classes(Tensor([0] as [Int64], shape: [1]), names: ["a"]))
    #expect(throws: (any Error).self) { try TargetStandardization(of: classes) }
  }

  @Test func rowsAreLeftOutByTheirNumbers() throws {
    let data = try Dataset(
      name: "d", features: Tensor([0, 1, 2] as [Float], shape: [3, 1]),
      targets: .reals(Tensor([0, 1, 2] as [Float], shape: [3, 1])))
    let left = try data.leavingOut([1])
    #expect(left.count == 2 && left.features.elements(as: Float.self)[1] == 2)
    #expect(left.place(ofSample: 1) == "d[2]")
    #expect(throws: (any Error).self) { try data.leavingOut([7]) }
    #expect(throws: (any Error).self) { try data.leavingOut([0, 1, 2]) }
  }
}
