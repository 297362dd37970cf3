public import TensorFiles
public import Tensors

/// Samples to train on or to test with, all in memory, with the place that each came from.
public struct Dataset: Sendable {
  /// What a network should give for each sample.
  public enum Targets: Sendable {
    /// Class numbers from 0, as integers `[samples]` or `[samples, positions]`, and the names of
    /// all classes.
    case classes(Tensor, names: [String])
    /// Numbers in single precision, `[samples, …]`.
    case reals(Tensor)

    /// The numbers, of either kind.
    public var tensor: Tensor {
      switch self {
      case .classes(let tensor, _), .reals(let tensor): tensor
      }
    }
  }

  /// The file, or the name of a synthetic set.
  public let name: String
  /// `[samples, …]`, in single precision; or token numbers, as integers.
  public let features: Tensor
  public let targets: Targets
  /// The columns of a table, or nothing.
  public let featureNames: [String]
  /// Where the samples stand in ``name``.
  let rows: Rows

  /// Where samples came from: lines of a text, or indices of an array.
  struct Rows: Sendable {
    var numbers: [Int]
    var areLines: Bool
  }

  /// The number of samples.
  public var count: Int { features.shape[0] }
  /// The shape of one sample's features.
  public var featureShape: Shape { Shape([Int](features.shape.extents.dropFirst())) }
  /// The shape of one sample's targets; scalar for a class.
  public var targetShape: Shape { Shape([Int](targets.tensor.shape.extents.dropFirst())) }

  /// Samples that are there already.
  ///
  /// - Parameters:
  ///   - name: what messages call the data.
  ///   - features: `[samples, …]`, in single precision, or token numbers as integers.
  ///   - targets: one for each sample.
  ///   - featureNames: the names of features `[samples, features]`.
  ///   - allowsNonFinite: whether NaN and infinities are kept, to be found by a diagnosis.
  /// - Throws: ``DataError`` when there is no sample, when features and targets differ in count or
  ///   have another element type, when a class is out of range, or when a number is not finite.
  public init(
    name: String, features: Tensor, targets: Targets, featureNames: [String] = [],
    allowsNonFinite: Bool = false
  ) throws(DataError) {
    let count = features.shape.extents.first ?? 0
    try self.init(
      name: name, features: features, targets: targets, featureNames: featureNames,
      rows: Rows(numbers: [Int](0..<count), areLines: false), allowsNonFinite: allowsNonFinite)
  }

  init(
    name: String, features: Tensor, targets: Targets, featureNames: [String] = [], rows: Rows,
    targetFile: String? = nil, allowsNonFinite: Bool = false
  ) throws(DataError) {
    func refusal(_ code: DataError.Code, _ problem: String, _ cure: String) -> DataError {
      DataError(code, problem, cure: cure, file: name)
    }
    guard let count = features.shape.extents.first, count > 0, features.count > 0 else {
      throw refusal(
        .mismatch, "the features have the shape \(features.shape)",
        "give at least one sample with at least one feature")
    }
    let labels = targets.tensor
    guard labels.shape.extents.first == count, labels.count > 0 else {
      throw refusal(
        .mismatch,
        "there are \(count.groupedDigits) samples, and the targets have the shape "
          + "\(labels.shape)", "give one target for each sample")
    }
    guard features.elementType == .float32 || features.elementType == .int64 else {
      throw refusal(
        .unsupportedType, "the features are neither single-precision numbers nor integers",
        "convert them")
    }
    self.name = name
    self.features = features
    self.targets = targets
    self.featureNames = featureNames
    self.rows = rows
    switch targets {
    case .classes(_, let names): try checkClasses(labels, names, file: targetFile ?? name)
    case .reals:
      guard labels.elementType == .float32 else {
        throw refusal(.unsupportedType, "the targets are not in single precision", "convert them")
      }
    }
    guard !allowsNonFinite else { return }
    try checkFinite(features, "feature", file: name)
    try checkFinite(labels, "target", file: targetFile ?? name)
  }

  /// A set whose parts are known to fit.
  init(
    of other: Dataset, features: Tensor? = nil, targets: Targets? = nil, rows: Rows? = nil
  ) {
    name = other.name
    self.features = features ?? other.features
    self.targets = targets ?? other.targets
    featureNames = other.featureNames
    self.rows = rows ?? other.rows
  }

  /// Where a sample came from, for people: `train.csv line 17`, or `train.npy[17]`, counted from 0.
  public func place(ofSample index: Int) -> String {
    rows.areLines ? "\(name) line \(rows.numbers[index])" : "\(name)[\(rows.numbers[index])]"
  }
}

extension Dataset {
  private func checkClasses(
    _ labels: Tensor, _ names: [String], file: String
  ) throws(DataError) {
    guard labels.elementType == .int64 else {
      throw DataError(
        .unsupportedType, "the class numbers are not integers", cure: "convert them", file: file)
    }
    let elements = labels.elements(as: Int64.self)
    guard let index = elements.indices.first(where: { !(0..<Int64(names.count) ~= elements[$0]) })
    else { return }
    throw refusal(
      ofSample: index / (labels.count / count), "the label is \(elements[index])",
      cure: names.isEmpty
        ? "name the classes"
        : "labels go from 0 to \(names.count - 1), as there are \(names.count) classes",
      file: file)
  }

