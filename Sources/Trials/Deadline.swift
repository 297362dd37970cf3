/// A moment after which nothing more is begun.
public struct Deadline: Sendable {
  private let end: ContinuousClock.Instant?

  /// - Parameter time: from now on; nil for no end.
  public init(after time: Duration?) { end = time.map { ContinuousClock.now + $0 } }

  /// Never.
  public static let never = Deadline(after: nil)

  public var isOver: Bool { end.map { ContinuousClock.now >= $0 } ?? false }
}
