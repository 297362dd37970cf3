import Tensors
import Testing

/// Products against a plain sum in double precision.
@Suite(.serialized) struct ProductsTests {
  /// Pseudo-random numbers in [-1, 1) that need no generator.
  static func numbers(_ count: Int, _ seed: Int) -> [Double] {
    (0..<count).map { i in
      let x = Double((i &* 7919 &+ seed &* 104_729) % 2003) / 1001.5 - 1
      return Double(Float(x))
    }
  }

  static func reference(
    _ a: [Double], _ b: [Double], bias: [Double], _ m: Int, _ n: Int, _ k: Int, _ ta: Bool,
    _ tb: Bool
  ) -> [Double] {
    var c = (0..<m).flatMap { _ in bias }
    for i in 0..<m {
      for j in 0..<n {
        for l in 0..<k {
          c[i * n + j] += (ta ? a[l * m + i] : a[i * k + l]) * (tb ? b[j * k + l] : b[l * n + j])
        }
      }
    }
    return c
  }

  func check<T: Scalar>(
    _: T.Type, _ m: Int, _ n: Int, _ k: Int, _ ta: Bool, _ tb: Bool, hasBias: Bool = false
  ) -> Double {
    let (a, b) = (Self.numbers(m * k, 1), Self.numbers(k * n, 2))
    let bias = hasBias ? Self.numbers(n, 3) : Array(repeating: 0, count: n)
    let row = Tensor(bias.map { T($0) }, shape: [n])
    let left = Tensor(a.map { T($0) }, shape: [m * k])
    let right = Tensor(b.map { T($0) }, shape: [k * n])
    let c = Tensor([T](repeating: .nan, count: m * n), shape: [m, n])
    T.multiply(
      left.elements(), right.elements(), into: c.elements(), rows: m, columns: n, inner: k,
      transposeA: ta, transposeB: tb, alpha: 1, accumulate: false,
      bias: hasBias ? row.elements() : nil)
    return zip(c.doubles, Self.reference(a, b, bias: bias, m, n, k, ta, tb))
      .map { abs($0 - $1) }.max() ?? 0
  }

  @Test(arguments: [
    (1, 1, 1), (3, 5, 7), (17, 33, 9), (64, 48, 130), (200, 100, 257), (40, 520, 400),
    (700, 90, 130),
  ])
  func agreesWithASumInDoublePrecision(_ m: Int, _ n: Int, _ k: Int) {
    for ta in [false, true] {
      for tb in [false, true] {
        // A sum of k products of numbers up to 1 errs by at most k² u; here by far less.
        #expect(check(Double.self, m, n, k, ta, tb) <= Double(k) * 1e-15)
        #expect(check(Float.self, m, n, k, ta, tb) <= Double(k) * 6e-7)
        #expect(check(Double.self, m, n, k, ta, tb, hasBias: true) <= Double(k) * 1e-15)
        #expect(check(Float.self, m, n, k, ta, tb, hasBias: true) <= Double(k) * 6e-7)
      }
    }
  }

  @Test func anEmptySumIsZero() {
    #expect(check(Float.self, 3, 4, 0, false, false) == 0)
    #expect(check(Double.self, 3, 4, 0, false, true) == 0)
    #expect(check(Float.self, 3, 4, 0, false, true, hasBias: true) == 0)
  }

  @Test func accumulatesAndScales() {
    let a = Tensor([1, 2] as [Double], shape: [1, 2])
    let c = Tensor([10] as [Double], shape: [1, 1])
    Double.multiply(
      a.elements(), a.elements(), into: c.elements(), rows: 1, columns: 1, inner: 2,
      transposeA: false, transposeB: true, alpha: 3, accumulate: true, bias: nil)
    #expect(c.doubles == [25])
  }