  private func checkFinite(
    _ tensor: Tensor, _ word: String, file: String
  ) throws(DataError) {
    guard tensor.elementType == .float32 else { return }
    let elements = tensor.elements(as: Float.self)
    guard let index = elements.indices.first(where: { !elements[$0].isFinite }) else { return }
    let width = tensor.count / count
    var last = index / width
    var others = 0
    for i in index..<elements.count where !elements[i].isFinite && i / width > last {
      last = i / width
      others += 1
    }
    let tail =
      others == 0
      ? "" : " (and so are numbers of \(others.groupedDigits) more \(others == 1 ? "row" : "rows"))"
    throw refusal(
      ofSample: index / width, "\(word) \(index % width) is \(elements[index])\(tail)",
      cure: "correct the data, or allow non-finite numbers so that a diagnosis can show what "
        + "they do", file: file)
  }

  /// An error about one sample.
  func refusal(
    ofSample index: Int, _ problem: String, cure: String, file: String? = nil
  ) -> DataError {
    let row = rows.numbers[index]
    let file = file ?? name
    return rows.areLines
      ? DataError(.invalidValue, problem, cure: cure, file: file, line: row)
      : DataError(.invalidValue, "in row \(row), \(problem)", cure: cure, file: file)
  }

  /// The samples whose features and targets are all finite, in order.
  public var indicesOfFiniteSamples: [Int] {
    let columns = [features, targets.tensor].filter { $0.elementType == .float32 }
      .map { ($0.elements(as: Float.self), $0.count / count) }
    return (0..<count).filter { sample in
      columns.allSatisfy { elements, width in
        (sample * width..<(sample + 1) * width).allSatisfy { elements[$0].isFinite }
      }
    }
  }

  /// The samples without some of them, in memory of their own.
  ///
  /// - Parameter places: lines of a table, or indices of an array counted from 0.
  /// - Returns: the others, in the order of the data.
  /// - Throws: ``DataError`` when no sample stands there, or none would be left.
  public func leavingOut(_ places: [Int]) throws(DataError) -> Dataset {
    let known = Set(rows.numbers)
    let word = rows.areLines ? "line" : "place"
    if let stranger = places.first(where: { !known.contains($0) }) {
      throw DataError(
        .invalidValue, "'leave_out' names \(word) \(stranger), where no sample stands",
        cure: "name others", file: name)
    }
    let gone = Set(places)
    let kept = (0..<count).filter { !gone.contains(rows.numbers[$0]) }
    guard !kept.isEmpty else {
      throw DataError(
        .invalidValue, "'leave_out' leaves no sample", cure: "leave out fewer", file: name)
    }
    return samples(at: kept)
  }

  /// The line of a table, or the index of an array counted from 0, that a sample came from.
  public func rowNumber(ofSample index: Int) -> Int { rows.numbers[index] }

  /// The samples at `indices`, in memory of their own.
  public func samples(at indices: [Int]) -> Dataset {
    func rows(of tensor: Tensor) -> Tensor {
      let extents = [indices.count] + tensor.shape.extents.dropFirst()
      let result = Tensor(zeros: Shape(extents), tensor.elementType)
      Dataset.copyRows(of: tensor, indices[...], into: result)
      return result
    }
    let chosen: Targets =
      switch targets {
      case .classes(let tensor, let names): .classes(rows(of: tensor), names: names)
      case .reals(let tensor): .reals(rows(of: tensor))
      }
    return Dataset(
      of: self, features: rows(of: features), targets: chosen,
      rows: Rows(numbers: indices.map { self.rows.numbers[$0] }, areLines: self.rows.areLines))
  }

  /// Copies the samples at `indices` into tensors that are there already; allocates nothing.
  ///
  /// - Parameters:
  ///   - indices: which samples, in the order of the batch.
  ///   - features: of the type of ``features``, with as many elements as these samples have.
  ///   - targets: of the type of the targets, with as many elements as these samples have.
  public func copy(_ indices: ArraySlice<Int>, features: Tensor, targets: Tensor) {
    Self.copyRows(of: self.features, indices, into: features)
    Self.copyRows(of: self.targets.tensor, indices, into: targets)
  }

  private static func copyRows(of source: Tensor, _ indices: ArraySlice<Int>, into target: Tensor) {
    switch source.elementType {
    case .float32:
      copyRows(source, source.elements(as: Float.self), indices, target.elements(as: Float.self))
    case .int64:
      copyRows(source, source.elements(as: Int64.self), indices, target.elements(as: Int64.self))
    case .float64, .bool: preconditionFailure("samples are single-precision numbers or integers")
    }
  }

  private static func copyRows<T: Element>(
    _ tensor: Tensor, _ source: Elements<T>, _ indices: ArraySlice<Int>, _ target: Elements<T>
  ) {
    let width = source.count / tensor.shape[0]
    precondition(target.count == width * indices.count, "the batch has another size")
    var place = 0
    for index in indices {
      let row = source[index * width..<(index + 1) * width]
      let room = target[place..<place + width]
      unsafe room.pointer.update(from: row.pointer, count: width)
      place += width
    }
  }
}
