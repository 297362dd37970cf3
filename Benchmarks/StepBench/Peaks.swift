import Tensors

/// What the machine reaches with nothing around it: a product, and a copy out of cache.
enum Peaks {
  /// A JSON object of GFLOP/s and of GB/s, read and written.
  static func measured() -> String {
    "{\"gflops\": \(product()), \"copy\": \(copy(count: 1 << 26)), \"cached\": \(copy(count: 1 << 15))}"
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

  private struct Copy: PartedWork {
    let from: Elements<Float>
    let to: Elements<Float>

    func run(part: Int) {
      let range = from.count * part / 16..<from.count * (part + 1) / 16
      VectorKernels.scale(from[range], by: 1, into: to[range])
    }
  }

  private static func copy(count: Int) -> Double {
    let work = Copy(from: numbers(count), to: numbers(count))
    let rounds = max(1, (1 << 24) / count)
    let time = best(7) { for _ in 0..<rounds { Threads.run(parts: 16, work) } }
    return 8 * Double(count * rounds) / time / 1e9
  }
}
