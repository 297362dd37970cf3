import Execution
import Findings
import Numbers
import ONNX
import Remedies
import TensorFiles
import Tensors

/// The outputs of a model as it was, and what changed models make of them, on given inputs or on draws.
///
/// The model as it was is computed in doubles, nothing rounded. An element counts that is finite there and
/// in fp32. A changed model is held to it twice. Computed in doubles as well it shows whether both are
/// equal in real arithmetic; how far rounding grows is known from what fp32 makes of the first. Computed as
/// it will be, in fp32 and in the narrow types that it declares, it shows the error of each output against
/// the norm of that output.
struct OutputComparison {
  private let references: [Reference]
  private let checking: ModelChecking
  private let seeds: [UInt64]
  /// How far outputs may move, against their norm.
  let limit: Double

  /// The outputs of one draw by name.
  private struct Reference {
    let seed: UInt64
    /// In doubles; nan where fp32 is not finite.
    let exact: [(name: String, tensor: Tensor)]
    let single: [String: Tensor]
  }

  /// What became of a comparison.
  struct Result {
    let report: RepairReport.Outputs
    /// Whether the outputs are as the change promises.
    let isKept: Bool
  }

  /// How far apart elements may be that are equal in real arithmetic, against the larger of the element
  /// and the output's root mean square.
  private static let tolerance = 1e-9
  /// What an error in singles is in doubles, times what the order of operations can change.
  private static let growth = 32 * 0x1p-29
  /// How much further from doubles than the first model in fp32 the second may be.
  private static let allowance = 2.0

  /// - Throws: `InputError` where the model cannot be run.
  init(
    _ original: ImportedModel, _ checking: ModelChecking, seeds: [UInt64], limit: Double
  ) throws {
    self.checking = checking
    self.limit = limit
    let runnable = Runnable(original, given: checking.importing.given)
    // Inputs that are all given are the same for every seed.
    let isGiven = runnable.inputs.allSatisfy { runnable.given[$0.value] != nil }
    self.seeds = isGiven ? Array(seeds.prefix(1)) : seeds
    references = try self.seeds.map { seed in
      let exact = try Self.outputs(runnable, seed, [:], Double.self)
      let single = try Self.outputs(runnable, seed, [:], Float.self)
      let byName = Dictionary(
        single.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
      return Reference(
        seed: seed,
        exact: exact.map { name, tensor in
          (name, byName[name].map { tensor.leavingOut(whereNotFinite: $0) } ?? tensor)
        }, single: byName)
    }
  }

  /// Compares a changed model.
  ///
  /// - Throws: `InputError` where it cannot be run.
  func callAsFunction(_ after: ImportedModel, promise: ModelChange.Promise) throws -> Result {
    let runnable = Runnable(after, given: checking.importing.given)
    var (errors, floors) = (OutputErrors(), OutputErrors())
    var (largest, isEqual) = (0.0, true)
    for reference in references {
      let doubles = try Self.outputs(runnable, reference.seed, [:], Double.self)
      let found = try Self.outputs(runnable, reference.seed, after.nodeFormats, Float.self)
      for (name, exact) in reference.exact {
        guard let x = doubles.first(where: { $0.name == name })?.tensor,
          let y = found.first(where: { $0.name == name })?.tensor,
          let z = reference.single[name], x.count == exact.count
        else {
          (largest, isEqual) = (.infinity, false)
          continue
        }
        errors.compare(name, y, with: exact)
        floors.compare(name, z, with: exact)
        let distance = Self.distance(exact.numbers, x.numbers, z.numbers)
        largest = max(largest, distance.largest)
        if !distance.isEqual { isEqual = false }
      }
    }
    let most = max(limit, Self.allowance * floors.worst)
    let isKept =
      switch promise {
      case .equal: isEqual && errors.worst <= most
      case .near: errors.worst <= most
      case .none: true
      }
    return Result(
      report: .init(
        promise: .init(promise), compared: errors.compared, count: errors.count,
        largestError: largest,
        errors: errors.errors.map { .init(name: $0.name, error: $0.error) }, limit: most),
      isKept: isKept)
  }

  /// The greatest distance of elements in doubles against their size, and whether all are equal up to
  /// rounding.
  private static func distance(
    _ x: [Double], _ y: [Double], _ single: [Double]
  ) -> (largest: Double, isEqual: Bool) {
    let finite = x.indices.filter { x[$0].isFinite }
    let squares = finite.reduce(0) { $0 + x[$1] * x[$1] }
    let size = (squares / Double(max(1, finite.count))).squareRoot()
    var (largest, isEqual) = (0.0, true)
    for i in finite where x[i] != y[i] {
      let scale = max(abs(x[i]), size)
      let error = abs(x[i] - y[i])
      largest = error.isNaN ? .infinity : max(largest, error / scale)
      // What is not a number is not at most anything.
      if !(error <= tolerance * scale + growth * abs(x[i] - single[i])) { isEqual = false }
    }
    return (largest, isEqual)
  }

  /// The outputs by name.
  private static func outputs<T: Scalar>(
    _ runnable: Runnable, _ seed: UInt64, _ formats: [Int: NumberFormat], _: T.Type
  ) throws -> [(name: String, tensor: Tensor)] {
    var request = RunRequest(path: "")
    request.seed = seed
    request.model.path = "model.onnx"
    let evaluation = try Evaluation<T>(
      try Computation(runnable, request: request), NodeFormats(all: nil, single: formats))
    _ = try evaluation.run(nil, unitRoundoff: 0)
    return runnable.outputs.map { ($0.name, evaluation.plan[$0.value].copy()) }
  }
}

extension RepairReport.Outputs.Promise {
  init(_ promise: ModelChange.Promise) {
    self =
      switch promise {
      case .equal: .equal
      case .near: .near
      case .none: .changed
      }
  }
}
