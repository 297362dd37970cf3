import Semantics
import Tensors

/// The starts, ends and steps of a slice, read as ONNX reads them.
///
/// Negative starts and ends count back, those beyond an axis are moved to its end, and negative
/// steps run backwards.
public struct SliceRanges: Hashable, Sendable {
  public let starts: [Int]
  public let ends: [Int]
  /// The axes that starts, ends and steps belong to; nil for the first ones.
  public let axes: [Int]?
  /// Nil for steps of 1.
  public let steps: [Int]?

  init(starts: [Int], ends: [Int], axes: [Int]?, steps: [Int]?) {
    self.starts = starts
    self.ends = ends
    self.axes = axes
    self.steps = steps
  }

  init(attributes: Attributes, in owner: String) throws(OperatorError) {
    starts = try attributes.integers("starts", in: owner)
    ends = try attributes.integers("ends", in: owner)
    axes = attributes["axes"] == nil ? nil : try attributes.integers("axes", in: owner)
    steps = attributes["steps"] == nil ? nil : try attributes.integers("steps", in: owner)
    guard starts.count == ends.count, axes?.count ?? starts.count == starts.count,
      steps?.count ?? starts.count == starts.count
    else {
      throw OperatorError(
        .invalidAttribute, in: owner, "starts, ends, axes and steps must be of one length")
    }
    guard steps?.contains(0) != true else {
      throw OperatorError(.invalidAttribute, in: owner, "a step must not be 0")
    }
  }

  var attributes: Attributes {
    var attributes: Attributes = ["starts": .integers(starts), "ends": .integers(ends)]
    if let axes { attributes["axes"] = .integers(axes) }
    if let steps { attributes["steps"] = .integers(steps) }
    return attributes
  }

  /// Throws when the axes are not different axes of `shape`.
  func check(_ shape: Shape, in owner: String) throws(OperatorError) {
    guard shape.rank <= greatestRank else {
      throw OperatorError(.unsupported, in: owner, "\(shape) has more than \(greatestRank) axes")
    }
    var seen: Set<Int> = []
    for number in starts.indices {
      guard let axis = shape.axis(axes?[number] ?? number), seen.insert(axis).inserted else {
        throw OperatorError(
          .invalidAttribute, in: owner,
          "axes \(axes ?? Array(starts.indices)) are not different axes of \(shape)")
      }
    }
  }

  /// The first place, the number of places and the step along one axis of `shape`.
  private func range(_ axis: Int, in shape: Shape) -> (start: Int, count: Int, step: Int) {
    let extent = shape.extents[axis]
    for number in starts.indices where shape.axis(axes?[number] ?? number) == axis {
      let step = steps?[number] ?? 1
      let least = step > 0 ? 0 : -1
      let greatest = step > 0 ? extent : extent - 1
      let start = min(max(fromFront(starts[number], extent), max(least, 0)), greatest)
      let end = min(max(fromFront(ends[number], extent), least), greatest)
      let span = step > 0 ? end - start : start - end
      let size = step.magnitude > Int.max.magnitude ? Int.max : abs(step)
      return (start, span <= 0 ? 0 : (span - 1) / size + 1, step)
    }
    return (0, extent, 1)
  }

  private func fromFront(_ place: Int, _ extent: Int) -> Int { place < 0 ? place + extent : place }

  /// The shape of the slice of a tensor of shape `whole`.
  func result(of whole: Shape) -> Shape {
    Shape(whole.extents.indices.map { range($0, in: whole).count })
  }

  /// The walk between a tensor of shape `whole` and its slice, with where it starts in the whole.
  func walk(whole: Shape, part: Shape, isReading: Bool) -> (StridedWalk, offset: Int) {
    let wholeStrides = rowMajorStrides(whole)
    let partStrides = rowMajorStrides(part)
    var walk = StridedWalk()
    var offset = 0
    for axis in 0..<whole.rank {
      let (start, count, step) = range(axis, in: whole)
      let stride = wholeStrides[axis] * step
      offset += wholeStrides[axis] * start
      walk.append(
        extent: count, source: isReading ? stride : partStrides[axis],
        target: isReading ? partStrides[axis] : stride)
    }
    return (walk, offset)
  }

  /// Where in the whole an element of the slice lies.
  func place(ofElement element: Int, part: Shape, whole: Shape) -> Int {
    let wholeStrides = rowMajorStrides(whole)
    let partStrides = rowMajorStrides(part)
    var place = 0
    for axis in 0..<whole.rank {
      let (start, _, step) = range(axis, in: whole)
      let index = element / partStrides[axis] % part.extents[axis]
      place += (start + index * step) * wholeStrides[axis]
    }
    return place
  }

  /// The element of the slice that lies at a place of the whole, or nil.
  func element(atPlace place: Int, part: Shape, whole: Shape) -> Int? {
    let wholeStrides = rowMajorStrides(whole)
    let partStrides = rowMajorStrides(part)
    var element = 0
    for axis in 0..<whole.rank {
      let (start, count, step) = range(axis, in: whole)
      let distance = place / wholeStrides[axis] % whole.extents[axis] - start
      guard distance % step == 0, (0..<count).contains(distance / step) else { return nil }
      element += distance / step * partStrides[axis]
    }
    return element
  }
}
