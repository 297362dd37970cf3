import ArgumentParser

/// The root of the command: one verb per job.
struct Evenkeel: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evenkeel",
    abstract: "Keeps deep networks on an even keel: predicts, measures and explains.",
    version: "0.1.0",
    subcommands: [CheckCommand.self, TheoryCommand.self])
}
