import CKernels
public import Numbers

extension Tensor {
  /// Rounds every real element to the nearest number of `format`, ties to even, in place.
  ///
  /// Elements that are not real stay as they are.
  public func round(to format: NumberFormat, overflow: Overflow = .special) {
    switch elementType {
    case .float32:
      let elements = elements(as: Float.self)
      if format.holdsScales {
        for i in elements.indices { elements[i] = format.rounded(elements[i], overflow: overflow) }
        return
      }
      var kernel = format.kernelFormat(overflow)
      unsafe ek_round_f32(elements.pointer, elements.pointer, count, &kernel)
    case .float64:
      let elements = elements(as: Double.self)
      for i in elements.indices { elements[i] = format.rounded(elements[i], overflow: overflow) }
    case .int64, .bool: break
    }
  }

  /// Writes elements of single precision, rounded to `format`, into those of `result`.
  public static func round(
    _ x: Elements<Float>, to format: NumberFormat, into result: Elements<Float>
  ) {
    precondition(x.count == result.count, "counts differ")
    if format.holdsScales {
      for i in x.indices { result[i] = format.rounded(x[i]) }
      return
    }
    var kernel = format.kernelFormat(.special)
    unsafe ek_round_f32(x.pointer, result.pointer, x.count, &kernel)
  }

  /// Rounds every real element to one of its two neighbours in `format`, in place, up with the
  /// probability of its nearness; element i uses word i of the stream.
  ///
  /// Give every step a substream of its own, or its errors repeat and add up. Elements that are not
  /// real stay as they are.
  public func roundStochastically(
    to format: NumberFormat, from stream: RandomStream, overflow: Overflow = .special
  ) {
    switch elementType {
    case .float32 where !format.holdsScales:
      let elements = elements(as: Float.self)
      var kernel = format.kernelFormat(overflow)
      unsafe ek_round_stochastic_f32(
        elements.pointer, elements.pointer, count, &kernel, stream.kernelStream, 0)
    case .float32:
      let elements = elements(as: Float.self)
      for i in elements.indices {
        elements[i] = Float(
          format.stochasticallyRounded(
            Double(elements[i]), random: stream.word(at: i), overflow: overflow))
      }
    case .float64:
      let elements = elements(as: Double.self)
      for i in elements.indices {
        elements[i] = format.stochasticallyRounded(
          elements[i], random: stream.word(at: i), overflow: overflow)
      }
    case .int64, .bool: break
    }
  }
}
