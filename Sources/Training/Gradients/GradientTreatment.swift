import Numbers
import Tensors

/// Something that is done to gradients before the optimiser sees them.
///
/// Gradients are in single precision, finite and without the loss scale.
public protocol GradientTreatment: NamedSettings {
  /// Changes the gradients in place.
  func apply(to parameters: [TrainedParameter], _ context: TreatmentContext)
}

/// What treatments know beside gradients and weights.
public struct TreatmentContext: Sendable {
  /// From 0.
  public let step: Int
  public let seed: UInt64
  /// Norms of the gradients as they are now, in the order of the parameters.
  public let norms: [Double]

  public init(step: Int, seed: UInt64, norms: [Double]) {
    self.step = step
    self.seed = seed
    self.norms = norms
  }
}

/// A treatment that makes gradients smaller where they are too great.
public protocol Clipping: NamedSettings {
  /// Changes the gradients in place.
  ///
  /// - Parameters:
  ///   - parameters: with finite gradients in single precision.
  ///   - norms: of the gradients as they are now, in the order of the parameters.
  /// - Returns: the least factor that an element was multiplied by, 1 where nothing was done, and
  ///   the number of the parameter that asked for it.
  func clip(_ parameters: [TrainedParameter], norms: [Double]) -> ClippingOutcome
}

/// What clipping did.
public struct ClippingOutcome: Hashable, Sendable {
  public var coefficient: Double
  /// The parameter that had the largest part in it; nil where nothing was clipped.
  public var dominant: Int?

  public init(coefficient: Double = 1, dominant: Int? = nil) {
    self.coefficient = coefficient
    self.dominant = dominant
  }

  /// Takes over another outcome that clipped more.
  mutating func include(_ coefficient: Double, _ parameter: Int) {
    if coefficient < self.coefficient { (self.coefficient, dominant) = (coefficient, parameter) }
  }
}

extension Summary {
  /// The root of the sum of squares of the finite elements; in double, so that it neither overflows
  /// nor vanishes for elements of single precision.
  var norm: Double {
    finiteCount == 0 ? 0 : (secondMoment * Double(finiteCount)).squareRoot()
  }
}

/// Multiplies all elements; where single precision does not hold the factor, in two steps.
func scale(_ elements: Elements<Float>, by factor: Double) {
  guard factor != 1 else { return }
  let held = Double(Float.leastNormalMagnitude)...Double(Float.greatestFiniteMagnitude)
  guard factor != 0, !held.contains(factor.magnitude) else {
    return VectorKernels.scale(elements, by: Float(factor), into: elements)
  }
  let part = factor.magnitude < 1 ? 0x1p-120 : 0x1p120
  VectorKernels.scale(elements, by: Float(part), into: elements)
  VectorKernels.scale(elements, by: Float(factor / part), into: elements)
}
