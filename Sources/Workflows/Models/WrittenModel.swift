import Foundation
import ONNX

/// A model that was written and read again.
final class WrittenModel {
  let file: ModelFile
  private var folder: URL?

  init(_ model: ModelFile) throws {
    guard model.needsExternalData else {
      file = try ModelFile(try model.bytes(), path: model.path)
      return
    }
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("evenkeel-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    do {
      let path = folder.appendingPathComponent("model.onnx").path
      try model.write(to: path)
      file = try ModelFile(contentsOf: path)
      self.folder = folder
    } catch {
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
  }

  deinit {
    if let folder { try? FileManager.default.removeItem(at: folder) }
  }
}
