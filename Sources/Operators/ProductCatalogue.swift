public import Semantics

/// Operators that multiply, convolve, pool, normalise, attend and rearrange, with the operators
/// that their gradients are made of.
public let productOperators: [any Operator.Type] = [
  Gemm.self, MatMul.self, Dropout.self, Gather.self, GatherGradient.self,
  Reshape.self, Flatten.self, Squeeze.self, Unsqueeze.self, Transpose.self, Concat.self,
  Split.self, Slice.self, SliceGradient.self,
  Conv.self, ConvInputGradient.self, ConvWeightGradient.self,
  MaxPool.self, MaxPoolGradient.self, MaxPoolPick.self, AveragePool.self,
  AveragePoolGradient.self, GlobalAveragePool.self,
  BatchNormalization.self, LayerNormalization.self, RMSNormalization.self,
  NormalizationGradient.self, NormalizationSecondGradient.self,
  Attention.self, AttentionGradient.self, AttentionSecondGradient.self,
]
