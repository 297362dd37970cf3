public import Graphs
public import Semantics
public import Tensors

/// A network as a graph: its parameters with their laws, its inputs, and its layers.
public struct LoweredNetwork: Sendable {
  public let graph: Graph
  /// In the order in which the layers use them.
  public let parameters: [LoweredParameter]
  /// The network's input, and the targets of the loss if there is one.
  public let inputs: [LoweredInput]
  /// What the last layer hands on, `[batch, …]`.
  public let output: Value
  /// The loss, a scalar; nil where the description names none.
  public let loss: Value?
  public let layers: [LayerRecord]
  /// Inputs beside ``inputs`` that whoever trains fills: masks of dropout, running statistics.
  public let auxiliaryInputs: [LoweredInput]
  /// The values that are normalised over the batch, in the same order for every purpose.
  public let batchStatistics: [BatchStatistics]
  /// What norms normalise, in the order of the layers.
  public let normalizedGroups: [NormalizedGroup]
}

/// A group of numbers that a norm brings to mean 0 and variance 1, or to mean square 1.
public struct NormalizedGroup: Hashable, Sendable {
  /// The name of the weighted layer that the norm belongs to.
  public let name: String
  /// The norm as it is written: `batch_norm`.
  public let form: String
  /// How many numbers share one mean and variance.
  public let count: Int
  /// Whether the group reaches over the samples of a batch.
  public let spansBatch: Bool
}

/// What a lowered graph is for.
public enum LoweringPurpose: Hashable, Sendable {
  /// As in a step of training; dropout draws the same mask whenever the graph runs.
  case analysis
  /// The masks of dropout are inputs, which each step fills anew.
  case training
  /// Without dropout; batch norms take mean and variance from inputs.
  case inference
}

/// A value that is normalised over the batch, `[batch, channels, …]`.
public struct BatchStatistics: Hashable, Sendable {
  /// The name of the layer.
  public let name: String
  public let value: Value
  /// The inputs `[channels]` that take the place of the batch's statistics, for inference.
  public let mean: Value?
  public let variance: Value?
}

/// One weighted operation with everything up to the next one.
///
/// A residual branch begins at its first operation: a norm in front of it belongs to the first
/// weighted operation of the branch, and the addition to the last.
public struct LayerRecord: Sendable {
  /// From 1.
  public let index: Int
  /// The user's name, or `layers.INDEX`.
  public let name: String
  /// Operator types in order of their first use.
  public let operators: [String]
  /// What the layer hands on, h^t.
  public let output: Value
  /// Its parameters, biases and scales included.
  public let weights: [Value]
  /// The numbers of its nodes in the graph.
  public let nodes: Range<Int>
  /// For a recurrent layer, the state after each time step; empty for others.
  public let steps: [Value]
}

/// A parameter of a network: where it stands, and the law it starts from.
public struct LoweredParameter: Sendable {
  public let value: Value
  /// The layer's name and the parameter's, as in PyTorch: `layers.1.weight`.
  public let name: String
  public let target: ParameterTarget
  public let initializer: any Initializer

  public var shape: Shape { target.shape }

  /// Exact mean and second moment of one element as it starts.
  public var moments: Moments { initializer.moments(for: target) }
}

/// An input of a network's graph.
public struct LoweredInput: Sendable {
  public enum Content: Hashable, Sendable {
    /// Features of the samples.
    case features
    /// Whole numbers from 0 up to, not including, `count`.
    case tokens(count: Int)
    /// Targets of the loss: a class from 0 up to, not including, `count`.
    case classes(count: Int)
    /// Targets of the loss: rows with a single 1 among `count` elements.
    case oneHot(count: Int)
    /// Targets of the loss: 0 or 1.
    case bits
    /// Targets of the loss: −1 or 1.
    case signs
    /// Targets of the loss: real numbers.
    case reals
    /// 0 with probability `rate`, and 1/(1 − rate) otherwise.
    case mask(rate: Double)
    /// The mean of what a batch norm normalises.
    case runningMean
    /// Its variance.
    case runningVariance
  }

  public let value: Value
  public let name: String
  public let content: Content
}
