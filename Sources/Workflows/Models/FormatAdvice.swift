import Findings
import Numbers
import ONNX
import Remedies

/// What a check in a narrow format says of a model in fp32: the operators that `repair --format` keeps in
/// fp32, and what the outputs are without them.
struct FormatAdvice {
  private let checking: ModelChecking
  private let type: DataType
  private let format: NumberFormat

  /// The rules whose findings a format may be the cause of.
  private static let rules: Set<RuleName> = [.overflow, .underflow, .nonFinite, .domain]

  /// Nil where the format is none that models are stored in.
  init?(_ checking: ModelChecking, _ format: NumberFormat) {
    switch format {
    case .fp16: type = .float16
    case .bf16: type = .bfloat16
    default: return nil
    }
    (self.checking, self.format) = (checking, format)
  }

  /// The findings, with the operators that are to stay in fp32 as a remedy of those about the format; one
  /// more where there are none and the outputs need it.
  func complete(
    _ findings: [Finding], _ file: ModelFile, _ model: ImportedModel, seed: UInt64,
    deadline: ContinuousClock.Instant
  ) -> [Finding] {
    guard model.nodeFormats.isEmpty else { return findings }
    var patient = checking.patient(file, model, [seed])
    patient.deadline = deadline
    let required = FormatConversion.required(by: file)
    let choice = PrecisionChoice(patient, to: format, forced: required)
    guard
      let conversion = try? FormatConversion(
        file, model, to: type, keeping: choice.places.subtracting(required)),
      let kept = conversion.keptSentence, choice.isWithinLimit
    else { return findings }
    let proposal = RemedyProposal(
      "single_precision", change: "With --format \(format.name): \(kept).",
      predicted: "outputs within \(RepairReport.Outputs.share(choice.errors.worst)) of fp32")
    var isTold = false
    var findings = findings.map { finding in
      guard Self.rules.contains(finding.rule) else { return finding }
      isTold = true
      var finding = finding
      finding.remedies.insert(proposal, at: 0)
      return finding
    }
    if !isTold {
      let plain = choice.plainErrors.worst
      findings.append(
        Finding(
          .overflow, plain.isFinite ? .warning : .error, layer: nil,
          message: "In \(format.name) throughout, the outputs are off by "
            + "\(RepairReport.Outputs.share(plain)) of their norm.",
          because: conversion.constantsSentence
            ?? "some operators give or read what \(format.name) does not hold",
          evidence: [Evidence("output_error", plain)], remedies: [proposal]))
    }
    return findings
  }
}
