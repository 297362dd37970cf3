import Experiments
import Findings
import Foundation
import Runs
import Training

/// A run that was kept, with the experiment that it is of.
struct KeptRun {
  let file: RunFile
  let experiment: Experiment
  let text: String
  let name: String

  /// - Throws: `InputError` when the file is no run, or its experiment cannot be read any more.
  init(_ path: String) throws(InputError) {
    do {
      file = try RunFile(path)
    } catch {
      throw InputError(error.description)
    }
    guard let text = file.meta["experiment"] else {
      throw InputError(
        file: path, "the run does not tell its experiment; it was not made by 'train'")
    }
    var experiment = try Experiment(yaml: text, file: file.meta["path"])
    if let seed = file.meta["seed"].flatMap({ UInt64($0) }) { experiment.training.seed = seed }
    if let steps = file.meta["steps"].flatMap({ Int($0) }), steps >= 1 {
      experiment.training.duration = .steps(steps)
    }
    (self.experiment, self.text, name) = (experiment, text, file.meta["name"] ?? path)
  }

  /// Whether a file is a run rather than an experiment: what SQLite files begin with.
  static func isRun(_ path: String) -> Bool {
    // Opening a named pipe would wait for whoever writes into it.
    let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    let attributes = try? FileManager.default.attributesOfItem(atPath: target)
    guard attributes?[.type] as? FileAttributeType == .typeRegular,
      let handle = FileHandle(forReadingAtPath: path)
    else { return false }
    defer { try? handle.close() }
    return (try? handle.read(upToCount: 15)) == Data("SQLite format 3".utf8)
  }
}
