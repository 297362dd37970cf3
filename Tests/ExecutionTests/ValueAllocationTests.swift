import CAllocationCounter
import Operators
import Semantics
import Tensors
import Testing

/// Value rules of operators with workspace, windows or groups take no memory.
@Suite(.serialized) struct ValueAllocationTests {
  /// An operator and the shapes it is run on.
  struct Case: Sendable, CustomTestStringConvertible {
    let op: any Operator
    let shapes: [Shape]

    init(_ op: any Operator, _ shapes: Shape...) {
      self.op = op
      self.shapes = shapes
    }

    var testDescription: String { op.typeName }
  }

  private static let window = Window(strides: [1, 2], pads: [1, 1, 1, 1])
  private static let pooling = Pooling([2, 2], Window(strides: [2, 2]))

  private static let cases: [Case] = [
    Case(Gemm(isRightTransposed: true), [4, 8], [6, 8], [6]),
    Case(MatMul(), [2, 3, 4, 8], [3, 8, 5]),
    Case(Transpose(permutation: [0, 2, 1, 3]), [2, 3, 4, 5]),
    Case(Concat(axis: 1), [3, 2], [3, 4]), Case(Split(axis: 1, extents: [2, 4]), [3, 6]),
    Case(Slice(starts: [1], ends: [3], axes: [1]), [3, 6]), Case(Dropout(ratio: 0.3), [8, 8]),
    Case(Conv(window, groups: 2), [2, 4, 6, 6], [6, 2, 3, 3], [6]),
    Case(
      ConvInputGradient(window, groups: 2, input: [2, 4, 6, 6]), [2, 6, 6, 3], [6, 2, 3, 3]),
    Case(ConvWeightGradient(window, groups: 2, kernel: [3, 3]), [2, 4, 6, 6], [2, 6, 6, 3]),
    Case(MaxPool(pooling), [2, 3, 4, 4]),
    Case(MaxPoolGradient(pooling), [2, 3, 2, 2], [2, 3, 4, 4]),
    Case(AveragePool(pooling), [2, 3, 4, 4]), Case(GlobalAveragePool(), [2, 3, 4, 4]),
    Case(BatchNormalization(isTraining: true), [4, 3, 2, 2], [3], [3]),
    Case(LayerNormalization(), [4, 6], [6], [6]), Case(RMSNormalization(), [4, 6], [6]),
    Case(NormalizationGradient(NormalizationForm(.layer)), [4, 6], [4, 6], [6]),
    Case(Attention(isCausal: true), [2, 2, 3, 4], [2, 2, 3, 4], [2, 2, 3, 4]),
    Case(
      AttentionGradient(Attention()), [2, 2, 3, 4], [2, 2, 3, 4], [2, 2, 3, 4], [2, 2, 3, 4]),
  ]

  @Test(.enabled(if: ek_counts_allocations()), arguments: cases)
  func valueRulesAllocateNothing(_ example: Case) throws {
    let types = example.shapes.map { TensorType($0) }
    let signature = Signature(operands: types, results: try example.op.types(of: types))
    let operands = example.shapes.map { shape in
      Tensor((0..<shape.count).map { Float($0 % 7) - 3 }, shape: shape)
    }
    let results = signature.results.map { Tensor(zeros: $0.shape, .float32) }
    let room = Tensor(zeros: [example.op.workspace(for: signature)], .float32)
    let workspace = room.elements(as: Float.self)
    // The first run sets up what libraries keep for good.
    example.op.value(of: operands, into: results, workspace: workspace)
    ek_start_counting()
    example.op.value(of: operands, into: results, workspace: workspace)
    let counted = ek_stop_counting()
    #expect(counted.own == 0)
  }
}
