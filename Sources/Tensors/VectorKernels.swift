import CKernels

/// A function of one variable that has a vector kernel.
public enum UnaryKernel: Hashable, Sendable {
  /// eˣ.
  case exp
  /// ln x: −∞ at 0, NaN below; the slope is 1/x everywhere.
  case log
  case tanh
  case sigmoid
  /// 4σ(x) − 2.
  case scaledSigmoid
  case erf
  /// x Φ(x), Φ the normal distribution function.
  case gelu
  /// x σ(2√(2/π)(x + 0.044715x³)).
  case geluTanh
  /// x σ(x).
  case silu
  /// ln(1 + eˣ).
  case softplus
  /// x tanh(ln(1 + eˣ)).
  case mish
  /// x/(1 + |x|).
  case softsign
  /// max(x, 0); the slope at 0 is 0.
  case relu
  /// x above 0, αx below.
  case leakyRelu(alpha: Double)
  /// x above 0, α(eˣ − 1) below.
  case elu(alpha: Double)
  /// γ times elu(α).
  case selu(alpha: Double, gamma: Double)
  /// x above 0, α(e^{x/α} − 1) below.
  case celu(alpha: Double)
  /// αx + β, held between 0 and 1; α > 0.
  case hardSigmoid(alpha: Double, beta: Double)
  /// x times min(max(x + 3, 0), 6)/6.
  case hardSwish
  /// x held between −1 and 1.
  case hardTanh

  fileprivate var kernel: (function: ek_function, parameters: (Double, Double, Double)) {
    switch self {
    case .exp: (EK_EXP, (0, 0, 0))
    case .log: (EK_LOG, (0, 0, 0))
    case .tanh: (EK_TANH, (0, 0, 0))
    case .sigmoid: (EK_SIGMOID, (0, 0, 0))
    case .scaledSigmoid: (EK_SCALED_SIGMOID, (0, 0, 0))
    case .erf: (EK_ERF, (0, 0, 0))
    case .gelu: (EK_GELU, (0, 0, 0))
    case .geluTanh: (EK_GELU_TANH, (0, 0, 0))
    case .silu: (EK_SILU, (0, 0, 0))
    case .softplus: (EK_SOFTPLUS, (0, 0, 0))
    case .mish: (EK_MISH, (0, 0, 0))
    case .softsign: (EK_SOFTSIGN, (0, 0, 0))
    case .relu: (EK_RELU, (0, 0, 0))
    case .leakyRelu(let alpha): (EK_LEAKY_RELU, (alpha, 0, 0))
    case .elu(let alpha): (EK_ELU, (alpha, 1, 1))
    case .selu(let alpha, let gamma): (EK_ELU, (alpha, gamma, 1))
    case .celu(let alpha): (EK_ELU, (alpha, 1, 1 / alpha))
    case .hardSigmoid(let alpha, let beta): (EK_HARD_SIGMOID, (alpha, beta, 0))
    case .hardSwish: (EK_HARD_SWISH, (0, 0, 0))
    case .hardTanh: (EK_HARD_TANH, (0, 0, 0))
    }
  }
}

/// Vector kernels on single precision, for buffers of equal counts.
///
/// Functions are computed in single precision, with what rounding loses carried along where it would
/// be too much: values and slopes err by less than two units in the last place. Beside a root of its
/// own a slope is a difference, of which no more than 2⁻²⁵ in absolute terms is promised.
public enum VectorKernels {
  /// `result ← φ(x)`; `result` may be `x`.
  public static func apply(
    _ kernel: UnaryKernel, _ x: Elements<Float>, into result: Elements<Float>
  ) {
    precondition(x.count == result.count, "counts differ")
    var (function, parameters) = kernel.kernel
    unsafe withUnsafeBytes(of: &parameters) { bytes in
      unsafe ek_apply_f32(
        function, bytes.assumingMemoryBound(to: Double.self).baseAddress, x.pointer,
        result.pointer, x.count)
    }
  }

