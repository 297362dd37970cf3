import Findings
import Foundation
import Networks
import ONNX
import Operators
import TensorFiles
import Tensors

/// What a user says on the command line about a model and its inputs.
public struct ModelRequest: Sendable {
  /// A YAML network or an ONNX model.
  public var path: String
  /// A safetensors file with tensors named as the inputs, or a folder of ONNX test data.
  public var inputs: String?
  /// `name=2,3,32,32` for inputs whose shape the file leaves open.
  public var shapes: [String] = []
  /// `symbol=8` for extents that the file names.
  public var dimensions: [String] = []
  /// Samples in a batch that nothing else decides.
  public var batch: Int?
  public var isTraining = false
  /// Told what of this has no effect.
  public var note: @Sendable (String) -> Void = { _ in }

  public init(path: String) { self.path = path }

  /// Whether nothing is said.
  var isEmpty: Bool {
    inputs == nil && shapes.isEmpty && dimensions.isEmpty && batch == nil && !isTraining
  }

  /// Whether the file is an ONNX model by its name.
  public var isONNX: Bool {
    path.lowercased().hasSuffix(".onnx") || path.lowercased().hasSuffix(".pb")
  }
}

/// Reads models and their inputs, and tells errors in the words of the command.
enum ModelLoading {
  /// The description in a YAML file.
  static func description(_ path: String) throws -> NetworkDescription {
    do {
      return try NetworkDescription(contentsOf: path, activations: .standard)
    } catch {
      throw InputError(error.description)
    }
  }

  /// An ONNX model, and what its inputs were given.
  static func model(
    _ request: ModelRequest, batch: Int
  ) throws -> (model: ImportedModel, given: [String: ImportOptions.Given]) {
    let (file, options) = try file(request, batch: batch)
    do {
      return (try ImportedModel(file, options), options.given)
    } catch let error as ModelError {
      throw InputError(error.description)
    }
  }

  /// An ONNX file, and what the user says about it.
  static func file(
    _ request: ModelRequest, batch: Int
  ) throws -> (file: ModelFile, options: ImportOptions) {
    do {
      let file = try ModelFile(contentsOf: request.path)
      var options = ImportOptions()
      options.batch = request.batch ?? batch
      options.isTraining = request.isTraining
      options.shapes = try shapes(request.shapes)
      options.dimensions = try dimensions(request.dimensions)
      if let inputs = request.inputs { options.given = try given(inputs, file) }
      if let batch = request.batch, !file.leavesBatchOpen(options) {
        request.note(
          "\(request.path): --batch \(batch) has no effect: the extents of all inputs are fixed")
      }
      return (file, options)
    } catch let error as ModelError {
      throw InputError(error.description)
    } catch let error as DataError {
      throw InputError(error.description)
    }
  }

  private static func given(
    _ path: String, _ file: ModelFile
  ) throws -> [String: ImportOptions.Given] {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
      throw InputError(file: path, "cannot be read; check the name of the inputs")
    }
    if attributes[.type] as? FileAttributeType == .typeDirectory {
      return try file.testData(in: path)
    }
    let (singles, sequences) = try tensors(path)
    return singles.mapValues { .tensor($0) }.merging(sequences.mapValues { .sequence($0) }) {
      single, _ in single
    }
  }

  /// The tensors of a safetensors file by name; those called `NAME/0`, `NAME/1`, … also as
  /// sequences.
  static func tensors(
    _ path: String
  ) throws -> (single: [String: Tensor], sequences: [String: [Tensor]]) {
    do {
      if path.hasSuffix(".npy") {
        let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        return ([name: try NpyFile(path).tensor()], [:])
      }
      let file = try SafetensorsFile(path)
      var single: [String: Tensor] = [:]
      var sequences: [String: [Tensor]] = [:]
      for entry in file.entries { single[entry.name] = try file.tensor(entry.name) }
      for name in single.keys where name.hasSuffix("/0") {
        let stem = String(name.dropLast(2))
        var list: [Tensor] = []
        while let tensor = single["\(stem)/\(list.count)"] { list.append(tensor) }
        sequences[stem] = list
        for number in list.indices { single["\(stem)/\(number)"] = nil }
      }
      return (single, sequences)
    } catch {
      throw InputError(error.description)
    }
  }

  private static func shapes(_ texts: [String]) throws -> [String: [Int]] {
    try pairs(texts, "--shape").mapValues { text, option in
      let extents = text.split(separator: ",").map { Int($0) }
      guard !extents.contains(where: { $0.map { $0 < 0 } ?? true }) else {
        throw InputError("\(option): not a shape; write NAME=8,3,32,32")
      }
      return extents.compactMap { $0 }
    }
  }

  private static func dimensions(_ texts: [String]) throws -> [String: Int] {
    try pairs(texts, "--dim").mapValues { text, option in
      guard let extent = Int(text), extent >= 0 else {
        throw InputError("\(option): not an extent; write NAME=8")
      }
      return extent
    }
  }

  /// `NAME=VALUE` by name, each with the option for a message.
  private static func pairs(
    _ texts: [String], _ option: String
  ) throws -> [String: (value: String, option: String)] {
    var result: [String: (String, String)] = [:]
    for text in texts {
      guard let place = text.lastIndex(of: "="), place != text.startIndex else {
        throw InputError("\(option) \(text): write \(option) NAME=VALUE")
      }
      result[String(text[..<place])] = (
        String(text[text.index(after: place)...]), "\(option) \(text)"
      )
    }
    return result
  }
}
