import Tensors

/// A walk over a box of elements that lie at fixed strides in a source and in a target.
///
/// It coalesces neighbouring axes and copies in tiles when source and target run along different
/// axes, so that a transpose reads and writes whole cache lines.
struct StridedWalk {
  private(set) var rank = 0
  private(set) var extents = SIMD8<Int>(repeating: 1)
  private(set) var source = SIMD8<Int>(repeating: 0)
  private(set) var target = SIMD8<Int>(repeating: 0)
  private var isEmpty = false

  /// Appends an axis inside all axes so far.
  mutating func append(extent: Int, source sourceStride: Int, target targetStride: Int) {
    if extent == 0 { isEmpty = true }
    if extent <= 1 { return }
    if rank > 0, source[rank - 1] == sourceStride * extent,
      target[rank - 1] == targetStride * extent
    {
      extents[rank - 1] *= extent
      source[rank - 1] = sourceStride
      target[rank - 1] = targetStride
      return
    }
    precondition(rank < greatestRank, "the rank is beyond \(greatestRank)")
    extents[rank] = extent
    source[rank] = sourceStride
    target[rank] = targetStride
    rank += 1
  }

  /// Copies the elements of the walk from `from` to `to`, which have the same element type.
  func copy(from: Tensor, at fromOffset: Int = 0, to: Tensor, toOffset: Int = 0) {
    switch from.elementType {
    case .float32: copyElements(Float.self, from, fromOffset, to, toOffset)
    case .float64: copyElements(Double.self, from, fromOffset, to, toOffset)
    case .int64: copyElements(Int64.self, from, fromOffset, to, toOffset)
    case .bool: copyElements(Bool.self, from, fromOffset, to, toOffset)
    }
  }

  @specialized(where T == Float)
  @specialized(where T == Double)
  @specialized(where T == Int64)
  @specialized(where T == Bool)
  private func copyElements<T: Element>(
    _: T.Type, _ from: Tensor, _ fromOffset: Int, _ to: Tensor, _ toOffset: Int
  ) {
    if isEmpty { return }
    checkReach(source, fromOffset, from.count)
    checkReach(target, toOffset, to.count)
    var walk = self
    walk.bringSourceAxisInside()
    let inner = walk.rank - 1
    let middle = walk.rank - 2
    let fromBase = unsafe from.elements(as: T.self).pointer
    let toBase = unsafe to.elements(as: T.self).pointer
    var position = SIMD8<Int>(repeating: 0)
    var sourceIndex = fromOffset
    var targetIndex = toOffset
    while true {
      unsafe walk.copyPlane(fromBase + sourceIndex, toBase + targetIndex, middle, inner)
      var axis = middle - 1
      while axis >= 0 {
        position[axis] += 1
        sourceIndex += walk.source[axis]
        targetIndex += walk.target[axis]
        if position[axis] < walk.extents[axis] { break }
        sourceIndex -= walk.source[axis] * walk.extents[axis]
        targetIndex -= walk.target[axis] * walk.extents[axis]
        position[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }

  /// Copies the innermost two axes.
  @inline(__always)
  private func copyPlane<T>(
    _ from: UnsafeMutablePointer<T>, _ to: UnsafeMutablePointer<T>, _ middle: Int, _ inner: Int
  ) {
    let rows = middle >= 0 ? extents[middle] : 1
    let columns = inner >= 0 ? extents[inner] : 1
    let fromRow = middle >= 0 ? source[middle] : 0
    let toRow = middle >= 0 ? target[middle] : 0
    let fromColumn = inner >= 0 ? source[inner] : 0
    let toColumn = inner >= 0 ? target[inner] : 0
    if columns == 1 || fromColumn == 1 && toColumn == 1 {
      for row in 0..<rows {
        unsafe (to + row * toRow).update(from: from + row * fromRow, count: columns)
      }
      return
    }
    let tile = 32
    var rowStart = 0
    while rowStart < rows {
      let rowEnd = min(rowStart + tile, rows)
      var columnStart = 0
      while columnStart < columns {
        let columnEnd = min(columnStart + tile, columns)
        for row in rowStart..<rowEnd {
          let source = unsafe from + row * fromRow
          let target = unsafe to + row * toRow
          for column in columnStart..<columnEnd {
            unsafe target[column * toColumn] = source[column * fromColumn]
          }
        }
        columnStart = columnEnd
      }
      rowStart = rowEnd
    }
  }

  /// Moves the axis along which the source is contiguous to the place next to the innermost.
  private mutating func bringSourceAxisInside() {
    guard rank > 2, source[rank - 1] != 1 else { return }
    for axis in 0..<(rank - 2) where source[axis] == 1 {
      for k in axis..<(rank - 2) {
        (extents[k], extents[k + 1]) = (extents[k + 1], extents[k])
        (source[k], source[k + 1]) = (source[k + 1], source[k])
        (target[k], target[k + 1]) = (target[k + 1], target[k])
      }
      return
    }
  }

  private func checkReach(_ strides: SIMD8<Int>, _ offset: Int, _ count: Int) {
    var least = offset
    var greatest = offset
    for axis in 0..<rank {
      let reach = strides[axis] * (extents[axis] - 1)
      if reach < 0 { least += reach } else { greatest += reach }
    }
    precondition(least >= 0 && greatest < count, "the walk leaves the tensor")
  }
}

extension Tensor {
  /// Sets every element to 0, or false.
  func fillWithZeros() {
    switch elementType {
    case .float32: unsafe elements(as: Float.self).pointer.update(repeating: 0, count: count)
    case .float64: unsafe elements(as: Double.self).pointer.update(repeating: 0, count: count)
    case .int64: unsafe elements(as: Int64.self).pointer.update(repeating: 0, count: count)
    case .bool: unsafe elements(as: Bool.self).pointer.update(repeating: false, count: count)
    }
  }
}
