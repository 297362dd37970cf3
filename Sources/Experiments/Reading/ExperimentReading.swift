public import Findings
public import Networks
import Operators
import Samples
import TensorFiles
import Training
import Watching

extension Experiment {
  /// Reads an experiment's YAML file.
  ///
  /// - Throws: `InputError` with file and line.
  public init(contentsOf path: String) throws(InputError) {
    do {
      try self.init(NetworkDescription(contentsOf: path, activations: .standard))
    } catch let error as NetworkError {
      throw InputError(error.description)
    } catch let error as InputError {
      throw error
    } catch {
      throw InputError(file: path, "\(error)")
    }
  }

  /// Reads an experiment's YAML text; `file` is the name that errors bear.
  ///
  /// - Throws: `InputError` with file and line.
  public init(yaml: String, file: String? = nil) throws(InputError) {
    let description: NetworkDescription
    do {
      description = try NetworkDescription(yaml: yaml, file: file, activations: .standard)
    } catch {
      throw InputError(error.description)
    }
    try self.init(description)
  }

  /// Reads the sections of a file beside its network.
  ///
  /// Without `training` settings are those by default.
  ///
  /// - Throws: `InputError` when there is no `data`, no loss, or something in a section is wrong.
  public init(_ description: NetworkDescription) throws(InputError) {
    let file = description.file.path
    let sections = description.otherSections
    guard let data = sections.first(where: { $0.key == "data" }), !data.value.isNull else {
      throw InputError(
        file: file,
        "there is no 'data' to train on; write where samples come from, such as 'data: spirals' or "
          + "'data: {csv: train.csv, label: class}'")
    }
    guard description.loss != nil else {
      throw InputError(
        file: file,
        "the network has no loss; name one in 'network', such as 'loss: softmax_cross_entropy'")
    }
    let training = sections.first { $0.key == "training" }
    let watch = sections.first { $0.key == "watch" }
    self.init(
      description, data: try DataSource(data.value, file: file),
      training: try training.map { (entry) throws(InputError) in
        try TrainingSettings(entry.value, file: file)
      } ?? TrainingSettings(),
      thresholds: try watch.map { (entry) throws(InputError) in
        try Self.thresholds(entry.value, file: file)
      } ?? WatchThresholds())
  }

  /// What the section `watch` may hold.
  static let watchKeys = WatchOption.all.map { Key($0) }

  private static func thresholds(
    _ tree: YAMLTree, file: String?
  ) throws(InputError) -> WatchThresholds {
    let section = try Section(
      tree, called: "'watch'", file: file, keys: Self.watchKeys)
    var thresholds = WatchThresholds()
    for entry in tree.entries ?? [] {
      guard let number = entry.value.finiteNumber else {
        throw section.refusal(entry.key, entry.value, "a number")
      }
      do {
        try thresholds.set(entry.key, to: number)
      } catch {
        throw section.error(error.message, entry.line)
      }
    }
    return thresholds
  }

  /// Reads or makes the samples; relative paths begin at the folder of the experiment's file.
  ///
  /// - Parameter keepsNonFinite: whether samples with numbers that are not finite are kept where the
  ///   file does not say what happens to them.
  /// - Returns: what is trained on, and what is validated with.
  /// - Throws: `InputError` with the file and line of what is wrong.
  public func samples(keepsNonFinite: Bool = false) throws(InputError) -> ExperimentData {
    let folder = path.flatMap { path in
      path.lastIndex(of: "/").map { String(path[...$0].dropLast()) }
    }
    do {
      return try data.load(
        seed: training.seed, folder: folder, keepsNonFinite: keepsNonFinite)
    } catch {
      throw InputError(error.description)
    }
  }

  /// The experiment as YAML text, which reads back as the same experiment.
  public var yaml: String { tree.yaml }

  var tree: YAMLTree {
    var written = network
    written.otherSections = [
      YAMLTree.Entry("data", data.tree), YAMLTree.Entry("training", training.tree),
    ]
    let thresholds = thresholds
    let changed = WatchOption.all.filter { option in
      option.value(in: thresholds) != option.value(in: WatchThresholds())
    }
    if !changed.isEmpty {
      written.otherSections.append(
        YAMLTree.Entry(
          "watch", .map(changed.map { .init($0.name, .number($0.value(in: thresholds))) })))
    }
    return written.tree
  }
}
