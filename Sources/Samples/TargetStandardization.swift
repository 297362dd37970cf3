public import TensorFiles
import Tensors

/// The shift and scale that give targets mean 0 and deviation 1, kept so that they can be stated
/// and applied to other samples.
public struct TargetStandardization: Hashable, Sendable {
  /// One for each number of a target, in row-major order.
  public let means: [Double]
  /// √ of the mean squared distance from the mean; 1 where that is 0.
  public let deviations: [Double]

  /// The shift and scale of these samples, which should be those that are trained on.
  ///
  /// Numbers that are not finite are left out.
  ///
  /// - Throws: ``DataError`` when the targets are classes, or have no scale.
  public init(of dataset: Dataset) throws(DataError) {
    guard case .reals(let targets) = dataset.targets else {
      throw DataError(
        .mismatch, "the targets are classes, which have no scale",
        cure: "leave out 'standardize_targets'", file: dataset.name)
    }
    let columns = ColumnStatistics.columns(of: targets, samples: dataset.count)
    means = columns.map(\.mean)
    deviations = columns.map { $0.deviation > 0 ? $0.deviation : 1 }
  }

  /// The samples with `(y − mean) / deviation` for every number y of a target.
  ///
  /// - Returns: a set that shares the features.
  /// - Throws: ``DataError`` when the targets have another shape than those that were measured, or
  ///   when a finite one becomes infinite.
  public func callAsFunction(_ dataset: Dataset) throws(DataError) -> Dataset {
    guard case .reals(let targets) = dataset.targets,
      targets.count == means.count * dataset.count
    else {
      throw DataError(
        .mismatch, "the scale of \(means.count) targets is known, and a sample has others",
        cure: "measure samples of the same kind", file: dataset.name)
    }
    let source = targets.elements(as: Float.self)
    let result = Tensor(zeros: targets.shape, .float32)
    let scaled = result.elements(as: Float.self)
    for i in source.indices {
      let place = i % means.count
      scaled[i] = Float((Double(source[i]) - means[place]) / deviations[place])
      if !scaled[i].isFinite && source[i].isFinite {
        throw dataset.refusal(
          ofSample: i / means.count,
          "target \(place) is \(source[i]), which no deviation of \(deviations[place]) can scale",
          cure: "correct the data, or leave out 'standardize_targets'")
      }
    }
    return Dataset(of: dataset, targets: .reals(result))
  }
}
