import Numbers
public import TensorFiles
import Tensors

/// Whether the number of positive signs is odd: with two signs, the exclusive or.
///
/// Points are normal around the corners (±1, …, ±1) with the deviation `noise`, all corners in turn;
/// class 1 has an odd number of positive ones. The problem that no single layer solves (Minsky and
/// Papert, "Perceptrons", 1969).
public struct Parity: SyntheticSet {
  public static let name = "xor"
  public static let summary = "The parity of signs; two of them are the exclusive or."
  public static let options: [SyntheticOption<Parity>] = [
    .count("samples", \.samples, sampleRange), .number("noise", \.noise, noiseRange),
    .count("bits", \.bits, 2...32),
  ]

  public var samples = 1000
  /// Deviation around each corner.
  public var noise = 0.2
  /// The number of signs.
  public var bits = 2
  public var elementsPerSample: Int { bits + 1 }

  public init() {}

  public func make(_ streams: SyntheticStreams) throws(DataError) -> Dataset {
    let normals = streams["noise"]
    let corner = { i in i % (1 << bits) }
    let tensor = Tensor(zeros: [samples, bits], .float32)
    let elements = tensor.elements(as: Float.self)
    for i in 0..<samples {
      for j in 0..<bits {
        let sign = corner(i) >> j & 1 == 1 ? 1.0 : -1
        elements[i * bits + j] = Float(sign + noise * normals.normal(at: i * bits + j))
      }
    }
    return try classified(tensor, classes: 2) { corner($0).nonzeroBitCount % 2 }
  }
}
