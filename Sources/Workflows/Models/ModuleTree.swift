import Graphs
import Semantics

/// Modules of a network by their dotted names, and how many weight matrices each holds.
///
/// A layer is a block: one of a numbered list of modules that hold several matrices, such as
/// `encoder.layers.3`. A module that does little besides running such a list is a stage, and its blocks
/// are the layers: `stages.2.blocks.5`, `layer1.0`.
struct ModuleTree {
  /// Matrices below each module, the root's under the empty name.
  private var matrices: [String: Set<Value>] = [:]
  private var children: [String: Set<String>] = [:]

  /// Adds a weight matrix of a module.
  mutating func add(_ matrix: Value, in scope: String) {
    var path = ""
    matrices[path, default: []].insert(matrix)
    for part in scope.split(separator: ".").map(String.init) {
      children[path, default: []].insert(part)
      path = path.isEmpty ? part : "\(path).\(part)"
      matrices[path, default: []].insert(matrix)
    }
  }

  /// The name of the layer that a module belongs to.
  func layer(of scope: String) -> String {
    var path = ""
    var block: String?
    for part in scope.split(separator: ".").map(String.init) {
      let isNumbered = isNumbered(part, in: path)
      path = path.isEmpty ? part : "\(path).\(part)"
      guard isNumbered else { continue }
      if count(path) > 1 {
        block = isStage(path) ? nil : path
        if block != nil { return path }
      } else if block == nil, Int(part) != nil {
        return path
      }
    }
    return block ?? scope
  }

  /// Whether a layer holds several matrices, as a block does.
  func isBlock(_ layer: String) -> Bool { count(layer) > 1 }

  private func count(_ path: String) -> Int { matrices[path]?.count ?? 0 }

  /// Whether a part is a number, or one of several names that differ in the number at their end.
  private func isNumbered(_ part: String, in parent: String) -> Bool {
    if Int(part) != nil { return true }
    let stem = Self.stem(part)
    guard stem != part, !stem.isEmpty else { return false }
    return (children[parent] ?? []).contains { $0 != part && Self.stem($0) == stem }
  }

  private static func stem(_ part: String) -> String {
    var stem = Substring(part)
    while stem.last?.isNumber == true { stem.removeLast() }
    return String(stem)
  }

  /// Whether all matrices of a module but one are in blocks of it.
  private func isStage(_ path: String) -> Bool {
    let inside = inBlocks(path)
    return inside > 0 && count(path) - inside <= 1
  }

  /// Matrices in the nearest numbered modules below one that hold several.
  private func inBlocks(_ path: String) -> Int {
    (children[path] ?? []).reduce(0) { sum, part in
      let child = path.isEmpty ? part : "\(path).\(part)"
      let count = count(child)
      if isNumbered(part, in: path) { return sum + (count > 1 ? count : 0) }
      return sum + inBlocks(child)
    }
  }
}
