import Numbers
import Operators
import Semantics
import Tensors

extension Specimen {
  /// Every way of naming axes, of tensors of rank 1 to 4.
  private static func reduction<R: Reduction>(
    _ type: R.Type, hazards: Set<Hazard.Kind>
  ) -> [Specimen] {
    [
      Specimen(R(axes: []), spread(7)),
      Specimen(R(axes: [1]), spread(4, 6)),
      Specimen(R(axes: [0], keepsAxes: false), spread(5, 3)),
      Specimen(R(axes: [-1], keepsAxes: false), spread(2, 3, 4)),
      Specimen(R(axes: [0, 2]), spread(3, 2, 4)),
      Specimen(R(axes: [1, 3], keepsAxes: false), spread(2, 3, 2, 3)),
    ].map { specimen in specimen.with { $0.hazards = hazards } }
  }

  static let reductions: [Specimen] =
    reduction(ReduceSum.self, hazards: [.overflow])
    + reduction(ReduceMean.self, hazards: [])
    + reduction(ReduceSumSquare.self, hazards: [.overflow])
    + reduction(ReduceMax.self, hazards: [])
    + reduction(ReduceMin.self, hazards: [])
    + reduction(ReduceProd.self, hazards: [.overflow])
}
