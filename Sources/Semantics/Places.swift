import RealModule

/// How the mean square differs between places: borders of padded images, first steps of a sequence.
extension Moments {
  /// The profile of `a + b`, `cross` being what their means add to the second moment.
  static func places(ofSum a: Moments, _ b: Moments, cross: Double) -> [Double] {
    guard !a.places.isEmpty || !b.places.isEmpty else { return [] }
    let count = max(a.places.count, b.places.count)
    guard [0, count].contains(a.places.count), [0, count].contains(b.places.count) else {
      return []
    }
    let total = a.secondMoment + b.secondMoment + cross
    return (0..<count).map { place in
      let (p, q) = (
        a.places.isEmpty ? 1 : a.places[place], b.places.isEmpty ? 1 : b.places[place]
      )
      return (a.secondMoment * p + b.secondMoment * q + cross * (p * q).squareRoot()) / total
    }
  }

  /// Multiplies profiles of factors, and the second moment by their covariance.
  mutating func multiplyPlaces(_ a: [Double], _ b: [Double]) {
    if a.isEmpty || b.isEmpty || a.count != b.count {
      places = a.isEmpty ? b : b.isEmpty ? a : []
      return
    }
    setPlaces(zip(a, b).map { $0 * $1 })
  }

  /// Takes mean squares relative to the second moment; their mean goes into that.
  public mutating func setPlaces(_ relative: [Double]) {
    let mean = relative.reduce(0, +) / Double(max(1, relative.count))
    guard mean > 0, mean.isFinite, relative.allSatisfy(\.isFinite) else {
      places = []
      return
    }
    secondMoment *= mean
    let isFlat = relative.allSatisfy { abs($0 / mean - 1) < 1e-9 }
    places = isFlat ? [] : relative.map { $0 / mean }
  }

  /// The relative error of rules that take positions as alike, where these differ: the
  /// deviation of their mean squares, at most 1.
  ///
  /// Averages of ever more positions, as a causal mask makes them, differ in size and correlate the
  /// more the nearer they are, of which one number tells little.
  public var errorOfPlaces: Double {
    guard places.count > 1 else { return 0 }
    let variance = places.reduce(0) { $0 + ($1 - 1) * ($1 - 1) } / Double(places.count)
    return min(1, variance.squareRoot())
  }

  /// `response` to the logarithm of each number; equal ones are asked once.
  static func responses(to places: [Double], _ response: (Double) -> Double) -> [Double] {
    var known: [Double: Double] = [:]
    return places.map { place in
      let key = Double.log(max(place, 1e-30))
      // Places that differ by less than a part in a thousand are alike.
      let step = (key * 1024).rounded() / 1024
      if let value = known[step] { return value }
      let value = response(step)
      known[step] = value
      return value
    }
  }
}
