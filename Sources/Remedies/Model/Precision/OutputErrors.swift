package import Tensors

/// How far each output of a model is from the same output of another, in the Euclidean norm.
package struct OutputErrors: Hashable, Sendable {
  /// The error of each output by its name, in the order of the model, against the norm of the
  /// reference, or of ones where that is 0; of integers and booleans the share that differs.
  package private(set) var errors: [(name: String, error: Double)] = []
  /// Elements that are finite in the reference, and all of them.
  package private(set) var compared = 0
  package private(set) var count = 0

  package init() {}

  /// The greatest error; 0 where nothing was compared.
  package var worst: Double { errors.reduce(0) { max($0, $1.error) } }

  /// Compares one output on one draw of inputs; the greater error of several draws is kept.
  ///
  /// Only elements that are finite in the reference count: there is nothing to hold the others to. An
  /// element that is not finite where that of the reference is makes the error infinite.
  package mutating func compare(_ name: String, _ found: Tensor, with reference: Tensor) {
    count += reference.count
    let error: Double
    if found.count != reference.count {
      error = .infinity
    } else if reference.elementType == .int64 || reference.elementType == .bool {
      compared += reference.count
      let (x, y) = (found.numbers, reference.numbers)
      let different = x.indices.count { x[$0] != y[$0] }
      error = Double(different) / Double(max(1, x.count))
    } else {
      error = compareReals(found.numbers, reference.numbers)
    }
    if let place = errors.firstIndex(where: { $0.name == name }) {
      errors[place].error = max(errors[place].error, error)
    } else {
      errors.append((name, error))
    }
  }

  private mutating func compareReals(_ found: [Double], _ reference: [Double]) -> Double {
    // Sums of squares of what is scaled by the greatest element neither overflow nor become 0.
    let greatest = reference.reduce(0) { $1.isFinite ? max($0, $1.magnitude) : $0 }
    let scale = greatest > 0 ? greatest : 1
    var (difference, size) = (0.0, 0.0)
    for (x, y) in zip(found, reference) where y.isFinite {
      compared += 1
      guard x.isFinite else { return .infinity }
      difference += (x / scale - y / scale) * (x / scale - y / scale)
      size += (y / scale) * (y / scale)
    }
    if difference == 0 { return 0 }
    // Beside an output of nothing but 0 an error is measured against 1.
    return (difference / (size > 0 ? size : Double(reference.count))).squareRoot()
  }

  package static func == (a: OutputErrors, b: OutputErrors) -> Bool {
    a.compared == b.compared && a.count == b.count
      && a.errors.elementsEqual(b.errors) { $0.name == $1.name && $0.error == $1.error }
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(compared)
    hasher.combine(count)
    for (name, error) in errors {
      hasher.combine(name)
      hasher.combine(error)
    }
  }
}

extension Tensor {
  /// The elements, whatever they are, as doubles.
  package var numbers: [Double] {
    elementType == .bool ? array(of: Bool.self).map { $0 ? 1 : 0 } : doubles
  }

  /// Reals in doubles that are nan where another tensor is not finite; others as they are.
  package func leavingOut(whereNotFinite other: Tensor) -> Tensor {
    guard elementType == .float64, other.count == count else { return self }
    let (result, single) = (copy(), other.numbers)
    let elements = result.elements(as: Double.self)
    for i in elements.indices where !single[i].isFinite { elements[i] = .nan }
    return result
  }
}
