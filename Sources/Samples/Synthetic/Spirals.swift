import Numbers
import RealModule
public import TensorFiles

/// Spirals that wind around each other from the origin, one for each class.
///
/// With u uniform from 0 to 1, a point of class c of k has the radius u and the angle
/// 2π(`turns` · u + c/k), with normal noise on both coordinates. After the two spirals of Lang and
/// Witbrock, "Learning to tell two spirals apart" (1988), which have three turns.
public struct Spirals: SyntheticSet {
  public static let name = "spirals"
  public static let summary = "Spirals that wind around each other, one for each class."
  public static let options: [SyntheticOption<Spirals>] = [
    .count("samples", \.samples, sampleRange), .number("noise", \.noise, noiseRange),
    .count("classes", \.classes, 2...1000), .number("turns", \.turns, 0...1000),
  ]

  public var samples = 1000
  /// Deviation of each coordinate.
  public var noise = 0.02
  public var classes = 2
  /// How often a spiral goes around the origin.
  public var turns = 1.5
  public var elementsPerSample: Int { 3 }

  public init() {}

  public func make(_ streams: SyntheticStreams) throws(DataError) -> Dataset {
    let radii = streams["radii"]
    return try points(classes: classes, noise: noise, streams) { i, label in
      let radius = radii.uniform(at: i)
      let angle = 2 * .pi * (turns * radius + Double(label) / Double(classes))
      return (radius * .cos(angle), radius * .sin(angle))
    }
  }
}
