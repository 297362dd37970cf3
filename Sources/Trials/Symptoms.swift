public import Experiments
public import Findings
import Networks
import RealModule
import Samples
import Semantics
import Tensors
public import Watching

/// What a run showed of itself, for those who look for causes and cures.
public struct Symptoms: Sendable {
  /// The record of the first step.
  public private(set) var first: StepRecord?
  /// The first step of the last row of refused steps, and why it was refused.
  public private(set) var refused: (step: Int, refusal: StepRecord.Refusal)?
  /// Norms of all gradients together in the steps that were made.
  public private(set) var gradientNorms: [Double] = []
  /// What clipping multiplied gradients by.
  public private(set) var clipCoefficients: [Double] = []
  /// The greatest ratio of an update to the scale that its parameter starts with, in the first steps.
  ///
  /// Parameters that start at 0 have no scale, and that of a bias does not tell how much the output
  /// changes: these are left out.
  public private(set) var greatestUpdateRatio = 0.0
  /// The geometric mean of these ratios; 0 where none is known.
  public var usualUpdateRatio: Double {
    ratioCount > 0 ? Double.exp(ratioLogarithms / Double(ratioCount)) : 0
  }
  private var (ratioLogarithms, ratioCount) = (0.0, 0)
  /// Root mean squares of parameters as they start, in the order of the records; 0 for those left out.
  private let startScales: [Double]
  /// The share of updates lost to rounding in the last step that was made, over all parameters.
  public private(set) var lostShare = 0.0
  /// What grows at the end, the earliest first.
  public var origins: [GrowthOrigin] = []
  /// Features of the samples as the network sees them; nil for token numbers.
  public let features: Features?
  /// Samples with numbers that are not finite: `train.csv line 17`.
  public let badSamples: [String]
  /// What was trained on, and validated with.
  public let samples: ExperimentData

  /// Moments of features over all samples.
  public struct Features: Hashable, Sendable {
    /// The root mean square of all.
    public let scale: Double
    /// The least and the greatest root mean square of one feature around its mean.
    public let deviations: ClosedRange<Double>
    /// The greatest magnitude of a feature's mean in its deviations.
    public let offset: Double
  }

  private static let early = 20

  init(_ samples: ExperimentData, _ network: LoweredNetwork) {
    startScales = Self.startScales(of: network)
    self.samples = samples
    let data = samples.training
    let kept = Set(data.indicesOfFiniteSamples)
    badSamples =
      kept.count == data.count
      ? [] : (0..<data.count).filter { !kept.contains($0) }.map { data.place(ofSample: $0) }
    features = Features(of: data)
  }

  mutating func observe(_ record: StepRecord) {
    if first == nil { first = record }
    if let refusal = record.refusal {
      if refused == nil { refused = (record.step, refusal) }
    } else {
      refused = nil
      let lost = record.parameters.compactMap(\.lostShare)
      lostShare = lost.isEmpty ? 0 : lost.reduce(0, +) / Double(lost.count)
      if gradientNorms.count < 1 << 16 { gradientNorms.append(record.gradientNorm) }
      if let coefficient = record.clipCoefficient, clipCoefficients.count < 1 << 16 {
        clipCoefficients.append(coefficient)
      }
    }
    if record.step < Self.early {
      for (parameter, scale) in zip(record.parameters, startScales) where scale > 0 {
        guard let update = parameter.update?.secondMoment.squareRoot(), update.isFinite, update > 0
        else { continue }
        greatestUpdateRatio = max(greatestUpdateRatio, update / scale)
        ratioLogarithms += Double.log(update / scale)
        ratioCount += 1
      }
    }
  }

  private static func startScales(of network: LoweredNetwork) -> [Double] {
    network.parameters.map {
      $0.target.role == .bias ? 0 : $0.moments.secondMoment.squareRoot()
    }
  }

  /// A quantile of the gradient norms of the steps that were made; nil where none was.
  public func gradientNorm(quantile: Double) -> Double? {
    let finite = gradientNorms.filter { $0.isFinite && $0 > 0 }.sorted()
    return finite.isEmpty ? nil : finite[Int(quantile * Double(finite.count - 1))]
  }
}

extension Symptoms.Features {
  init?(of data: Dataset) {
    guard data.features.elementType == .float32 else { return nil }
    let elements = data.features.elements(as: Float.self)
    let width = data.features.count / data.count
    var (sum, squares, counts) = (
      [Double](repeating: 0, count: width), [Double](repeating: 0, count: width),
      [Double](repeating: 0, count: width)
    )
    var place = 0
    for i in elements.indices {
      let x = Double(elements[i])
      if x.isFinite {
        sum[place] += x
        squares[place] += x * x
        counts[place] += 1
      }
      place = place + 1 == width ? 0 : place + 1
    }
    let total = counts.reduce(0, +)
    guard total > 0 else { return nil }
    scale = (squares.reduce(0, +) / total).squareRoot()
    var (low, high, offset) = (Double.infinity, 0.0, 0.0)
    for i in 0..<width where counts[i] > 0 {
      let mean = sum[i] / counts[i]
      let deviation = max(0, squares[i] / counts[i] - mean * mean).squareRoot()
      // A feature that never changes says nothing of the scale.
      guard deviation > 1e-12 * mean.magnitude, deviation > 0 else { continue }
      (low, high) = (min(low, deviation), max(high, deviation))
      offset = max(offset, mean.magnitude / deviation)
    }
    deviations = low <= high ? low...high : 1...1
    self.offset = offset
  }
}
