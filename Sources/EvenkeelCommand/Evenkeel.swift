import ArgumentParser
import Workflows

/// The root of the command: one verb per job.
struct Evenkeel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evenkeel",
    abstract: "Keeps deep networks on an even keel: predicts, measures, explains and trains.",
    version: Program.version,
    subcommands: [
      CheckCommand.self, RunCommand.self, TrainCommand.self, DiagnoseCommand.self,
      RepairCommand.self,
      ExportCommand.self,
      TheoryCommand.self,
    ])
}
