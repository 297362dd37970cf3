public import TensorFiles
import Tensors

/// The shift and scale that give features mean 0 and deviation 1, kept so that they can be stated and
/// applied to other samples.
public struct Standardization: Hashable, Sendable {
  /// What shares one mean and deviation.
  public enum Scope: String, Hashable, Sendable, CaseIterable {
    /// Each feature has its own.
    case feature
    /// All features of all samples share one, as pixels of images should.
    case all
  }

  public let scope: Scope
  /// One for each feature in row-major order, or one.
  public let means: [Double]
  /// √ of the mean squared distance from the mean; 1 where that is 0.
  public let deviations: [Double]
  /// Features that are the same in every sample, and become 0.
  public let constantCount: Int

  /// The shift and scale of these samples, which should be those that are trained on.
  ///
  /// Numbers that are not finite are left out. Computed in double precision in two passes.
  ///
  /// - Throws: ``DataError`` when the features are token numbers.
  public init(of dataset: Dataset, scope: Scope = .feature) throws(DataError) {
    guard dataset.features.elementType == .float32 else {
      throw DataError(
        .mismatch, "the features are token numbers, which have no scale",
        cure: "leave out the standardisation", file: dataset.name)
    }
    let elements = dataset.features.elements(as: Float.self)
    let width = scope == .all ? 1 : dataset.features.count / dataset.count
    var ranges = [(least: Float, greatest: Float)](
      repeating: (.infinity, -.infinity), count: width)
    var counts = [Double](repeating: 0, count: width)
    func forEachFinite(_ body: (_ value: Float, _ place: Int) -> Void) {
      var place = 0
      for i in elements.indices {
        if elements[i].isFinite { body(elements[i], place) }
        place = place + 1 == width ? 0 : place + 1
      }
    }
    func means(of term: (Double, Int) -> Double) -> [Double] {
      var sums = [Double](repeating: 0, count: width)
      forEachFinite { sums[$1] += term(Double($0), $1) }
      return zip(sums, counts).map { $1 > 0 ? $0 / $1 : 0 }
    }
    forEachFinite { value, place in
      counts[place] += 1
      ranges[place] = (min(ranges[place].least, value), max(ranges[place].greatest, value))
    }
    // Rounding may take the mean of equal numbers, and their variance, off by a little.
    let isConstant = ranges.map { $0.least >= $0.greatest }
    let centres = means { value, _ in value }
    let variances = means { value, place in
      (value - centres[place]) * (value - centres[place])
    }
    self.scope = scope
    self.means = zip(centres, zip(isConstant, ranges)).map { mean, constant in
      constant.0 && constant.1.least.isFinite ? Double(constant.1.least) : mean
    }
    deviations = zip(variances, isConstant).map { $1 ? 1 : $0.squareRoot() }
    constantCount = isConstant.count { $0 }
  }

  /// The samples with `(x − mean) / deviation` for every feature x.
  ///
  /// - Returns: a set that shares the targets.
  /// - Throws: ``DataError`` when the features have another shape than those that were measured, or
  ///   when a finite one becomes infinite.
  public func callAsFunction(_ dataset: Dataset) throws(DataError) -> Dataset {
    let width = dataset.features.count / dataset.count
    guard dataset.features.elementType == .float32, scope == .all || means.count == width else {
      throw DataError(
        .mismatch,
        "the scale of \(means.count) features is known, and a sample has \(width)",
        cure: "measure samples of the same kind", file: dataset.name)
    }
    let source = dataset.features.elements(as: Float.self)
    let result = Tensor(zeros: dataset.features.shape, .float32)
    let target = result.elements(as: Float.self)
    var place = 0
    for i in source.indices {
      target[i] = Float((Double(source[i]) - means[place]) / deviations[place])
      if !target[i].isFinite && source[i].isFinite {
        throw dataset.refusal(
          ofSample: i / width,
          "feature \(i % width) is \(source[i]), which no deviation of \(deviations[place]) can "
            + "scale", cure: "correct the data, or leave out the standardisation")
      }
      place = place + 1 == means.count ? 0 : place + 1
    }
    return Dataset(of: dataset, features: result)
  }
}
