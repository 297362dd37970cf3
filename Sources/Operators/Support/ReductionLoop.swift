import Tensors

/// Walks the elements of a tensor that are reduced to each element of a result.
///
/// Every result element is accumulated in double, in an order that extents alone decide.
struct ReductionLoop {
  /// Result elements that are accumulated side by side where they lie side by side.
  private static let blockWidth = 64

  private var kept = Axes()
  private var reduced = Axes()

  /// Merged axes, innermost first.
  private struct Axes {
    var rank = 0
    var extents = SIMD8<Int>(repeating: 1)
    var strides = SIMD8<Int>(repeating: 0)

    mutating func add(_ extent: Int, _ stride: Int) {
      if extent == 1 { return }
      if rank > 0, stride == strides[rank - 1] * extents[rank - 1] {
        extents[rank - 1] *= extent
      } else {
        extents[rank] = extent
        strides[rank] = stride
        rank += 1
      }
    }

    /// Calls `body` with the place of every run along the innermost axis.
    @inline(__always)
    func forEachRun(_ body: (Int) -> Void) {
      var index = SIMD8<Int>.zero
      var place = 0
      while true {
        body(place)
        var axis = 1
        while axis < rank {
          index[axis] += 1
          place += strides[axis]
          if index[axis] < extents[axis] { break }
          place -= strides[axis] * extents[axis]
          index[axis] = 0
          axis += 1
        }
        if axis >= rank { return }
      }
    }
  }

  /// The axes of `shape` to reduce, counted from the front; none may have an extent of 0 among
  /// those that are kept.
  init(_ shape: Shape, isReduced: (Int) -> Bool) {
    var stride = 1
    for axis in Swift.stride(from: shape.rank - 1, through: 0, by: -1) {
      if isReduced(axis) {
        reduced.add(shape[axis], stride)
      } else {
        kept.add(shape[axis], stride)
      }
      stride *= shape[axis]
    }
  }

  /// `y = finish(fold(… fold(seed, x₀), x₁ …))` for every element of the result.
  @inline(__always)
  func reduce<T: Scalar>(
    _ x: Elements<T>, into y: Elements<T>, seed: Double, _ fold: (Double, Double) -> Double,
    finish: (Double) -> Double
  ) {
    unsafe reduce(x, into: y, seed: seed, finish: finish) { start, stride, sums in
      for k in 0..<reduced.extents[0] {
        let place = start + k * stride
        for i in sums.indices { unsafe sums[i] = fold(sums[i], Double(x[place + i])) }
      }
    }
  }

  /// `y = finish(Σ x)` or `finish(Σ x²)` by the vector kernel.
  func sum(
    _ summand: VectorKernels.Summand, _ x: Elements<Float>, into y: Elements<Float>,
    finish: (Double) -> Double
  ) {
    unsafe reduce(x, into: y, seed: 0, finish: finish) { start, stride, sums in
      unsafe VectorKernels.addSums(
        of: summand, x, from: start, rows: reduced.extents[0], stride: stride, into: sums)
    }
  }

  /// Calls `run` for every run along the innermost reduced axis, with its first place, its stride
  /// and the results that are accumulated side by side.
  @inline(__always)
  private func reduce<T: Scalar>(
    _ x: Elements<T>, into y: Elements<T>, seed: Double, finish: (Double) -> Double,
    run: (Int, Int, UnsafeMutableBufferPointer<Double>) -> Void
  ) {
    if y.count == 0 { return }
    if x.count == 0 {
      for i in y.indices { y[i] = T(finish(seed)) }
      return
    }
    let (width, step) = (kept.extents[0], kept.strides[0])
    var target = 0
    unsafe withUnsafeTemporaryAllocation(of: Double.self, capacity: Self.blockWidth) { buffer in
      kept.forEachRun { base in
        var first = 0
        while first < width {
          let count = step == 1 ? min(Self.blockWidth, width - first) : 1
          let sums = unsafe UnsafeMutableBufferPointer(rebasing: buffer[0..<count])
          for i in 0..<count { unsafe sums[i] = seed }
          let start = base + first * step
          reduced.forEachRun { offset in
            unsafe run(start + offset, reduced.strides[0], sums)
          }
          for i in 0..<count { y[target + i] = T(finish(unsafe sums[i])) }
          target += count
          first += count
        }
      }
    }
  }
}
