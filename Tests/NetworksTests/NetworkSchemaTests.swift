import Foundation
import Semantics
import Testing

@testable import Networks

@Suite struct NetworkSchemaTests {
  /// The schema as JSON objects.
  static func schema() throws -> [String: Any] {
    let text = NetworkSchema.json(activations: Fixtures.activations)
    return try #require(
      try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test func everyLayerAndKeyIsInTheSchemaAndNoOther() throws {
    let definitions = try #require(try Self.schema()["$defs"] as? [String: Any])
    let layer = try #require(definitions["layer"] as? [String: Any])
    var found: [String: Set<String>] = [:]
    for choice in try #require(layer["anyOf"] as? [[String: Any]]) {
      guard let properties = choice["properties"] as? [String: Any] else { continue }
      if properties["repeat"] != nil {
        found["repeat"] = Set(properties.keys).subtracting(["name"])
        continue
      }
      let name = try #require(properties.keys.first { $0 != "name" })
      let value = try #require(properties[name] as? [String: Any])
      let objects = (value["anyOf"] as? [[String: Any]] ?? []).compactMap {
        $0["properties"] as? [String: Any]
      }
      found[name] = Set(objects.flatMap(\.keys))
    }
    var known: [String: Set<String>] = [:]
    for form in LayerReader.families.flatMap({ $0.forms }) {
      known[form.name] = Set(form.keys.map(\.name))
    }
    for entry in Fixtures.activations.entries { known[entry.name] = [] }
    #expect(found == known)
  }

  @Test func everyInitialiserIsInTheSchemaAndNoOther() throws {
    let definitions = try #require(try Self.schema()["$defs"] as? [String: Any])
    let initializer = try #require(definitions["initializer"] as? [String: Any])
    let names = try #require(initializer["anyOf"] as? [[String: Any]]).compactMap {
      ($0["properties"] as? [String: Any])?.keys.first
    }
    #expect(names == InitializerCatalogue.names)
  }

  @Test func everyKeyAndFormSaysWhatItIs() {
    for form in LayerReader.families.flatMap({ $0.forms })
      + InitializerCatalogue.families.flatMap({ $0.forms })
    {
      #expect(form.summary.hasSuffix("."), "\(form.name)")
      for key in form.keys { #expect(key.summary.hasSuffix("."), "\(form.name).\(key.name)") }
    }
  }
}
