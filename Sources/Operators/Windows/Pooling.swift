import Semantics
import Tensors

/// A window that pools every channel of images [N, C, …] by itself.
public struct Pooling: Hashable, Sendable {
  /// The kernel's extents.
  public let kernel: [Int]
  public let window: Window

  /// Strides default to 1, as ONNX has it.
  public init(_ kernel: [Int], _ window: Window = Window()) {
    self.kernel = kernel
    self.window = window
  }

  init(attributes: Attributes, in owner: String) throws(OperatorError) {
    kernel = try attributes.integers("kernel_shape", in: owner)
    window = try Window(attributes: attributes, in: owner)
    guard !kernel.isEmpty, kernel.allSatisfy({ $0 > 0 }) else {
      throw OperatorError(.invalidAttribute, in: owner, "kernel_shape must hold positive extents")
    }
  }

  var attributes: Attributes {
    var attributes = window.attributes
    attributes["kernel_shape"] = .integers(kernel)
    return attributes
  }

  /// The shape of what pooling makes of `input`.
  func result(of input: Shape, in owner: String) throws(OperatorError) -> Shape {
    guard (3...4).contains(input.rank), kernel.count == input.rank - 2 else {
      throw OperatorError(
        .invalidShape, in: owner, "a kernel \(kernel) does not move over images \(input)")
    }
    try window.check(rank: kernel.count, in: owner)
    guard kernel.allSatisfy({ $0 <= Window.greatest }) else {
      throw OperatorError(
        .invalidAttribute, in: owner, "a kernel \(kernel) goes beyond \(Window.greatest)")
    }
    for (number, pad) in window.pads.enumerated() where pad >= kernel[number % kernel.count] {
      throw OperatorError(
        .invalidAttribute, in: owner, "pads \(window.pads) must be smaller than \(kernel)")
    }
    let plane = plane(input)
    guard plane.rows.outputs > 0, plane.columns.outputs > 0 else {
      throw OperatorError(
        .invalidShape, in: owner, "a kernel \(kernel) does not fit into images \(input)")
    }
    let outputs =
      input.rank == 3 ? [plane.columns.outputs] : [plane.rows.outputs, plane.columns.outputs]
    return Shape([input[0], input[1]] + outputs)
  }

  func plane(_ input: Shape) -> WindowPlane {
    let rank = input.rank - 2
    return window.plane(
      (rank == 2 ? input.extents[2] : 1, input.extents[input.rank - 1]),
      kernel: (rank == 2 ? kernel[0] : 1, kernel[kernel.count - 1]), rank: rank)
  }

  /// Whether two windows share an input.
  func overlaps(_ input: Shape) -> Bool {
    let plane = plane(input)
    return [plane.rows, plane.columns].contains { $0.stride < $0.dilation * ($0.kernel - 1) + 1 }
  }
}

extension Shape {
  /// Images times channels of [N, C, …].
  var planes: Int { extents[0] * extents[1] }
}
