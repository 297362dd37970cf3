import Analyses
import Findings
import Numbers
import ONNX
import Remedies
import TensorFiles

/// Takes a model in fp32 to a narrow format, with the fewest operators in fp32 that keep its outputs, and
/// changes nothing else.
///
/// It counts as repaired when the file that was written, read again, gives every output within the limit of
/// what the model gives in fp32, computed in doubles, on the inputs that were given or on draws of every
/// seed. A model that is to be trained must have no error either that it does not have in fp32.
struct ModelConversion {
  private let request: RepairRequest
  private let checking: ModelChecking
  private let file: ModelFile
  private let model: ImportedModel
  private let type: DataType
  private let seeds: [UInt64]
  private let deadline: ContinuousClock.Instant?

  init(
    _ request: RepairRequest, _ checking: ModelChecking, _ file: ModelFile, _ model: ImportedModel,
    to type: DataType, seeds: [UInt64], deadline: ContinuousClock.Instant?
  ) {
    (self.request, self.checking, self.file, self.model) = (request, checking, file, model)
    (self.type, self.seeds, self.deadline) = (type, seeds, deadline)
  }

  /// - Throws: `InputError` where the model cannot be converted or checked as it is.
  func run() throws -> ModelRepair.Outcome {
    var outcome = ModelRepair.Outcome(
      report: RepairReport(subject: request.path, outcome: .unrepaired))
    guard let format = type.format else { return outcome }
    outcome.report.format = format.name
    outcome.report.unit = .runs
    request.progress("measuring what every operator loses in \(format.name)")
    var patient = checking.patient(file, model, seeds)
    (patient.limit, patient.deadline) = (request.limit, deadline)
    let required = FormatConversion.required(by: file)
    let choice = PrecisionChoice(patient, to: format, forced: required)
    outcome.report.steps += choice.runs
    let conversion: FormatConversion
    do {
      conversion = try FormatConversion(
        file, model, to: type, keeping: choice.places.subtracting(required))
    } catch let error as ModelError {
      guard choice.places.isEmpty else {
        // Nothing is left that could be narrow.
        outcome.report.outputs = report(choice.plainErrors)
        return outcome
      }
      throw InputError(error.description)
    }
    outcome.report.keptInSingle = conversion.kept
    outcome.report.changes = [conversion.sentence]
    request.progress("proving what was written")
    let written: WrittenModel
    do {
      written = try WrittenModel(conversion.file)
    } catch {
      throw InputError(file: request.path, "the converted model cannot be written: \(error)")
    }
    defer { withExtendedLifetime(written) {} }
    let narrow = try checking.imported(written.file)
    let comparison = try OutputComparison(model, checking, seeds: seeds, limit: request.limit)
    let result = try comparison(narrow, promise: .near)
    outcome.report.outputs = result.report
    let remaining = try findings(written.file, narrow, &outcome)
    outcome.report.remaining = remaining.map(\.rule).uniqued
    let hasErrors = remaining.contains { $0.severity == .error }
    guard result.isKept, !(checking.importing.isTraining && hasErrors) else {
      outcome.report.changes = []
      return outcome
    }
    outcome.report.outcome = .repaired
    outcome.file = conversion.file
    return outcome
  }

  /// What the outputs would be with everything in the narrow format.
  private func report(_ errors: OutputErrors) -> RepairReport.Outputs {
    .init(
      promise: .near, compared: errors.compared, count: errors.count, largestError: errors.worst,
      errors: errors.errors.map { .init(name: $0.name, error: $0.error) }, limit: request.limit)
  }

  /// What checks find in the narrow format and not in fp32.
  private func findings(
    _ file: ModelFile, _ narrow: ImportedModel, _ outcome: inout ModelRepair.Outcome
  ) throws -> [Finding] {
    var found: [Finding] = []
    for seed in seeds {
      let before = try checking.check(self.file, model, seed: seed).report.findings
      let after = try checking.check(file, narrow, seed: seed).report.findings
      outcome.report.steps += 2
      outcome.report.proof.append(.init(seed: seed, lastLoss: .nan, accuracy: nil))
      let rules = Dictionary(
        before.map { ($0.rule, $0.severity) }, uniquingKeysWith: { max($0, $1) })
      found += after.filter { finding in
        finding.severity > .note && rules[finding.rule].map { $0 < finding.severity } ?? true
      }
    }
    return found
  }
}
