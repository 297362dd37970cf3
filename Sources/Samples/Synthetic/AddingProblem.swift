import Numbers
public import TensorFiles
import Tensors

/// Two marked numbers of a sequence, to be added.
///
/// Each of `length` = T steps has a number, uniform from −1 to 1, and a marker. One of the first ten
/// steps is marked 1, then another of the first T/2 − 1; the first and last steps are marked −1, all
/// others 0. If the first step is marked 1, its number is 0. The target is ½ + (X₁ + X₂)/4, between 0
/// and 1, and a sequence counts as solved with an error below 0.04. Always answering ½ has a mean
/// squared error of 1/24, a little less for short sequences. Hochreiter and Schmidhuber, "Long
/// short-term memory" (1997), experiment 4, but for lengths, which are all the same here.
public struct AddingProblem: SyntheticSet {
  public static let name = "adding"
  public static let summary = "Two marked numbers of a sequence, to be added."
  public static let options: [SyntheticOption<AddingProblem>] = [
    .count("samples", \.samples, sampleRange), .count("length", \.length, 6...100_000),
  ]

  public var samples = 1000
  /// Steps of a sequence.
  public var length = 100
  public var elementsPerSample: Int { 2 * length + 1 }

  public init() {}

  public func make(_ streams: SyntheticStreams) throws(DataError) -> Dataset {
    let (numbers, places) = (streams["numbers"], streams["markers"])
    let tensor = Tensor(zeros: [samples, length, 2], .float32)
    let elements = tensor.elements(as: Float.self)
    var targets: [Float] = []
    let reach = length / 2 - 1
    for i in 0..<samples {
      let start = 2 * length * i
      for step in 0..<length {
        elements[start + 2 * step] = Float(2 * numbers.uniform(at: i * length + step) - 1)
      }
      elements[start + 1] = -1
      elements[start + 2 * length - 1] = -1
      let first = places.integer(at: 2 * i, below: min(10, reach))
      var second = places.integer(at: 2 * i + 1, below: reach - 1)
      if second >= first { second += 1 }
      if min(first, second) == 0 { elements[start] = 0 }
      elements[start + 2 * first + 1] = 1
      elements[start + 2 * second + 1] = 1
      let sum = Double(elements[start + 2 * first]) + Double(elements[start + 2 * second])
      targets.append(Float(0.5 + sum / 4))
    }
    return try Dataset(
      name: Self.name, features: tensor, targets: .reals(Tensor(targets, shape: [samples, 1])))
  }
}
