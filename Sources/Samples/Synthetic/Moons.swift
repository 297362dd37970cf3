import Numbers
import RealModule
public import TensorFiles

/// Two half circles that reach into each other.
///
/// With t uniform from 0 to π, class 0 is (cos t, sin t) and class 1 is (1 − cos t, ½ − sin t), with
/// normal noise on both coordinates. As `make_moons` of scikit-learn, but for random angles.
public struct Moons: SyntheticSet {
  public static let name = "moons"
  public static let summary = "Two half circles that reach into each other."
  public static let options: [SyntheticOption<Moons>] = [
    .count("samples", \.samples, sampleRange), .number("noise", \.noise, noiseRange),
  ]

  public var samples = 1000
  /// Deviation of each coordinate.
  public var noise = 0.1
  public var elementsPerSample: Int { 3 }

  public init() {}

  public func make(_ streams: SyntheticStreams) throws(DataError) -> Dataset {
    let angles = streams["angles"]
    return try points(classes: 2, noise: noise, streams) { i, label in
      let angle = .pi * angles.uniform(at: i)
      return label == 0
        ? (.cos(angle), .sin(angle)) : (1 - .cos(angle), 0.5 - .sin(angle))
    }
  }
}
