public import Foundation
package import ONNXMessages
import SwiftProtobuf

/// An ONNX file as it was read, before anything in it is believed.
public struct ModelFile {
  /// The path as the user named it.
  public let path: String
  package let message: Onnx_ModelProto
  let reader: TensorReader
  /// Initializers whose contents lay in another file when the model was read.
  let externalNames: Set<String>

  /// Reads a file.
  ///
  /// - Throws: ``ModelError`` when the file is missing, longer than 2 GiB or no ONNX model.
  public init(contentsOf path: String) throws {
    let url = URL(fileURLWithPath: path)
    try self.init(
      try Self.bytes(of: url, named: path), path: path, folder: url.deletingLastPathComponent())
  }

  /// Reads a model that lies in memory; `folder` is where its external data may be.
  public init(_ bytes: Data, path: String, folder: URL? = nil) throws {
    self.path = path
    reader = TensorReader(folder: folder)
    let message: Onnx_ModelProto
    if let split = SplitModel(bytes) {
      var whole = try Self.decoded(split.rest, as: Onnx_ModelProto.self, path: path)
      split.putBack(into: &whole.graph.initializer, from: bytes)
      message = whole
    } else {
      message = try Self.decoded(bytes, as: Onnx_ModelProto.self, path: path)
    }
    guard message.hasGraph, message.irVersion > 0 else {
      throw ModelError(
        .invalidModel, "is no ONNX model: it has no graph or no version",
        cure: "give a file that torch.onnx.export or another exporter wrote", file: path)
    }
    self.message = message
    externalNames = Set(
      message.graph.initializer.filter { $0.dataLocation == .external }.map(\.name))
  }

  /// The model of another file after an edit.
  package init(_ message: Onnx_ModelProto, editedFrom file: ModelFile) {
    path = file.path
    reader = file.reader
    self.message = message
    externalNames = file.externalNames
  }

  static func bytes(of url: URL, named path: String) throws -> Data {
    do {
      let attributes = try FileManager.default.attributesOfItem(
        atPath: url.resolvingSymlinksInPath().path)
      let type = attributes[.type] as? FileAttributeType
      guard type != .typeDirectory else {
        throw ModelError(
          .unreadableFile, "is a folder", cure: "name the .onnx file in it", file: path)
      }
      guard type == .typeRegular else {
        throw ModelError(
          .unreadableFile, "is no regular file", cure: "name an .onnx file", file: path)
      }
      if let size = attributes[.size] as? Int, size > Int(Int32.max) {
        throw ModelError(
          .limitExceeded, "has \(size) bytes, and protobuf allows 2 GiB",
          cure: "store the weights as external data", file: path)
      }
      return try mapped(url)
    } catch let error as ModelError {
      throw error
    } catch {
      throw ModelError(
        .unreadableFile, "cannot be read", cure: "check the name and the permissions", file: path)
    }
  }

  /// The bytes of a file, which the system reads where they are looked at.
  ///
  /// - Throws: an error where it is no regular file: a named pipe would be waited for.
  static func mapped(_ url: URL) throws -> Data {
    let attributes = try FileManager.default.attributesOfItem(
      atPath: url.resolvingSymlinksInPath().path)
    guard attributes[.type] as? FileAttributeType == .typeRegular else {
      throw CocoaError(.fileReadUnknown)
    }
    return try Data(contentsOf: url, options: .alwaysMapped)
  }

  static func decoded<M: SwiftProtobuf.Message>(
    _ bytes: Data, as _: M.Type, path: String
  ) throws -> M {
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = 3 * Limits.depth
    do {
      return try M(serializedBytes: bytes, options: options)
    } catch {
      throw ModelError(
        .invalidModel, "is no ONNX model, or not all of one",
        cure: "export it again, or copy it again", file: path)
    }
  }
}
