import Findings
import Graphs
import Numbers
import RealModule
import Semantics
import Tensors

/// Finds nodes, of the backward pass too, that can make a result NaN, or infinite at a pole, for
/// numbers that are nothing out of the ordinary.
///
/// Bounds, rounded to the format of each node, tell which nodes need a closer look: most need none.
/// What lies around the others, up to the nearest sums of products, is then computed in the number
/// formats of its nodes for a few dozen probes, chosen to meet zeros, equal operands, saturation
/// and overflow. Only a failure that was seen, and that reaches what leaves the region, counts: a
/// largest element that was subtracted, a guard by `Where` and an epsilon that is not absorbed need
/// no rule of their own, and an epsilon that is absorbed needs none either.
struct HazardScan {
  let differentiated: DifferentiatedSubject
  let format: NumberFormat
  var nodeFormats: [Int: NumberFormat] = [:]

  /// Elements that are computed for one region, over all probes, and in all.
  private static let regionBudget = 1 << 25
  private static let wholeBudget = 1 << 28
  /// A region with more elements is not computed.
  private static let largestRegion = 1 << 24
  private static let fewestProbes = 9

  /// The hazards in order of execution, at most one NaN and one infinity for a node.
  func placedHazards(layerOf: (Int) -> String?) -> [PlacedHazard] {
    let graph = differentiated.graph
    let narrowest =
      ([format] + nodeFormats.values).filter { $0.bitCount > 8 }
      .min { $0.greatestExponent < $1.greatestExponent } ?? format
    // Three ordinary numbers have a product; squares have long sums.
    let reach = Double.exp2((0.3 * Double(narrowest.greatestExponent)).rounded(.down))
    let natural = Interval(-reach, reach)
    let table = LeafTable(differentiated, natural: natural)
    let formatOf = { (number: Int) in nodeFormats[number] ?? format }
    let walk = HullWalk(graph, leaves: table.hull, natural: natural, format: formatOf)
    let reachOfOne = Probe.farReach(of: narrowest)
    let far = Interval(-reachOfOne, reachOfOne)
    let farWalk = HullWalk(
      graph, leaves: { walk.hulls[$0.index] == natural ? far : walk.hulls[$0.index] }, natural: far,
      format: formatOf)
    let constants = Set(graph.parameters).intersection(differentiated.subject.frozen)
    let map = RegionMap(
      graph, walk, far: farWalk, natural: natural, constants: constants, kept: kept)
    var alike: [Look: Int] = [:]
    var groups: [(first: Region, others: [Region])] = []
    for region in map.regions {
      let look = Look(region, graph, walk.hulls)
      if let place = alike[look] {
        groups[place].others.append(region)
      } else {
        alike[look] = groups.count
        groups.append((region, []))
      }
    }
    var budget = Self.wholeBudget
    var found: [PlacedHazard] = []
    for group in groups where group.first.elements <= Self.largestRegion && budget > 0 {
      guard
        let trial = RegionTrial(
          group.first, of: graph, table, hulls: walk.hulls,
          format: format == .fp32 ? nil : format, nodeFormats: nodeFormats)
      else { continue }
      let probes = Probe.all(for: narrowest, reach: reach, constants: trial.constants)
      let count = max(Self.fewestProbes, Self.regionBudget / max(1, group.first.elements))
      var seen: Set<[Int]> = []
      for probe in probes.prefix(count) {
        budget -= group.first.elements
        for failure in trial.failures(on: probe)
        where seen.insert([failure.place, failure.kind.number]).inserted {
          found.append(
            placed(
              failure, trial.witness(ofPlace: failure.place), group.first, group.others, layerOf))
        }
      }
    }
    return found.sorted { $0.order < $1.order }
  }

  /// Values that somebody looks at.
  private var kept: Set<Value> {
    let subject = differentiated.subject
    let targets = subject.graph.inputs + subject.graph.parameters
    return Set(
      [subject.output] + targets.compactMap { differentiated.cotangents[$0] })
  }

