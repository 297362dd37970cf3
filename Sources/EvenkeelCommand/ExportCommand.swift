import ArgumentParser
import Workflows

/// The verb `export`: what a run holds, for other programs.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the steps of a run as CSV or JSON lines, or a snapshot as safetensors.")

  @Argument(help: "A run that 'train' kept.")
  var subject: String

  @Option(
    help: ArgumentHelp(
      "csv (a row per step), moments-csv (a row per step and tensor), json-lines, or safetensors "
        + "(weights and states of a snapshot); without it the one that the file's ending names.",
      valueName: "form"), transform: Self.parseForm)
  var form: ExportWorkflow.Form?

  @Option(name: .shortAndLong, help: "The file to write.")
  var output: String

  @Option(help: "safetensors: the last snapshot at or before this step (default: the last).")
  var step: Int?

  private static func parseForm(_ text: String) throws -> ExportWorkflow.Form {
    guard let form = ExportWorkflow.Form(rawValue: text) else {
      let names = ExportWorkflow.Form.allCases.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("there is no form '\(text)'; choose one of \(names)")
    }
    return form
  }

  func run() throws {
    Terminal.writeOutput(
      try ExportWorkflow(run: subject).write(
        ExportWorkflow.Form(of: output, asked: form), to: output, step: step) + "\n")
  }
}
