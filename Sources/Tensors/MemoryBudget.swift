import Findings
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// How much memory all tensors of the program may take together.
///
/// What a file asks for is known before memory is taken: whoever is about to take much asks
/// ``check(_:for:)`` first, and refuses the file where it throws. The count of what tensors hold
/// is kept here; arrays beside them are counted by whoever makes them, while it makes them.
public enum MemoryBudget {
  /// Bytes that may be taken; without a limit to begin with.
  private static let most = Atomic<Int>(.max)
  /// Bytes that tensors hold now.
  private static let held = Atomic<Int>(0)
  /// What ends the program where memory is taken without having been asked for.
  private static let ending = Mutex<(@Sendable (MemoryError) -> Never)?>(nil)

  /// The most bytes that may be held at a time.
  public static var limit: Int {
    get { most.load(ordering: .relaxed) }
    set { most.store(max(newValue, 0), ordering: .relaxed) }
  }

  /// The bytes that tensors hold.
  public static var taken: Int { held.load(ordering: .relaxed) }

  /// Bytes that may still be taken.
  public static var available: Int { max(0, limit - taken) }

  /// Throws where `bytes` more would be too many.
  ///
  /// - Parameters:
  ///   - bytes: what is about to be taken.
  ///   - purpose: what it is for, as in "needs 3 GB for the activations".
  /// - Throws: ``MemoryError`` with what is needed and what there may be.
  public static func check(
    _ bytes: Int, for purpose: @autoclosure () -> String
  ) throws(MemoryError) {
    guard bytes > available else { return }
    throw MemoryError(needed: bytes, for: purpose())
  }

  /// Sets what a program does where memory runs out unforeseen; without it, it traps.
  public static func onExhaustion(_ body: @escaping @Sendable (MemoryError) -> Never) {
    ending.withLock { $0 = body }
  }

  static func take(_ bytes: Int) {
    if bytes > available { stop(MemoryError(needed: bytes, for: "a tensor")) }
    held.add(bytes, ordering: .relaxed)
  }

  static func giveBack(_ bytes: Int) { held.subtract(bytes, ordering: .relaxed) }

  static func stop(_ error: MemoryError) -> Never {
    if let body = ending.withLock({ $0 }) { body(error) }
    fatalError("\(error)")
  }

  /// Bytes that this process can still get without harm to others: what the machine has free, less
  /// what limits of the process or of its group leave out.
  public static var ofMachine: Int {
    let free = free() ?? physical()
    return [free, groupRest(), processRest()].compactMap { $0 }.min() ?? free
  }

  private static func physical() -> Int {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    return max(0, pages) * max(1, sysconf(Int32(_SC_PAGESIZE)))
  }

  /// What Linux tells programs may have before it swaps.
  private static func free() -> Int? {
    number(after: "MemAvailable:", in: "/proc/meminfo").map { $0 * 1024 }
  }

  /// What the limit of a group of processes, such as a container, leaves.
  private static func groupRest() -> Int? {
    let pairs = [
      ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
      (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes"
      ),
    ]
    for (limit, usage) in pairs {
      guard let limit = number(after: "", in: limit), limit < 1 << 60 else { continue }
      return max(0, limit - (number(after: "", in: usage) ?? 0))
    }
    return nil
  }

  /// What the limit of the address space leaves; a sixth of it goes to stacks and libraries.
  private static func processRest() -> Int? {
    var limit = rlimit()
    #if canImport(Glibc)
      let status = unsafe getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    #else
      let status = unsafe getrlimit(RLIMIT_AS, &limit)
    #endif
    guard status == 0, let most = Int(exactly: limit.rlim_cur), most < 1 << 60 else { return nil }
    let used = (number(after: "", in: "/proc/self/statm") ?? 0) * 4096
    return max(0, most - used)
  }

  /// The first number after a word of a small text file.
  private static func number(after word: String, in path: String) -> Int? {
    guard let file = unsafe fopen(path, "r") else { return nil }
    defer { unsafe fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = unsafe fread(&bytes, 1, bytes.count, file)
    let text = String(decoding: bytes[..<count], as: UTF8.self)
    for line in text.split(separator: "\n") where line.hasPrefix(word) {
      let rest = line.dropFirst(word.count).drop { $0 == " " }
      return Int(rest.prefix { $0.isNumber })
    }
    return nil
  }
}

/// Memory that is asked for beyond the budget.
public struct MemoryError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What somebody who gets this error can do.
  public static let cure = "use smaller sizes or a smaller batch, or allow more with --memory"

  /// Bytes that were asked for.
  public let needed: Int
  /// Bytes that tensors held already, and how many they may hold.
  public let held: Int
  public let limit: Int
  /// What they were asked for, such as "the activations".
  public let purpose: String

  public init(needed: Int, for purpose: String) {
    self.needed = needed
    self.purpose = purpose
    held = MemoryBudget.taken
    limit = MemoryBudget.limit
  }

  /// What is wrong and what to do, on one line.
  public var description: String { "\(problem); \(Self.cure)" }

  /// What is wrong, without a full stop.
  public var problem: String {
    "needs \(Numerals.bytes(needed)) for \(purpose)"
      + (held > 1 << 20 ? " beside \(Numerals.bytes(held)) in use" : "")
      + (limit == .max
        ? ", which the system does not give"
        : ", more than the \(Numerals.bytes(limit)) it may take")
  }
}
