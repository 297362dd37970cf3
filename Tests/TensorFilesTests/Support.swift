import Foundation
import TensorFiles
import Tensors

/// Files that Data/make-tensor-files.py has written.
enum Files {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .appending(path: "Data")

  static func path(_ name: String) -> String { folder.appending(path: name).path }

  /// Gives `body` the path of a file that is not there yet, and removes it afterwards.
  static func withTemporary<R>(_ body: (String) throws -> R) rethrows -> R {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
  }
}

/// The message of the error that `body` throws, with the file's path as FILE; nil without error.
func message(_ path: String, _ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch {
    return "\(error)".replacing(path, with: "FILE")
  }
}

/// Seconds that this thread has computed: unlike the clock's, not those in which others did.
func processorSeconds() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}

extension Tensor {
  /// The elements as text, which tells zeros of both signs and NaN apart.
  var texts: [String] {
    switch elementType {
    case .float32: array(of: Float.self).map { "\($0)" }
    case .float64: array(of: Double.self).map { "\($0)" }
    case .int64: array(of: Int64.self).map { "\($0)" }
    case .bool: array(of: Bool.self).map { "\($0)" }
    }
  }
}