  /// `result ← cotangent · φ′(x)`, the slope rounded before it is multiplied; `result` may be
  /// either operand.
  public static func applyDerivative(
    _ kernel: UnaryKernel, _ cotangent: Elements<Float>, _ x: Elements<Float>,
    into result: Elements<Float>
  ) {
    precondition(x.count == result.count && x.count == cotangent.count, "counts differ")
    var (function, parameters) = kernel.kernel
    unsafe withUnsafeBytes(of: &parameters) { bytes in
      unsafe ek_apply_derivative_f32(
        function, bytes.assumingMemoryBound(to: Double.self).baseAddress, cotangent.pointer,
        x.pointer, result.pointer, x.count)
    }
  }

  /// 1 for an operand with as many elements as there are results, and 0 for one that goes with all.
  private static func steps(
    _ a: Elements<Float>, _ b: Elements<Float>, _ result: Elements<Float>
  ) -> (a: Int, b: Int) {
    precondition(
      (a.count == 1 || a.count == result.count) && (b.count == 1 || b.count == result.count),
      "counts differ")
    return (a.count == result.count ? 1 : 0, b.count == result.count ? 1 : 0)
  }

  /// `result ← a + b`; `result` may be either, and an operand of one element goes with all.
  public static func add(
    _ a: Elements<Float>, _ b: Elements<Float>, into result: Elements<Float>
  ) {
    let steps = steps(a, b, result)
    unsafe ek_add_f32(a.pointer, steps.a, b.pointer, steps.b, result.pointer, result.count)
  }

  /// `result ← a − b`; as for addition.
  public static func subtract(
    _ a: Elements<Float>, _ b: Elements<Float>, into result: Elements<Float>
  ) {
    let steps = steps(a, b, result)
    unsafe ek_sub_f32(a.pointer, steps.a, b.pointer, steps.b, result.pointer, result.count)
  }

  /// `result ← a · b`, element by element; as for addition.
  public static func multiply(
    _ a: Elements<Float>, _ b: Elements<Float>, into result: Elements<Float>
  ) {
    let steps = steps(a, b, result)
    unsafe ek_mul_f32(a.pointer, steps.a, b.pointer, steps.b, result.pointer, result.count)
  }

  /// `result ← a / b`, element by element; as for addition.
  public static func divide(
    _ a: Elements<Float>, _ b: Elements<Float>, into result: Elements<Float>
  ) {
    let steps = steps(a, b, result)
    unsafe ek_div_f32(a.pointer, steps.a, b.pointer, steps.b, result.pointer, result.count)
  }

  /// `result ← factor · x`; `result` may be `x`.
  public static func scale(
    _ x: Elements<Float>, by factor: Float, into result: Elements<Float>
  ) {
    precondition(x.count == result.count, "counts differ")
    unsafe ek_scale_f32(factor, x.pointer, result.pointer, x.count)
  }

  /// `y ← y + factor · x`, the product rounded before the sum.
  public static func accumulate(_ x: Elements<Float>, times factor: Float, into y: Elements<Float>)
  {
    precondition(x.count == y.count, "counts differ")
    unsafe ek_axpy_f32(factor, x.pointer, y.pointer, x.count)
  }

  /// `update ← factor · x` and `y ← y + update`; the three must lie apart.
  public static func accumulate(
    _ x: Elements<Float>, times factor: Float, into y: Elements<Float>, update: Elements<Float>
  ) {
    precondition(x.count == y.count && x.count == update.count, "counts differ")
    unsafe ek_update_f32(factor, x.pointer, update.pointer, y.pointer, x.count)
  }

  /// What is summed: the elements, or their squares.
  public enum Summand: Hashable, Sendable { case elements, squares }

  /// `sums[j] += Σᵢ x[start + i·stride + j]` in double, for as many columns as there are sums.
  public static func addSums(
    of summand: Summand, _ x: Elements<Float>, from start: Int, rows: Int, stride: Int,
    into sums: UnsafeMutableBufferPointer<Double>
  ) {
    guard rows > 0, let base = sums.baseAddress else { return }
    precondition(
      start >= 0 && stride >= 0 && start + (rows - 1) * stride + sums.count <= x.count,
      "out of range")
    unsafe ek_add_sums_f32(
      x.pointer + start, rows, stride, sums.count, summand == .squares ? 1 : 0, base)
  }
}
