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
  /// A unit is one element of a sample for a matrix, one channel otherwise. About `limit` elements
  /// are looked at, whole samples first and then places that lie evenly; a unit that seems dead is
  /// looked at whole.
  public init?(of function: any ScalarFunction, input: Tensor, limit: Int = 1 << 15) {
    switch input.elementType {
    case .float32:
      let elements = input.elements(as: Float.self)
      self.init(of: function, input.shape, limit) { Double(elements[$0]) }
    case .float64:
      let elements = input.elements(as: Double.self)
      self.init(of: function, input.shape, limit) { elements[$0] }
    case .int64, .bool: return nil
    }
  }

  private init?(
    of function: any ScalarFunction, _ shape: Shape, _ limit: Int, element: (Int) -> Double
  ) {
    guard shape.rank >= 2, shape.count > 0 else { return nil }
    let perSample = shape.count / shape[0]
    let units = shape[1]
    let perUnit = perSample / units
    let samples = min(shape[0], max(1, limit / perSample))
    // Odd, so that an image is not looked at in some of its columns alone.
    let step = max(1, samples * perSample / limit) | 1
    let greatest =
      stride(from: -8.0, through: 8, by: 0.125).map { abs(function.slope(at: $0)) }
      .max() ?? 1
    var isAlive = [Bool](repeating: false, count: units)
    var (saturated, seen) = (0, 0)
    var (sum, squares, slopes) = (0.0, 0.0, 0.0)
    for sample in 0..<samples {
      for unit in 0..<units {
        let start = sample * perSample + unit * perUnit
        for place in stride(from: start, to: start + perUnit, by: step) {
          seen += 1
          let x = element(place)
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
    for unit in 0..<units where step > 1 && !isAlive[unit] {
      isAlive[unit] = (0..<samples).contains { sample in
        let start = sample * perSample + unit * perUnit
        return (start..<start + perUnit).contains { place in
          let x = element(place)
          return x.isFinite && function.slope(at: x) != 0
        }
      }
    }
    count = units
    self.function = function.name
    deadShare = Double(isAlive.count { !$0 }) / Double(units)
    let elements = Double(seen)
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
