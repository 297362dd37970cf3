import Findings
import Foundation

/// What comes from standard input, kept in a file while something is done with it.
enum StandardInput {
  /// The name by which people ask for it.
  static let name = "-"
  /// The most bytes that are read: what an ONNX file may have.
  private static let mostBytes = 2 << 30

  /// Reads to the end, text as YAML and other bytes as an ONNX model, and gives `body` the path.
  ///
  /// - Throws: `InputError` when nothing comes or it cannot be kept, and what `body` throws.
  static func kept<R>(_ body: (String) throws -> R) throws -> R {
    guard let data = try? FileHandle.standardInput.read(upToCount: mostBytes), !data.isEmpty else {
      throw InputError(
        file: name, "nothing comes from standard input; pipe a network into it, or name a file")
    }
    let isText = !data.prefix(4096).contains(0) && String(data: data, encoding: .utf8) != nil
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("evenkeel-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent(isText ? "input.yaml" : "input.onnx")
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try data.write(to: file)
    } catch {
      throw InputError(
        file: name, "standard input cannot be kept; make room where temporary files go")
    }
    return try body(file.path)
  }
}
