import Numbers
public import TensorFiles
import Tensors

/// Symbols to be remembered through a delay and then repeated.
///
/// A sequence of `delay` + 2·`length` steps: `length` symbols, uniform and independent;
/// `delay` − 1 blanks; a delimiter; `length` blanks. The targets are blanks, and in the last `length`
/// steps the symbols. Whoever forgets them all has a cross entropy of
/// `length` · ln(`symbols`)/(`delay` + 2·`length`) per step. As in Arjovsky, Shah and Bengio,
/// "Unitary evolution recurrent neural networks" (2016), section 5.1, after Hochreiter and
/// Schmidhuber (1997).
public struct CopyTask: SyntheticSet {
  public static let name = "copy"
  public static let summary = "Symbols to be repeated after a delay."
  public static let options: [SyntheticOption<CopyTask>] = [
    .count("samples", \.samples, sampleRange), .count("symbols", \.symbols, 2...65_534),
    .count("length", \.length, 1...10_000), .count("delay", \.delay, 1...100_000),
    .count("tokens", \.tokens, 0...1),
  ]

  public var samples = 1000
  /// Different symbols, besides the blank and the delimiter.
  public var symbols = 8
  /// Symbols to remember.
  public var length = 10
  /// Steps from the last symbol to the step in which the delimiter stands.
  public var delay = 50
  /// 1: features are token numbers `[samples, steps]`, for an embedding; 0: rows with a single 1,
  /// `[samples, steps, symbols + 2]`.
  public var tokens = 0
  /// Steps of a sequence.
  public var steps: Int { delay + 2 * length }
  public var elementsPerSample: Int { steps * (tokens == 1 ? 2 : symbols + 3) }

  public init() {}

  public func make(_ streams: SyntheticStreams) throws(DataError) -> Dataset {
    let stream = streams["symbols"]
    let (blank, delimiter) = (symbols, symbols + 1)
    var inputs = [Int64](repeating: Int64(blank), count: samples * steps)
    var targets = inputs
    for i in 0..<samples {
      for j in 0..<length {
        let symbol = Int64(stream.integer(at: i * length + j, below: symbols))
        inputs[i * steps + j] = symbol
        targets[i * steps + steps - length + j] = symbol
      }
      inputs[i * steps + length + delay - 1] = Int64(delimiter)
    }
    let features: Tensor
    if tokens == 1 {
      features = Tensor(inputs, shape: [samples, steps])
    } else {
      features = Tensor(zeros: [samples, steps, symbols + 2], .float32)
      let elements = features.elements(as: Float.self)
      for (place, symbol) in inputs.enumerated() {
        elements[place * (symbols + 2) + Int(symbol)] = 1
      }
    }
    return try Dataset(
      name: Self.name, features: features,
      targets: .classes(
        Tensor(targets, shape: [samples, steps]),
        names: (0..<symbols).map(String.init) + ["blank"]))
  }
}
