import CKernels
public import Numbers

extension Tensor {
  /// A matrix whose shorter side is orthonormal, uniform among all such (the law of Haar).
  ///
  /// The law is that of the factor Q of a matrix of normal numbers whose factor R has a positive
  /// diagonal. What is left of such a matrix after a reflection is again normal, so the reflections
  /// can be drawn one by one and nothing has to be factored (Stewart 1980, "The efficient
  /// generation of random orthogonal matrices"). Takes 4/3 n³ operations for n by n.
  ///
  /// - Parameters:
  ///   - rows: how many, at least 1.
  ///   - columns: how many, at least 1.
  ///   - stream: where the normal numbers come from.
  /// - Returns: doubles of shape `[rows, columns]`.
  public static func orthonormal(
    rows: Int, columns: Int, from stream: RandomStream
  ) -> Tensor {
    precondition(rows > 0 && columns > 0, "a matrix needs elements")
    let (count, length) = (min(rows, columns), max(rows, columns))
    let normals = Tensor(zeros: [count, length], .float64).elements(as: Double.self)
    var signs = [Double](repeating: 1, count: count)
    for k in 0..<count {
      signs[k] = makeReflection(normals[k * length + k..<(k + 1) * length], stream, k * length)
    }
    let result = Tensor(zeros: [count, length], .float64)
    let vectors = result.elements(as: Double.self)
    // A group of vectors stays in the cache while the reflections pass by, last one first; those
    // behind a unit vector's place do not touch it.
    let group = 32
    for start in stride(from: 0, to: count, by: group) {
      let end = min(start + group, count)
      for j in start..<end { vectors[j * length + j] = signs[j] }
      for k in (0..<end).reversed() {
        let first = max(k, start)
        unsafe ek_reflect_f64(
          normals.pointer + k * length + k, vectors.pointer + first * length + k, length - k,
          end - first, length)
      }
    }
    return rows <= columns ? result : result.transposedMatrix()
  }

  /// Draws a vector x and makes it the unit normal of the plane that reflects x to a multiple of
  /// the first axis; returns the sign of that multiple.
  private static func makeReflection(
    _ x: Elements<Double>, _ stream: RandomStream, _ first: Int
  ) -> Double {
    x.fillNormal(from: stream, first: first)
    let length = x.sumOfSquares.squareRoot()
    let sign: Double = x[0] < 0 ? -1 : 1
    // Away from the axis, so that nothing cancels: x goes to −sign · |x| on the axis.
    x[0] += sign * length
    let scale = 1 / x.sumOfSquares.squareRoot()
    for i in x.indices { x[i] *= scale }
    return -sign
  }

  private func transposedMatrix() -> Tensor {
    let (rows, columns) = (shape[0], shape[1])
    let result = Tensor(zeros: [columns, rows], .float64)
    let (source, target) = (elements(as: Double.self), result.elements(as: Double.self))
    for i in 0..<rows {
      for j in 0..<columns { target[j * rows + i] = source[i * columns + j] }
    }
    return result
  }
}

extension Elements<Double> {
  fileprivate var sumOfSquares: Double {
    var sum = 0.0
    for i in indices { sum += self[i] * self[i] }
    return sum
  }
}
