import ONNX
import Tensors

/// What is small among the numbers that operators read, in doubles.
struct OperandScales {
  /// For each operator the scale of each of its operands, and that of its result.
  private var scales: [ModelPlace: (operands: [Double], result: Double)] = [:]

  /// The share of the numbers that are smaller.
  private static let share = 0.01

  init(_ patient: ModelPatient) {
    SeenValues.look(patient) { seen in
      let found = (seen.operands.map(Self.scale), seen.results.map(Self.scale).last ?? 0)
      scales[seen.place] = found
    }
  }

  func operand(_ number: Int, of place: ModelPlace) -> Double? {
    guard let operands = scales[place]?.operands, !operands.isEmpty else { return nil }
    let scale = operands[min(number, operands.count - 1)]
    return scale > 0 ? scale : nil
  }

  func result(of place: ModelPlace) -> Double? {
    scales[place].flatMap { $0.result > 0 ? $0.result : nil }
  }

  private static func scale(_ tensor: Tensor) -> Double {
    guard tensor.elementType == .float64 else { return 0 }
    let sizes = tensor.doubles.map(\.magnitude).filter { $0 > 0 && $0.isFinite }.sorted()
    return sizes.isEmpty ? 0 : sizes[Int(Double(sizes.count) * share)]
  }
}