  /// Row 1 of a is 0 and column 2 of b holds an infinity and a NaN: only what meets them changes.
  func checkNotFinite<T: Scalar>(_: T.Type, _ m: Int, _ n: Int, _ k: Int, alpha: T) {
    for (ta, tb) in [(false, false), (false, true), (true, false), (true, true)] {
      let a = Tensor([T](repeating: 1, count: m * k), shape: [m * k])
      let b = Tensor([T](repeating: 1, count: k * n), shape: [k * n])
      let (x, y) = (a.elements(as: T.self), b.elements(as: T.self))
      for l in 0..<k { x[ta ? l * m + 1 : k + l] = 0 }
      y[tb ? 2 * k + k / 2 : k / 2 * n + 2] = .infinity
      let c = Tensor([T](repeating: .nan, count: m * n), shape: [m, n])
      T.multiply(
        x, y, into: c.elements(), rows: m, columns: n, inner: k, transposeA: ta, transposeB: tb,
        alpha: alpha, accumulate: false, bias: nil)
      let results = c.doubles
      for i in 0..<m {
        for j in 0..<n {
          let sum: Double = j == 2 ? (i == 1 ? .nan : .infinity) : (i == 1 ? 0 : Double(k))
          let expected = Double(alpha) * sum
          let found = results[i * n + j]
          #expect(found == expected || found.isNaN && expected.isNaN)
        }
      }
    }
  }

  @Test(arguments: [(2, 3, 1), (5, 7, 3), (17, 33, 40), (70, 100, 64)])
  func propagatesWhatIsNotFinite(_ m: Int, _ n: Int, _ k: Int) {
    for alpha in [1.0, 0.5, 0, -2] {
      checkNotFinite(Float.self, m, n, k, alpha: Float(alpha))
      checkNotFinite(Double.self, m, n, k, alpha: alpha)
    }
  }

  @Test func keepsSubnormalNumbersAndOverflows() {
    let a = Tensor([Float](repeating: 1e-30, count: 32 * 32), shape: [32, 32])
    let b = Tensor([Float](repeating: 1e-10, count: 32 * 32), shape: [32, 32])
    let c = Tensor(zeros: [32, 32], .float32)
    func multiply(alpha: Float) {
      Float.multiply(
        a.elements(), b.elements(), into: c.elements(), rows: 32, columns: 32, inner: 32,
        transposeA: false, transposeB: false, alpha: alpha, accumulate: false, bias: nil)
    }
    multiply(alpha: 1)
    // 32 products of 1e-40, each rounded to a multiple of the least number, 1.4e-45.
    #expect(c.doubles.allSatisfy { abs($0 - 32e-40) < 32 * 1.5e-45 })
    for i in 0..<(32 * 32) {
      a.elements(as: Float.self)[i] = 1e20
      b.elements(as: Float.self)[i] = 1e20
    }
    multiply(alpha: 1)
    #expect(c.doubles.allSatisfy { $0 == .infinity })
  }

  @Test func theBitsDoNotDependOnTheThreads() {
    let before = Threads.count
    defer { Threads.count = before }
    let (m, n, k) = (300, 200, 250)
    let a = Tensor(Self.numbers(m * k, 1).map { Float($0) }, shape: [m, k])
    let b = Tensor(Self.numbers(n * k, 2).map { Float($0) }, shape: [n, k])
    let results = [1, 2, 3].map { threads in
      Threads.count = threads
      let c = Tensor(zeros: [m, n], .float32)
      Float.multiply(
        a.elements(), b.elements(), into: c.elements(), rows: m, columns: n, inner: k,
        transposeA: false, transposeB: true, alpha: 1, accumulate: false, bias: nil)
      return c.array(of: Float.self).map(\.bitPattern)
    }
    #expect(results[0] == results[1] && results[1] == results[2])
  }

  private struct Count: PartedWork {
    let elements: Elements<Int64>
    func run(part: Int) { elements[part] += 1 }
  }

  @Test func partsRunOnceEach() {
    let before = Threads.count
    defer { Threads.count = before }
    Threads.count = 3
    for _ in 0..<200 {
      let counts = Tensor(zeros: [97], .int64)
      let elements = counts.elements(as: Int64.self)
      Threads.run(parts: 97, Count(elements: elements))
      #expect(counts.doubles.allSatisfy { $0 == 1 })
    }
  }

  @Test func singularValuesOfADiagonalAndOfARankOneMatrix() {
    let diagonal = SingularValues.of([0, -3, 0, 2, 0, 0], rows: 2, columns: 3)
    #expect(diagonal.count == 2)
    #expect(abs(diagonal[0] - 3) < 1e-14 && abs(diagonal[1] - 2) < 1e-14)
    let rankOne = SingularValues.of([1, 2, 2, 4], rows: 2, columns: 2)
    #expect(abs(rankOne[0] - 5) < 1e-14 && rankOne[1] < 1e-14)
  }
}
