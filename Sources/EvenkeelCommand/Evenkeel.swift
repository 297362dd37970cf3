import ArgumentParser

/// The root of the command: one verb per job.
struct Evenkeel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evenkeel",
    abstract: "Keeps deep networks on an even keel: predicts, measures, explains and trains.",
    version: "0.1.0",
    subcommands: [
      CheckCommand.self, TrainCommand.self, DiagnoseCommand.self, RepairCommand.self,
      TheoryCommand.self,
    ])
}
