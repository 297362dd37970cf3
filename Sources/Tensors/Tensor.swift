#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How elements lie in memory.
public enum ElementType: Hashable, Sendable {
  case float32, float64, int64, bool

  /// Bytes of one element.
  public var byteCount: Int {
    switch self {
    case .float32: 4
    case .float64, .int64: 8
    case .bool: 1
    }
  }
}

/// A Swift type that stands in memory for an element type.
public protocol Element: Sendable {
  static var elementType: ElementType { get }
}

extension Float: Element { public static var elementType: ElementType { .float32 } }
extension Double: Element { public static var elementType: ElementType { .float64 } }
extension Int64: Element { public static var elementType: ElementType { .int64 } }
extension Bool: Element { public static var elementType: ElementType { .bool } }

/// A block of memory, aligned for vector kernels and zeroed at creation.
///
/// `@unchecked Sendable`: the bytes are shared on purpose; whoever runs kernels on several threads
/// hands each a disjoint part, which the execution plan guarantees.
@safe public final class Storage: @unchecked Sendable {
  @usableFromInline let base: UnsafeMutableRawPointer
  public let byteCount: Int
  private let block: UnsafeMutableRawPointer

  private static let alignment = 64

  /// Takes memory.
  ///
  /// What is beyond the budget, or what the system does not give, ends the program in the way that
  /// ``MemoryBudget`` was told: whoever takes much asks the budget first.
  public init(byteCount: Int) {
    MemoryBudget.take(byteCount)
    self.byteCount = byteCount
    unsafe (base, block) = Self.zeros(byteCount)
  }

  deinit {
    unsafe free(block)
    MemoryBudget.giveBack(byteCount)
  }

  /// Memory from the system is zero already, and costs nothing until it is first touched.
  private static func zeros(_ byteCount: Int) -> (UnsafeMutableRawPointer, UnsafeMutableRawPointer)
  {
    guard let block = unsafe calloc(1, byteCount + alignment) else {
      MemoryBudget.stop(MemoryError(needed: byteCount, for: "a tensor"))
    }
    let rest = UInt(bitPattern: block) % UInt(alignment)
    unsafe askForLargePages(block, byteCount)
    return unsafe (block + (alignment - Int(rest)), block)
  }

  /// Has the system hand out the memory now, on all threads.
  ///
  /// A step that touches memory first waits while the system zeroes it, mostly on one thread. Where
  /// the system does not know the request, nothing happens.
  public func prepare() {
    #if os(Linux)
      let pages = Preparation(
        first: unsafe (UInt(bitPattern: block) + 4095) / 4096 * 4096,
        end: unsafe UInt(bitPattern: block) + UInt(byteCount))
      guard pages.end > pages.first else { return }
      Threads.run(parts: Int((pages.end - pages.first - 1) / Preparation.size) + 1, pages)
    #endif
  }

  #if os(Linux)
    /// Parts of a block, by their addresses.
    private struct Preparation: PartedWork {
      static let size: UInt = 1 << 22
      /// `MADV_POPULATE_WRITE` of Linux 5.14, which leaves contents as they are.
      static let populate: Int32 = 23

      let first: UInt
      let end: UInt

      func run(part: Int) {
        let start = first + UInt(part) * Self.size
        let length = Int(min(Self.size, end - start)) / 4096 * 4096
        guard length > 0 else { return }
        unsafe _ = madvise(UnsafeMutableRawPointer(bitPattern: start), length, Self.populate)
      }
    }
  #endif

  /// Asks the system for pages of 2 MiB, which it hands out several times as fast as small ones.
  private static func askForLargePages(_ block: UnsafeMutableRawPointer, _ byteCount: Int) {
    #if os(Linux)
      let page = 1 << 21
      guard byteCount >= 2 * page else { return }
      let skipped = (page - Int(UInt(bitPattern: block) % UInt(page))) % page
      unsafe _ = madvise(
        block + skipped, (byteCount - skipped) / page * page, Int32(MADV_HUGEPAGE))
    #endif
  }
}

/// A row-major tensor: a type, and a place in a storage that it keeps alive.
///
/// Copies share their elements, as slices of one arena must. Use ``copy()`` for a separate one.
public struct Tensor: Sendable {
  public let shape: Shape
  public let elementType: ElementType
  public let storage: Storage
  /// Where the first element lies, in bytes from the start of the storage.
  public let byteOffset: Int
  public let count: Int

  /// A view of `storage`, which must be large enough.
  public init(_ shape: Shape, _ elementType: ElementType, in storage: Storage, byteOffset: Int) {
    count = shape.count
    precondition(byteOffset >= 0 && byteOffset % 8 == 0, "a tensor must be aligned")
    precondition(byteOffset + count * elementType.byteCount <= storage.byteCount, "out of storage")
    self.shape = shape
    self.elementType = elementType
    self.storage = storage
    self.byteOffset = byteOffset
  }

