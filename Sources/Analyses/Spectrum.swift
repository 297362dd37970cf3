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
  let singularValues: [Double]
  let predictedMeanSquare: Double?

  /// More outputs or inputs than this are not asked for: the decomposition is cubic.
  static let limit = 2048

  var reported: CheckReport.Spectrum {
    .init(singularValues: singularValues, predictedMeanSquare: predictedMeanSquare)
  }

  init(_ differentiated: DifferentiatedSubject, _ prediction: Prediction, seed: UInt64) {
    let graph = differentiated.graph
    let subject = differentiated.subject
    let batch = subject.batch
    guard let input = graph.inputs.first, graph.type(of: input).kind == .real,
      let gradient = differentiated.cotangents[input]
    else {
      (singularValues, predictedMeanSquare) = ([], nil)
      return
    }
    let columns = graph.type(of: input).shape.count / batch
    let rows = graph.type(of: subject.output).shape.count / batch
    guard rows <= Self.limit, columns <= Self.limit else {
      (singularValues, predictedMeanSquare) = ([], nil)
      return
    }
    let plan = Plan<Double>(graph, keeping: [gradient])
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
    var jacobian = [Double](repeating: 0, count: rows * columns)
    for first in stride(from: 0, to: rows, by: batch) {
      let count = min(batch, rows - first)
      for i in cotangent.indices { cotangent[i] = 0 }
      for k in 0..<count { cotangent[k * rows + first + k] = 1 }
      plan.run()
      for i in 0..<(count * columns) { jacobian[first * columns + i] = found[i] }
    }
    singularValues = SingularValues.of(jacobian, rows: rows, columns: columns)
    // A standard normal cotangent of m outputs gives the gradient's second moment Σσ²/n over n
    // inputs, so the mean square of the min(m, n) singular values follows from it.
    let moments = prediction[gradient]
    predictedMeanSquare =
      moments.basis == .unknown
      ? nil : moments.secondMoment * Double(columns) / Double(min(rows, columns))
  }
}
