public import Tensors

/// A parameter: its weights, which updates change, and its gradient in the last step.
public struct TrainedParameter: Sendable {
  public let name: String
  public let weight: Tensor
  public let gradient: Tensor

  /// A parameter whose tensors have one type and count.
  public init(name: String, weight: Tensor, gradient: Tensor) {
    precondition(
      weight.count == gradient.count && weight.elementType == gradient.elementType,
      "a gradient has the elements of its weights")
    self.name = name
    self.weight = weight
    self.gradient = gradient
  }
}
