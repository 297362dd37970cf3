import Findings
import Graphs
import Semantics
import Tensors

/// The draws of a check: summaries of the first, and second moments of all.
struct DrawSeries {
  let first: [Value: Summary]
  /// Second moments of every real value of the first draw, by its number.
  let all: [Double]
  let units: [Value: UnitHealth]
  private(set) var secondMoments: [Value: [Double]] = [:]
  /// The first value that is not finite and reaches a result or a gradient, and why.
  let failure: NonFiniteTrace.Origin?
  /// The first that left the format and harmed nothing.
  let harmless: NonFiniteTrace.Origin?
  /// Factors that start at 0, where something stands still because of them.
  let zeroStart: ZeroStart?
  /// Summaries of the first draw with these factors moved.
  let moved: [Value: Summary]

  init(
    _ differentiated: DifferentiatedSubject, _ measurement: Measurement, _ options: Check.Options
  ) {
    let subject = differentiated.subject
    options.progress(0, options.draws)
    measurement.run(seed: options.seed, looksAtUnits: true)
    first = measurement.summaries
    all = measurement.secondMoments
    units = measurement.units
    var ends = [subject.output] + subject.results + subject.layers.map(\.output)
    if options.purpose == .training {
      let trained = subject.trained + subject.layers.flatMap { [$0.output] + $0.steps }
      ends += trained.compactMap { differentiated.cotangents[$0] }
    }
    failure = measurement.nonFinite.first(reaching: ends, in: differentiated.graph)
    harmless =
      failure == nil ? measurement.nonFinite.firstOverflow(in: differentiated.graph) : nil
    let found = ZeroStartFinder(
      differentiated: differentiated, summaries: first, uniform: measurement.uniform
    ).found { moves in
      measurement.run(seed: options.seed, looksAtUnits: false, moving: moves)
      return measurement.summaries
    }
    zeroStart = found?.start
    moved = found?.moved ?? [:]
    options.progress(1, options.draws)
    guard options.draws > 1 else { return }
    let layers = subject.layers
    let watched = layers.map(\.output) + layers.compactMap { differentiated.cotangents[$0.output] }
    for value in watched {
      if let summary = first[value] { secondMoments[value] = [summary.secondMoment] }
    }
    for draw in 1..<options.draws {
      measurement.run(seed: options.seed &+ UInt64(draw), looksAtUnits: false)
      options.progress(draw + 1, options.draws)
      for value in watched {
        guard let summary = measurement.summaries[value] else { continue }
        secondMoments[value, default: []].append(summary.secondMoment)
      }
    }
  }
}
