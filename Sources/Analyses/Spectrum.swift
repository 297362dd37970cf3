import Execution
import Findings
import Graphs
import Numbers
import Semantics
import Tensors

/// The singular values of the Jacobian of one sample's outputs in its inputs.
///
/// The batch holds copies of one sample and the seed cotangent one unit vector per copy, so that
/// one backward pass gives as many rows of the Jacobian as the batch has samples.
struct JacobianSpectrum {
  let reported: CheckReport.Spectrum

  /// More outputs or inputs than this are not asked for: the decomposition is cubic.
  static let limit = 2048

  init(_ differentiated: DifferentiatedSubject, _ prediction: Prediction, seed: UInt64) {
    let graph = differentiated.graph
    let subject = differentiated.subject
    let batch = subject.batch
    guard let input = graph.inputs.first, graph.type(of: input).kind == .real,
      let gradient = differentiated.cotangents[input]
    else {
      reported = .init(missing: "no gradient reaches a real input")
      return
    }
    let columns = graph.type(of: input).shape.count / batch
    let rows = graph.type(of: subject.output).shape.count / batch
    guard rows <= Self.limit, columns <= Self.limit else {
      reported = .init(
        missing: "it would be \(rows) by \(columns), and at most \(Self.limit) of each are computed"
      )
      return
    }
    guard let plan = try? Plan<Double>(graph, keeping: [subject.output, gradient]) else {
      reported = .init(missing: "a pass in doubles needs more memory than there may be")
      return
    }
    for parameter in graph.parameters {
      subject.fillParameter(parameter, plan[parameter], seed)
    }
    for other in graph.inputs where other != differentiated.seedCotangent {
      subject.fillInput(other, plan[other], seed)
    }
    let sample = plan[input].elements(as: Double.self)
    for i in columns..<max(columns, batch * columns) { sample[i] = sample[i % columns] }

    let cotangent = plan[differentiated.seedCotangent].elements(as: Double.self)
    let found = plan[gradient].elements(as: Double.self)
    for i in cotangent.indices { cotangent[i] = 0 }
    for i in 0..<rows { cotangent[i] = 1 }
    plan.run()
    if let reason = Self.mixing(
      outputs: plan[subject.output].elements(as: Double.self), gradient: found, samples: batch)
    {
      reported = .init(missing: reason)
      return
    }
    var jacobian = [Double](repeating: 0, count: rows * columns)
    for first in stride(from: 0, to: rows, by: batch) {
      let count = min(batch, rows - first)
      for i in cotangent.indices { cotangent[i] = 0 }
      for k in 0..<count { cotangent[k * rows + first + k] = 1 }
      plan.run()
      for i in 0..<(count * columns) { jacobian[first * columns + i] = found[i] }
    }
    let values = SingularValues.of(jacobian, rows: rows, columns: columns)
    guard !values.isEmpty else {
      reported = .init(missing: "the decomposition failed on numbers that are not finite")
      return
    }
    // A standard normal cotangent of m outputs gives the gradient's second moment Σσ²/n over n
    // inputs, so the mean square of the min(m, n) singular values follows from it.
    let moments = prediction[gradient]
    reported = .init(
      singularValues: values,
      predictedMeanSquare: moments.basis == .unknown
        ? nil : moments.secondMoment * Double(columns) / Double(min(rows, columns)))
  }

  /// Why rows of several samples at once would not be those of one; nil when they are.
  ///
  /// - Parameters:
  ///   - outputs: of copies of one sample.
  ///   - gradient: of the first copy's outputs, in all copies.
  ///   - samples: how many copies.
  /// - Returns: a clause for the report, or nil.
  private static func mixing(
    outputs: Elements<Double>, gradient: Elements<Double>, samples: Int
  ) -> String? {
    let rows = outputs.count / samples
    let scale = (0..<rows).reduce(0) { max($0, outputs[$1].magnitude) }
    // Rows of a product are summed in another order in some places of a batch.
    let differs = outputs.indices.contains {
      abs(outputs[$0] - outputs[$0 % rows]) > 1e-6 * scale
    }
    if differs { return "copies of one sample give different outputs, as under dropout" }
    let leaks = gradient.indices.dropFirst(gradient.count / samples).contains { gradient[$0] != 0 }
    return leaks
      ? "outputs depend on the other samples, as under batch normalisation in training" : nil
  }
}
