import Foundation

/// Keeps two processes from writing one run: a file beside it, locked for as long as the process lives.
final class RunLock: Sendable {
  private let descriptor: Int32
  private let path: String

  init(_ run: String) throws(RunError) {
    path = run + ".lock"
    descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw RunError(creating: run, errno) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      var text = [UInt8](repeating: 0, count: 32)
      let count = unsafe text.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, 32) }
      close(descriptor)
      let owner = String(decoding: text.prefix(max(0, count)), as: UTF8.self)
      throw RunError(
        run, "the process \(owner.isEmpty ? "of another command" : owner) is writing this run",
        cure: "wait for it, or name another file")
    }
    let text = Array("\(getpid())".utf8)
    ftruncate(descriptor, 0)
    _ = unsafe text.withUnsafeBytes { unsafe pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  deinit {
    if descriptor >= 0 {
      unsafe unlink(path)
      close(descriptor)
    }
  }
}

extension RunError {
  /// Why a file could not be created.
  init(creating path: String, _ number: Int32) {
    let (problem, cure) =
      switch number {
      case ENOENT, ENOTDIR: ("there is no such directory to write to", "make it first")
      case EACCES, EPERM, EROFS: ("the file may not be written", "check the permissions")
      case ENOSPC, EDQUOT: ("the disk is full", "make room")
      case EISDIR: ("this is a directory", "name a file in it")
      default: ("the file cannot be written", "check the path and the disk")
      }
    self.init(path, problem, cure: cure)
  }
}
