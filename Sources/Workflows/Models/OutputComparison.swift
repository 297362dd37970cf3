import Execution
import Findings
import ONNX
import TensorFiles
import Tensors

/// The outputs of two models on the same inputs, both computed in doubles.
///
/// How far rounding grows within the first model shows where it is computed in singles as well: its doubles
/// are off by a 2²⁹th of what its singles are off by.
struct OutputComparison {
  let report: RepairReport.Outputs
  /// Whether the outputs are equal, up to rounding, wherever the first model's are finite.
  let isEqual: Bool
  /// How far apart elements may be that are equal in real arithmetic, against the larger of the element
  /// and the output's root mean square.
  private static let tolerance = 1e-9
  /// What an error in singles is in doubles, times what the order of operations can change.
  private static let growth = 32 * 0x1p-29

  /// Computes the outputs of both; `isExact` says whether the change claims to leave them as they were.
  ///
  /// - Throws: `InputError` where a model cannot be run.
  init(
    _ before: ModelFile, _ after: ModelFile, _ checking: ModelChecking, seed: UInt64, isExact: Bool
  ) throws {
    let old = try Self.outputs(before, checking, seed, Double.self)
    let rough = try Self.outputs(before, checking, seed, Float.self)
    let new = try Self.outputs(after, checking, seed, Double.self)
    var (compared, count, largest, isEqual) = (0, 0, 0.0, true)
    for (name, x) in old {
      count += x.count
      guard let y = new[name], let z = rough[name], x.count == y.count else {
        (largest, isEqual) = (.infinity, false)
        continue
      }
      let finite = x.indices.filter { x[$0].isFinite && z[$0].isFinite }
      compared += finite.count
      let squares = finite.reduce(0) { $0 + x[$1] * x[$1] }
      let size = (squares / Double(max(1, finite.count))).squareRoot()
      for i in finite where x[i] != y[i] {
        let scale = max(abs(x[i]), size)
        let error = abs(x[i] - y[i])
        largest = error.isNaN ? .infinity : max(largest, error / scale)
        // What is not a number is not at most anything.
        if !(error <= Self.tolerance * scale + Self.growth * abs(x[i] - z[i])) { isEqual = false }
      }
    }
    self.isEqual = isEqual
    report = .init(isExact: isExact, compared: compared, count: count, largestError: largest)
  }

  /// The outputs by name.
  private static func outputs<T: Scalar>(
    _ file: ModelFile, _ checking: ModelChecking, _ seed: UInt64, _: T.Type
  ) throws -> [String: [Double]] {
    let runnable = Runnable(try checking.imported(file), given: checking.importing.given)
    var request = RunRequest(path: file.path)
    request.seed = seed
    let evaluation = try Evaluation<T>(
      try Computation(runnable, request: request), NodeFormats(all: nil, single: [:]))
    _ = try evaluation.run(nil, unitRoundoff: 0)
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
