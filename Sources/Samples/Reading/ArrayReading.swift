public import TensorFiles
import Tensors

/// What arrays of features and targets hold.
public struct ArrayFormat: Hashable, Sendable {
  public enum Target: Hashable, Sendable {
    /// Class numbers from 0, below `count`; without it, one more than the greatest.
    case classes(count: Int? = nil)
    /// Numbers.
    case reals
  }

  /// Most classes that may be said to be: each has a name, and most losses a number.
  public static let mostClasses = 1 << 24

  public var target: Target
  /// The number that the first class has in the file.
  public var firstLabel: Int
  /// What features are divided by; without it, unsigned bytes by 255 and others by nothing.
  public var divisor: Float?
  /// Whether features are token numbers, which stay integers.
  public var areTokens: Bool
  /// Whether NaN and infinities are kept, to be found by a diagnosis.
  public var allowsNonFinite: Bool

  public init(
    target: Target = .classes(), firstLabel: Int = 0, divisor: Float? = nil,
    areTokens: Bool = false, allowsNonFinite: Bool = false
  ) {
    self.target = target
    self.firstLabel = firstLabel
    self.divisor = divisor
    self.areTokens = areTokens
    self.allowsNonFinite = allowsNonFinite
  }
}

extension Dataset {
  /// Reads features `[samples, …]` and targets `[samples, …]` from two npy files.
  ///
  /// - Throws: ``DataError`` when a file is refused (``NpyFile``), when the counts of samples differ,
  ///   or when a number is not finite or no class.
  public init(
    npy features: String, targets: String, _ format: ArrayFormat = ArrayFormat()
  ) throws(DataError) {
    let (first, second) = (try NpyFile(features), try NpyFile(targets))
    try self.init(
      ArrayParts(name: features, targetName: targets, storedType: first.storedType), format,
      features: { type throws(DataError) in try first.tensor(as: type) },
      targets: { type throws(DataError) in try second.tensor(as: type) })
  }

  /// Reads images and labels from two IDX files, as MNIST has them.
  ///
  /// - Throws: ``DataError`` when a file is refused (``IDXFile``), when the counts of samples differ,
  ///   or when a number is not finite or no class.
  public init(
    idx features: String, targets: String, _ format: ArrayFormat = ArrayFormat()
  ) throws(DataError) {
    let (first, second) = (try IDXFile(features), try IDXFile(targets))
    try self.init(
      ArrayParts(name: features, targetName: targets, storedType: first.storedType), format,
      features: { type throws(DataError) in try first.tensor(as: type) },
      targets: { type throws(DataError) in try second.tensor(as: type) })
  }

  /// Reads features and targets from two tensors of a safetensors file.
  ///
  /// - Throws: ``DataError`` when the file is refused (``SafetensorsFile``), when a tensor is not
  ///   there, when the counts of samples differ, or when a number is not finite or no class.
  public init(
    safetensors path: String, features: String, targets: String,
    _ format: ArrayFormat = ArrayFormat()
  ) throws(DataError) {
    let file = try SafetensorsFile(path)
    try self.init(
      ArrayParts(
        name: path, targetName: path, storedType: file.entry(features)?.storedType ?? .float32),
      format,
      features: { type throws(DataError) in try file.tensor(features, as: type) },
      targets: { type throws(DataError) in try file.tensor(targets, as: type) })
  }

  /// Class numbers from 0, of labels that start at another number.
  private static func shifted(
    _ labels: Tensor, by first: Int64, _ format: ArrayFormat, _ file: String
  ) throws(DataError) -> Tensor {
    var count = Int64(ClassLabels.mostClasses)
    if case .classes(let given?) = format.target { count = Int64(given) }
    let shifted = labels.copy()
    let elements = shifted.elements(as: Int64.self)
    let perSample = max(1, elements.count / labels.shape[0])
    for i in elements.indices {
      let label = elements[i]
      let (place, isBeyond) = label.subtractingReportingOverflow(first)
      guard !isBeyond, (0..<count).contains(place) else {
        throw DataError(
          .invalidValue, "in row \(i / perSample), the label is \(label)",
          cure: "labels go from \(first) to \(first + count - 1), as 'first_label' says",
          file: file)
      }
      elements[i] = place
    }
    return shifted
  }

  private struct ArrayParts {
    let name: String
    let targetName: String
    let storedType: StoredType
  }

  private init(
    _ parts: ArrayParts, _ format: ArrayFormat,
    features readFeatures: (ElementType) throws(DataError) -> Tensor,
    targets readTargets: (ElementType) throws(DataError) -> Tensor
  ) throws(DataError) {
    let features = try readFeatures(format.areTokens ? .int64 : .float32)
    let divisor = format.divisor ?? (parts.storedType == .uint8 ? 255 : 1)
    if !format.areTokens, divisor != 1 {
      let elements = features.elements(as: Float.self)
      for i in elements.indices { elements[i] /= divisor }
    }
    let isClasses = format.target != .reals
    var labels = try readTargets(isClasses ? .int64 : .float32)
    guard let count = features.shape.extents.first, labels.shape.extents.first == count else {
      throw DataError(
        .mismatch,
        "the targets have the shape \(labels.shape), and the features in "
          + "\(parts.name.quotedForMessage) have \(features.shape)",
        cure: "give one target for each sample", file: parts.targetName)
    }
    guard isClasses else {
      // One number per sample is a row of one, as a network's output is.
      if labels.shape.rank == 1 { labels = labels.reshaped([count, 1]) }
      try self.init(
        name: parts.name, features: features, targets: .reals(labels),
        rows: Rows(numbers: [Int](0..<count), areLines: false), targetFile: parts.targetName,
        allowsNonFinite: format.allowsNonFinite)
      return
    }
    if labels.shape.rank == 2, labels.shape[1] == 1 { labels = labels.reshaped([count]) }
    var classCount = 0
    let first = Int64(format.firstLabel)
    if first != 0 { labels = try Self.shifted(labels, by: first, format, parts.targetName) }
    if case .classes(let given) = format.target {
      let elements = labels.elements(as: Int64.self)
      let greatest = elements.indices.reduce(Int64(0)) { max($0, elements[$1]) }
      classCount = given ?? Int(min(greatest, Int64(ClassLabels.mostClasses) - 1)) + 1
    }
    try self.init(
      name: parts.name, features: features,
      targets: .classes(labels, names: (0..<classCount).map { String(format.firstLabel + $0) }),
      rows: Rows(numbers: [Int](0..<count), areLines: false), targetFile: parts.targetName,
      allowsNonFinite: format.allowsNonFinite)
  }
}
