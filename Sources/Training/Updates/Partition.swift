/// How the elements of all parameters are cut into pieces, and the pieces into parts for threads.
///
/// Where pieces begin depends on extents alone. What a part finds out about a parameter goes to a slot
/// that the pieces of the parameter in this part share, a run; the first runs are the parameters
/// themselves, and others are merged into them in order.
struct Partition {
  struct Piece {
    let parameter: Int
    let range: Range<Int>
    var run = 0
  }

  let pieces: [Piece]
  /// The pieces of each part.
  let cuts: [Range<Int>]
  /// In the order of elements.
  let merges: [(run: Int, parameter: Int)]
  let runCount: Int

  /// Elements of a piece: a few such arrays lie in the first cache.
  static let pieceCount = 2048
  static let mostParts = 16
  /// Elements that are worth more than one part.
  private static let leastShared = 8192

  /// - Parameters:
  ///   - counts: the elements of each parameter.
  ///   - units: elements in a row that are not divided, for each parameter.
  init(counts: [Int], units: [Int]? = nil) {
    var pieces: [Piece] = []
    for (parameter, count) in counts.enumerated() {
      let unit = max(1, units?[parameter] ?? 1)
      let size = max(Self.pieceCount / unit, 1) * unit
      for start in stride(from: 0, to: count, by: size) {
        pieces.append(Piece(parameter: parameter, range: start..<min(count, start + size)))
      }
    }
    // Parts of nearly equal numbers of elements, since pieces differ.
    let total = pieces.reduce(0) { $0 + $1.range.count }
    let parts = total < Self.leastShared ? min(1, pieces.count) : min(Self.mostParts, pieces.count)
    var starts: [Int] = []
    var before = 0
    for (index, piece) in pieces.enumerated() {
      while starts.count < parts, before >= total * starts.count / parts { starts.append(index) }
      before += piece.range.count
    }
    while starts.count < parts { starts.append(pieces.count) }
    cuts = starts.indices.map {
      starts[$0]..<($0 + 1 < starts.count ? starts[$0 + 1] : pieces.count)
    }
    var merges: [(run: Int, parameter: Int)] = []
    var hasRun = Set<Int>()
    var run = counts.count
    for cut in cuts {
      for (previous, index) in zip([nil] + cut.map(Optional.some), cut) {
        let parameter = pieces[index].parameter
        if let previous, pieces[previous].parameter == parameter {
          pieces[index].run = pieces[previous].run
        } else if hasRun.insert(parameter).inserted {
          pieces[index].run = parameter
        } else {
          pieces[index].run = run
          merges.append((run, parameter))
          run += 1
        }
      }
    }
    self.pieces = pieces
    self.merges = merges
    runCount = run
  }
}
