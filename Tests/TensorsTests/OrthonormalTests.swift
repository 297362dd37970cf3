import Numbers
import Tensors
import Testing

@Suite struct OrthonormalTests {
  let stream = RandomStream(seed: 6, name: "q")

  @Test(arguments: [(1, 1), (1, 7), (7, 1), (33, 33), (50, 20), (20, 50), (130, 97), (256, 256)])
  func theShorterSideIsOrthonormal(rows: Int, columns: Int) {
    let q = Tensor.orthonormal(rows: rows, columns: columns, from: stream)
    #expect(q.shape == [rows, columns])
    let a = q.elements(as: Double.self)
    let isTall = rows >= columns
    let (count, length) = (min(rows, columns), max(rows, columns))
    func element(_ vector: Int, _ k: Int) -> Double {
      isTall ? a[k * columns + vector] : a[vector * columns + k]
    }
    var worst = 0.0
    for i in 0..<count {
      for j in 0...i {
        let product = (0..<length).reduce(0) { $0 + element(i, $1) * element(j, $1) }
        worst = max(worst, abs(product - (i == j ? 1 : 0)))
      }
    }
    #expect(worst < 1e-12)
  }

  /// The definition: orthogonalise the columns of a normal matrix, lengths positive.
  @Test func theFirstColumnIsTheNormalisedNormalVector() {
    let q = Tensor.orthonormal(rows: 40, columns: 3, from: stream).elements(as: Double.self)
    let x = (0..<40).map { stream.normal(at: $0) }
    let length = x.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for i in 0..<40 { #expect(abs(q[3 * i] - x[i] / length) < 1e-14) }
  }

  /// For Haar's law E[trace] = 0, E[trace²] = 1, E[q₁₁⁴] = 3/(n(n+2)), and det = ±1 evenly.
  @Test func tracesAndElementsHaveTheMomentsOfTheUniformLaw() {
    let (n, trials) = (4, 4000)
    var (trace, square, fourth, last) = (0.0, 0.0, 0.0, 0.0)
    for trial in 0..<trials {
      let q = Tensor.orthonormal(rows: n, columns: n, from: stream.substream(UInt32(trial)))
        .elements(as: Double.self)
      let t = (0..<n).reduce(0) { $0 + q[$1 * n + $1] }
      trace += t
      square += t * t
      fourth += q[0] * q[0] * q[0] * q[0]
      last += q[n * n - 1]
    }
    // Five standard errors: Var t = 1, Var t² = 2, q₁₁⁴ < 1, Var q₄₄ = 1/4.
    let error = 5 / Double(trials).squareRoot()
    #expect(abs(trace / Double(trials)) < error)
    #expect(abs(square / Double(trials) - 1) < error * 1.5)
    #expect(abs(fourth / Double(trials) - 3.0 / 24) < error * 0.25)
    #expect(abs(last / Double(trials)) < error / 2)
  }
}
