public import TensorFiles
public import Tensors

/// How a loss wants its targets.
public enum TargetForm: Hashable, Sendable {
  /// Class numbers from 0.
  case classes
  /// Rows with a single 1.
  case oneHot
  /// 0 for the first of two classes, and 1.
  case bits
  /// −1 for the first of two classes, and 1.
  case signs
  /// Numbers.
  case reals
}

extension Dataset {
  /// The same samples with features in the shape that a network wants, such as `[1, 28, 28]`.
  ///
  /// - Returns: a set that shares the features and the targets.
  /// - Throws: ``DataError`` when a sample has another number of features.
  public func features(as shape: Shape) throws(DataError) -> Dataset {
    guard shape.count * count == features.count else {
      throw DataError(
        .mismatch,
        "a sample has the shape \(featureShape), and the network takes \(shape)",
        cure: "change the network's input, or choose other columns", file: name)
    }
    return Dataset(of: self, features: features.reshaped(Shape([count] + shape.extents)))
  }

  /// The same samples with targets in the form that a loss wants.
  ///
  /// - Returns: a set that shares the features; one number per sample is `[samples, 1]`.
  /// - Throws: ``DataError`` when the targets are numbers and the form needs classes, the reverse, or
  ///   when bits or signs are wanted of more than two classes.
  public func targets(as form: TargetForm) throws(DataError) -> Dataset {
    guard case .classes(let labels, let names) = targets else {
      guard form == .reals else {
        throw DataError(
          .mismatch, "the targets are numbers, and the loss needs classes",
          cure: "name a column of classes, or a loss of numbers", file: name)
      }
      return self
    }
    let numbers = labels.elements(as: Int64.self)
    func reals(_ width: Int, _ number: (Int, Int) -> Float) throws(DataError) -> Dataset {
      let bytes = Shape.count(of: [labels.count, width, 8])
      try DataError.room(bytes, for: "a number for each of \(width) classes", file: name)
      let flat = (0..<labels.count * width).map { number(Int(numbers[$0 / width]), $0 % width) }
      let positions = labels.shape.extents.dropFirst()
      let extents = [count] + positions + (width > 1 || positions.isEmpty ? [width] : [])
      return Dataset(of: self, targets: .reals(Tensor(flat, shape: Shape(extents))))
    }
    switch form {
    case .classes: return self
    case .oneHot: return try reals(names.count) { $0 == $1 ? 1 : 0 }
    case .bits, .signs:
      guard names.count <= 2 else {
        throw DataError(
          .mismatch, "there are \(names.count) classes, and the loss tells two apart",
          cure: "use a loss of classes, such as softmax_cross_entropy", file: name)
      }
      return try reals(1) { label, _ in label == 1 ? 1 : form == .signs ? -1 : 0 }
    case .reals:
      throw DataError(
        .mismatch, "the targets are classes, and the loss needs numbers",
        cure: "name a column of numbers, or a loss of classes", file: name)
    }
  }
}
