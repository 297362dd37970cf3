import Analyses
import Findings
import Graphs
import Numbers
import ONNX
import Operators
import Remedies
import Semantics
import Tensors

/// Checks of a model, and of what remedies make of it, with the same inputs and limits.
struct ModelChecking {
  let path: String
  let options: Check.Options
  let importing: ImportOptions
  /// Whether narrow types that a model declares are computed as if they were fp32.
  private var isInSingle = false

  init(path: String, options: Check.Options, importing: ImportOptions) {
    (self.path, self.options, self.importing) = (path, options, importing)
  }

  /// The same checks of models as they are in fp32, whatever types they declare.
  var inSinglePrecision: ModelChecking {
    var checking = self
    checking.isInSingle = true
    return checking
  }

  /// A model that was checked.
  struct Checked {
    let file: ModelFile
    let model: ImportedModel
    let report: CheckReport
    let diagnosis: Diagnosis
    let checking: ModelChecking
    let seed: UInt64

    init(
      _ file: ModelFile, _ model: ImportedModel, _ check: Check, _ checking: ModelChecking,
      seed: UInt64
    ) {
      (self.file, self.model, self.checking, self.seed) = (file, model, checking, seed)
      (report, diagnosis) = (check.report, check.diagnosis)
    }

    var verdict: Verdict { report.verdict }
    /// Rules that found something to change; notes ask for nothing.
    var rules: Set<RuleName> {
      Set(report.findings.filter { $0.severity > .note }.map(\.rule))
    }

    /// The model as remedies see it, to be healthy for some seeds.
    func patient(_ seeds: [UInt64]) -> ModelPatient {
      let hazards = diagnosis.hazards.filter(\.hazard.kind.isOfDomain)
      let nodes = hazards.flatMap(\.nodes) + [diagnosis.failure?.node].compactMap { $0 }
      return checking.patient(
        file, model, seeds, rules: Set(report.findings.filter { $0.severity > .note }.map(\.rule)),
        endangered: Set(nodes.compactMap { model.origins[$0] }))
    }
  }

  /// A model as remedies see it, to be healthy for some seeds.
  func patient(
    _ file: ModelFile, _ model: ImportedModel, _ seeds: [UInt64], rules: Set<RuleName> = [],
    endangered: Set<ModelPlace> = []
  ) -> ModelPatient {
    let runnable = Runnable(model, given: importing.given)
    return ModelPatient(
      file, model, importedWith: importing, rules: rules, endangered: endangered, seeds: seeds,
      filling: { value, tensor, seed in
        if let given = runnable.given[value] {
          tensor.copyBytes(from: given.cast(to: Double.self))
        } else {
          runnable.draw(value, tensor, seed)
        }
      })
  }

  /// Imports a model and checks it.
  ///
  /// - Throws: `InputError` where it cannot be imported or differentiated.
  func check(_ file: ModelFile, seed: UInt64) throws -> Checked {
    try check(file, try imported(file), seed: seed)
  }

  func imported(_ file: ModelFile) throws -> ImportedModel {
    var importing = importing
    importing.format = options.format == .fp32 ? nil : options.format
    do {
      return try ImportedModel(file, importing)
    } catch let error as ModelError {
      throw InputError(error.description)
    }
  }

  func check(_ file: ModelFile, _ model: ImportedModel, seed: UInt64) throws -> Checked {
    let check = try examination(of: model, seed: seed)
    return Checked(file, model, check, self, seed: seed)
  }

  /// Checks a model that was imported, for which its file need not be at hand.
  ///
  /// - Throws: `InputError` where it cannot be differentiated.
  func examination(of model: ImportedModel, seed: UInt64) throws -> Check {
    var options = options
    options.seed = seed
    options.purpose = importing.isTraining ? .training : .inference
    let trace = TrainingTrace(model)
    options.isStart = trace.isStart(for: options.purpose)
    options.isTrained =
      trace == .trained
      || trace == .unknown && options.purpose == .inference && WeightOrigin(model).isTrained
    options.nodeFormats =
      isInSingle
      ? [:]
      : options.format == .fp32
        ? model.nodeFormats : model.nodeFormats.filter { $0.value.bitCount == 8 }
    do {
      return try Check(
        Subject(model, given: importing.given), path: path, options: options, adding: { Add() })
    } catch let error as OperatorError {
      throw InputError(file: path, "\(error); the model cannot be differentiated there")
    }
  }

  /// What the prediction says of a changed model; nil where that would take long.
  func secondMoments(of file: ModelFile) throws -> Proposals.SecondMoments? {
    let model = try imported(file)
    guard model.parameterCount <= Self.mostPredicted else { return nil }
    return Proposals.SecondMoments(
      of: try DifferentiatedSubject(
        Subject(model, given: importing.given), adding: { Add() }))
  }

  /// Parameters of a model whose changes a check predicts.
  private static let mostPredicted = 1 << 24
}
