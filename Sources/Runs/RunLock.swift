import Foundation

/// Keeps two processes from writing one run: a file beside it, locked for as long as the process lives.
final class RunLock: Sendable {
  private let descriptor: Int32
  private let path: String

  init(_ run: String) throws(RunError) {
    path = run + ".lock"
    descriptor = try Self.lock(path, of: run)
    let text = Array("\(getpid())".utf8)
    ftruncate(descriptor, 0)
    _ = unsafe text.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  deinit {
    // In this order: whoever locks the file between the two finds that it has lost its name.
    unsafe unlink(path)
    close(descriptor)
  }

  /// The descriptor of the locked file.
  private static func lock(_ path: String, of run: String) throws(RunError) -> Int32 {
    while true {
      let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
      guard descriptor >= 0 else { throw RunError(creating: run, errno) }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let owner = Self.owner(descriptor)
        close(descriptor)
        throw RunError(
          run, "\(owner.map { "the process \($0)" } ?? "another process") is writing this run",
          cure: "wait for it, or name another file")
      }
      // The last owner may have removed the file after it was opened here.
      var (opened, named) = (stat(), stat())
      if unsafe fstat(descriptor, &opened) == 0, unsafe stat(path, &named) == 0,
        opened.st_ino == named.st_ino, opened.st_dev == named.st_dev
      {
        return descriptor
      }
      close(descriptor)
    }
  }

  /// The number of the process that wrote itself into the file.
  private static func owner(_ descriptor: Int32) -> Int? {
    var text = [UInt8](repeating: 0, count: 20)
    let count = unsafe text.withUnsafeMutableBytes {
      unsafe pread(descriptor, $0.baseAddress, $0.count, 0)
    }
    return Int(String(decoding: text.prefix(max(0, count)), as: UTF8.self))
  }
}
