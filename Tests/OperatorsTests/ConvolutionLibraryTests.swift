import Numbers
import Semantics
import Tensors
import Testing

@testable import Operators

/// The library's convolutions in single precision against products of patches in double precision.
@Suite(.serialized) struct ConvolutionLibraryTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let x: Shape
    let w: Shape
    let window: Window
    let groups: Int
    let testDescription: String

    init(_ name: String, _ x: Shape, _ w: Shape, _ window: Window = Window(), groups: Int = 1) {
      self.x = x
      self.w = w
      self.window = window
      self.groups = groups
      testDescription = name
    }
  }

  static let cases = [
    Case("many images", [24, 16, 12, 12], [32, 16, 3, 3], Window(pads: [1, 1, 1, 1])),
    Case("a prime batch", [7, 5, 9, 11], [6, 5, 3, 3], Window(pads: [1, 1, 1, 1])),
    Case("one image, channels shared out", [1, 64, 14, 14], [128, 64, 3, 3], Window()),
    Case("two images, strides", [2, 32, 15, 15], [64, 32, 3, 3], Window(strides: [2, 2])),
    Case("a kernel for places", [4, 48, 7, 7], [96, 48, 1, 1]),
    Case("colours", [8, 3, 32, 32], [64, 3, 7, 7], Window(strides: [2, 2], pads: [3, 3, 3, 3])),
    Case("dilated", [4, 16, 16, 16], [16, 16, 3, 3], Window(dilations: [2, 2])),
    Case("uneven pads", [4, 8, 10, 9], [8, 8, 2, 4], Window(pads: [0, 2, 1, 1])),
    Case("groups", [6, 32, 8, 8], [64, 8, 3, 3], Window(pads: [1, 1, 1, 1]), groups: 4),
    Case("a kernel per channel", [6, 40, 8, 8], [40, 1, 3, 3], Window(), groups: 40),
    Case("one axis", [16, 24, 50], [16, 24, 5], Window(pads: [2, 2])),
    Case("large weights", [8, 256, 4, 4], [256, 256, 3, 3], Window(pads: [1, 1, 1, 1])),
  ]

  static func numbers<T: Scalar>(_ shape: Shape, _ name: String, _: T.Type) -> Tensor {
    let stream = RandomStream(seed: 7, name: name)
    return Tensor((0..<shape.count).map { T(Float(stream.normal(at: $0))) }, shape: shape)
  }

  /// Output and both cotangents.
  static func results<T: Scalar>(_ example: Case, hasBias: Bool, _: T.Type) throws -> [Tensor] {
    let conv = Conv(example.window, groups: example.groups)
    let x = numbers(example.x, "x", T.self)
    let w = numbers(example.w, "w", T.self)
    let bias = numbers([example.w.extents[0]], "bias", T.self)
    func run(_ op: any Operator, _ operands: [Tensor]) throws -> Tensor {
      let types = operands.map { TensorType($0.shape) }
      let signature = Signature(operands: types, results: try op.types(of: types))
      let result = Tensor(
        [T](repeating: .nan, count: signature.results[0].shape.count),
        shape: signature.results[0].shape)
      let room = Tensor(zeros: [op.workspace(for: signature)], T.elementType)
      op.value(of: operands, into: [result], workspace: room.elements(as: T.self))
      return result
    }
    let y = try run(conv, hasBias ? [x, w, bias] : [x, w])
    let dy = numbers(y.shape, "dy", T.self)
    return [
      y,
      try run(
        ConvInputGradient(
          example.window, groups: example.groups, input: example.x.extents), [dy, w]),
      try run(
        ConvWeightGradient(
          example.window, groups: example.groups, kernel: Array(example.w.extents[2...])), [x, dy]),
    ]
  }

  /// Sums of n products of numbers near 1: errors near √n · 2⁻²⁴ of the greatest result, 2.2e-6 in the
  /// order of summation of the least favourable processor seen.
  @Test(arguments: cases, [false, true])
  func convolutionsAndTheirGradientsAreThoseOfDoublePrecision(
    _ example: Case, hasBias: Bool
  ) throws {
    let single = try Self.results(example, hasBias: hasBias, Float.self)
    let double = try Self.results(example, hasBias: hasBias, Double.self)
    for (found, expected) in zip(single, double) {
      let scale = expected.doubles.map(abs).max() ?? 0
      let error = zip(found.doubles, expected.doubles).map { abs($0 - $1) }.max() ?? 0
      #expect(error <= 4e-6 * scale)
    }
  }

  @Test(arguments: cases)
  func theBitsDoNotDependOnTheThreads(_ example: Case) throws {
    let before = Threads.count
    defer { Threads.count = before }
    let all = try [1, 2, 3].map { threads in
      Threads.count = threads
      return try Self.results(example, hasBias: true, Float.self).map {
        $0.array(of: Float.self).map(\.bitPattern)
      }
    }
    #expect(all[0] == all[1] && all[1] == all[2])
  }

  #if os(Linux)
    @Test func theLibraryIsUsedWhereThereIsOne() throws {
      for example in Self.cases {
        let x = Self.numbers(example.x, "x", Float.self)
        let w = Self.numbers(example.w, "w", Float.self)
        let conv = Conv(example.window, groups: example.groups)
        let y = try conv.types(of: [TensorType(example.x), TensorType(example.w)])[0]
        let extents = conv.layout(example.x, example.w).extents
        #expect(
          Convolutions.forward(
            extents, x.elements(as: Float.self), w.elements(), bias: nil,
            into: Tensor(zeros: y.shape, .float32).elements()), "\(example.testDescription)")
      }
    }
  #endif
}
