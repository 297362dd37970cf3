import Foundation
import Yams

extension YAMLTree {
  /// Reads a YAML file of one document.
  ///
  /// - Throws: ``NetworkError`` when there is no such regular file, it is empty, larger than the
  ///   limits, not UTF-8, not YAML, or nested too deeply; anything else is for the caller to judge.
  public init(
    contentsOf path: String, limits: NetworkLimits = NetworkLimits()
  ) throws(NetworkError) {
    func refusal(_ problem: String, _ cure: String) -> NetworkError {
      NetworkError(.unreadableFile, problem, cure: cure, file: path)
    }
    let attributes: [FileAttributeKey: Any]
    do {
      let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
      attributes = try FileManager.default.attributesOfItem(atPath: resolved)
    } catch {
      throw refusal("there is no such file, or it may not be read", "check the path")
    }
    switch attributes[.type] as? FileAttributeType {
    case .typeRegular?: break
    case .typeDirectory?: throw refusal("this is a directory", "name a YAML file in it")
    default: throw refusal("this is not a regular file", "name a YAML file")
    }
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw refusal("the file may not be read", "check its permissions")
    }
    defer { try? handle.close() }
    let size = (attributes[.size] as? NSNumber)?.intValue ?? 0
    guard size <= limits.fileBytes, let data = try? handle.read(upToCount: limits.fileBytes + 1),
      data.count <= limits.fileBytes
    else {
      if size == 0 { throw refusal("the file is empty", "describe a network in it") }
      throw NetworkError(
        .limitExceeded,
        "the file has \(size.grouped) bytes, and at most \(limits.fileBytes.grouped) are read",
        cure: "write repeated layers with 'repeat'", file: path)
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw refusal("the file is not UTF-8 text", "save it as UTF-8")
    }
    try self.init(text: text, file: path, limits: limits)
  }

  /// Reads YAML text of one document; `file` is the name that errors bear.
  public init(
    text: String, file: String? = nil, limits: NetworkLimits = NetworkLimits()
  ) throws(NetworkError) {
    guard text.utf8.count <= limits.fileBytes else {
      throw NetworkError(
        .limitExceeded,
        "the text has \(text.utf8.count.grouped) bytes, and at most "
          + "\(limits.fileBytes.grouped) are read",
        cure: "write repeated layers with 'repeat'", file: file)
    }
    if let line = AliasScan.lineOfStructuredKey(in: text) {
      throw NetworkError(
        .invalidYAML, "a key is a collection or an alias", cure: "keys must be plain names",
        file: file, line: line)
    }
    let root: Node?
    do {
      root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
    } catch {
      throw Self.refusal(of: error, file: file, text: text)
    }
    guard let root else {
      throw NetworkError(
        .invalidYAML, "the file is empty", cure: "describe a network in it", file: file)
    }
    var budget = limits.yamlValues
    try self.init(root, depth: 0, budget: &budget, file: file, limits: limits)
  }

  private init(
    _ node: Node, depth: Int, budget: inout Int, file: String?, limits: NetworkLimits
  ) throws(NetworkError) {
    let line = SourceLine(node.mark?.line)
    budget -= 1
    guard budget >= 0 else {
      throw NetworkError(
        .limitExceeded,
        "there are more than \(limits.yamlValues.grouped) values, aliases written out",
        cure: "write repeated layers with 'repeat'", file: file, line: line.number)
    }
    // A layer takes up to four levels: its item, its mapping, its fields, and the list inside.
    guard depth <= 4 * limits.nesting else {
      throw NetworkError(
        .limitExceeded, "values are nested more than \(4 * limits.nesting) deep",
        cure: "nest layers less", file: file, line: line.number)
    }
    switch node {
    case .scalar(let scalar):
      let plain = YAMLTree.text(scalar.string)
      switch scalar.style {
      case .singleQuoted, .doubleQuoted, .literal, .folded:
        // Quotes only matter where the text alone would be read as something else.
        self.init(.scalar(scalar.string, isQuoted: plain.isMoreThanText), line: line)
      case .any, .plain:
        self.init(.scalar(plain.isNull ? "" : scalar.string, isQuoted: false), line: line)
      }
    case .sequence(let sequence):
      var items: [YAMLTree] = []
      for item in sequence {
        items.append(
          try YAMLTree(item, depth: depth + 1, budget: &budget, file: file, limits: limits))
      }
      self.init(.sequence(items), line: line)
    case .mapping(let mapping):
      var entries: [Entry] = []
      for (key, value) in mapping {
        guard case .scalar(let name) = key else {
          throw NetworkError(
            .invalidYAML, "a key is a collection or an alias", cure: "keys must be plain names",
            file: file, line: key.mark?.line)
        }
        let value = try YAMLTree(
          value, depth: depth + 1, budget: &budget, file: file, limits: limits)
        entries.append(Entry(name.string, value, line: SourceLine(key.mark?.line)))
      }
      self.init(.mapping(entries), line: line)
    case .alias(let alias):
      throw NetworkError(
        .invalidYAML, "the alias '\(alias.anchor.rawValue)' has no anchor",
        cure: "define the anchor before it", file: file, line: line.number)
    }
  }

  private static func refusal(of error: any Error, file: String?, text: String) -> NetworkError {
    func invalid(_ problem: String, _ line: Int?, cure: String = "correct the YAML") -> NetworkError
    {
      NetworkError(.invalidYAML, problem, cure: cure, file: file, line: line)
    }
    guard let error = error as? YamlError else { return invalid("this is not YAML", nil) }
    switch error {
    case .scanner(let context, let problem, let mark, _),
      .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let context = context.map { $0.text + ", " } ?? ""
      return invalid("this is not YAML: \(context)\(problem)", mark.line)
    case .reader(let problem, let offset, _, _):
      let line = offset.map { offset in
        text.prefix(offset).reduce(into: 1) { count, character in
          if character.isNewline { count += 1 }
        }
      }
      return invalid("this is not text: \(problem)", line, cure: "remove the character")
    case .duplicatedKeysInMapping(let names, let context):
      let name = names.first?.prefix(40) ?? ""
      return invalid(
        "the key '\(name)' stands twice in one mapping", context.mark.line,
        cure: "keep one of them")
    case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
      return invalid("this is not YAML", nil)
    }
  }
}
