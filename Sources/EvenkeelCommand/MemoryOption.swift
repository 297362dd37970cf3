import ArgumentParser
import Workflows

/// The option that says how much memory may be taken.
struct MemoryOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The most memory to take, as 8GB (default: three quarters of what is free). What needs more "
        + "is refused before it is begun.", valueName: "size"))
  var memory: String?

  /// Sets the limit; `file` is what messages name.
  func apply(to file: String?) throws {
    try MemoryLimit.set(memory, reading: file) { Main.stop($0) }
  }
}
