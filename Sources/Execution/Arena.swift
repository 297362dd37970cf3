/// Lays blocks of memory out by lifetime, so that values that never live together share bytes.
///
/// Blocks are requested in the order in which they are written and released after their last use.
/// A request takes the smallest free gap that holds it, the lowest one among equals, and otherwise
/// extends the arena.
struct Arena {
  /// Vector kernels like cache lines.
  static let alignment = 64

  private(set) var byteCount = 0
  private var gaps: [Gap] = []

  private struct Gap {
    var offset: Int
    var length: Int
  }

  static func rounded(_ bytes: Int) -> Int {
    (max(bytes, 1) + alignment - 1) / alignment * alignment
  }

  /// The offset of a new block of at least `bytes`.
  mutating func take(_ bytes: Int) -> Int {
    let length = Self.rounded(bytes)
    var best: Int?
    for (i, gap) in gaps.enumerated() where gap.length >= length {
      if best.map({ gap.length < gaps[$0].length }) ?? true { best = i }
      if gap.length == length { break }
    }
    if let best {
      let offset = gaps[best].offset
      if gaps[best].length == length {
        gaps.remove(at: best)
      } else {
        gaps[best].offset += length
        gaps[best].length -= length
      }
      return offset
    }
    // A gap at the end grows instead of being left behind.
    if let last = gaps.last, last.offset + last.length == byteCount {
      gaps.removeLast()
      byteCount = last.offset + length
      return last.offset
    }
    defer { byteCount += length }
    return byteCount
  }

  /// Gives a block back, joining it with the gaps beside it.
  mutating func release(offset: Int, bytes: Int) {
    let length = Self.rounded(bytes)
    var low = 0
    var high = gaps.count
    while low < high {
      let middle = (low + high) / 2
      if gaps[middle].offset < offset { low = middle + 1 } else { high = middle }
    }
    gaps.insert(Gap(offset: offset, length: length), at: low)
    if low + 1 < gaps.count, gaps[low].offset + gaps[low].length == gaps[low + 1].offset {
      gaps[low].length += gaps[low + 1].length
      gaps.remove(at: low + 1)
    }
    if low > 0, gaps[low - 1].offset + gaps[low - 1].length == gaps[low].offset {
      gaps[low - 1].length += gaps[low].length
      gaps.remove(at: low)
    }
  }
}
