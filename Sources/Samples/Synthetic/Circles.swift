import Numbers
import RealModule
public import TensorFiles

/// Circles around the origin, one inside the other.
///
/// Class c of k has the radius (c + 1)/k; angles are uniform, and both coordinates have normal noise.
/// With two classes as `make_circles` of scikit-learn with a factor of ½, but for random angles.
public struct Circles: SyntheticSet {
  public static let name = "circles"
  public static let summary = "Circles around one centre, one for each class."
  public static let options: [SyntheticOption<Circles>] = [
    .count("samples", \.samples, sampleRange), .number("noise", \.noise, noiseRange),
    .count("classes", \.classes, 2...1000),
  ]

  public var samples = 1000
  /// Deviation of each coordinate.
  public var noise = 0.05
  public var classes = 2
  public var elementsPerSample: Int { 3 }

  public init() {}

  public func make(_ streams: SyntheticStreams) throws(DataError) -> Dataset {
    let angles = streams["angles"]
    return try points(classes: classes, noise: noise, streams) { i, label in
      let angle = 2 * .pi * angles.uniform(at: i)
      let radius = Double(label + 1) / Double(classes)
      return (radius * .cos(angle), radius * .sin(angle))
    }
  }
}
