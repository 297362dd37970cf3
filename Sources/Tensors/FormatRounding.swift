import CKernels
public import Numbers

extension Tensor {
  /// Rounds every real element to the nearest number of `format`, ties to even, in place.
  ///
  /// Elements that are not real stay as they are.
  public func round(to format: NumberFormat) {
    switch elementType {
    case .float32:
      let elements = elements(as: Float.self)
      var kernel = format.kernelFormat(.special)
      unsafe ek_round_f32(elements.pointer, elements.pointer, count, &kernel)
    case .float64:
      let elements = elements(as: Double.self)
      for i in elements.indices { elements[i] = format.rounded(elements[i]) }
    case .int64, .bool: break
    }
  }
}
