import Findings
import Foundation
import TensorFiles

/// A form in which the steps of a run are given to other programs.
public enum RunExport: String, Hashable, Sendable, CaseIterable {
  /// A row for each step: loss, learning rate, norms and refusals.
  case csv
  /// A row for each step and tensor: its second moment, as `step,kind,name,quantity,value`.
  case momentsCSV = "moments-csv"
  /// A JSON object on a line for each step, with all that is known of it.
  case jsonLines = "json-lines"

  /// The first line; nil where there is none.
  var header: String? {
    switch self {
    case .csv:
      "step,loss,learning_rate,gradient_norm,clip_coefficient,clip_dominant,loss_scale,"
        + "refused_place,refused_tensor,refused_nan,refused_inf,seconds"
    case .momentsCSV: "step,kind,name,quantity,value"
    case .jsonLines: nil
    }
  }

  /// Appends the lines of a step; numbers read back as they were, `nan`, `inf` and `-inf` included.
  func write(_ record: StepRecord, to text: inout String) {
    switch self {
    case .csv:
      let refusal = record.refusal
      let cells: [String?] = [
        "\(record.step)", "\(record.loss)", "\(record.learningRate)", "\(record.gradientNorm)",
        record.clipCoefficient.map { "\($0)" }, record.clipDominant.map(Self.cell),
        record.lossScale.map { "\($0)" }, refusal?.place.rawValue,
        (refusal?.tensor).map(Self.cell), refusal.map { "\($0.nanCount)" },
        refusal.map { "\($0.infinityCount)" }, "\(record.seconds)",
      ]
      text += cells.map { $0 ?? "" }.joined(separator: ",") + "\n"
    case .momentsCSV:
      func line(
        _ kind: String, _ name: String, _ quantity: String, _ health: StepRecord.TensorHealth?
      ) {
        guard let health else { return }
        text += "\(record.step),\(kind),\(name),\(quantity)_second_moment,\(health.secondMoment)\n"
      }
      for layer in record.layers {
        let name = Self.cell(layer.name)
        line("layer", name, "activation", layer.activation)
        line("layer", name, "gradient", layer.gradient)
      }
      for parameter in record.parameters {
        let name = Self.cell(parameter.name)
        line("parameter", name, "weight", parameter.weight)
        line("parameter", name, "gradient", parameter.gradient)
        line("parameter", name, "update", parameter.update)
      }
    case .jsonLines: text += record.json.line + "\n"
    }
  }

  /// A text as a cell, in quotes where it needs them (RFC 4180, section 2).
  private static func cell(_ text: String) -> String {
    guard text.utf8.contains(where: { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }) else { return text }
    return "\""
      + text.split(separator: "\"", omittingEmptySubsequences: false)
      .joined(separator: "\"\"") + "\""
  }
}

extension RunFile {
  /// Writes steps to a file for other programs, which appears when it is complete.
  ///
  /// - Parameters:
  ///   - form: what is written.
  ///   - other: the path; a file of that name is replaced.
  ///   - steps: all by default.
  /// - Throws: ``RunError`` when the run cannot be read, or the file not be written; an old file of the
  ///   name then stays.
  public func export(
    _ form: RunExport, to other: String, steps: Range<Int> = 0..<Int.max
  ) throws(RunError) {
    let own = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    guard URL(fileURLWithPath: other).resolvingSymlinksInPath() != own else {
      throw RunError(other, "this is the run itself", cure: "name another file")
    }
    do {
      let sink = try ByteSink(other)
      var text = form.header.map { $0 + "\n" } ?? ""
      var cursor = cursor(steps)
      while let record = try cursor.next() {
        form.write(record, to: &text)
        guard text.utf8.count > 1 << 16 else { continue }
        try sink.write(Array(text.utf8))
        text = ""
      }
      try sink.write(Array(text.utf8))
      try sink.finish()
    } catch let error as DataError {
      throw RunError(other, error.problem, cure: error.cure)
    } catch {
      throw RunError(path, error)
    }
  }
}
