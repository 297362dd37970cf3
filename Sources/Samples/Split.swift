import Numbers
public import TensorFiles
import Tensors

extension Dataset {
  /// Divides the samples at random into a part to train on and one to validate with.
  ///
  /// Which sample goes where depends on the seed and the number of samples alone; in both parts they
  /// stand in the order of the data.
  ///
  /// - Parameters:
  ///   - share: the share of samples to validate with, between 0 and 1; rounded to whole samples.
  ///   - seed: another seed gives another division.
  ///   - isStratified: whether every class is divided in this share, as nearly as whole samples allow.
  /// - Returns: both parts, in memory of their own.
  /// - Throws: ``DataError`` when a part would be empty, or when samples to be stratified do not have
  ///   one class each.
  public func split(
    validation share: Double, seed: UInt64, isStratified: Bool = false
  ) throws(DataError) -> (training: Dataset, validation: Dataset) {
    let wanted = share > 0 && share < 1 ? Int((share * Double(count)).rounded()) : 0
    guard wanted > 0, wanted < count else {
      throw DataError(
        .invalidValue,
        "a share of \(share) of \(count.groupedDigits) samples leaves a part empty",
        cure: "choose a share between 0 and 1 that gives both parts samples", file: name)
    }
    let stream = RandomStream(seed: seed, name: "division of samples")
    var isChosen = [Bool](repeating: false, count: count)
    if isStratified {
      let groups = try samplesOfClasses()
      let quotas = Self.apportion(wanted, among: groups.map(\.count))
      for (number, (group, quota)) in zip(groups, quotas).enumerated() {
        let order = stream.substream(UInt32(number)).permutation(of: group.count)
        for place in order.prefix(quota) { isChosen[group[place]] = true }
      }
    } else {
      for index in stream.permutation(of: count).prefix(wanted) { isChosen[index] = true }
    }
    return (
      samples(at: (0..<count).filter { !isChosen[$0] }),
      samples(at: (0..<count).filter { isChosen[$0] })
    )
  }

  private func samplesOfClasses() throws(DataError) -> [[Int]] {
    guard case .classes(let labels, let names) = targets, labels.count == count else {
      throw DataError(
        .mismatch, "samples without one class each cannot be divided by class",
        cure: "leave out the stratification", file: name)
    }
    let numbers = labels.elements(as: Int64.self)
    var groups = [[Int]](repeating: [], count: names.count)
    for i in 0..<count { groups[Int(numbers[i])].append(i) }
    return groups
  }

  /// `total` divided in proportion to `sizes`: whole parts first, then the largest remainders.
  static func apportion(_ total: Int, among sizes: [Int]) -> [Int] {
    let sum = sizes.reduce(0, +)
    var parts = sizes.map { $0 * total / sum }
    let remainders = sizes.map { $0 * total % sum }
    let byRemainder = sizes.indices.sorted {
      (remainders[$1], $0) < (remainders[$0], $1)
    }
    for index in byRemainder.prefix(total - parts.reduce(0, +)) { parts[index] += 1 }
    return parts
  }
}
