import Numbers
import Operators
import Semantics
import Tensors
import Testing

/// Laws of the moment rule: it agrees with averages over random draws.
@Suite struct MomentLaws {
  /// Running mean of per-draw averages, and its standard error.
  private struct Average {
    var count = 0.0
    var sum = 0.0
    var squares = 0.0

    mutating func add(_ x: Double) {
      count += 1
      sum += x
      squares += x * x
    }

    var mean: Double { sum / count }
    var error: Double { (max(0, squares / count - mean * mean) / (count - 1)).squareRoot() }
  }

  private func draw(_ type: TensorType, _ law: Moments, _ stream: RandomStream, below: Int)
    -> Tensor
  {
    let deviation = law.variance.squareRoot()
    switch type.kind {
    case .real:
      return Tensor(
        (0..<type.shape.count).map { law.mean + deviation * stream.normal(at: $0) },
        shape: type.shape)
    case .integer:
      return Tensor(
        (0..<type.shape.count).map { Int64(stream.integer(at: $0, below: below)) },
        shape: type.shape)
    case .boolean:
      return Tensor(
        (0..<type.shape.count).map { stream.uniform(at: $0) < law.mean }, shape: type.shape)
    }
  }

  /// The mean and the second moment lie within five standard errors of the sampled ones; rules of
  /// first order may err by their stated share besides.
  @Test(arguments: Specimen.all)
  func momentsAgreeWithSampling(_ specimen: Specimen) throws {
    guard let draws = specimen.draws else { return }
    let types = zip(specimen.operands.map(\.type), draws.shapes ?? specimen.operands.map(\.shape))
      .map { TensorType($1, $0.kind) }
    let signature = Signature(operands: types, results: try specimen.op.types(of: types))
    let laws = types.indices.map { draws.laws[min($0, draws.laws.count - 1)] }
    let stated = specimen.op.moments(of: laws, in: signature)
    #expect(stated.count == signature.results.count)
    for moments in stated where moments.basis == .unknown {
      #expect(moments.note?.isEmpty == false, "nothing is stated, and no reason given")
    }
    guard stated.contains(where: { $0.basis != .unknown }) else { return }

    let perDraw = max(1, (types + signature.results).map(\.shape.count).max() ?? 1)
    let count = min(20_000, max(400, 60_000 / perDraw))
    var means = stated.map { _ in Average() }
    var seconds = means
    for number in 0..<count {
      let operands = types.indices.map { operand in
        let stream = RandomStream(seed: UInt64(number), name: "operand \(operand)")
        return draw(types[operand], laws[operand], stream, below: draws.integersBelow)
      }
      for (i, result) in try specimen.op.results(of: operands, in: Double.self).enumerated() {
        let y = result.doubles
        means[i].add(y.reduce(0, +) / Double(y.count))
        seconds[i].add(y.reduce(0) { $0 + $1 * $1 } / Double(y.count))
      }
    }
    for (i, moments) in stated.enumerated() where moments.basis != .unknown {
      let share = moments.basis == .firstOrder ? draws.tolerance : 0
      let scale = seconds[i].mean.squareRoot()
      let (mean, second) = (means[i], seconds[i])
      #expect(
        abs(moments.mean - mean.mean) <= 5 * mean.error + share * scale + 1e-12 * scale,
        "mean \(moments.mean) stated (\(moments.basis)), \(mean.mean) ± \(mean.error) drawn")
      #expect(
        abs(moments.secondMoment - second.mean)
          <= 5 * second.error + share * second.mean + 1e-12 * second.mean,
        "E[y²] \(moments.secondMoment) stated (\(moments.basis)), \(second.mean) ± \(second.error)")
    }
  }
}
