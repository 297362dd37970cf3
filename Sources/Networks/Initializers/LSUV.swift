/// Layer-sequential unit-variance start (Mishkin and Matas 2016): weights are divided by the
/// standard deviation that a batch shows, layer by layer in forward order.
///
/// It begins from orthonormal weights. What it finds depends on the data; duplicates in the batch,
/// dead units and weights that layers share break it.
public struct LSUV: Hashable, Sendable {
  /// A layer is done when |std − 1| is at most this.
  public var tolerance: Double
  /// Passes per layer at most.
  public var tries: Int

  public init(tolerance: Double = 0.1, tries: Int = 10) {
    precondition(tolerance > 0 && tries >= 1, "a tolerance above 0 and at least one try")
    self.tolerance = tolerance
    self.tries = tries
  }

  /// What became of one layer.
  public struct Outcome: Hashable, Sendable {
    /// The standard deviation of the layer's output in the last pass.
    public let std: Double
    /// What the weights were multiplied with in all.
    public let factor: Double
    /// Whether `std` is within the tolerance.
    public let isDone: Bool
  }

  /// Scales the weights of `layerCount` layers.
  ///
  /// - Parameters:
  ///   - layerCount: The number of layers, in forward order.
  ///   - measure: Runs a batch and returns the standard deviation of the output of a layer.
  ///   - scale: Multiplies the weights of a layer by a factor.
  /// - Returns: One outcome per layer. A layer whose standard deviation is 0 or not finite cannot
  ///   be scaled and is left as it is.
  /// - Throws: What `measure` and `scale` throw.
  public func run<E: Error>(
    layerCount: Int, measure: (Int) throws(E) -> Double, scale: (Int, Double) throws(E) -> Void
  ) throws(E) -> [Outcome] {
    var outcomes: [Outcome] = []
    for layer in 0..<layerCount {
      var std = try measure(layer)
      var factor = 1.0
      var tried = 0
      while abs(std - 1) > tolerance, tried < tries, std.isFinite, std > 0 {
        try scale(layer, 1 / std)
        factor /= std
        tried += 1
        std = try measure(layer)
      }
      outcomes.append(Outcome(std: std, factor: factor, isDone: abs(std - 1) <= tolerance))
    }
    return outcomes
  }
}
