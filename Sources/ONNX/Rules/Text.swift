import Operators
import Semantics
import Tensors

extension OperatorRules {
  /// What counts tokens that are numbers; strings are not computed with.
  static let text: [String: Rule] = ["TfIdfVectorizer": one(countedGrams)]

  /// How often runs of numbers, some places apart, are found in every row, or whether at all, times
  /// weights.
  private static func countedGrams(_ context: NodeContext) throws -> Operand {
    let (builder, x) = (context.builder, try context.input(0))
    guard !context.hasAttribute("pool_strings"), x.kind == .integer else {
      throw ModelError.unsupported("strings are not computed with")
    }
    guard x.rank == 1 || x.rank == 2, let pool = try context.wideIntegers("pool_int64s"),
      let starts = try context.integers("ngram_counts"),
      let places = try context.integers("ngram_indexes"), let last = places.max(),
      places.allSatisfy({ $0 >= 0 }), starts.allSatisfy({ (0...pool.count).contains($0) }),
      zip(starts, starts.dropFirst()).allSatisfy({ $0 <= $1 })
    else { throw ModelError.invalid("pool_int64s, ngram_counts and ngram_indexes do not fit") }
    let mode = try context.text("mode", default: "")
    let shortest = try context.integer("min_gram_length")
    let lengths = shortest...max(shortest, try context.integer("max_gram_length"))
    let skips = try context.integer("max_skip_count")
    guard ["TF", "IDF", "TFIDF"].contains(mode), lengths.lowerBound > 0, skips >= 0,
      skips <= 1 << 16
    else { throw ModelError.invalid("mode, lengths or skips are out of range") }
    guard last < 1 << 24 else {
      throw ModelError(
        .limitExceeded, "counts at \(last) places", cure: "use at most 2^24 places")
    }
    let width = last + 1
    let rows = try builder.reshape(
      builder.cast(x, to: .int64), x.rank == 1 ? [1, x.count] : x.shape.extents)
    var counts = try builder.expand(builder.scalar(0), [rows.shape[0], width])
    var first = 0
    for (place, start) in starts.enumerated() {
      let length = place + 1
      let end = place + 1 < starts.count ? starts[place + 1] : pool.count
      let number = (end - start) / length
      guard first + number <= places.count else {
        throw ModelError.invalid("ngram_indexes has fewer places than there are runs")
      }
      defer { first += number }
      guard number > 0, lengths.contains(length) else { continue }
      let found = try builder.occurrences(
        of: Array(pool[start..<start + number * length]), length: length, in: rows,
        distances: 1...(length == 1 ? 1 : skips + 1))
      guard let found else { continue }
      counts = try builder.add(
        counts, builder.moved(found, to: Array(places[first..<first + number]), width: width))
    }
    if mode == "IDF" {
      counts = try builder.cast(
        builder.apply(Greater(), counts, builder.scalar(0), as: .bool), to: .float)
    }
    if mode != "TF", let weights = context.reals("weights"), !weights.isEmpty {
      guard weights.count == width else {
        throw ModelError.invalid("\(weights.count) weights do not fit \(width) places")
      }
      counts = try builder.multiply(counts, builder.constant(weights))
    }
    return try builder.reshape(counts, x.rank == 1 ? [width] : [x.shape[0], width])
  }
}

extension Builder {
  /// How often each run of one length is found in every row, as reals [rows, runs]; nil where rows
  /// are too short for any.
  fileprivate func occurrences(
    of grams: [Int], length: Int, in rows: Operand, distances: ClosedRange<Int>
  ) throws -> Operand? {
    let number = grams.count / length
    var sum: Operand?
    for distance in distances {
      let windows = rows.shape[1] - (length - 1) * distance
      guard windows > 0 else { break }
      var isFound: Operand?
      for item in 0..<length {
        let tokens = try unsqueeze(
          slice(rows, axis: 1, from: item * distance, to: item * distance + windows), [1])
        let wanted = integers(
          (0..<number).map { grams[$0 * length + item] }, shape: [1, number, 1])
        let isEqual = try apply(Equal(), tokens, wanted, as: .bool)
        isFound = try isFound.map { try apply(And(), $0, isEqual, as: .bool) } ?? isEqual
      }
      guard let isFound else { continue }
      let count = try self.sum(cast(isFound, to: .float), [2], keepsAxes: false)
      sum = try sum.map { try add($0, count) } ?? count
    }
    return sum
  }

  /// The columns of `x` at other places of rows of a width; those that share a place are added.
  fileprivate func moved(_ x: Operand, to places: [Int], width: Int) throws -> Operand {
    let zeros = try expand(scalar(0), [x.shape[0], 1])
    let padded = try concat([x, zeros], axis: 1)
    // For every place a column, or that of zeros; a further list where columns share a place.
    var lists: [[Int]] = []
    for (column, place) in places.enumerated() {
      let free = lists.firstIndex { $0[place] == places.count }
      if free == nil {
        guard lists.count < 64 else {
          throw ModelError.unsupported("more than 64 runs that count at one place")
        }
        lists.append([Int](repeating: places.count, count: width))
      }
      lists[free ?? lists.count - 1][place] = column
    }
    let parts = try lists.map { try gather(padded, axis: 1, integers($0)) }
    return try parts.dropFirst().reduce(parts[0]) { try add($0, $1) }
  }
}
