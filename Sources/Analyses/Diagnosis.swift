public import Findings
public import Numbers
public import Semantics
public import Tensors

/// Everything that rules look at, gathered once.
public struct Diagnosis: Sendable {
  public let layers: [LayerState]
  public let thresholds: Thresholds
  public let format: NumberFormat
  /// What results of layers are rounded to: the format that a model is stored in, where that is
  /// narrower than ``format`` and one for all.
  public let computing: NumberFormat
  /// What the network is to be used for.
  public let purpose: Purpose
  /// Whether weights are those of a start, whose sizes theory tells, and not learnt ones.
  public let isStart: Bool
  /// Whether the model shows that it was trained.
  public let isTrained: Bool
  /// Mean factor by which each operator type multiplies a second moment, forward and backward.
  public let forwardFactors: [Factor]
  public let backwardFactors: [Factor]
  /// Static hazards in the number format, for operands in their natural range.
  public let hazards: [PlacedHazard]
  /// The first value, in order of execution, that holds something non-finite.
  public let failure: Failure?
  /// A sum that left the format, although no result or gradient was harmed.
  public let harmless: Failure?
  /// Factors that start at 0, where something stands still until their first update.
  public let zeroStart: ZeroStart?
  /// The second moment of the gradient that those of layers are measured by.
  public let gradientScale: Double

  public init(
    layers: [LayerState], thresholds: Thresholds, format: NumberFormat,
    computing: NumberFormat? = nil, purpose: Purpose = .training, isStart: Bool = true,
    isTrained: Bool = false,
    forwardFactors: [Factor],
    backwardFactors: [Factor], hazards: [PlacedHazard], failure: Failure?,
    harmless: Failure? = nil, zeroStart: ZeroStart? = nil, gradientScale: Double = 1
  ) {
    self.purpose = purpose
    (self.isStart, self.isTrained) = (isStart, isTrained)
    self.harmless = harmless
    self.zeroStart = zeroStart
    self.gradientScale = gradientScale
    self.layers = layers
    self.thresholds = thresholds
    self.format = format
    self.computing = computing ?? format
    self.forwardFactors = forwardFactors
    self.backwardFactors = backwardFactors
    self.hazards = hazards
    self.failure = failure
  }
}

extension Diagnosis {
  /// Second moments of activations that are healthy.
  ///
  /// A start that is to be trained keeps the band of the theory. What was learnt, and what is only run
  /// forward, needs to stay a factor of ten from the ends of the format, unless a band is asked for.
  var activationRange: ClosedRange<Double> {
    guard thresholds.healthy == Thresholds().healthy, purpose == .inference || !isStart else {
      return thresholds.healthy
    }
    let (least, greatest) = (format.leastNormal * 10, format.greatest / 10)
    return least * least...greatest * greatest
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
  /// How much the loss answers to relative changes of the weights; nil without any.
  public let felt: Double?
  /// The second moment of what the last weighted operation gives, for the layer that the output is of.
  public let head: Double?
  /// The gradient there, for the same layer.
  public let headGradient: HeadGradient?
  public let units: UnitHealth?
  /// For a recurrent layer, the states of the time steps.
  public let steps: [StepState]
  /// The operators between this layer and the next that multiply a second moment most.
  public let gradientRise: OperatorStep?
  public let gradientFall: OperatorStep?
  public let activationRise: OperatorStep?
  public let activationFall: OperatorStep?

  public init(
    index: Int, name: String, operators: [String], activation: TensorState, gradient: TensorState,
    weightGradient: Summary?, felt: Double? = nil, head: Double? = nil,
    headGradient: HeadGradient? = nil, units: UnitHealth?,
    steps: [StepState] = [],
    gradientRise: OperatorStep? = nil, gradientFall: OperatorStep? = nil,
    activationRise: OperatorStep? = nil, activationFall: OperatorStep? = nil
  ) {
    self.felt = felt
    self.head = head
    self.headGradient = headGradient
    self.gradientRise = gradientRise
    self.gradientFall = gradientFall
    self.activationRise = activationRise
    self.activationFall = activationFall
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

/// The gradient of what the last weighted operation gives.
public struct HeadGradient: Hashable, Sendable {
  /// Its second moment, relative to that of the output's gradient.
  public let ratio: Double
  /// Its greatest magnitude.
  public let greatest: Double
  /// The operator that raises it most on the way from the output.
  public let step: OperatorStep?

  public init(ratio: Double, greatest: Double, step: OperatorStep?) {
    (self.ratio, self.greatest, self.step) = (ratio, greatest, step)
  }
}

/// An operator between two layers, and what it multiplied a second moment by.
public struct OperatorStep: Hashable, Sendable {
  /// Its operator type and name in the words of the model.
  public let name: String
  /// The layer that it belongs to.
  public let layer: String?
  public let factor: Double

  public init(name: String, layer: String?, factor: Double) {
    self.name = name
    self.layer = layer
    self.factor = factor
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
  /// The second moment once factors that start at 0 have moved; nil where none does.
  public let moved: Double?

  public init(
    predicted: Moments, band: ClosedRange<Double>, measured: Summary?, secondMoments: [Double],
    moved: Double? = nil
  ) {
    self.moved = moved
    self.predicted = predicted
    self.band = band
    self.measured = measured
    self.secondMoments = secondMoments
  }

  /// The measured second moment where there is a usable one, else the predicted one.
  ///
  /// What is exactly 0 because a factor starts at 0 is read after the factor's first update.
  /// A measurement that has underflowed to 0, or holds non-finite elements, says less than the
  /// prediction does.
  public var bestSecondMoment: Double? {
    if let measured, measured.nonFinite == 0, measured.secondMoment > 0 {
      return measured.secondMoment
    }
    if let moved, moved > 0, measured?.secondMoment == 0 { return moved }
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
  /// What else is to be said of it, as a sentence.
  public let remark: String?

  public init(
    layer: String?, value: String, operatorName: String, element: Int, count: Int,
    isBackward: Bool, cause: Cause, node: Int? = nil,
    remark: String? = nil
  ) {
    self.layer = layer
    self.value = value
    self.operatorName = operatorName
    self.element = element
    self.count = count
    self.isBackward = isBackward
    self.cause = cause
    self.node = node
    self.remark = remark
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
      DomainRule(), ZeroStartRule(), GradientStepRule(),
    ]
  }
}
