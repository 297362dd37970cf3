public import Findings
public import Numbers
public import Semantics
public import Tensors

/// Everything that rules look at, gathered once.
public struct Diagnosis: Sendable {
  public let layers: [LayerState]
  public let thresholds: Thresholds
  public let format: NumberFormat
  /// Mean factor by which each operator type multiplies a second moment, forward and backward.
  public let forwardFactors: [Factor]
  public let backwardFactors: [Factor]
  /// Static hazards in the number format, for operands in their natural range.
  public let hazards: [PlacedHazard]
  /// The first value, in order of execution, that holds something non-finite.
  public let failure: Failure?

  public init(
    layers: [LayerState], thresholds: Thresholds, format: NumberFormat, forwardFactors: [Factor],
    backwardFactors: [Factor], hazards: [PlacedHazard], failure: Failure?
  ) {
    self.layers = layers
    self.thresholds = thresholds
    self.format = format
    self.forwardFactors = forwardFactors
    self.backwardFactors = backwardFactors
    self.hazards = hazards
    self.failure = failure
  }
}

/// One layer, as predicted and measured.
public struct LayerState: Sendable {
  public let index: Int
  public let name: String
  public let operators: [String]
  public let activation: TensorState
  public let gradient: TensorState
  public let weightGradient: Summary?
  public let units: UnitHealth?
  /// For a recurrent layer, the states of the time steps.
  public let steps: [StepState]

  public init(
    index: Int, name: String, operators: [String], activation: TensorState, gradient: TensorState,
    weightGradient: Summary?, units: UnitHealth?, steps: [StepState] = []
  ) {
    self.index = index
    self.name = name
    self.operators = operators
    self.activation = activation
    self.gradient = gradient
    self.weightGradient = weightGradient
    self.units = units
    self.steps = steps
  }
}

/// The state of a recurrent layer after one time step.
public struct StepState: Sendable {
  public let activation: TensorState
  public let gradient: TensorState

  public init(activation: TensorState, gradient: TensorState) {
    self.activation = activation
    self.gradient = gradient
  }
}

/// A tensor as predicted and measured.
public struct TensorState: Sendable {
  public let predicted: Moments
  public let band: ClosedRange<Double>
  /// The summary of the first draw.
  public let measured: Summary?
  /// Second moments of every draw, the first included, in the order of the draws.
  public let secondMoments: [Double]

  public init(
    predicted: Moments, band: ClosedRange<Double>, measured: Summary?, secondMoments: [Double]
  ) {
    self.predicted = predicted
    self.band = band
    self.measured = measured
    self.secondMoments = secondMoments
  }

  /// The measured second moment where there is a usable one, else the predicted one.
  ///
  /// A measurement that has underflowed to 0, or holds non-finite elements, says less than the
  /// prediction does.
  public var bestSecondMoment: Double? {
    if let measured, measured.nonFinite == 0, measured.secondMoment > 0 {
      return measured.secondMoment
    }
    if predicted.basis != .unknown { return predicted.secondMoment }
    return measured?.secondMoment
  }
}

/// The mean effect of one operator type on the second moment that passes through it.
public struct Factor: Hashable, Sendable {
  /// The operator's type, or the activation's name.
  public let name: String
  public let value: Double
  /// How many nodes it was averaged over, geometrically.
  public let count: Int

  public init(name: String, value: Double, count: Int) {
    self.name = name
    self.value = value
    self.count = count
  }
}

/// A hazard with the node that has it.
public struct PlacedHazard: Sendable {
  public let layer: String
  /// The operator's type in the words of the model.
  public let operatorName: String
  /// The node's name in the words of the model.
  public let node: String
  /// Whether it is the node's gradient that fails.
  public let isBackward: Bool
  public let hazard: Hazard
  /// The operator that overflowed before, so that this one met an infinity.
  public let origin: String?
  /// The operands of an element that failed, where the operator works element by element.
  public let operands: [Double]
  /// What free values held when it failed: their names, with the least and the greatest number.
  public let witness: [(name: String, numbers: Interval)]
  /// The numbers of the forward nodes that fail alike, of which the first was seen to.
  public var nodes: [Int]
  /// The forward node's place in order of execution.
  let order: Int

  public init(
    layer: String, operatorName: String, node: String, isBackward: Bool, hazard: Hazard,
    origin: String? = nil, operands: [Double] = [],
    witness: [(name: String, numbers: Interval)] = [], nodes: [Int] = [],
    order: Int = 0
  ) {
    self.layer = layer
    self.operatorName = operatorName
    self.node = node
    self.isBackward = isBackward
    self.hazard = hazard
    self.origin = origin
    self.operands = operands
    self.witness = witness
    self.nodes = nodes
    self.order = order
  }
}

/// The first non-finite value and why it is so.
public struct Failure: Sendable {
  public let layer: String?
  /// The value's name.
  public let value: String
  public let operatorName: String
  public let element: Int
  public let count: Int
  public let isBackward: Bool
  public let cause: Cause
  /// The number of the forward node that gave it, or whose gradient did.
  public let node: Int?

  public init(
    layer: String?, value: String, operatorName: String, element: Int, count: Int,
    isBackward: Bool, cause: Cause, node: Int? = nil
  ) {
    self.layer = layer
    self.value = value
    self.operatorName = operatorName
    self.element = element
    self.count = count
    self.isBackward = isBackward
    self.cause = cause
    self.node = node
  }
}

/// A judgement over a diagnosis: one rule, one file.
public protocol Rule: Sendable {
  func findings(in diagnosis: Diagnosis) -> [Finding]
}

extension Rule where Self == GradientRule {
  /// Every rule of a check, in the order in which findings are told.
  public static var all: [any Rule] {
    [
      NonFiniteRule(), GradientRule(), ActivationRule(), TimeRule(), FormatRangeRule(), UnitsRule(),
      DomainRule(),
    ]
  }
}
