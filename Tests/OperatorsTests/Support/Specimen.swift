import Numbers
import Operators
import Semantics
import Tensors
import Testing

/// An operator with operands on which the laws are tried: away from kinks, poles and ties.
struct Specimen: Sendable, CustomTestStringConvertible {
  let op: any Operator
  /// Reals as doubles, integers and booleans.
  let operands: [Tensor]
  /// Half the width of the intervals around real operands from which the bound law draws.
  var radius = 0.25
  /// The intervals in which the hazard law looks, one for each operand; the last is repeated.
  var range = [Interval(-1e9, 1e9)]
  /// What must be found in fp16 for operands within `range`: these kinds and no others.
  var hazards: Set<Hazard.Kind> = []
  /// How often it can be differentiated, up to 2; rules refuse to go on.
  var derivatives = 2
  /// What the moment law draws; nil where a result has no moments worth stating.
  var draws: Draws? = Draws()

  /// Laws of the operands for the moment law, and how near the rule must come.
  struct Draws: Sendable {
    /// One for each operand, of which the last is repeated; the mean of a boolean is its probability.
    var laws = [Specimen.law(mean: 0.25, deviation: 0.8)]
    /// Shapes to draw, where those of the specimen are too small.
    var shapes: [Shape]?
    /// Relative error that a rule may make beside the statistical one, when its basis is first order.
    var tolerance = 0.1
    /// Integers are drawn from 0 up to here.
    var integersBelow = 1
  }

  init(_ op: any Operator, _ operands: Tensor...) { self.init(op, operands) }

  init(_ op: any Operator, _ operands: [Tensor]) {
    self.op = op
    self.operands = operands
  }

  /// Sets some of the fields.
  func with(_ change: (inout Specimen) -> Void) -> Specimen {
    var result = self
    change(&result)
    return result
  }

  var testDescription: String {
    let attributes = op.attributes.values.sorted { $0.key < $1.key }
      .map { "\($0.key): \($0.value)" }.joined(separator: ", ")
    let types = operands.map(\.type.description).joined(separator: ", ")
    return "\(op.typeName)(\(attributes)) of \(types)"
  }

  var signature: Signature {
    get throws {
      let types = operands.map(\.type)
      return Signature(operands: types, results: try op.types(of: types))
    }
  }

  /// Independent normal elements.
  static func law(mean: Double, deviation: Double) -> Moments {
    let second = mean * mean + deviation * deviation
    // Independent elements have the uncentred correlation μ²/E[x²].
    let correlation = second == 0 ? 0 : mean * mean / second
    return Moments(
      mean: mean, secondMoment: second, sampleCorrelation: correlation,
      positionCorrelation: correlation, law: deviation == 0 ? .constant : .gaussian,
      basis: .closedForm)
  }
}

extension Specimen {
  /// Every specimen: one list for each family.
  static let all: [Specimen] = [
    pointwise, pointwiseGradients, arithmetic, choices, reductions, lanes, losses, products,
    rearrangements, selections, convolutions, pooling, normalizations, normalizationGradients,
    attention, discrete, places,
  ].flatMap { $0 }

  /// Those whose results are all real.
  static let real: [Specimen] = all.filter { specimen in
    (try? specimen.signature.results.allSatisfy { $0.kind == .real }) ?? true
  }
}

/// Real elements in a shape, as a specimen's operand.
func reals(_ elements: [Double], _ extents: Int...) -> Tensor {
  Tensor(elements, shape: Shape(extents.isEmpty ? [elements.count] : extents))
}

/// Real elements spread evenly but out of order over a range, none closer than a thousandth of it
/// to its ends.
func spread(_ extents: Int..., from low: Double = -2, to high: Double = 2) -> Tensor {
  let shape = Shape(extents)
  let elements = (0..<shape.count).map { i in
    let golden = (Double(i) + 0.5) * 0.618033988749894848
    return low + (high - low) * (0.001 + 0.998 * (golden - golden.rounded(.down)))
  }
  return Tensor(elements, shape: shape)
}

/// Integers in a shape.
func integers(_ elements: [Int64], _ extents: Int...) -> Tensor {
  Tensor(elements, shape: Shape(extents.isEmpty ? [elements.count] : extents))
}

/// Booleans in a shape.
func booleans(_ elements: [Bool], _ extents: Int...) -> Tensor {
  Tensor(elements, shape: Shape(extents.isEmpty ? [elements.count] : extents))
}
