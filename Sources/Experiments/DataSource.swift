public import Samples
public import TensorFiles
import Tensors

/// Where the samples of an experiment come from, and what is done to them.
public struct DataSource: Hashable, Sendable {
  /// The files, or the synthetic set.
  public enum Origin: Hashable, Sendable {
    case csv(String, CSVFormat)
    case idx(features: String, targets: String, ArrayFormat)
    case npy(features: String, targets: String, ArrayFormat)
    case safetensors(String, features: String, targets: String, ArrayFormat)
    /// A set of the catalogue by name, with options and the seed that makes it.
    case synthetic(String, options: [String: Double], seed: UInt64)
  }

  /// What happens to samples with a number that is not finite.
  public enum NonFinite: String, Hashable, Sendable, CaseIterable {
    /// The first is told with its file and line, and nothing is trained.
    case refuse
    /// They stay; a step that meets one is refused.
    case keep
    /// They are left out.
    case drop
  }

  /// What the network is judged by.
  public indirect enum Validation: Hashable, Sendable {
    /// A share of the samples, drawn by the seed of the training.
    case share(Double)
    case source(Origin)
  }

  public var origin: Origin
  /// Whether features are given mean 0 and deviation 1, as measured on what is trained on.
  public var standardization: Standardization.Scope?
  /// Whether targets are given mean 0 and deviation 1, as measured on what is trained on;
  /// predictions and losses are in these units then.
  public var standardizesTargets = false
  public var nonFinite = NonFinite.refuse
  /// Samples that are left out: lines of a table, or indices of an array counted from 0.
  public var leftOut: [Int] = []
  public var validation: Validation?

  public init(_ origin: Origin) { self.origin = origin }

  /// A synthetic set by its name.
  public static func synthetic(
    _ name: String, _ options: [String: Double] = [:], seed: UInt64 = 0
  ) -> DataSource {
    DataSource(.synthetic(name, options: options, seed: seed))
  }
}

/// The samples of an experiment.
public struct ExperimentData: Sendable {
  public let training: Dataset
  public let validation: Dataset?
  /// Samples that were left out since a number of theirs is not finite: `train.csv line 17`.
  public let dropped: [String]
  /// What targets were shifted and divided by; nil where they are as they came.
  public let targetScale: TargetStandardization?
}

extension DataSource {
  /// Reads or makes the samples.
  ///
  /// - Parameters:
  ///   - seed: that of the training, for the division into parts.
  ///   - folder: what relative paths begin at; nil for the folder that the process is in.
  ///   - keepsNonFinite: whether samples that would be refused are kept.
  /// - Returns: what is trained on, and what is validated with.
  /// - Throws: ``DataError`` with file and line.
  public func load(
    seed: UInt64, folder: String? = nil, keepsNonFinite: Bool = false
  ) throws(DataError) -> ExperimentData {
    let nonFinite = keepsNonFinite && nonFinite == .refuse ? .keep : nonFinite
    var training = try Self.dataset(origin, folder, allowsNonFinite: nonFinite != .refuse)
    if !leftOut.isEmpty {
      try Self.roomForCopy(of: training, for: "the samples that are kept")
      training = try training.leavingOut(leftOut)
    }
    var other: Dataset?
    var dropped: [String] = []
    if nonFinite == .drop { training = try Self.finiteSamples(of: training, &dropped) }
    switch validation {
    case .share(let share):
      try Self.roomForCopy(of: training, for: "the two parts of the samples")
      let isStratified =
        if case .classes(let labels, _) = training.targets { labels.count == training.count } else {
          false
        }
      let parts = try training.split(validation: share, seed: seed, isStratified: isStratified)
      (training, other) = (parts.training, parts.validation)
    case .source(let origin):
      var read = try Self.dataset(
        origin.withClasses(of: training), folder, allowsNonFinite: nonFinite != .refuse)
      if nonFinite == .drop { read = try Self.finiteSamples(of: read, &dropped) }
      other = read
    case nil: break
    }
    if let standardization {
      try Self.roomForCopy(of: training, for: "the standardized samples")
      let scale = try Standardization(of: training, scope: standardization)
      training = try scale(training)
      if let part = other { other = try scale(part) }
    }
    var targetScale: TargetStandardization?
    if standardizesTargets {
      let scale = try TargetStandardization(of: training)
      training = try scale(training)
      if let part = other { other = try scale(part) }
      targetScale = scale
    }
    return ExperimentData(
      training: training, validation: other, dropped: dropped, targetScale: targetScale)
  }

