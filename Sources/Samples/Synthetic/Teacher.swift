import Numbers
import RealModule
public import TensorFiles
import Tensors

/// What a random network with one hidden layer says of normal numbers.
///
/// y = V tanh(W x/√d)/√h for x of d independent standard normal features and W, V of independent
/// standard normal weights, h hidden units, plus noise. Targets are y, or the class of its greatest
/// element. A teacher as in Seung, Sompolinsky and Tishby, "Statistical mechanics of learning from
/// examples" (1992), with a hidden layer.
public struct Teacher: SyntheticSet {
  public static let name = "teacher"
  public static let summary = "The answers of a random network with one hidden layer."
  public static let options: [SyntheticOption<Teacher>] = [
    .count("samples", \.samples, sampleRange), .number("noise", \.noise, noiseRange),
    .count("classes", \.classes, 0...1000), .count("features", \.features, 1...65_536),
    .count("hidden", \.hidden, 1...4096),
  ]

  public var samples = 1000
  /// Deviation of the noise on y.
  public var noise = 0.0
  /// The number of classes; 0 for one number.
  public var classes = 0
  public var features = 16
  /// Hidden units of the teacher.
  public var hidden = 32
  public var elementsPerSample: Int { features + hidden + max(1, classes) }

  public init() {}

  public func make(_ streams: SyntheticStreams) throws(DataError) -> Dataset {
    let outputs = max(1, classes)
    let inputs = Tensor(zeros: [samples, features], .float32)
    inputs.elements(as: Float.self).fillNormal(from: streams["features"])
    func weights(_ part: String, _ shape: Shape) -> Elements<Double> {
      let elements = Tensor(zeros: shape, .float64).elements(as: Double.self)
      elements.fillNormal(from: streams[part])
      return elements
    }
    let first = weights("hidden weights", [hidden, features])
    let second = weights("output weights", [outputs, hidden])
    let normals = streams["noise"]
    let x = inputs.elements(as: Float.self)
    var activations = [Double](repeating: 0, count: hidden)
    var answers = [Double](repeating: 0, count: samples * outputs)
    for i in 0..<samples {
      for unit in 0..<hidden {
        var sum = 0.0
        for j in 0..<features { sum += first[unit * features + j] * Double(x[i * features + j]) }
        activations[unit] = .tanh(sum / Double(features).squareRoot())
      }
      for output in 0..<outputs {
        var sum = 0.0
        for unit in 0..<hidden { sum += second[output * hidden + unit] * activations[unit] }
        answers[i * outputs + output] =
          sum / Double(hidden).squareRoot() + noise * normals.normal(at: i * outputs + output)
      }
    }
    guard classes > 0 else {
      return try Dataset(
        name: Self.name, features: inputs,
        targets: .reals(Tensor(answers.map { Float($0) }, shape: [samples, 1])))
    }
    return try classified(inputs, classes: classes) { i in
      (0..<outputs).max { answers[i * outputs + $0] < answers[i * outputs + $1] } ?? 0
    }
  }
}
