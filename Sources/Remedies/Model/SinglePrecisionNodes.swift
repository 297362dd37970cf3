package import Findings
import Graphs
import Numbers
import ONNX
import ONNXMessages
import Semantics
import Tensors

/// fp32, between Cast nodes, for operators whose results a narrower data type does not hold.
///
/// The region grows from those operators: what reads such a result computes in fp32 as well, until results
/// fit again. Every value is cast once into a region and once out of it.
package struct SinglePrecisionNodes: ModelRemedy {
  package let name = "single_precision"
  package let answers = Set<RuleName>.growth.union([.domain, .nonFinite])
  package let effort = 4

  /// The share of elements lost to 0 from which on an operator counts as failing.
  private static let lostShare = 0.01

  package func changes(of patient: ModelPatient) -> [ModelChange] {
    guard !patient.model.nodeFormats.isEmpty else { return [] }
    let losses = FormatLossPlaces(patient, lostShare: Self.lostShare)
    var regions = [losses.overflowing]
    if !losses.vanishing.isSubset(of: losses.overflowing) {
      regions.append(losses.overflowing.union(losses.vanishing))
    }
    return regions.enumerated().compactMap { number, places in
      guard !places.isEmpty else { return nil }
      var message = patient.file.message
      var casts = CastRegion(patient, places, losses.escaping)
      message.editBodies { casts.apply(to: &$0) }
      guard casts.isPossible, !casts.names.isEmpty else { return nil }
      let count = casts.names.count
      return ModelChange(
        self,
        "compute \(count) \(count == 1 ? "operator" : "operators") in fp32 between Cast nodes, where "
          + "\(casts.formats.sorted().joined(separator: " or ")) does not hold what they give,"
          + NodeRewriting.places(casts.names),
        ModelFile(message, editedFrom: patient.file), isExact: true, extraEffort: number)
    }
  }
}

/// Nodes whose results their data type does not hold, found by computing all in doubles.
private struct FormatLossPlaces {
  private(set) var overflowing: Set<ModelPlace> = []
  private(set) var vanishing: Set<ModelPlace> = []
  /// Those of them whose result another node reads, or the model gives.
  private(set) var escaping: Set<ModelPlace> = []

  init(_ patient: ModelPatient, lostShare: Double) {
    let model = patient.model
    var readers: [Value: Set<ModelPlace?>] = [:]
    for (number, node) in model.graph.nodes.enumerated() {
      for operand in node.operands { readers[operand, default: []].insert(model.origins[number]) }
    }
    for port in model.outputs { readers[port.value, default: []].insert(nil) }
    for seed in patient.seeds {
      var (overflowing, vanishing): (Set<ModelPlace>, Set<ModelPlace>) = ([], [])
      var escaping: Set<ModelPlace> = []
      var pass = ForwardPass(patient, seed: seed)
      pass.run(keeping: { _ in false }) { _, computed in
        guard let format = model.nodeFormats[computed.number],
          let place = model.origins[computed.number]
        else { return }
        for (value, result) in zip(computed.node.results, computed.results)
        where model.graph.type(of: value).kind == .real {
          let summary = Summary(of: result.elements(as: Double.self))
          guard summary.count > 0 else { continue }
          let shares = summary.shares(in: format)
          // What is infinite in doubles, such as a mask, is meant.
          let overflows = shares.overflow > 0
          guard overflows || shares.zero > lostShare else { continue }
          if overflows { overflowing.insert(place) } else { vanishing.insert(place) }
          if readers[value, default: []].contains(where: { $0 != place }) { escaping.insert(place) }
        }
      }
      self.overflowing.formUnion(overflowing)
      self.vanishing.formUnion(vanishing)
      self.escaping.formUnion(escaping)
    }
  }
}

/// Puts nodes, and what reads their results, in fp32.
private struct CastRegion {
  private let patient: ModelPatient
  private let failing: Set<ModelPlace>
  private let escaping: Set<ModelPlace>
  private(set) var isPossible = true
  /// The nodes that compute in fp32 now.
  private(set) var names: [String] = []
  /// The formats that they had.
  private(set) var formats: Set<String> = []

  init(_ patient: ModelPatient, _ failing: Set<ModelPlace>, _ escaping: Set<ModelPlace>) {
    self.patient = patient
    self.failing = failing
    self.escaping = escaping
  }

  mutating func apply(to body: inout ModelBody) {
    let view = BodyView(body, of: patient.file, types: patient.model.types)
    var region: Set<Int> = []
    // Names whose values a narrow type does not hold.
    var wide: Set<String> = []
    for (number, node) in body.nodes.enumerated() {
      guard let output = node.output.first(where: { !$0.isEmpty }) else { continue }
      let place = ModelPlace(body.function, output)
      let isFailing = failing.contains(place)
      if isFailing && escaping.contains(place) {
        wide.formUnion(node.output.filter { narrow($0, view) != nil })
      }
      if isFailing || node.input.contains(where: wide.contains) { region.insert(number) }
    }
    guard !region.isEmpty else { return }
    guard isPossible(region, wide, body, view) else {
      isPossible = false
      return
    }
    let written = write(region, wide, body, view)
    body.nodes = written
  }

  private func narrow(_ name: String, _ view: BodyView) -> DataType? {
    guard let type = view.type(name), let format = type.format, format.bitCount == 16 else {
      return nil
    }
    return type
  }

  /// Whether the nodes may compute in fp32: none of them runs graphs or a function of the model, and
  /// nothing else reads what a narrow type does not hold.
  private func isPossible(
    _ region: Set<Int>, _ wide: Set<String>, _ body: ModelBody, _ view: BodyView
  ) -> Bool {
    guard wide.isDisjoint(with: body.outputs) else { return false }
    for (number, node) in body.nodes.enumerated() {
      if !wide.isDisjoint(with: node.namesReadInGraphs) { return false }
      guard region.contains(number) else { continue }
      let names = node.input + node.output
      guard !node.runsGraphs, !body.callsFunction(node),
        names.allSatisfy({ $0.isEmpty || view.type($0) != nil }),
        node.input.contains(where: { narrow($0, view) != nil }) || node.opType == "Cast"
      else { return false }
    }
    return true
  }

  private mutating func write(
    _ region: Set<Int>, _ wide: Set<String>, _ body: ModelBody, _ view: BodyView
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
