import Foundation
import Synchronization
import Tensors
import Testing

/// Every reader is given files that are broken, and valid files with extreme numbers, with 2 GB of
/// address space: each is read or refused in one line, at once, and none ends the process.
///
/// For a minute altogether, or as long as EVENKEEL_FUZZ_SECONDS says (`make fuzz`: an hour). The
/// file that was read last is left in the folder of temporary files where the process ends over it,
/// and `evenkeel-fuzz.log` beside it holds its last words.
@Suite struct FuzzTests {
  @Test func everyFileIsReadOrRefused() async {
    await #expect(processExitsWith: .success) { try Fuzzing.run() }
  }
}

/// The work, in its own process.
enum Fuzzing {
  /// Seconds that one small file may take.
  private static let patience = 20.0

  static func run() throws {
    let environment = ProcessInfo.processInfo.environment
    let seconds = environment["EVENKEEL_FUZZ_SECONDS"].flatMap(Double.init) ?? 60
    let seed = environment["EVENKEEL_FUZZ_SEED"].flatMap(UInt64.init) ?? 0
    let only = environment["EVENKEEL_FUZZ_READER"]
    let readers = Reader.all.filter { only == nil || $0.name.hasPrefix(only ?? "") }
    let seeds = try readers.map { try $0.seeds() }
    let log = FileManager.default.temporaryDirectory.appending(path: "evenkeel-fuzz.log").path
    _ = unsafe dup2(open(log, O_WRONLY | O_CREAT | O_TRUNC, 0o600), STDERR_FILENO)
    limitAddressSpace(gigabytes: 2)
    MemoryBudget.limit = 1 << 26
    Watchdog.start(patience: patience)
    for (reader, seeds) in zip(readers, seeds) {
      precondition(!seeds.isEmpty, "\(reader.name) has no files to begin with")
      try fuzz(reader, seeds, for: seconds / Double(readers.count), seed: seed)
    }
  }

  private static func fuzz(
    _ reader: Reader, _ seeds: [[UInt8]], for seconds: Double, seed: UInt64
  ) throws {
    var draws = Draws(seed: seed, name: reader.name)
    let file = FileManager.default.temporaryDirectory
      .appending(path: "evenkeel-fuzz-\(getpid()).\(reader.ending)")
    let end = ContinuousClock.now + .seconds(seconds)
    var (tried, accepted) = (0, 0)
    while ContinuousClock.now < end || tried < 20 {
      let bytes = reader.mutate(draws.element(of: seeds), &draws)
      try Data(bytes).write(to: file)
      Watchdog.begin("\(reader.name): \(file.path)")
      do {
        try reader.read(file.path)
        accepted += 1
      } catch {
        precondition(
          Reader.isTold(error), "\(reader.name): \(file.path): \(error) is not told in a line")
      }
      Watchdog.end()
      tried += 1
    }
    try FileManager.default.removeItem(at: file)
    print("\(reader.name): \(tried) files, \(accepted) of them read")
    precondition(accepted < tried, "\(reader.name): every file was read")
  }

  private static func limitAddressSpace(gigabytes: UInt64) {
    #if os(Linux)
      // What is mapped already counts too: libraries and their threads take most of a gigabyte.
      var limit = rlimit(rlim_cur: UInt(gigabytes << 30), rlim_max: UInt(gigabytes << 30))
      let status = unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
      precondition(status == 0, "the address space cannot be limited")
    #endif
  }
}

/// Ends the process over a file that takes too long.
enum Watchdog {
  private static let state = Mutex<(name: String, since: ContinuousClock.Instant)?>(nil)

  static func start(patience: Double) {
    Thread.detachNewThread {
      while true {
        Thread.sleep(forTimeInterval: 0.5)
        guard let (name, since) = state.withLock({ $0 }),
          ContinuousClock.now - since > .seconds(patience)
        else { continue }
        fatalError("\(name) takes more than \(patience) seconds")
      }
    }
  }

  static func begin(_ name: String) { state.withLock { $0 = (name, .now) } }
  static func end() { state.withLock { $0 = nil } }
}
