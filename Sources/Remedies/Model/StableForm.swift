package import Findings
package import ONNX
package import ONNXMessages

/// A remedy that writes what nodes compute in a form that does not fail, equal in real arithmetic.
///
/// What it replaces is found by its structure in the graph, in graphs within nodes and in
/// functions.
package protocol StableForm: ModelRemedy {
  /// What is changed, up to the place.
  var sentence: String { get }

  /// The nodes in place of one, the last of which has its outputs; nil where the form is not there.
  func replacement(for node: Onnx_NodeProto, in view: BodyView) -> [Onnx_NodeProto]?
}

extension StableForm {
  package var answers: Set<RuleName> {
    Set<RuleName>.growth.union([.domain, .nonFinite])
  }
  package var effort: Int { 1 }

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    let rewriting = NodeRewriting(of: patient) { replacement(for: $0, in: $1) }
    guard let file = rewriting.file else { return [] }
    return [ModelChange(self, sentence + rewriting.places, file, isExact: true)]
  }
}

/// Nodes of a model replaced by others, and what became unused left out.
struct NodeRewriting {
  /// Nil where nothing was replaced.
  let file: ModelFile?
  private let names: [String]

  /// - Parameters:
  ///   - patient: the model.
  ///   - replacement: the nodes in place of one, the last of which has its outputs.
  init(
    of patient: ModelPatient,
    _ replacement: (Onnx_NodeProto, BodyView) -> [Onnx_NodeProto]?
  ) {
    var message = patient.file.message
    var names: [String] = []
    message.editBodies { body in
      // What was written anew may be part of another such form.
      for _ in 0..<4 {
        let view = BodyView(body, of: patient.file, types: patient.model.types)
        var read: [String] = []
        var changed: [Onnx_NodeProto] = []
        for node in body.nodes {
          guard let new = replacement(node, view) else {
            changed.append(node)
            continue
          }
          names.append(node.name.isEmpty ? node.output.first ?? node.opType : node.name)
          read += node.input
          changed += new
        }
        guard changed.count != body.nodes.count || !read.isEmpty else { return }
        body.nodes = changed
        body.removeUnused(read)
      }
    }
    self.names = names
    file = names.isEmpty ? nil : ModelFile(message, editedFrom: patient.file)
  }

  /// ` at NAME`, and how many others there are.
  var places: String { Self.places(names) }

  static func places(_ names: [String]) -> String {
    guard let first = names.first else { return "" }
    let shown = String(first.prefix(60))
    switch names.count {
    case 1: return " at \(shown)"
    case 2: return " at \(shown) and one other place"
    default: return " at \(shown) and \(names.count - 1) other places"
    }
  }
}
