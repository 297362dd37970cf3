import Findings
import Networks
import Numbers
import RealModule
import Semantics
import Tensors
import Training
import Trials
import Watching

/// How a network begins: its signals in the first step, and how its weights compare with what its
/// activations ask for.
struct StartState {
  /// Layers with weights.
  let depth: Int
  /// Powers of ten that the second moment of activations changes by from the first hidden layer to the
  /// last.
  let activationPowers: Double
  /// The same of cotangents, from the last hidden layer to the first.
  let gradientPowers: Double
  /// Whether some layer hands on nothing but zeros, or something that is not finite.
  let isBroken: Bool
  /// Root mean squares of weights over those of the standard start, the geometric mean of hidden layers.
  let scale: Double
  /// The spectral radius that recurrent weights start with, in the wide limit; 1 where there are none.
  let recurrentScale: Double
  /// Whether weights of a layer are all alike, so that its units can never differ.
  let isSymmetric: Bool
  /// The greatest root mean square of biases as they start.
  let biasScale: Double
  /// The greatest share of a layer's activations in flat parts.
  let saturatedShare: Double
  /// Activations that no usual start suits: mean far from 0, or slopes far from 1.
  let awkward: [String]
  let hasNorms: Bool
  let hasResiduals: Bool
  /// Units or channels of the narrowest hidden layer; nil without hidden layers.
  let narrowestWidth: Int?

  /// Second moments that a stack of layers may change by without harm, in powers of ten.
  private static let harmless = 3.0

  init(_ network: LoweredNetwork, _ description: NetworkDescription, _ first: StepRecord?) {
    let layers = first?.layers ?? []
    let hidden = layers.dropLast()
    depth = network.layers.count
    narrowestWidth = WatchSubject.width(of: network)
    func powers(_ from: Double?, _ to: Double?) -> Double {
      guard let from, let to, from > 0, to > 0, from.isFinite, to.isFinite else { return 0 }
      return Double.log10(to / from)
    }
    let activations = hidden.map(\.activation.secondMoment)
    let gradients = hidden.compactMap { $0.gradient?.secondMoment }
    activationPowers = powers(activations.first, activations.last)
    gradientPowers = powers(gradients.last, gradients.first)
    isBroken =
      hidden.contains { layer in
        layer.activation.nonFiniteCount > 0 || layer.activation.secondMoment == 0
          || (layer.gradient?.nonFiniteCount ?? 0) > 0 || layer.gradient?.secondMoment == 0
      }
    saturatedShare = hidden.compactMap(\.saturatedShare).max() ?? 0
    var found = Shape()
    found.look(at: description.layers)
    awkward = found.activations.filter { Self.awkwardNames.contains($0) }
    (hasNorms, hasResiduals) = (found.hasNorms, found.hasResiduals)
    let isRectified = found.activations.contains { $0.contains("relu") }
    let starts = network.parameters.filter { $0.target.role == .weight }
    let ratios = starts.dropLast(starts.count > 1 ? 1 : 0).map { parameter in
      let target = parameter.target
      let usual =
        isRectified ? 2 / target.fanIn : 2 / (target.fanIn + target.fanOut)
      return (parameter.moments.secondMoment / usual).squareRoot()
    }
    let positive = ratios.filter { $0 > 0 && $0.isFinite }
    scale =
      ratios.contains(0)
      ? 0
      : positive.isEmpty
        ? 1 : Double.exp(positive.map { Double.log($0) }.reduce(0, +) / Double(positive.count))
    recurrentScale =
      network.parameters.filter { $0.target.role == .recurrent }
      .map { parameter in
        // Elements of variance r²/n, n of them to a unit.
        (parameter.moments.secondMoment * Double(parameter.shape.extents.last ?? 1)).squareRoot()
      }.max { abs(Double.log($0)) < abs(Double.log($1)) } ?? 1
    isSymmetric = starts.contains { parameter in
      let moments = parameter.moments
      let variance = moments.secondMoment - moments.mean * moments.mean
      return variance <= 1e-12 * moments.secondMoment
    }
    biasScale =
      network.parameters.filter { $0.target.role == .bias }
      .map { $0.moments.secondMoment.squareRoot() }.max() ?? 0
  }

  private static let awkwardNames: Set<String> = [
    "sigmoid", "hard_sigmoid", "exponential", "softplus", "softmax",
  ]

  /// What a description holds, with all that it contains.
  private struct Shape {
    var activations: [String] = []
    var hasNorms = false
    var hasResiduals = false

    mutating func look(at layers: [LayerDescription]) {
      for layer in layers {
        switch layer.kind {
        case let activation as ActivationLayer: activations.append(activation.name)
        case is NormalizationLayer: hasNorms = true
        case let residual as ResidualLayer:
          hasResiduals = true
          if residual.norm != nil { hasNorms = true }
        default: break
        }
        if let container = layer.kind as? any ContainerLayer { look(at: container.layers) }
      }
    }
  }

  /// Whether signals grow, shrink or break off over depth before anything was learned.
  var isUnbalanced: Bool {
    isBroken || abs(activationPowers) > Self.harmless || abs(gradientPowers) > Self.harmless
  }

  /// Whether weights start at another scale than the activations ask for, by so much that it tells over
  /// the depth of the network.
  var isOffScale: Bool {
    guard scale > 0, (0.5...1.6).contains(recurrentScale) else { return true }
    let off = 2 * abs(Double.log10(scale))
    // No start suits an awkward activation, so that only a plain mistake counts.
    return awkward.isEmpty ? off * Double(depth) > 2 && off > 0.2 : off > 2 * Double.log10(2.5)
  }
}