  private func placed(
    _ failure: RegionTrial.Failure, _ witness: [RegionTrial.Witness], _ region: Region,
    _ others: [Region], _ layerOf: (Int) -> String?
  ) -> PlacedHazard {
    let graph = differentiated.graph
    let number = region.nodes[failure.place]
    let node = graph.nodes[number]
    let forward = node.isBackward ? node.forward : number
    let name = name(ofNode: number)
    let overflow = failure.overflow.map { self.name(ofNode: region.nodes[$0]) }
    return PlacedHazard(
      layer: forward.flatMap(layerOf) ?? node.scope, operatorName: name,
      node: forward.flatMap(differentiated.subject.place)?.name ?? graph.name(of: node.results[0]),
      isBackward: node.isBackward,
      hazard: Hazard(
        failure.kind,
        summary(failure, witness, node, name, after: overflow, nodeFormats[number] ?? format),
        witness: []),
      origin: overflow,
      operands: failure.operands,
      witness: witness.map { (label($0.value), $0.numbers) },
      nodes: ([region] + others).compactMap { region in
        let number = region.nodes[failure.place]
        let node = graph.nodes[number]
        return node.isBackward ? node.forward : number
      },
      order: forward ?? number)
  }

  /// What people call the operator of a node: the file's, or that of the forward pass.
  private func name(ofNode number: Int) -> String {
    let node = differentiated.graph.nodes[number]
    let forward = node.isBackward ? node.forward : number
    if let place = forward.flatMap(differentiated.subject.place) { return place.type }
    if case .text(let function) = node.op.attributes["operator"] { return function }
    return node.op.typeName
  }

  /// What people call a value: the input, the weight, or the file's node that computes it.
  private func label(_ value: Value) -> String {
    let graph = differentiated.graph
    guard case .node(let number, _) = graph.source(of: value),
      let place = differentiated.subject.place(graph.nodes[number].forward ?? number)
    else { return graph.name(of: value) }
    return place.name
  }

  // MARK: Words

  private func summary(
    _ failure: RegionTrial.Failure, _ witness: [RegionTrial.Witness], _ node: Graph.Node,
    _ name: String, after overflow: String?, _ format: NumberFormat
  ) -> String {
    let result = failure.kind == .undefined ? "NaN" : "infinite"
    let numbers = failure.operands.map(Numerals.short)
    var text: String
    if let exact = failure.exact {
      let call =
        numbers.isEmpty
        ? "\(node.op.typeName) overflows"
        : "\(node.op.typeName)(\(numbers.joined(separator: ", "))) overflows"
      text = "\(call) \(format.name), although the result is only \(Numerals.short(exact))"
    } else if node.op.attributes["operator"] != nil, numbers.count == 2 {
      text =
        failure.operands[0] == 0
        ? "The slope of \(name) at \(numbers[1]) is infinite, and times a gradient of 0 it is NaN"
        : "The slope of \(name) at \(numbers[1]) is \(result)"
    } else if numbers.isEmpty {
      text = failure.explanation
    } else {
      text =
        "\(node.isBackward ? "In the gradient of \(name), " : "")"
        + "\(node.op.typeName)(\(numbers.joined(separator: ", "))) is \(result)"
    }
    if let overflow {
      text += ", after \(overflow) has overflowed \(format.name)"
    }
    let held = witness.prefix(3).map { witness in
      let (low, high) = (witness.numbers.lower, witness.numbers.upper)
      return low == high
        ? "\(label(witness.value)) is \(Numerals.short(low))"
        : "\(label(witness.value)) lies between \(Numerals.short(low)) and \(Numerals.short(high))"
    }
    if !held.isEmpty { text += ": seen where \(held.joined(separator: " and "))" }
    return text + "."
  }
}

/// What is equal for regions that compute alike.
private struct Look: Hashable {
  private let hash: Int
  private let count: Int

  init(_ region: Region, _ graph: Graph, _ hulls: [Interval]) {
    var hasher = Hasher()
    var numbers: [Value: Int] = [:]
    for leaf in region.leaves {
      numbers[leaf] = numbers.count
      hasher.combine(graph.type(of: leaf))
      let hull = hulls[leaf.index]
      // A single number, such as an epsilon, decides by its size; of many the signs do.
      if graph.type(of: leaf).shape.count == 1 {
        hasher.combine(hull)
      } else {
        hasher.combine([hull.lower < 0, hull.lower > 0, hull.upper < 0, hull.upper > 0])
        hasher.combine([hull.lower.isFinite, hull.upper.isFinite])
      }
      hasher.combine(graph.producer(of: leaf)?.isBackward)
    }
    for number in region.nodes {
      let node = graph.nodes[number]
      hasher.combine(node.op.typeName)
      hasher.combine(node.op.attributes)
      for operand in node.operands { hasher.combine(numbers[operand]) }
      for result in node.results {
        numbers[result] = numbers[result] ?? numbers.count
        hasher.combine(graph.type(of: result))
      }
    }
    hash = hasher.finalize()
    count = region.nodes.count
  }
}
