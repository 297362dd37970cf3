import Numbers
import Tensors
import Testing

@Suite struct RandomFillTests {
  let stream = RandomStream(seed: 8, name: "fill").substream(2)

  @Test(arguments: [(0, 1), (1, 700), (777, 256), (1 << 33, 65)], [Double.infinity, 2, 0.25])
  func filledElementsAreThoseDrawnOneByOne(range: (first: Int, count: Int), bound: Double) {
    let doubles = elements([Double](repeating: 0, count: range.count))
    let singles = elements([Float](repeating: 0, count: range.count))
    doubles.fillNormal(from: stream, first: range.first, mean: 0.5, deviation: 3, bound: bound)
    singles.fillNormal(from: stream, first: range.first, mean: 0.5, deviation: 3, bound: bound)
    for i in doubles.indices {
      let index = range.first + i
      let z =
        bound == .infinity
        ? stream.normal(at: index) : stream.truncatedNormal(at: index, bound: bound)
      #expect(doubles[i] == 0.5 + 3 * z)
      #expect(singles[i] == Float(doubles[i]))
    }
  }

  @Test func uniformElementsStayBelowTheirBound() {
    let doubles = elements([Double](repeating: 0, count: 5000))
    let singles = elements([Float](repeating: 0, count: 5000))
    doubles.fillUniform(from: stream, low: -1, high: 1)
    // So narrow a range that every second element rounds to its end.
    singles.fillUniform(from: stream, low: 1, high: Double(Float(1).nextUp))
    for i in doubles.indices {
      #expect(doubles[i] == -1 + 2 * stream.uniform(at: i))
      #expect(singles[i] == 1)
    }
  }
}
