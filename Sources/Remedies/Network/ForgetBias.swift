public import Findings
public import Networks
import RealModule

/// A forget gate that stays open for as many steps as the sequence has.
///
/// A gate σ(b) forgets with time constant −1/ln σ(b) ≈ e^b + ½, so b = ln T keeps T steps
/// (Tallec and Ollivier 2018).
public struct ForgetBias: Remedy {
  public let name = "forget_bias"
  public let answers: Set<RuleName> = [.vanishingGradient]

  public init() {}

  public func change(_ network: NetworkDescription) -> NetworkChange? {
    guard let steps = network.input.first, steps > 1, network.input.count <= 2 else { return nil }
    let bias = (10 * Double.log(Double(steps))).rounded() / 10
    let changed = network.rewritten { layer in
      guard var recurrent = layer.kind as? RecurrentLayer, recurrent.cell == .lstm,
        recurrent.forgetBias ?? 0 < bias
      else { return [layer] }
      var layer = layer
      recurrent.forgetBias = bias
      layer.kind = recurrent
      return [layer]
    }
    return NetworkChange(
      "start the forget gate's bias at ln(\(steps)) (lstm: {forget_bias: \(bias)}).",
      from: network, to: changed)
  }
}
