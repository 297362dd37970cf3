public import Foundation
import ONNXMessages
import SwiftProtobuf
import TensorFiles

extension ModelFile {
  /// Bytes that all tensors may take in the file of the model itself; protobuf allows 2 GiB.
  static let greatestInline = 0x7800_0000

  /// Whether weights go to a file beside the model: where they lay there before, or protobuf's limit
  /// asks for it.
  package var needsExternalData: Bool { needsExternalData(beyond: Self.greatestInline) }

  func needsExternalData(beyond limit: Int) -> Bool {
    if !externalNames.isEmpty { return true }
    var isExternal = false
    var count = 0
    message.forEachTensor { tensor in
      isExternal = isExternal || tensor.dataLocation == .external
      count += tensor.rawData.count
    }
    return isExternal || count > limit
  }

  /// The model as one piece of memory.
  ///
  /// - Throws: ``ModelError`` where the model needs a file beside it.
  public func bytes() throws -> Data {
    guard !needsExternalData else {
      throw ModelError(
        .limitExceeded, "keeps weights beside it", cure: "write it to a file", file: path)
    }
    return try Self.encoded(message, path)
  }

  static func encoded(_ message: Onnx_ModelProto, _ path: String) throws -> Data {
    do {
      return try message.serializedBytes()
    } catch {
      throw ModelError(
        .limitExceeded, "has more than the 2 GiB that protobuf allows", cure: "store less in it",
        file: path)
    }
  }

  /// Writes the model.
  ///
  /// A model that has its weights beside it, or too many for one file, gets them into one file called
  /// like it with `.data` after it. Both appear complete or not at all; `path` may be the file that was
  /// read.
  ///
  /// - Throws: ``ModelError`` where a tensor beside the model cannot be read, `DataError` where the file
  ///   cannot be written.
  public func write(to path: String) throws { try write(to: path, inline: Self.greatestInline) }

  func write(to path: String, inline limit: Int) throws {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    if attributes?[.type] as? FileAttributeType == .typeDirectory {
      throw DataError(
        .unwritableFile, "this is a directory", cure: "name a file in it", file: path)
    }
    let sink = try ByteSink(path)
    guard needsExternalData(beyond: limit) else {
      try sink.write(try Self.encoded(message, path))
      try sink.finish()
      return
    }
    try refuseToOverwriteOwnWeights(path)
    let weights = try ExternalDataWriter(path + ".data")
    var message = message
    try message.editTensors { tensor in
      let bytes: Data
      if tensor.dataLocation == .external {
        bytes = try reader.externalBytes(of: tensor)
      } else if tensor.rawData.count >= ExternalDataWriter.leastBytes {
        bytes = tensor.rawData
      } else {
        return
      }
      try weights.move(bytes, of: &tensor)
    }
    try sink.write(try Self.encoded(message, path))
    try weights.finish { () throws(DataError) in try sink.finish() }
  }

  /// Throws where the weights of the model that was read lie where those of another are to be written.
  private func refuseToOverwriteOwnWeights(_ path: String) throws {
    func resolved(_ path: String) -> String {
      URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
    guard let folder = reader.folder, resolved(path) != resolved(self.path) else { return }
    let target = resolved(path + ".data")
    var isOwn = false
    message.forEachTensor { tensor in
      guard tensor.dataLocation == .external,
        let location = tensor.externalData.first(where: { $0.key == "location" })?.value
      else { return }
      isOwn = isOwn || resolved(folder.appendingPathComponent(location).path) == target
    }
    guard !isOwn else {
      throw DataError(
        .unwritableFile, "the weights of \(self.path) lie in \(path).data, which would be replaced",
        cure: "choose another name", file: path)
    }
  }
}

extension ByteSink {
  fileprivate func write(_ data: Data) throws(DataError) {
    let piece = 1 << 20
    for first in stride(from: data.startIndex, to: data.endIndex, by: piece) {
      try write([UInt8](data[first..<min(first + piece, data.endIndex)]))
    }
  }
}

/// The file beside a model that holds its weights.
private final class ExternalDataWriter {
  /// Fewer bytes stay in the model.
  static let leastBytes = 1024
  /// Tensors start at multiples of this, so that they can be mapped and read in whole vectors.
  private static let alignment = 64

  private let path: String
  private let name: String
  private let sink: ByteSink
  private var offset = 0

  init(_ path: String) throws(DataError) {
    self.path = path
    name = URL(fileURLWithPath: path).lastPathComponent
    sink = try ByteSink(path)
  }

  /// Writes the contents of a tensor, which then tells where they are.
  func move(_ bytes: Data, of tensor: inout Onnx_TensorProto) throws(DataError) {
    let gap = (Self.alignment - offset % Self.alignment) % Self.alignment
    try sink.write([UInt8](repeating: 0, count: gap))
    offset += gap
    try sink.write(bytes)
    tensor.clearRawData()
    tensor.dataLocation = .external
    tensor.externalData = [
      ("location", name), ("offset", String(offset)), ("length", String(bytes.count)),
    ].map { key, value in
      var entry = Onnx_StringStringEntryProto()
      entry.key = key
      entry.value = value
      return entry
    }
    offset += bytes.count
  }

  /// Gives the file its name, then has the model do so; where that fails, what was there comes back.
  func finish(_ finishModel: () throws(DataError) -> Void) throws(DataError) {
    let manager = FileManager.default
    let kept = path + ".before-\(UInt32.random(in: .min ... .max))"
    let hadFile = (try? manager.linkItem(atPath: path, toPath: kept)) != nil
    defer { if hadFile { try? manager.removeItem(atPath: kept) } }
    try sink.finish()
    do {
      try finishModel()
    } catch {
      if hadFile {
        _ = unsafe rename(kept, path)
      } else {
        try? manager.removeItem(atPath: path)
      }
      throw error
    }
  }
}
