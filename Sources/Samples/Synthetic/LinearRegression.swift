import Numbers
public import TensorFiles
import Tensors

/// A linear function of normal numbers.
///
/// y = w·x + b plus normal noise, for x of d independent standard normal features, w of d normal
/// weights of variance 1/d, so that w·x has variance 1 on average, and a standard normal b. The
/// Gaussian linear model of Gauss (1809); least squares find w to about `noise`·√(d/samples).
public struct LinearRegression: SyntheticSet {
  public static let name = "linear"
  public static let summary = "A linear function of normal numbers."
  public static let options: [SyntheticOption<LinearRegression>] = [
    .count("samples", \.samples, sampleRange), .number("noise", \.noise, noiseRange),
    .count("features", \.features, 1...65_536),
  ]

  public var samples = 1000
  /// Deviation of the noise on y.
  public var noise = 0.1
  public var features = 8
  public var elementsPerSample: Int { features + 1 }

  public init() {}

  /// The weights and the constant of a seed.
  public func parameters(seed: UInt64) -> (weights: [Double], constant: Double) {
    let stream = SyntheticStreams(seed: seed, name: Self.name)["weights"]
    let scale = 1 / Double(features).squareRoot()
    return ((0..<features).map { scale * stream.normal(at: $0) }, stream.normal(at: features))
  }

  public func make(_ streams: SyntheticStreams) throws(DataError) -> Dataset {
    let (weights, constant) = parameters(seed: streams.seed)
    let inputs = Tensor(zeros: [samples, features], .float32)
    let x = inputs.elements(as: Float.self)
    x.fillNormal(from: streams["features"])
    let normals = streams["noise"]
    let answers = (0..<samples).map { i in
      var sum = constant + noise * normals.normal(at: i)
      for j in 0..<features { sum += weights[j] * Double(x[i * features + j]) }
      return Float(sum)
    }
    return try Dataset(
      name: Self.name, features: inputs, targets: .reals(Tensor(answers, shape: [samples, 1])))
  }
}
