import Graphs
package import Numbers
package import ONNX
import Semantics
import Tensors

/// The fewest operators that are to compute in fp32 so that a model in a narrow format gives what it
/// gives in fp32, as far as a limit asks.
///
/// Operators that meet an overflow, or numbers that the format has no digits for, are found in one walk.
/// What the outputs then are is measured against doubles. Where that is not enough, those operators
/// follow whose own rounding moves the outputs most; at the end every one is left out again that the
/// outputs do not need.
package struct PrecisionChoice {
  /// The operators that compute in fp32.
  package private(set) var places: Set<ModelPlace>
  /// The errors of the outputs, with the operators in fp32.
  package private(set) var errors: OutputErrors
  /// The errors of the outputs with nothing in fp32 but what has to be.
  package private(set) var plainErrors: OutputErrors
  /// The operators that meet an overflow on the way, whether the outputs need them or not.
  let overflowing: Set<ModelPlace>
  /// The same with those that meet any loss.
  let losing: Set<ModelPlace>
  /// Runs of the model that it took.
  package private(set) var runs: Int

  private let simulation: PrecisionSimulation
  private let feeds: [[Value: Tensor]]
  private let references: [[Tensor]]
  private let forced: Set<ModelPlace>
  private let limit: Double
  private let deadline: ContinuousClock.Instant?

  /// The share of the limit that is aimed at: another order of sums stays below the limit then.
  private static let near = 0.9
  /// Operators up to which each is weighed by itself.
  private static let mostWeighed = 64
  /// How much further from doubles than fp32 the outputs may be.
  private static let allowance = 2.0

  /// - Parameters:
  ///   - patient: the model as it is, and the draws of its inputs.
  ///   - target: the format that it is to be taken to; nil for those that it declares.
  ///   - forced: operators that compute in fp32 in any case.
  package init(_ patient: ModelPatient, to target: NumberFormat?, forced: Set<ModelPlace> = []) {
    simulation = PrecisionSimulation(patient.model, to: target)
    var feeds: [[Value: Tensor]] = []
    for seed in patient.seeds {
      let feed = simulation.feed(patient, seed: seed)
      // Inputs that are given are the same for every seed.
      if !feeds.contains(where: { Self.areSame($0, feed) }) { feeds.append(feed) }
    }
    self.feeds = feeds
    let simulation = simulation
    let everything = Set(simulation.operators).union(forced)
    var (references, floor) = ([[Tensor]](), OutputErrors())
    for feed in feeds {
      // What fp32 does not hold is nothing to be held to, and what it loses is no fault of the format.
      let single = simulation.outputs(feed, wide: everything, roundsOutputs: false)
      let reference = zip(simulation.reference(feed), single).map {
        $0.leavingOut(whereNotFinite: $1)
      }
      simulation.errors(single, reference, into: &floor)
      references.append(reference)
    }
    self.references = references
    self.forced = forced
    runs = 2 * feeds.count
    limit = max(patient.limit, Self.allowance * floor.worst)
    deadline = patient.deadline
    var losing = forced
    var overflowing = forced
    for feed in feeds {
      _ = simulation.outputs(feed, wide: losing) { loss in
        losing.insert(loss.place)
        return true
      }
      _ = simulation.outputs(feed, wide: overflowing) { loss in
        guard loss.damage.overflows else { return false }
        overflowing.insert(loss.place)
        return true
      }
    }
    (self.losing, self.overflowing) = (losing, overflowing)
    (places, errors, plainErrors) = (forced, OutputErrors(), OutputErrors())
    errors = measured(forced)
    plainErrors = errors
    guard errors.worst > limit * Self.near else { return }
    // Overflows alone are often enough, and fewer.
    for candidate in [overflowing, losing] where errors.worst > limit * Self.near {
      (places, errors) = (candidate, measured(candidate))
    }
    if errors.worst > limit * Self.near {
      if simulation.operators.count <= Self.mostWeighed { extend() } else { descend() }
    }
    reduce()
  }

  /// Whether the outputs are as near as the limit asks.
  package var isWithinLimit: Bool { errors.worst <= limit }

  private var hasTime: Bool { deadline.map { ContinuousClock.now < $0 } ?? true }

  private static func areSame(_ a: [Value: Tensor], _ b: [Value: Tensor]) -> Bool {
    a.allSatisfy { value, tensor in
      b[value].map { $0.numbers.elementsEqual(tensor.numbers, by: { $0 == $1 }) } ?? false
    }
  }

  /// The errors with these operators in fp32, over all draws, or over as many as it takes to pass
  /// `most`.
  private mutating func measured(
    _ wide: Set<ModelPlace>, atMost most: Double = .infinity
  ) -> OutputErrors {
    runs += 1
    var errors = OutputErrors()
    for (feed, reference) in zip(feeds, references) {
      simulation.errors(simulation.outputs(feed, wide: wide), reference, into: &errors)
      if errors.worst > most { break }
    }
    return errors
  }

  /// Adds operators whose own rounding moves the outputs most, until the outputs are near enough.
  private mutating func extend() {
    let all = simulation.operators
    let everything = Set(all).union(forced)
    var contributions: [(place: ModelPlace, error: Double)] = []
    for place in all where !places.contains(place) {
      guard hasTime else { return }
      contributions.append((place, measured(everything.subtracting([place])).worst))
    }
    contributions.sort { $0.error > $1.error }
    var count = 1
    var next = 0
    while next < contributions.count, errors.worst > limit * Self.near, hasTime {
      places.formUnion(contributions[next..<min(contributions.count, next + count)].map(\.place))
      next += count
      count *= 2
      errors = measured(places)
    }
  }

  /// Puts everything in fp32 and leaves out ever smaller stretches of what loses nothing by itself: a
  /// large model is within the limit from the beginning, and time makes the choice smaller.
  private mutating func descend() {
    let aim = limit * Self.near
    let all = simulation.operators
    let everything = Set(all).union(forced)
    let found = measured(everything)
    guard found.worst <= aim else { return }
    (places, errors) = (everything, found)
    let order = all.filter { !losing.contains($0) }
    var size = order.count
    while size >= 1, hasTime {
      for start in stride(from: 0, to: order.count, by: size) {
        let stretch = Set(order[start..<min(order.count, start + size)])
        if !stretch.isDisjoint(with: places) { leaveOut(stretch, aim) }
      }
      size /= 2
    }
  }

  /// Leaves out what the outputs do not need: parts that hang together first, then single operators,
  /// the last first.
  private mutating func reduce() {
    let aim = limit * Self.near
    guard errors.worst <= aim else { return }
    for part in parts() where part.count > 1 { leaveOut(part, aim) }
    var isSmaller = true
    while isSmaller {
      isSmaller = false
      for place in simulation.operators.reversed()
      where places.contains(place) && !forced.contains(place) {
        guard hasTime else { return }
        if leaveOut([place], aim) { isSmaller = true }
      }
    }
  }

  @discardableResult
  private mutating func leaveOut(_ some: Set<ModelPlace>, _ aim: Double) -> Bool {
    guard hasTime else { return false }
    let fewer = places.subtracting(some).union(forced)
    guard fewer.count < places.count else { return false }
    let found = measured(fewer, atMost: aim)
    guard found.worst <= aim else { return false }
    (places, errors) = (fewer, found)
    return true
  }

  /// The operators in fp32 in parts none of which reads what another gives.
  private func parts() -> [Set<ModelPlace>] {
    var neighbours: [ModelPlace: [ModelPlace]] = [:]
    for (from, to) in simulation.edges where places.contains(from) && places.contains(to) {
      neighbours[from, default: []].append(to)
      neighbours[to, default: []].append(from)
    }
    var parts: [Set<ModelPlace>] = []
    var seen: Set<ModelPlace> = []
    for place in simulation.operators where places.contains(place) && !seen.contains(place) {
      var (part, waiting) = (Set([place]), [place])
      while let next = waiting.popLast() {
        for other in neighbours[next] ?? [] where part.insert(other).inserted {
          waiting.append(other)
        }
      }
      seen.formUnion(part)
      parts.append(part)
    }
    return parts
  }
}