  /// A tensor of its own, filled with zeros.
  public init(zeros shape: Shape, _ elementType: ElementType) {
    self.init(
      shape, elementType, in: Storage(byteCount: shape.byteCount(of: elementType)),
      byteOffset: 0)
  }

  /// A tensor of its own with these elements.
  public init<T: Element>(_ elements: [T], shape: Shape) {
    precondition(elements.count == shape.count, "element count must match the shape")
    self.init(zeros: shape, T.elementType)
    let target = self.elements(as: T.self)
    for i in elements.indices { target[i] = elements[i] }
  }

  /// The elements, which must be of type `T`.
  @inlinable
  public func elements<T: Element>(as _: T.Type = T.self) -> Elements<T> {
    precondition(T.elementType == elementType, "elements are \(elementType)")
    return Elements(storage, byteOffset: byteOffset, count: count)
  }

  /// The elements as an array of `T`.
  public func array<T: Element>(of _: T.Type = T.self) -> [T] {
    let source = elements(as: T.self)
    return (0..<count).map { source[$0] }
  }

  /// Real elements of either precision, as doubles.
  public var doubles: [Double] {
    switch elementType {
    case .float32: array(of: Float.self).map(Double.init)
    case .float64: array(of: Double.self)
    case .int64: array(of: Int64.self).map(Double.init)
    case .bool: array(of: Bool.self).map { $0 ? 1 : 0 }
    }
  }

  /// A tensor with the same elements in memory of its own.
  public func copy() -> Tensor {
    let result = Tensor(zeros: shape, elementType)
    result.copyBytes(from: self)
    return result
  }

  /// Overwrites these elements with those of a tensor of the same type and count.
  public func copyBytes(from other: Tensor) {
    precondition(other.count == count && other.elementType == elementType, "types differ")
    unsafe (storage.base + byteOffset).copyMemory(
      from: other.storage.base + other.byteOffset, byteCount: count * elementType.byteCount)
  }

  /// Overwrites elements from number `first` on with bytes that hold elements as memory does.
  public func copyBytes(from bytes: RawSpan, to first: Int) {
    precondition(
      first >= 0 && bytes.byteCount % elementType.byteCount == 0
        && first + bytes.byteCount / elementType.byteCount <= count, "too many bytes")
    unsafe bytes.withUnsafeBytes { source in
      guard let start = source.baseAddress else { return }
      let copy = unsafe Copy(
        target: storage.base + byteOffset + first * elementType.byteCount, source: start,
        count: source.count)
      Threads.run(parts: (source.count + Copy.size - 1) / Copy.size, copy)
    }
  }

  /// Bytes that threads copy, part by part.
  @safe private struct Copy: PartedWork {
    static let size = 1 << 21

    let target: UnsafeMutableRawPointer
    let source: UnsafeRawPointer
    let count: Int

    func run(part: Int) {
      let start = part * Self.size
      unsafe (target + start).copyMemory(
        from: source + start, byteCount: min(Self.size, count - start))
    }
  }

  /// The same elements seen under another shape with the same count.
  public func reshaped(_ shape: Shape) -> Tensor {
    precondition(shape.count == count, "a reshape keeps the count")
    return Tensor(shape, elementType, in: storage, byteOffset: byteOffset)
  }
}

/// The elements of a tensor, checked at every access.
///
/// Writing goes through a constant because elements are shared; kernels write where they are told.
@safe public struct Elements<T: Element>: @unchecked Sendable {
  @usableFromInline let base: UnsafeMutablePointer<T>
  public let count: Int
  @usableFromInline let owner: Storage

  @inlinable
  init(_ owner: Storage, byteOffset: Int, count: Int) {
    unsafe base = (owner.base + byteOffset).assumingMemoryBound(to: T.self)
    self.count = count
    self.owner = owner
  }

  @usableFromInline
  init(base: UnsafeMutablePointer<T>, count: Int, owner: Storage) {
    unsafe self.base = unsafe base
    self.count = count
    self.owner = owner
  }

  @inlinable public var indices: Range<Int> { 0..<count }

  @inlinable
  public subscript(index: Int) -> T {
    get {
      precondition(index >= 0 && index < count, "index out of range")
      return unsafe base[index]
    }
    nonmutating set {
      precondition(index >= 0 && index < count, "index out of range")
      unsafe base[index] = newValue
    }
  }

  /// The elements in `range`, sharing memory.
  @inlinable
  public subscript(range: Range<Int>) -> Elements<T> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "range out of bounds")
    return unsafe Elements(base: base + range.lowerBound, count: range.count, owner: owner)
  }

  /// The first element's address, for a C kernel; it must not outlive the call.
  @unsafe @inlinable public var pointer: UnsafeMutablePointer<T> { unsafe base }
}
