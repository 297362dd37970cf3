import Tensors

/// What a model may ask for; beyond it the model is refused before memory is taken.
enum Limits {
  /// Depth of nested subgraphs and functions.
  static let depth = 64
  /// Nodes that unrolled loops may make.
  static let nodes = 2_000_000
  /// Axes of a tensor.
  static let rank = 16
  /// Elements of all constants together that importing computes.
  static let folded = 1 << 28

  /// The greatest size, place or count of a model, and with a minus sign the least.
  ///
  /// Sums and products of two such numbers are integers that fit.
  static let integer = 1 << 31
  /// Places that tables of a rule may list together, as of windows and their taps.
  static let places = 1 << 26

  /// Throws where a number is beyond ``integer``, so that whatever is computed of it fits.
  static func integers(_ numbers: [Int], of owner: @autoclosure () -> String) throws -> [Int] {
    if let number = numbers.first(where: { !(-integer...integer).contains($0) }) {
      throw ModelError(
        .limitExceeded, "\(owner()) is \(number)",
        cure: "sizes and places go up to 2^31; check the exporter")
    }
    return numbers
  }

  /// Throws where lists of the product of `counts` numbers need more memory than there may be.
  ///
  /// Whoever makes a list as long as a file says asks first. The list is of integers or doubles, and
  /// is copied into a tensor.
  static func room(for counts: Int..., of owner: @autoclosure () -> String) throws {
    try room(for: counts, of: owner())
  }

  static func room(for counts: [Int], of owner: @autoclosure () -> String) throws {
    let count = Shape.count(of: counts.map { max($0, 0) })
    do {
      try MemoryBudget.check(24 * count, for: owner())
    } catch {
      throw ModelError(.limitExceeded, error.problem, cure: MemoryError.cure)
    }
  }

  /// Throws where a table lists more than ``places`` numbers, which takes too long to write down.
  static func table(_ counts: Int..., of owner: @autoclosure () -> String) throws {
    let count = Shape.count(of: counts.map { max($0, 0) })
    guard count <= places else {
      throw ModelError(
        .limitExceeded, "\(owner()) have \(count) places together",
        cure: "2^26 are the most; use smaller sizes")
    }
    try room(for: count, of: owner())
  }

  /// Throws where so many steps, written out one after the other, make more nodes than there may be.
  static func steps(_ count: Int, of owner: @autoclosure () -> String) throws {
    // Each makes four nodes or more, of a kilobyte or two with what plans and analyses keep of it.
    guard count <= nodes / 4 else {
      throw ModelError(
        .limitExceeded, "\(owner()) has \(count) steps, which make more than \(nodes) nodes",
        cure: "use shorter sequences")
    }
    do {
      try MemoryBudget.check(8192 * count, for: "\(count) steps of \(owner())")
    } catch {
      throw ModelError(.limitExceeded, error.problem, cure: MemoryError.cure)
    }
  }

  /// Extents out of a file as a shape of at most 2^31 elements.
  static func shape(_ extents: [Int], of owner: @autoclosure () -> String) throws -> Shape {
    guard extents.count <= rank else {
      throw ModelError(
        .limitExceeded, "\(owner()) has \(extents.count) axes", cure: "\(rank) are the most")
    }
    guard extents.allSatisfy({ $0 >= 0 }) else {
      throw ModelError.invalid("\(owner()) has a negative extent in \(extents)")
    }
    var count = 1
    for extent in extents.map({ max($0, 1) }) {
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= TensorReader.mostElements else {
        throw ModelError(
          .limitExceeded, "\(owner()) of shape \(extents) is too large",
          cure: "a tensor may have 2^31 elements")
      }
      count = product
    }
    return Shape(extents)
  }
}
