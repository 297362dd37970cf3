/// What is known of a tensor's elements in the wide limit, as scalars.
///
/// The average is over random parameters and inputs. Mean and second moment are of one element;
/// the correlations are uncentred, `E[x x′] / E[x²]`, of the same unit in two places.
public struct Moments: Hashable, Sendable {
  /// E[x].
  public var mean: Double
  /// E[x²].
  public var secondMoment: Double
  /// Correlation of one element between two samples of the batch.
  public var sampleCorrelation: Double
  /// Correlation between two positions (pixels, tokens, time steps) of one sample.
  public var positionCorrelation: Double
  public var law: Law
  /// How much one draw of the parameters moves the mean square of one sample.
  public var fluctuation: Fluctuation
  public var basis: Basis
  /// Why nothing is known, or what was approximated.
  public var note: String?
  /// What the axes stand for; nil where only the rank tells.
  public var axes: AxisRoles?
  /// Mean square at each place of an image or a sequence, relative to their mean; empty where all
  /// places are alike.
  public var places: [Double] = []
  /// Correlation between two elements along the last axis, where that is known to differ from that of
  /// independent elements: logits of keys that look alike, shares that sum to 1.
  public var laneCorrelation: Double?
  /// The variance over units of how neighbouring positions correlate, as a draw of kernels makes it.
  public var nearby = 0.0
  /// How many elements of each row of the last axis a mask leaves; empty where nothing is masked.
  public var visible: [Double] = []
  /// Whether positions are steps of a recurrence, one computed from another: nothing is known of how
  /// they correlate.
  public var areSteps = false
  /// What the elements are values of, as long as they are nothing else.
  public var origin: Origin?

  public init(
    mean: Double, secondMoment: Double, sampleCorrelation: Double = 0,
    positionCorrelation: Double = 0, law: Law = .other, fluctuation: Fluctuation = .none,
    basis: Basis, note: String? = nil
  ) {
    self.mean = mean
    self.secondMoment = secondMoment
    self.sampleCorrelation = sampleCorrelation
    self.positionCorrelation = positionCorrelation
    self.law = law
    self.fluctuation = fluctuation
    self.basis = basis
    self.note = note
  }

  /// These moments with the roles of axes that the rule of an operator knows.
  public func with(_ axes: AxisRoles?) -> Moments {
    var result = self
    result.axes = axes
    return result
  }

  public var variance: Double { max(0, secondMoment - mean * mean) }

  /// Nothing honest can be said, because of `reason`.
  public static func unknown(_ reason: String) -> Moments {
    Moments(mean: .nan, secondMoment: .nan, basis: .unknown, note: reason)
  }

  /// Independent standard normal elements.
  public static let standardNormal = Moments(
    mean: 0, secondMoment: 1, law: .gaussian, basis: .closedForm)

  /// Elements that all equal `value`.
  public static func constant(_ value: Double) -> Moments {
    Moments(
      mean: value, secondMoment: value * value, sampleCorrelation: 1, positionCorrelation: 1,
      law: .constant, basis: .closedForm)
  }

  /// Independent elements of a parameter.
  ///
  /// `isOrthogonal` says that its rows or columns are orthonormal up to a factor.
  public static func parameter(
    mean: Double, secondMoment: Double, isOrthogonal: Bool = false
  ) -> Moments {
    Moments(
      mean: mean, secondMoment: secondMoment, sampleCorrelation: 1, positionCorrelation: 1,
      law: .parameter(isOrthogonal: isOrthogonal), basis: .closedForm)
  }
}

extension Moments {
  /// What kind of random elements these are.
  public enum Law: Hashable, Sendable {
    /// Normal and independent across units once the earlier layers are given.
    case gaussian
    /// Normal, with a mean square that is known once the earlier layers are given: sums of a
    /// residual stream, and what orthogonal weights make.
    case spherical
    /// Drawn once, shared by all samples.
    case parameter(isOrthogonal: Bool)
    case constant
    case other
  }

  /// How a number was found, from the surest to none.
  public enum Basis: Int, Comparable, Hashable, Sendable {
    case closedForm, quadrature, firstOrder, unknown

    public static func < (a: Basis, b: Basis) -> Bool { a.rawValue < b.rawValue }
  }

  public var isParameter: Bool {
    if case .parameter = law { true } else { false }
  }
}
