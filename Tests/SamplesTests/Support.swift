import Foundation
import Samples
import TensorFiles
import Tensors

/// Files that Data/make-sample-files.py has written.
enum Files {
  static func path(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Data/\(name)").path
  }

  /// Gives `body` the path of a file with this content, and removes it afterwards.
  static func with<R>(_ content: String, _ body: (String) throws -> R) throws -> R {
    let url = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data(content.utf8).write(to: url)
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

/// The message of reading a table of this content.
func tableMessage(_ content: String, _ format: CSVFormat = CSVFormat()) throws -> String? {
  try Files.with(content) { path in message(path) { _ = try Dataset(csv: path, format) } }
}

extension Dataset {
  var numbers: [Float] { features.array(of: Float.self) }

  /// The class number of each sample, and nothing for other targets.
  var labels: [Int64] {
    guard case .classes(let tensor, _) = targets else { return [] }
    return tensor.array(of: Int64.self)
  }

  var classNames: [String] {
    guard case .classes(_, let names) = targets else { return [] }
    return names
  }

  /// The numbers of real targets, and nothing for classes.
  var reals: [Float] {
    guard case .reals(let tensor) = targets else { return [] }
    return tensor.array(of: Float.self)
  }
}

/// Seconds that this thread has computed: unlike the clock's, not those in which others did.
func processorSeconds() -> Double {
  var time = timespec()
  unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + 1e-9 * Double(time.tv_nsec)
}
