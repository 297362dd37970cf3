import Findings
import Tensors

extension StepRecord.TensorHealth {
  /// What a summary tells of a tensor that was multiplied by `scale`.
  init(_ summary: Summary, dividedBy scale: Double = 1) {
    let isEmpty = summary.finiteCount == 0
    let factor = 1 / scale
    self.init(
      mean: isEmpty ? 0 : summary.mean * factor,
      secondMoment: isEmpty ? 0 : summary.secondMoment * factor * factor,
      minimum: isEmpty ? 0 : summary.minimum * factor,
      maximum: isEmpty ? 0 : summary.maximum * factor,
      zeroShare: summary.count == 0 ? 0 : summary.zeroShare,
      nonFiniteCount: summary.nonFinite)
  }
}
