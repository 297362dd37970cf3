public import Findings

/// Goes through the records of a run in order, reading and decoding some at a time.
///
/// Between those the file is free: a run that is still written can be followed for as long as one
/// likes, and steps that come meanwhile are given too.
public struct RunCursor {
  private let file: RunFile
  private var rest: Range<Int>
  private var page: ArraySlice<StepRecord> = []

  private static let pageLength = 256

  init(_ file: RunFile, _ steps: Range<Int>) {
    self.file = file
    rest = steps
  }

  /// The next record, or nil where there is none so far.
  ///
  /// - Throws: ``RunError`` when the file cannot be read, or a record is damaged.
  public mutating func next() throws(RunError) -> StepRecord? {
    if page.isEmpty, !rest.isEmpty {
      page = try file.page(of: rest, limit: Self.pageLength)[...]
      if let last = page.last { rest = min(last.step &+ 1, rest.upperBound)..<rest.upperBound }
    }
    return page.popFirst()
  }
}
