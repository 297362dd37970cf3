import Foundation

/// A file that appears under its name only when it is complete.
///
/// Bytes go to a file beside it, which takes its place in ``finish()``: whoever reads the name sees
/// the old file or the new one, also when the program ends in between.
package final class ByteSink {
  let path: String
  private let partPath: String
  private let descriptor: Int32
  private var isFinished = false
  /// What was written, where it goes to memory instead of a file.
  package private(set) var memory: [UInt8]?

  /// Keeps what is written in memory; `name` is what errors call it.
  package init(inMemory name: String) {
    path = name
    partPath = ""
    descriptor = -1
    isFinished = true
    memory = []
  }

  package init(_ path: String) throws(DataError) {
    self.path = path
    partPath = path + ".part-\(getpid())-\(UInt32.random(in: .min ... .max))"
    descriptor = unsafe open(partPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      isFinished = true
      throw Self.refusal(path, errno)
    }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    if !isFinished { unsafe unlink(partPath) }
  }

  package func write(_ bytes: [UInt8]) throws(DataError) {
    guard memory == nil else {
      memory?.append(contentsOf: bytes)
      return
    }
    var done = 0
    while done < bytes.count {
      let put = unsafe bytes.withUnsafeBytes { buffer in
        unsafe Foundation.write(
          descriptor, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done)
      }
      if put < 0 && errno == EINTR { continue }
      guard put > 0 else { throw Self.refusal(path, errno) }
      done += put
    }
  }

  /// Brings the bytes to the disk and gives the file its name.
  package func finish() throws(DataError) {
    guard memory == nil else { return }
    guard fsync(descriptor) == 0, unsafe rename(partPath, path) == 0 else {
      throw Self.refusal(path, errno)
    }
    isFinished = true
  }

  private static func refusal(_ path: String, _ number: Int32) -> DataError {
    let (problem, cure) =
      switch number {
      case ENOENT, ENOTDIR: ("there is no such directory to write to", "make it first")
      case EACCES, EPERM, EROFS: ("the file may not be written", "check the permissions")
      case ENOSPC, EDQUOT: ("the disk is full", "make room and try again")
      case EISDIR: ("this is a directory", "name a file in it")
      default: ("the file cannot be written", "check the path and the disk")
      }
    return DataError(.unwritableFile, problem, cure: cure, file: path)
  }
}
