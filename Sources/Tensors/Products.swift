import CProducts

/// The threads that large operators share.
public enum Threads {
  /// How many threads work, the calling one included; results do not depend on it.
  public static var count: Int {
    get { Int(ek_threads()) }
    set { ek_set_threads(numericCast(max(1, newValue))) }
  }

  /// Does every part of `work`, numbered from 0, on several threads where there are some.
  ///
  /// Takes no memory, which a closure would. Where parts begin must not depend on ``count``, and
  /// parts under about 50 µs are not worth it.
  public static func run(parts: Int, _ work: some PartedWork) {
    guard parts > 1, count > 1 else {
      for part in 0..<parts { work.run(part: part) }
      return
    }
    unsafe withUnsafePointer(to: work) { pointer in
      var job = unsafe Job(type: type(of: work), work: UnsafeRawPointer(pointer))
      unsafe withUnsafeMutablePointer(to: &job) { job in
        unsafe ek_parallel_for(
          numericCast(parts),
          { context, part in
            guard let context = unsafe context else { return }
            let job = unsafe context.assumingMemoryBound(to: Job.self).pointee
            unsafe job.type.run(part: Int(part), of: job.work)
          }, job)
      }
    }
  }

  /// What a thread needs to find the work.
  @unsafe private struct Job {
    let type: any PartedWork.Type
    let work: UnsafeRawPointer
  }
}

/// Work in parts that threads share; each part must write its own elements.
public protocol PartedWork {
  func run(part: Int)
}

extension PartedWork {
  @unsafe fileprivate static func run(part: Int, of work: UnsafeRawPointer) {
    unsafe work.assumingMemoryBound(to: Self.self).pointee.run(part: part)
  }
}

extension Float {
  public static func multiply(
    _ a: Elements<Float>, _ b: Elements<Float>, into c: Elements<Float>, rows m: Int,
    columns n: Int, inner k: Int, transposeA: Bool, transposeB: Bool, alpha: Float,
    accumulate: Bool, bias: Elements<Float>?
  ) {
    precondition(a.count >= m * k && b.count >= k * n && c.count >= m * n, "extents do not fit")
    precondition((bias?.count ?? n) == n, "extents do not fit")
    unsafe ek_multiply_f32(
      a.pointer, b.pointer, c.pointer, numericCast(m), numericCast(n), numericCast(k),
      transposeA ? 1 : 0, transposeB ? 1 : 0, alpha, accumulate ? 1 : 0, bias?.pointer)
  }
}

extension Double {
  public static func multiply(
    _ a: Elements<Double>, _ b: Elements<Double>, into c: Elements<Double>, rows m: Int,
    columns n: Int, inner k: Int, transposeA: Bool, transposeB: Bool, alpha: Double,
    accumulate: Bool, bias: Elements<Double>?
  ) {
    precondition(a.count >= m * k && b.count >= k * n && c.count >= m * n, "extents do not fit")
    precondition((bias?.count ?? n) == n, "extents do not fit")
    unsafe ek_multiply_f64(
      a.pointer, b.pointer, c.pointer, numericCast(m), numericCast(n), numericCast(k),
      transposeA ? 1 : 0, transposeB ? 1 : 0, alpha, accumulate ? 1 : 0, bias?.pointer)
  }
}

/// The singular value decomposition, as far as analyses need it.
public enum SingularValues {
  /// The singular values of a row-major matrix, in descending order; empty if LAPACK fails.
  public static func of(_ matrix: [Double], rows: Int, columns: Int) -> [Double] {
    precondition(matrix.count == rows * columns, "element count must match the shape")
    var matrix = matrix
    var values = [Double](repeating: 0, count: min(rows, columns))
    let code = unsafe matrix.withUnsafeMutableBufferPointer { matrix in
      unsafe values.withUnsafeMutableBufferPointer { values in
        guard let from = matrix.baseAddress, let to = values.baseAddress else { return CInt(0) }
        return unsafe ek_singular_values(from, numericCast(rows), numericCast(columns), to)
      }
    }
    return code == 0 ? values : []
  }
}
