public import Findings
import Runs
import TensorFiles
import Training

/// `evenkeel export`: what a run holds, for other programs.
public struct ExportWorkflow {
  /// What is written.
  public enum Form: String, Hashable, Sendable, CaseIterable {
    case csv
    case momentsCSV = "moments-csv"
    case jsonLines = "json-lines"
    /// The weights and states of a snapshot.
    case safetensors

    /// The form of a file: what was asked for, or what its ending names.
    ///
    /// - Throws: `InputError` when the two differ, or neither says a form.
    public init(of output: String, asked: Form?) throws(InputError) {
      let ending = output.lastIndex(of: ".").map { output[output.index(after: $0)...].lowercased() }
      let named: [Form] =
        switch ending {
        case "csv": [.csv, .momentsCSV]
        case "jsonl", "ndjson", "json-lines": [.jsonLines]
        case "safetensors": [.safetensors]
        default: []
        }
      guard let form = asked ?? named.first else {
        throw InputError(
          file: output,
          "the ending names no form; end it in .csv, .jsonl or .safetensors, "
            + "or add --form")
      }
      guard named.isEmpty || named.contains(form) else {
        throw InputError(
          file: output, "--form \(form.rawValue) is not what the ending names; change one of them")
      }
      self = form
    }
  }

  private let path: String

  /// - Parameter path: the file of the run.
  public init(run path: String) { self.path = path }

  /// Writes a file, which appears when it is complete.
  ///
  /// - Parameters:
  ///   - form: what is written.
  ///   - output: where; a file of that name is replaced.
  ///   - step: the snapshot is the last at or before this step; nil for the last of all.
  /// - Returns: what was written, in a sentence.
  /// - Throws: `InputError` when the run cannot be read, or the file not be written.
  public func write(_ form: Form, to output: String, step: Int?) throws -> String {
    do {
      let file = try RunFile(path)
      if let export = RunExport(rawValue: form.rawValue) {
        guard step == nil else {
          throw InputError("--step goes with --form safetensors: all steps are written otherwise")
        }
        try file.export(export, to: output)
        return "\(Numerals.count(try file.stepCount())) steps of \(path) were written to \(output)."
      }
      guard let snapshot = try file.snapshot(before: step) else {
        throw InputError(
          file: path, "there is no snapshot at or before step \(step ?? 0); name a later step")
      }
      try SafetensorsFile.write(
        snapshot.tensors.map { SafetensorsFile.Item($0.name, $0.tensor) },
        metadata: ["step": "\(snapshot.step)"], to: output)
      return "\(snapshot.tensors.count) tensors of step \(snapshot.step) were written to \(output)."
    } catch let error as RunError {
      throw InputError(error.description)
    } catch let error as DataError {
      throw InputError(error.description)
    }
  }
}
