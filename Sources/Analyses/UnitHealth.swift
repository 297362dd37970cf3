public import Numbers
public import Tensors

/// How many units of an activation are dead or saturated.
public struct UnitHealth: Sendable {
  /// The activation's name.
  public let function: String
  /// The number of units.
  public let count: Int
  /// The share of units whose slope is 0 for every sample.
  public let deadShare: Double
  /// The share of elements whose slope is under 1 % of the greatest slope.
  public let saturatedShare: Double
  public let inputMean: Double
  public let inputDeviation: Double
  /// The mean of φ′(x)².
  public let slopeSecondMoment: Double

  /// Looks at the activation's input: `[batch, units …]`, or `[batch, channels, …]`.
  ///
  /// A unit is one element of a sample for a matrix, one channel otherwise. At most `limit`
  /// elements are looked at, whole samples first.
  public init?(of function: any ScalarFunction, input: Tensor, limit: Int = 1 << 16) {
    let extents = input.shape.extents
    guard extents.count >= 2, input.count > 0 else { return nil }
    let perSample = input.count / extents[0]
    let units = extents[1]
    let perUnit = perSample / units
    let samples = min(extents[0], max(1, limit / perSample))
    let greatest =
      stride(from: -8.0, through: 8, by: 0.125).map { abs(function.slope(at: $0)) }
      .max() ?? 1
    var isAlive = [Bool](repeating: false, count: units)
    var saturated = 0
    var (sum, squares, slopes) = (0.0, 0.0, 0.0)
    func look(_ element: (Int) -> Double) {
      for sample in 0..<samples {
        for unit in 0..<units {
          for k in 0..<perUnit {
            let x = element(sample * perSample + unit * perUnit + k)
            guard x.isFinite else { continue }
            let slope = abs(function.slope(at: x))
            if slope > 0 { isAlive[unit] = true }
            if slope < 0.01 * greatest { saturated += 1 }
            sum += x
            squares += x * x
            slopes += slope * slope
          }
        }
      }
    }
    switch input.elementType {
    case .float32:
      let elements = input.elements(as: Float.self)
      look { Double(elements[$0]) }
    case .float64:
      let elements = input.elements(as: Double.self)
      look { elements[$0] }
    case .int64, .bool: return nil
    }
    let elements = Double(samples * perSample)
    count = units
    self.function = function.name
    deadShare = Double(isAlive.count { !$0 }) / Double(units)
    saturatedShare = Self.saturates(function, greatest) ? Double(saturated) / elements : 0
    inputMean = sum / elements
    inputDeviation = max(0, squares / elements - inputMean * inputMean).squareRoot()
    slopeSecondMoment = slopes / elements
  }

  /// Whether a function is bounded and flat at both ends; one with a pole, such as 1/x, is not.
  ///
  /// One that is flat on one side only, such as relu, is switched off there, not saturated.
  private static func saturates(_ function: any ScalarFunction, _ greatest: Double) -> Bool {
    greatest.isFinite
      && [-1.0, 1].allSatisfy { side in
        abs(function.slope(at: 40 * side)) < 0.01 * greatest
          && abs(function.value(at: 1e4 * side) - function.value(at: 40 * side)) < 1
      }
  }
}
