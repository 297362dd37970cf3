public import Semantics

/// The JSON Schema (draft 2020-12) of network files, made from what the reader knows.
public enum NetworkSchema {
  /// The schema as JSON text, indented, with a line break at the end.
  ///
  /// - Parameters:
  ///   - activations: those that layers can name.
  ///   - sections: what may stand in a file beside `network`.
  ///   - definitions: what the sections refer to by name.
  /// - Returns: the schema of a whole file.
  public static func json(
    activations: ActivationCatalogue, sections: [Key] = [], definitions: [Key] = []
  ) -> String {
    schema(activations, sections, definitions).text(indent: 0) + "\n"
  }

  private static func schema(
    _ activations: ActivationCatalogue, _ sections: [Key], _ definitions: [Key]
  ) -> JSON {
    let members = sections.map { ($0.name, schema(of: $0)) }
    return [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "Evenkeel network",
      "description": .text(
        (["A network: its input, how parameters start, its layers and its loss."]
          + sections.map(\.summary)).joined(separator: " ")),
      "type": "object",
      "required": ["network"],
      "additionalProperties": false,
      "properties": .object([("network", network)] + members),
      "$defs": .object(
        [
          ("layers", ["type": "array", "minItems": 1, "items": ["$ref": "#/$defs/layer"]]),
          (
            "name",
            [
              "description": "The name under which reports speak of the layer.",
              "type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$",
            ]
          ),
          ("activation", activation(activations)), ("initialization", initialization),
          ("initializer", initializer), ("layer", layer(activations)),
        ] + definitions.map { ($0.name, schema(of: $0)) }),
    ]
  }

  private static var network: JSON {
    [
      "description": "The network itself.",
      "type": "object",
      "required": ["input", "layers"],
      "additionalProperties": false,
      "properties": [
        "input": [
          "description": "The shape of one sample, such as [784] or [3, 32, 32].",
          "anyOf": [
            ["type": "integer", "minimum": 1],
            [
              "type": "array", "minItems": 1, "maxItems": 4,
              "items": ["type": "integer", "minimum": 1],
            ],
          ],
        ],
        "init": [
          "description": "How parameters start where a layer does not say it.",
          "$ref": "#/$defs/initialization",
        ],
        "layers": ["description": "The layers in order.", "$ref": "#/$defs/layers"],
        "loss": [
          "description": "The loss of the output.",
          "anyOf": .list(choices(of: LossDescription.forms)),
        ],
      ],
    ]
  }

  // MARK: - Layers

  private static func layer(_ activations: ActivationCatalogue) -> JSON {
    let forms = LayerReader.families.flatMap { $0.forms }.filter { $0.name != "repeat" }
    let bare = forms.filter(\.standsAlone).map { form in
      ["const": .text(form.name), "description": .text(form.summary)] as JSON
    }
    let tagged = forms.map { form in wrapped(form.name, value(of: form)) }
    let functions = activations.entries.map { entry in
      wrapped(
        entry.name,
        [
          "description": .text("The activation \(activations.usage(of: entry.name))."),
          "anyOf": [
            ["type": ["number", "string", "null"]], ["type": "object", "maxProperties": 0],
          ],
        ])
    }
    return [
      "anyOf": .list(
        bare + [["$ref": "#/$defs/activation"], repeated] + tagged + functions)
    ]
  }

  /// A mapping with one key, and perhaps a name.
  private static func wrapped(_ name: String, _ value: JSON) -> JSON {
    [
      "type": "object", "required": [.text(name)], "additionalProperties": false,
      "properties": .object([(name, value), ("name", ["$ref": "#/$defs/name"])]),
    ]
  }

  private static var repeated: JSON {
    let form = RepeatedLayers.form
    return [
      "description": .text(form.summary), "type": "object",
      "required": .list(form.keys.map { .text($0.name) }), "additionalProperties": false,
      "properties": .object(
        form.keys.map { ($0.name, schema(of: $0)) } + [("name", ["$ref": "#/$defs/name"])]),
    ]
  }

  /// What stands after `name:`.
  private static func value(of form: NamedForm) -> JSON {
    ["description": .text(form.summary), "anyOf": .list(values(of: form))]
  }

  private static func values(of form: NamedForm) -> [JSON] {
    var choices: [JSON] = []
    if form.standsAlone { choices.append(["type": "null"]) }
    if let key = form.keys.first(where: { $0.name == form.shorthand }) {
      choices.append(schema(of: key))
    }
    return choices + [.object(mapping(form.keys))]
  }