  /// Throws where the samples do not fit a second time beside themselves.
  private static func roomForCopy(
    of samples: Dataset, for purpose: String
  ) throws(DataError) {
    let (features, targets) = (samples.features, samples.targets.tensor)
    try DataError.room(
      features.shape.byteCount(of: features.elementType)
        + targets.shape.byteCount(of: targets.elementType), for: purpose)
  }

  private static func dataset(
    _ origin: Origin, _ folder: String?, allowsNonFinite: Bool
  ) throws(DataError) -> Dataset {
    func path(_ path: String) -> String {
      guard let folder, !path.hasPrefix("/") else { return path }
      return "\(folder)/\(path)"
    }
    switch origin {
    case .csv(let file, var format):
      format.allowsNonFinite = allowsNonFinite
      return try Dataset(csv: path(file), format)
    case .idx(let features, let targets, var format):
      format.allowsNonFinite = allowsNonFinite
      return try Dataset(idx: path(features), targets: path(targets), format)
    case .npy(let features, let targets, var format):
      format.allowsNonFinite = allowsNonFinite
      return try Dataset(npy: path(features), targets: path(targets), format)
    case .safetensors(let file, let features, let targets, var format):
      format.allowsNonFinite = allowsNonFinite
      return try Dataset(
        safetensors: path(file), features: features, targets: targets, format)
    case .synthetic(let name, let options, let seed):
      return try SyntheticCatalogue.set(name, options: options).dataset(seed: seed)
    }
  }

  private static func finiteSamples(
    of dataset: Dataset, _ dropped: inout [String]
  ) throws(DataError) -> Dataset {
    let kept = dataset.indicesOfFiniteSamples
    guard kept.count < dataset.count else { return dataset }
    guard !kept.isEmpty else {
      throw DataError(
        .invalidValue, "no sample has only finite numbers", cure: "correct the data",
        file: dataset.name)
    }
    let isKept = Set(kept)
    dropped += (0..<dataset.count).filter { !isKept.contains($0) }
      .map { dataset.place(ofSample: $0) }
    return dataset.samples(at: kept)
  }
}

extension DataSource.Origin {
  /// The same with the classes of another set, so that a class that is missing moves no other.
  fileprivate func withClasses(of dataset: Dataset) -> DataSource.Origin {
    guard case .classes(_, let names) = dataset.targets else { return self }
    let areNumbers = names == names.indices.map(String.init)
    switch self {
    case .csv(let path, var format):
      if format.classes.isEmpty, format.classCount == nil {
        if areNumbers || format.firstLabel != 0 {
          format.classCount = names.count
        } else {
          format.classes = names
        }
      }
      return .csv(path, format)
    case .idx(let features, let targets, let format):
      return .idx(features: features, targets: targets, format.with(classes: names.count))
    case .npy(let features, let targets, let format):
      return .npy(features: features, targets: targets, format.with(classes: names.count))
    case .safetensors(let path, let features, let targets, let format):
      return .safetensors(
        path, features: features, targets: targets, format.with(classes: names.count))
    case .synthetic: return self
    }
  }
}

extension ArrayFormat {
  fileprivate func with(classes count: Int) -> ArrayFormat {
    guard case .classes(nil) = target else { return self }
    var format = self
    format.target = .classes(count: count)
    return format
  }
}
