import RealModule

/// Averages of a scalar function φ over x ~ N(mean, variance), which is what mean-field theory of
/// deep networks is made of.
public struct GaussianMoments: Hashable, Sendable {
  /// E[φ].
  public let mean: Double
  /// E[φ²].
  public let secondMoment: Double
  /// Var[φ], without the cancellation of `secondMoment − mean²`.
  public let variance: Double
  /// E[φ′].
  public let meanSlope: Double
  /// E[φ′²].
  public let slopeSecondMoment: Double
  /// E[φφ″] with φ″ as a distribution: a jump J of φ′ at x₀ adds φ(x₀)·J times the density there.
  public let curvatureTerm: Double
  /// Whether a formula gave these, rather than quadrature.
  public let isClosedForm: Bool

  public init(
    mean: Double, secondMoment: Double, variance: Double, meanSlope: Double,
    slopeSecondMoment: Double, curvatureTerm: Double, isClosedForm: Bool
  ) {
    self.mean = mean
    self.secondMoment = secondMoment
    self.variance = variance
    self.meanSlope = meanSlope
    self.slopeSecondMoment = slopeSecondMoment
    self.curvatureTerm = curvatureTerm
    self.isClosedForm = isClosedForm
  }

  /// The moments of `function`, by its closed form if it has one, by quadrature otherwise.
  ///
  /// - Parameters:
  ///   - function: φ.
  ///   - mean: The mean of x.
  ///   - variance: The variance of x, at least 0. At 0 the limit from above is taken, in which a
  ///     kink at the mean counts half of each side.
  public init(of function: any ScalarFunction, mean: Double = 0, variance: Double) {
    precondition(variance >= 0, "a variance must not be negative")
    if variance > 0,
      let formula = function.closedFormMoments(mean: mean, variance: variance)
    {
      self = formula
    } else {
      self.init(
        integrating: function, mean: mean,
        standardDeviation: variance > 0 ? variance.squareRoot() : Self.vanishing)
    }
  }

  /// A standard deviation that stands for the limit to 0; its square is 0.
  private static let vanishing = 1e-200

  /// The moments of `function` by quadrature, whether or not it has a closed form.
  public init(
    integrating function: any ScalarFunction, mean: Double = 0, standardDeviation: Double
  ) {
    let ladder = GaussianLadder(mean: mean, standardDeviation: standardDeviation, for: function)
    let x = { (z: Double) in mean + standardDeviation * z }
    let average = ladder.average { function.value(at: x($0)) }
    let kinks = function.kinks
    let hasValueJumps = kinks.contains { $0.valueJump != 0 }
    let deltas = kinks.reduce(0) { sum, kink in
      guard kink.slopeJump != 0 else { return sum }
      let height = function.value(at: kink.position)
      guard height != 0 else { return sum }
      let z = (kink.position - mean) / standardDeviation
      return sum + height * kink.slopeJump * SpecialFunctions.normalDensity(z) / standardDeviation
    }
    self.init(
      mean: average,
      secondMoment: ladder.average {
        let value = function.value(at: x($0))
        return value * value
      },
      variance: ladder.average {
        let deviation = function.value(at: x($0)) - average
        return deviation * deviation
      },
      meanSlope: ladder.average { function.slope(at: x($0)) },
      slopeSecondMoment: hasValueJumps
        ? .infinity
        : ladder.average {
          let slope = function.slope(at: x($0))
          return slope * slope
        },
      curvatureTerm: hasValueJumps
        ? .nan
        : deltas + ladder.average { function.value(at: x($0)) * function.curvature(at: x($0)) },
      isClosedForm: false)
  }
}
