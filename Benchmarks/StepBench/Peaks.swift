import Tensors

/// What the machine reaches with nothing around it: a product, and passes over memory.
enum Peaks {
  /// A JSON object: GFLOP/s of a square product and of a dense layer's three, and GB/s, read and
  /// written, of passes out of cache.
  static func measured() -> String {
    let rates =
      [("product", product()), ("dense 512", dense(512)), ("dense 1024", dense(1024))]
      + Pass.allCases.map { ("\($0)", bandwidth(of: $0)) }
    return "{" + rates.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
  }

  private static func best(_ rounds: Int, _ body: () -> Void) -> Double {
    let clock = ContinuousClock()
    return (0..<rounds).map { _ in clock.measure(body) / .seconds(1) }.min() ?? .infinity
  }

  private static func numbers(_ count: Int) -> Elements<Float> {
    let elements = Tensor(zeros: [count], .float32).elements(as: Float.self)
    for i in elements.indices { elements[i] = hashed(i, 1) }
    return elements
  }

  private static func product() -> Double {
    let n = 1024
    let (a, b, c) = (numbers(n * n), numbers(n * n), numbers(n * n))
    let time = best(20) {
      Float.multiply(
        a, b, into: c, rows: n, columns: n, inner: n, transposeA: false, transposeB: false,
        alpha: 1, accumulate: false, bias: nil)
    }
    return 2 * Double(n * n * n) / time / 1e9
  }

  /// The products of a dense layer at batch 128, forward and backward.
  private static func dense(_ n: Int) -> Double {
    let m = 128
    let (x, w, y) = (numbers(m * n), numbers(n * n), numbers(m * n))
    let (bias, dx, dw) = (numbers(n), numbers(m * n), numbers(n * n))
    let rounds = 20
    let time = best(7) {
      for _ in 0..<rounds {
        Float.multiply(
          x, w, into: y, rows: m, columns: n, inner: n, transposeA: false, transposeB: true,
          alpha: 1, accumulate: false, bias: bias)
        Float.multiply(
          y, w, into: dx, rows: m, columns: n, inner: n, transposeA: false, transposeB: false,
          alpha: 1, accumulate: false, bias: nil)
        Float.multiply(
          y, x, into: dw, rows: n, columns: n, inner: m, transposeA: true, transposeB: false,
          alpha: 1, accumulate: false, bias: nil)
      }
    }
    return 6 * Double(rounds * m * n * n) / time / 1e9
  }

  private enum Pass: CaseIterable {
    case copy, add, tanh, statistics

    /// Bytes read and written for each element.
    var bytes: Int {
      switch self {
      case .copy, .tanh: 8
      case .add: 12
      case .statistics: 4
      }
    }
  }

  private struct Work: PartedWork {
    let pass: Pass
    let from: Elements<Float>
    let other: Elements<Float>
    let to: Elements<Float>
    let slots = SummarySlots(count: parts)

    static let parts = 16

    func run(part: Int) {
      let range =
        from.count * part / Self.parts..<from.count * (part + 1) / Self.parts
      switch pass {
      case .copy: VectorKernels.scale(from[range], by: 1, into: to[range])
      case .add: VectorKernels.add(from[range], other[range], into: to[range])
      case .tanh: VectorKernels.apply(.tanh, from[range], into: to[range])
      case .statistics: slots.add(from[range], to: part)
      }
    }
  }

  private static func bandwidth(of pass: Pass) -> Double {
    let count = 1 << 26
    let work = Work(pass: pass, from: numbers(count), other: numbers(count), to: numbers(count))
    let time = best(5) { Threads.run(parts: Work.parts, work) }
    return Double(pass.bytes * count) / time / 1e9
  }
}
