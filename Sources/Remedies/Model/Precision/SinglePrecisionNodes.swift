package import Findings
import Graphs
import Numbers
import ONNX
import ONNXMessages
import Semantics
import Tensors

/// fp32, between Cast nodes, for operators whose results a narrower data type does not hold.
///
/// The fewest are taken that bring the outputs within the limit of what doubles give. Where that does not
/// take the findings away, all take part that overflow, and then all that lose their digits. Every value is
/// cast once into a region and once out of it.
package struct SinglePrecisionNodes: ModelRemedy {
  package let name = "single_precision"
  package let answers = Set<RuleName>.growth.union([.domain, .nonFinite, .overflow, .underflow])
  package let effort = 4

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    guard !patient.model.nodeFormats.isEmpty else { return [] }
    let choice = PrecisionChoice(patient, to: nil)
    // An output whose own type does not hold it stays as it is whatever computes it.
    guard choice.isWithinLimit else { return [] }
    var seen: [Set<ModelPlace>] = []
    return [choice.places, choice.overflowing, choice.losing].enumerated().compactMap {
      number, places in
      guard !places.isEmpty, !seen.contains(places) else { return nil }
      seen.append(places)
      var message = patient.file.message
      var casts = CastRegion(patient, places)
      message.editBodies { casts.apply(to: &$0) }
      guard casts.isPossible, !casts.names.isEmpty else { return nil }
      let count = casts.names.count
      return ModelChange(
        self,
        "compute \(count) \(count == 1 ? "operator" : "operators") in fp32 between Cast nodes, where "
          + "\(casts.formats.sorted().joined(separator: " or ")) does not hold what they give or read,"
          + NodeRewriting.places(casts.names),
        ModelFile(message, editedFrom: patient.file), isExact: true, extraEffort: number)
    }
  }
}

/// Puts nodes in fp32.
private struct CastRegion {
  private let patient: ModelPatient
  private let places: Set<ModelPlace>
  private(set) var isPossible = true
  /// The nodes that compute in fp32 now.
  private(set) var names: [String] = []
  /// The formats that they had.
  private(set) var formats: Set<String> = []

  init(_ patient: ModelPatient, _ places: Set<ModelPlace>) {
    (self.patient, self.places) = (patient, places)
  }

  mutating func apply(to body: inout ModelBody) {
    let view = BodyView(body, of: patient.file, types: patient.model.types)
    var region: Set<Int> = []
    for (number, node) in body.nodes.enumerated() {
      guard let output = node.firstOutput,
        places.contains(ModelPlace(body.function, output))
      else { continue }
      region.insert(number)
    }
    guard !region.isEmpty else { return }
    guard isPossible(region, body, view) else {
      isPossible = false
      return
    }
    body.nodes = write(region, body, view)
  }

  private func narrow(_ name: String, _ view: BodyView) -> DataType? {
    guard let type = view.type(name), let format = type.format, format.bitCount == 16 else {
      return nil
    }
    return type
  }

  /// Whether the nodes may compute in fp32: none of them runs graphs or a function of the model, and
  /// the type of all that they read is known.
  private func isPossible(_ region: Set<Int>, _ body: ModelBody, _ view: BodyView) -> Bool {
    region.allSatisfy { number in
      let node = body.nodes[number]
      let names = node.input + node.output
      return !node.runsGraphs && !body.callsFunction(node)
        && names.allSatisfy({ $0.isEmpty || view.type($0) != nil })
    }
  }

  private mutating func write(
    _ region: Set<Int>, _ body: ModelBody, _ view: BodyView
  ) -> [Onnx_NodeProto] {
    // Who outside of the region reads what.
    var outside = Set(body.outputs)
    for (number, node) in body.nodes.enumerated() {
      if !region.contains(number) { outside.formUnion(node.input) }
      outside.formUnion(node.namesReadInGraphs)
    }
    var singles: [String: String] = [:]
    var result: [Onnx_NodeProto] = []
    for (number, node) in body.nodes.enumerated() {
      guard region.contains(number) else {
        result.append(node)
        continue
      }
      var changed = node
      for place in node.input.indices {
        let name = node.input[place]
        guard let type = narrow(name, view) else { continue }
        formats.insert(type.format?.name ?? "")
        if singles[name] == nil {
          let single = body.freshName("\(name)_fp32")
          singles[name] = single
          result.append(
            body.node(
              "Cast", [name], single, near: node, [.integer("to", DataType.float.rawValue)]))
        }
        changed.input[place] = singles[name] ?? name
      }
      var after: [Onnx_NodeProto] = []
      for place in node.output.indices {
        let name = node.output[place]
        guard let type = narrow(name, view) else { continue }
        formats.insert(type.format?.name ?? "")
        let single = body.freshName("\(name)_fp32")
        singles[name] = single
        changed.output[place] = single
        if outside.contains(name) {
          after.append(
            body.node("Cast", [single], name, near: node, [.integer("to", type.rawValue)]))
        }
      }
      if body.isStandard(node, "Cast"),
        let place = changed.attribute.firstIndex(where: { $0.name == "to" }), changed != node
      {
        let to = DataType(rawValue: Int(changed.attribute[place].i))
        if to?.format?.bitCount == 16 {
          changed.attribute[place].i = Int64(DataType.float.rawValue)
        }
      }
      names.append(node.name.isEmpty ? node.output.first ?? node.opType : node.name)
      result.append(changed)
      result += after
    }
    return result
  }
}
