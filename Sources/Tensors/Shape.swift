/// The extents of a tensor, outermost first; a scalar has none.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  public let extents: [Int]

  /// Creates a shape; extents must not be negative.
  public init(_ extents: [Int]) {
    precondition(extents.allSatisfy { $0 >= 0 }, "extents cannot be negative")
    self.extents = extents
  }

  public init(arrayLiteral elements: Int...) { self.init(elements) }

  public static let scalar = Shape([])

  public var rank: Int { extents.count }

  /// The number of elements: 1 for a scalar, and ``greatestCount`` for that or any more.
  ///
  /// Extents may come out of a file, whose product need not be a number that fits. What has
  /// ``greatestCount`` elements is refused wherever memory is taken for it.
  public var count: Int { Self.count(of: extents) }

  /// The greatest count that is told apart: 2^52, of which memory holds none.
  @inlinable public static var greatestCount: Int { 1 << 52 }

  /// The product of extents that are not negative, at most ``greatestCount``.
  @inlinable
  public static func count(of extents: some Sequence<Int>) -> Int {
    var (count, isHuge) = (1, false)
    for extent in extents {
      let (product, overflows) = count.multipliedReportingOverflow(by: extent)
      isHuge = isHuge || overflows || product > greatestCount
      // A later extent of 0 leaves nothing of it.
      count = extent == 0 ? 0 : isHuge ? greatestCount : product
      if count == 0 { return 0 }
    }
    return count
  }

  /// The bytes of the elements, stored as elements of `type`.
  public func byteCount(of type: ElementType) -> Int { count * type.byteCount }

  public subscript(axis: Int) -> Int { extents[axis] }

  /// Row-major strides in elements, which wrap around where the shape has more than memory holds.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] &* extents[axis + 1]
    }
    return strides
  }

  /// `axis` counted from the front, or nil when it is outside the rank; negative axes count back.
  public func axis(_ axis: Int) -> Int? {
    let resolved = axis < 0 ? axis + rank : axis
    return (0..<rank).contains(resolved) ? resolved : nil
  }

  /// The shape that both broadcast to by NumPy's rule, or nil when they do not fit.
  public func broadcast(with other: Shape) -> Shape? {
    let rank = max(rank, other.rank)
    var extents = [Int](repeating: 1, count: rank)
    for back in 1...max(rank, 1) where back <= rank {
      let a = back <= self.rank ? self.extents[self.rank - back] : 1
      let b = back <= other.rank ? other.extents[other.rank - back] : 1
      guard a == b || a == 1 || b == 1 else { return nil }
      extents[rank - back] = a == 1 ? b : a
    }
    return Shape(extents)
  }

  public var description: String {
    "[" + extents.map(String.init).joined(separator: ", ") + "]"
  }
}

/// What the elements of a tensor are; how reals are stored is the plan's choice.
public enum ElementKind: String, Hashable, Sendable {
  case real, integer, boolean
}

/// Shape and element kind of a value in a graph.
public struct TensorType: Hashable, Sendable, CustomStringConvertible {
  public let shape: Shape
  public let kind: ElementKind

  public init(_ shape: Shape, _ kind: ElementKind = .real) {
    self.shape = shape
    self.kind = kind
  }

  public var description: String { kind == .real ? "\(shape)" : "\(kind.rawValue)\(shape)" }
}
