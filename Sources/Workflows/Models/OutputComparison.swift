import Execution
import Findings
import ONNX
import TensorFiles
import Tensors

/// The outputs of two models on the same inputs, both computed in doubles.
struct OutputComparison {
  let report: RepairReport.Outputs
  /// How far apart elements may be that are equal in real arithmetic, against the larger of the element
  /// and the output's root mean square.
  private static let tolerance = 1e-9

  /// Whether the outputs are equal wherever the first model's are finite.
  var isEqual: Bool { report.largestError <= Self.tolerance }

  /// Computes the outputs of both; `isExact` says whether the change claims to leave them as they were.
  ///
  /// - Throws: `InputError` where a model cannot be run.
  init(
    _ before: ModelFile, _ after: ModelFile, _ checking: ModelChecking, seed: UInt64, isExact: Bool
  ) throws {
    let (old, new) = try (
      Self.outputs(before, checking, seed), Self.outputs(after, checking, seed)
    )
    var (compared, count, largest) = (0, 0, 0.0)
    for (name, x) in old {
      count += x.count
      guard let y = new[name], x.count == y.count else {
        largest = .infinity
        continue
      }
      let finite = x.indices.filter { x[$0].isFinite }
      compared += finite.count
      let squares = finite.reduce(0) { $0 + x[$1] * x[$1] }
      let size = (squares / Double(max(1, finite.count))).squareRoot()
      for i in finite where x[i] != y[i] {
        let error = abs(x[i] - y[i]) / max(abs(x[i]), size)
        largest = error.isNaN ? .infinity : max(largest, error)
      }
    }
    report = .init(
      isExact: isExact, compared: compared, count: count, largestError: largest)
  }

  /// The outputs by name.
  private static func outputs(
    _ file: ModelFile, _ checking: ModelChecking, _ seed: UInt64
  ) throws -> [String: [Double]] {
    let runnable = Runnable(try checking.imported(file), given: checking.importing.given)
    var request = RunRequest(path: file.path)
    request.seed = seed
    let evaluation = Evaluation<Double>(
      try Computation(runnable, request: request), NodeFormats(all: nil, single: [:]))
    _ = evaluation.run(nil, unitRoundoff: 0)
    var outputs: [String: [Double]] = [:]
    for port in runnable.outputs { outputs[port.name] = evaluation.plan[port.value].reals }
    return outputs
  }
}

extension Tensor {
  /// The elements, whatever they are, as doubles.
  fileprivate var reals: [Double] {
    elementType == .bool ? array(of: Bool.self).map { $0 ? 1 : 0 } : doubles
  }
}
