import Numbers
import Samples
import Tensors

/// What the nearest other samples tell of a sample's target: the commonest of their classes, or the mean of
/// their numbers.
///
/// Every sample in turn is left out (Stone, 1974). Features are divided by their deviations.
struct NearestNeighbours {
  /// The share of right classes; or that of the targets' variance which is explained, which may be below 0.
  let score: Double
  /// The share of the commonest class; 0 without classes.
  let constant: Double
  /// Samples that were asked.
  let samples: Int

  private static let neighbours = 9
  private static let mostSamples = 800
  /// Multiplications that are worth the answer.
  private static let mostWork = 400_000_000

  /// - Returns: nil where a sample has several labels.
  init?(_ data: Dataset) {
    guard let scale = try? Standardization(of: data, scope: .feature),
      let scaled = try? scale(data)
    else { return nil }
    let width = data.features.count / data.count
    let affordable = Int((Double(Self.mostWork) / Double(width)).squareRoot())
    let most = max(20, min(Self.mostSamples, affordable))
    let step = max(1, data.count / most)
    let rows = Array(stride(from: 0, to: data.count, by: step))
    let features = scaled.features.elements(as: Float.self)
    let points = rows.map { row in (0..<width).map { features[row * width + $0] } }
    var near: [[Int]] = []
    for (i, a) in points.enumerated() {
      var best: [(distance: Float, place: Int)] = []
      for (j, b) in points.enumerated() where j != i {
        var distance: Float = 0
        for k in 0..<width {
          let difference = a[k] - b[k]
          distance += difference * difference
        }
        guard best.count < Self.neighbours || distance < best[best.count - 1].distance else {
          continue
        }
        let place = best.firstIndex { distance < $0.distance } ?? best.count
        best.insert((distance, j), at: place)
        if best.count > Self.neighbours { best.removeLast() }
      }
      near.append(best.map(\.place))
    }
    samples = rows.count
    switch data.targets {
    case .classes(let labels, let names):
      guard labels.count == data.count else { return nil }
      let all = labels.elements(as: Int64.self)
      let own = rows.map { Int(all[$0]) }
      var counts = [Int](repeating: 0, count: names.count)
      for label in own { counts[label] += 1 }
      constant = Double(counts.max() ?? 0) / Double(own.count)
      var right = 0
      for (i, places) in near.enumerated() {
        var votes = [Int](repeating: 0, count: names.count)
        for place in places { votes[own[place]] += 1 }
        let most = votes.max() ?? 0
        if votes[own[i]] == most, votes.count(where: { $0 == most }) == 1 { right += 1 }
      }
      score = Double(right) / Double(own.count)
    case .reals(let targets):
      let all = targets.elements(as: Float.self)
      let columns = targets.count / data.count
      var (error, variance) = (0.0, 0.0)
      for column in 0..<columns {
        let own = rows.map { Double(all[$0 * columns + column]) }
        let mean = own.reduce(0, +) / Double(own.count)
        for (i, places) in near.enumerated() {
          let guess = places.reduce(0) { $0 + own[$1] } / Double(max(1, places.count))
          error += (guess - own[i]) * (guess - own[i])
          variance += (mean - own[i]) * (mean - own[i])
        }
      }
      constant = 0
      score = variance > 0 ? 1 - error / variance : 0
    }
  }
}
