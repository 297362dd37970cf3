import Foundation

/// A regular file that is open for reading, of which any part can be read.
///
/// Nothing is mapped, so that a file which another process cuts short gives an error and no signal.
package final class ByteSource: Sendable {
  package let path: String
  /// Bytes of the file when it was opened.
  package let byteCount: Int
  private let descriptor: Int32
  /// All bytes, where they are in memory.
  private let memory: [UInt8]?

  /// Most bytes that one tensor or text is read into: 8 GiB.
  package static let mostBytes = 8 << 30

  /// Reads bytes that are in memory; `name` is what errors call them.
  package init(_ bytes: [UInt8], name: String) {
    (path, byteCount, descriptor, memory) = (name, bytes.count, -1, bytes)
  }

  /// Opens the file; `content` says what should be named instead of a directory or a device.
  package init(_ path: String, content: String) throws(DataError) {
    func refusal(_ problem: String, _ cure: String) -> DataError {
      DataError(.unreadableFile, problem, cure: cure, file: path)
    }
    // Without O_NONBLOCK a named pipe that nobody writes to would wait forever.
    let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw errno == EACCES
        ? refusal("the file may not be read", "check its permissions")
        : refusal("there is no such file", "check the path")
    }
    self.descriptor = descriptor
    self.path = path
    memory = nil
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else {
      byteCount = 0
      throw refusal("the file cannot be read", "check the path")
    }
    byteCount = Int(status.st_size)
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw refusal("this is a directory", "name \(content) in it")
    default: throw refusal("this is not a regular file", "name \(content)")
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// The bytes `offset ..< offset + count`, which must lie in the file.
  package func bytes(at offset: Int, count: Int) throws(DataError) -> [UInt8] {
    precondition(offset >= 0 && count >= 0 && offset <= byteCount - count, "outside the file")
    if let memory { return [UInt8](memory[offset..<offset + count]) }
    var bytes = [UInt8](repeating: 0, count: count)
    var done = 0
    while done < count {
      let got = unsafe bytes.withUnsafeMutableBytes { buffer in
        unsafe pread(
          descriptor, buffer.baseAddress.map { unsafe $0 + done }, count - done,
          off_t(offset + done))
      }
      if got < 0 && errno == EINTR { continue }
      guard got > 0 else {
        throw DataError(
          .unreadableFile,
          got == 0 ? "the file became shorter while it was read" : "the file cannot be read",
          cure: "try again", file: path)
      }
      done += got
    }
    return bytes
  }

  /// Gives `body` the bytes of `range` in order, in pieces of at most a MiB and of whole elements
  /// of `step` bytes, with the number of the first element.
  package func forEachPiece(
    of range: Range<Int>, step: Int,
    _ body: (_ bytes: [UInt8], _ first: Int) throws(DataError) -> Void
  ) throws(DataError) {
    let stride = max(step, (1 << 20) / step * step)
    var place = range.lowerBound
    while place < range.upperBound {
      let count = min(stride, range.upperBound - place)
      try body(try bytes(at: place, count: count), (place - range.lowerBound) / step)
      place += count
    }
  }
}
