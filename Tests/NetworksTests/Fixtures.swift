import Foundation
import Networks
import Operators
import Semantics

/// What the tests of this target share.
enum Fixtures {
  static let activations = ActivationCatalogue.standard
  static let operators = OperatorRegistry.standard

  static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static let examples = repository.appending(path: "Examples")

  /// The bundled networks, by file name without extension.
  static let exampleNames: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: examples.path)) ?? []
    return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
  }()

  static func path(ofExample name: String) -> String {
    examples.appending(path: name + ".yaml").path
  }

  /// Reads a network whose layers are given as the text of a YAML list in brackets.
  static func network(
    input: String = "[8]", _ layers: String, more: String = ""
  ) throws -> NetworkDescription {
    try NetworkDescription(
      yaml: "network: {input: \(input), layers: \(layers)\(more)}", file: "net.yaml",
      activations: activations)
  }

  /// The message of the error that reading `yaml` throws, or nil when it throws none.
  static func message(_ yaml: String, limits: NetworkLimits = NetworkLimits()) -> String? {
    do {
      _ = try NetworkDescription(
        yaml: yaml, file: "net.yaml", activations: activations, limits: limits)
      return nil
    } catch {
      return error.description
    }
  }
}
