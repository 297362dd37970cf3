import Numbers
public import TensorFiles
import Tensors

/// Samples that a seed makes: a definition with options, and no file.
///
/// Every number is drawn from a place of its own in a stream of the seed and the set's name, so that
/// the same seed and options give the same bytes, and fewer samples are the first of more.
public protocol SyntheticSet: Hashable, Sendable {
  /// What people write: `spirals`.
  static var name: String { get }
  /// What it is, in a line.
  static var summary: String { get }
  /// All options, of which `samples` is the first.
  static var options: [SyntheticOption<Self>] { get }

  var samples: Int { get set }
  /// Numbers of one sample's features and targets, so that the set's size is known before it is made.
  var elementsPerSample: Int { get }

  /// The set with every option at its default.
  init()

  /// Makes the samples; options are in their ranges.
  func make(_ streams: SyntheticStreams) throws(DataError) -> Dataset
}

/// An option of a synthetic set: its name, its range and where it is stored.
public struct SyntheticOption<Owner: Sendable>: Sendable {
  public let name: String
  public let range: ClosedRange<Double>
  /// Whether only whole numbers are allowed.
  public let isWhole: Bool
  let get: @Sendable (Owner) -> Double
  let set: @Sendable (inout Owner, Double) -> Void

  /// A whole number.
  public static func count(
    _ name: String, _ path: any WritableKeyPath<Owner, Int> & Sendable, _ range: ClosedRange<Int>
  ) -> SyntheticOption {
    SyntheticOption(
      name: name, range: Double(range.lowerBound)...Double(range.upperBound), isWhole: true,
      get: { Double($0[keyPath: path]) }, set: { $0[keyPath: path] = Int($1) })
  }

  /// A real number.
  public static func number(
    _ name: String, _ path: any WritableKeyPath<Owner, Double> & Sendable,
    _ range: ClosedRange<Double>
  ) -> SyntheticOption {
    SyntheticOption(
      name: name, range: range, isWhole: false, get: { $0[keyPath: path] },
      set: { $0[keyPath: path] = $1 })
  }

  /// The option's value in a set.
  public func value(in owner: Owner) -> Double { get(owner) }

  func accepts(_ value: Double) -> Bool {
    range.contains(value) && (!isWhole || value == value.rounded())
  }
}

/// The streams of a seed for one set.
public struct SyntheticStreams: Sendable {
  let seed: UInt64
  let name: String

  subscript(part: String) -> RandomStream { RandomStream(seed: seed, name: "\(name).\(part)") }
}

extension SyntheticSet {
  /// Most numbers in a set: 2^28, a gigabyte.
  static var mostElements: Int { 1 << 28 }

  /// The samples of a seed.
  ///
  /// - Throws: ``DataError`` when an option is out of its range, or the set would have more than 2^28
  ///   numbers.
  public func dataset(seed: UInt64) throws(DataError) -> Dataset {
    for option in Self.options { try Self.check(option, option.get(self)) }
    let (total, overflow) = samples.multipliedReportingOverflow(by: elementsPerSample)
    guard !overflow, total <= Self.mostElements else {
      throw DataError(
        .limitExceeded,
        "\(Self.name.quotedForMessage) would have more than \(Self.mostElements.groupedDigits) "
          + "numbers", cure: "make fewer or smaller samples")
    }
    try DataError.room(4 * total, for: "the samples of \(Self.name.quotedForMessage)")
    return try make(SyntheticStreams(seed: seed, name: Self.name))
  }

  /// The set with options by name; those that are not named keep their defaults.
  init(options: [String: Double]) throws(DataError) {
    self.init()
    for (name, value) in options.sorted(by: { $0.key < $1.key }) {
      guard let option = Self.options.first(where: { $0.name == name }) else {
        let names = Self.options.map(\.name).joined(separator: ", ")
        throw DataError(
          .unknownName, "\(Self.name.quotedForMessage) has no option \(name.quotedForMessage)",
          cure: "its options are \(names)")
      }
      try Self.check(option, value)
      option.set(&self, value)
    }
  }

  private static func check(
    _ option: SyntheticOption<Self>, _ value: Double
  ) throws(DataError) {
    guard !option.accepts(value) else { return }
    func text(_ number: Double) -> String {
      option.isWhole ? Int(number).groupedDigits : "\(number)"
    }
    throw DataError(
      .invalidValue, "'\(option.name)' of \(name.quotedForMessage) is \(value)",
      cure: "give a \(option.isWhole ? "whole number" : "number") from "
        + "\(text(option.range.lowerBound)) to \(text(option.range.upperBound))")
  }

  /// A set of points in the plane: `place` gives the coordinates of sample i without noise.
  func points(
    classes: Int, noise: Double, _ streams: SyntheticStreams,
    _ place: (_ sample: Int, _ class: Int) -> (x: Double, y: Double)
  ) throws(DataError) -> Dataset {
    let normals = streams["noise"]
    var features: [Float] = []
    features.reserveCapacity(2 * samples)
    for i in 0..<samples {
      let point = place(i, i % classes)
      features.append(Float(point.x + noise * normals.normal(at: 2 * i)))
      features.append(Float(point.y + noise * normals.normal(at: 2 * i + 1)))
    }
    return try classified(Tensor(features, shape: [samples, 2]), classes: classes) { $0 % classes }
  }

  /// A set whose sample i has the class `label(i)`.
  func classified(
    _ features: Tensor, classes: Int, names: [String]? = nil, _ label: (Int) -> Int
  ) throws(DataError) -> Dataset {
    let labels = Tensor((0..<samples).map { Int64(label($0)) }, shape: [samples])
    return try Dataset(
      name: Self.name, features: features,
      targets: .classes(labels, names: names ?? (0..<classes).map(String.init)))
  }
}

/// The most samples that a set can be asked for.
let sampleRange = 1...16_777_216
/// Deviations of noise.
let noiseRange = 0.0...1e6
