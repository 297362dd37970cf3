import Numbers
public import Semantics
public import Tensors

/// Elements set to 0 with probability `ratio`, the others divided by 1 − `ratio`, in training.
///
/// Element i is kept or not by number i of the random stream of the seed, so that the gradient,
/// which is the same operator, uses the same mask.
public struct Dropout: SumOfProducts {
  public static let name = "Dropout"

  /// The probability p of a zero, in [0, 1).
  public let ratio: Double
  /// Without training the operator is the identity.
  public let isTraining: Bool
  public let seed: Int

  public init(ratio: Double = 0.5, isTraining: Bool = true, seed: Int = 0) {
    precondition(ratio >= 0 && ratio < 1, "the ratio must lie in [0, 1)")
    self.ratio = ratio
    self.isTraining = isTraining
    self.seed = seed
  }

  public init(attributes: Attributes) throws(OperatorError) {
    try attributes.allowOnly("ratio", "training", "seed", in: Self.name)
    ratio = try attributes.real("ratio", default: 0.5, in: Self.name)
    isTraining = try Self.flag("training", of: attributes)
    seed = try attributes.integer("seed", default: 0, in: Self.name)
    guard ratio >= 0, ratio < 1 else {
      throw refusal(.invalidAttribute, "ratio \(ratio) must lie in [0, 1)")
    }
  }

  public var attributes: Attributes {
    [
      "ratio": .real(ratio), "training": .integer(isTraining ? 1 : 0), "seed": .integer(seed),
    ]
  }

  /// The probability of a zero in this mode.
  private var dropped: Double { isTraining ? ratio : 0 }

  private var stream: RandomStream {
    RandomStream(seed: UInt64(bitPattern: Int64(seed)), name: "Dropout")
  }

  /// The words of the stream below this belong to dropped elements.
  private var threshold: UInt64 { UInt64((dropped * 0x1p32).rounded()) }

  public func types(of operands: [TensorType]) throws(OperatorError) -> [TensorType] {
    try expectReals(operands, count: 1...1)
    return operands
  }

  public func workspace(for signature: Signature) -> Int { 0 }

  public func value<T: Scalar>(
    of operands: [Tensor], into results: [Tensor], workspace: Elements<T>
  ) {
    if dropped == 0 {
      results[0].copyBytes(from: operands[0])
      return
    }
    let mask = Mask(
      x: operands[0].elements(as: T.self), result: results[0].elements(as: T.self),
      stream: stream, threshold: threshold, factor: T(1 / (1 - dropped)))
    Threads.run(parts: mask.parts, mask)
  }

  /// Blocks of four elements, which share a block of the generator.
  private struct Mask<T: Scalar>: PartedWork {
    let x: Elements<T>
    let result: Elements<T>
    let stream: RandomStream
    let threshold: UInt64
    let factor: T

    var blocks: Int { (x.count + 3) / 4 }
    var parts: Int { min(blocks / 4096 + 1, 16) }

    @specialized(where T == Float)
    @specialized(where T == Double)
    func run(part: Int) {
      for block in blocks * part / parts..<blocks * (part + 1) / parts {
        let words = stream.words(ofBlock: block)
        for lane in 0..<min(4, x.count - 4 * block) {
          let i = 4 * block + lane
          result[i] = UInt64(words[lane]) < threshold ? 0 : factor * x[i]
        }
      }
    }
  }

  /// The same mask on the cotangent.
  public func gradient(
    of cotangents: [Value?], at node: NodeValues, in graph: inout some GraphWriting
  ) throws(OperatorError) -> [Value?] {
    guard let cotangent = cotangents[0] else { return [nil] }
    return [try graph.apply(self, cotangent)]
  }

  /// E[x²]/(1 − p), which is the variance (v + p m²)/(1 − p); masks of two elements are
  /// independent, so E[x x′] stays and the correlations shrink by 1 − p.
  public func moments(of operands: [Moments], in signature: Signature) -> [Moments] {
    guard dropped > 0 else { return [operands[0]] }
    let layout = operands.layout(in: signature.results[0])
    return [
      operands[0].masked(
        keeping: 1 - dropped, units: layout.units, positions: layout.positions)
    ]
  }

  public func forEachTerm(
    ofElement element: Int, in signature: Signature, _ body: (Term) -> Void
  ) {
    if UInt64(stream.word(at: element)) < threshold { return }
    body(Term(1 / (1 - dropped), Place(operand: 0, element: element)))
  }
}