  private static func mapping(_ keys: [Key]) -> [(String, JSON)] {
    [
      ("type", "object"), ("additionalProperties", false),
      ("required", .list(keys.filter(\.isRequired).map { .text($0.name) })),
      ("properties", .object(keys.map { ($0.name, schema(of: $0)) })),
    ]
  }

  /// Forms by their bare names, and as mappings of one key.
  private static func choices(of forms: [NamedForm]) -> [JSON] {
    let bare = forms.filter(\.standsAlone).map { form in
      ["const": .text(form.name), "description": .text(form.summary)] as JSON
    }
    let tagged = forms.map { form in
      [
        "type": "object", "required": [.text(form.name)], "additionalProperties": false,
        "properties": .object([(form.name, value(of: form))]),
      ] as JSON
    }
    return bare + tagged
  }

  // MARK: - Keys

  private static func schema(of key: Key) -> JSON {
    var members: [(String, JSON)] = [("description", .text(key.summary))]
    if let fallback = key.fallback { members.append(("default", .value(fallback))) }
    return .object(members + schema(of: key.form))
  }

  private static func schema(of form: Key.Form) -> [(String, JSON)] {
    switch form {
    case .integer(let range):
      var members: [(String, JSON)] = [
        ("type", "integer"), ("minimum", .integer(range.lowerBound)),
      ]
      if range.upperBound < 1 << 53 { members.append(("maximum", .integer(range.upperBound))) }
      return members
    case .number(let range):
      return [
        ("type", "number"), ("minimum", .number(range.lowerBound)),
        ("maximum", .number(range.upperBound)),
      ]
    case .below(let range):
      return [
        ("type", "number"), ("minimum", .number(range.lowerBound)),
        ("exclusiveMaximum", .number(range.upperBound)),
      ]
    case .boolean: return [("type", "boolean")]
    case .text: return [("type", "string")]
    case .choice(let names): return [("enum", .list(names.map { .value($0) }))]
    case .integers(let range):
      let one = JSON.object(schema(of: .integer(range)))
      return [
        ("anyOf", [one, ["type": "array", "minItems": 1, "maxItems": 8, "items": one]])
      ]
    case .layers: return [("$ref", "#/$defs/layers")]
    case .initialization: return [("$ref", "#/$defs/initialization")]
    case .activation: return [("$ref", "#/$defs/activation")]
    case .oneOf(let forms): return [("anyOf", .list(forms.map { .object(schema(of: $0)) }))]
    case .tagged(let names, let form):
      return [
        ("type", "object"), ("minProperties", 1), ("maxProperties", 1),
        ("additionalProperties", false),
        ("properties", .object(names.map { ($0, .object(schema(of: form))) })),
      ]
    case .list(let form):
      return [("type", "array"), ("items", .object(schema(of: form)))]
    case .mapping(let keys, let names):
      let alternatives = names.map { ["required": [.text($0)]] as JSON }
      return mapping(keys) + (names.isEmpty ? [] : [("oneOf", .list(alternatives))])
    case .named(let forms): return [("anyOf", .list(choices(of: forms)))]
    case .keys(let form): return [("anyOf", .list(values(of: form)))]
    case .definition(let name): return [("$ref", .text("#/$defs/\(name)"))]
    }
  }

  // MARK: - Shared definitions

  private static func activation(_ activations: ActivationCatalogue) -> JSON {
    let names = activations.entries.map(\.name)
    return [
      "description": "An activation, with parameters in parentheses: leaky_relu(0.2).",
      "anyOf": [
        ["enum": .list(names.map { .text($0) })],
        ["type": "string", "pattern": .text("^(\(names.joined(separator: "|")))\\(.*\\)$")],
      ],
    ]
  }

  private static var initialization: JSON {
    let keys = Initialization.keys.map { key in
      (key.name, ["description": .text(key.summary), "$ref": "#/$defs/initializer"] as JSON)
    }
    return [
      "anyOf": [
        ["$ref": "#/$defs/initializer"],
        [
          "type": "object", "minProperties": 1, "additionalProperties": false,
          "properties": .object(keys),
        ],
      ]
    ]
  }

  private static var initializer: JSON {
    [
      "anyOf": .list(
        [["type": "number", "description": "Every element this number."]]
          + choices(of: InitializerCatalogue.families.flatMap { $0.forms }))
    ]
  }
}
