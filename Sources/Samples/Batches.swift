import Numbers
public import TensorFiles

/// Which samples each step of a training takes.
///
/// Every epoch has an order of its own, which depends on the seed and the number of the epoch alone:
/// a run can begin at any step, on any machine, with the samples that it would have had. Samples that
/// do not fill a batch are left out, others in every epoch.
public struct Batches: Sendable {
  public let sampleCount: Int
  public let batchSize: Int
  /// Whether the order is random, or that of the data.
  public let isShuffled: Bool
  private let stream: RandomStream
  private var order: [Int]
  private var epoch: Int?

  /// Batches of a set.
  ///
  /// - Throws: ``DataError`` when the set has fewer samples than a batch.
  public init(
    of dataset: Dataset, size: Int, seed: UInt64, isShuffled: Bool = true
  ) throws(DataError) {
    precondition(size > 0, "a batch has samples")
    guard size <= dataset.count else {
      throw DataError(
        .mismatch,
        "a batch would have \(size.groupedDigits) samples, and there are "
          + "\(dataset.count.groupedDigits)", cure: "choose smaller batches", file: dataset.name)
    }
    sampleCount = dataset.count
    batchSize = size
    self.isShuffled = isShuffled
    stream = RandomStream(seed: seed, name: "order of samples")
    order = [Int](0..<sampleCount)
  }

  /// Full batches in an epoch.
  public var perEpoch: Int { sampleCount / batchSize }

  /// The samples of step `step`, from 0; allocates nothing.
  ///
  /// The order is made anew when the step belongs to another epoch than the last that was asked for,
  /// so that steps are asked for in order. Let go of the slice before the next call.
  public mutating func indices(ofStep step: Int) -> ArraySlice<Int> {
    precondition(step >= 0, "steps count from 0")
    let (epoch, batch) = step.quotientAndRemainder(dividingBy: perEpoch)
    if epoch != self.epoch && isShuffled { shuffle(epoch) }
    self.epoch = epoch
    return order[batch * batchSize..<(batch + 1) * batchSize]
  }

  /// The order of ``RandomStream/permutation(of:)``, made in place.
  private mutating func shuffle(_ epoch: Int) {
    let stream = stream.substream(UInt32(truncatingIfNeeded: epoch))
    for i in order.indices { order[i] = i }
    for last in stride(from: order.count - 1, to: 0, by: -1) {
      order.swapAt(last, stream.integer(at: last, below: last + 1))
    }
  }
}
