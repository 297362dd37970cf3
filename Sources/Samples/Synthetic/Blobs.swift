import Numbers
public import TensorFiles
import Tensors

/// Round clouds of points, one around the centre of each class.
///
/// Centres are uniform in the cube from −10 to 10, points normal around them with the deviation
/// `noise`; sample i belongs to class i mod `classes`. As `make_blobs` of scikit-learn (Pedregosa and
/// others, 2011).
public struct Blobs: SyntheticSet {
  public static let name = "blobs"
  public static let summary = "Round clouds of points, one for each class."
  public static let options: [SyntheticOption<Blobs>] = [
    .count("samples", \.samples, sampleRange), .number("noise", \.noise, noiseRange),
    .count("classes", \.classes, 2...1000), .count("features", \.features, 1...65_536),
  ]

  public var samples = 1000
  /// Deviation of the points of a class.
  public var noise = 1.0
  public var classes = 3
  public var features = 2
  public var elementsPerSample: Int { features + 1 }

  public init() {}

  public func make(_ streams: SyntheticStreams) throws(DataError) -> Dataset {
    let centres = streams["centres"]
    let normals = streams["noise"]
    let tensor = Tensor(zeros: [samples, features], .float32)
    let elements = tensor.elements(as: Float.self)
    for i in 0..<samples {
      for j in 0..<features {
        let centre = 20 * centres.uniform(at: i % classes * features + j) - 10
        elements[i * features + j] = Float(centre + noise * normals.normal(at: i * features + j))
      }
    }
    return try classified(tensor, classes: classes) { $0 % classes }
  }
}
