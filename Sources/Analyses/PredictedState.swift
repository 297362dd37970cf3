import Findings
import Numbers
import Semantics
import Tensors

extension TensorState {
  /// What is predicted of a tensor of `shape` over `batch` samples, beside what was measured.
  ///
  /// Where no band can be stated nothing is predicted, and why is said.
  init(
    _ moments: Moments, of shape: Shape, batch: Int, measured: Summary?, secondMoments: [Double],
    moved: Double? = nil
  ) {
    let elements = max(1, shape.count / max(1, batch))
    let positions = min(elements, moments.roles(in: shape).positions(in: shape))
    let found = moments.prediction(
      samples: batch, units: elements / positions, positions: positions)
    // Of known moments the note says how they were found, and not why there is no band.
    let reason =
      (moments.basis == .unknown ? moments.note : nil) ?? "no band can be stated for these moments"
    self.init(
      predicted: found?.moments ?? .unknown(reason), band: found?.band ?? 0...0,
      measured: measured, secondMoments: secondMoments, moved: moved)
  }
}
