public import Semantics

extension OperatorRegistry {
  /// Every operator of this package.
  public static let standard = OperatorRegistry(
    pointwiseOperators + arithmeticOperators + discreteOperators + productOperators)

  /// Those that ``PointwiseGradient`` can be made for.
  static let pointwise = OperatorRegistry(pointwiseOperators)
}

/// Operators that apply one function to every element.
private let pointwiseOperators: [any Operator.Type] = [
  Linear.self, Relu.self, LeakyRelu.self, Elu.self, Selu.self, Celu.self, Gelu.self, Silu.self,
  Softplus.self, Mish.self, Sigmoid.self, ScaledSigmoid.self, HardSigmoid.self, HardSwish.self,
  Tanh.self, HardTanh.self, Softsign.self, Erf.self, Sin.self, Exp.self, AffineActivation.self,
  Neg.self, Abs.self, Sign.self, Clip.self, Log.self, Sqrt.self, Root.self,
  Reciprocal.self,
  Cos.self, Tan.self, Asin.self, Acos.self, Atan.self, Sinh.self, Cosh.self, Asinh.self, Acosh.self,
  Atanh.self, Floor.self, Ceil.self, Round.self, ThresholdedRelu.self, Shrink.self,
]

/// Operators that compute element by element, reduce, and judge.
private let arithmeticOperators: [any Operator.Type] = [
  PointwiseGradient.self, Add.self, Sub.self, Mul.self, Div.self, Pow.self, Min.self, Max.self,
  Sum.self,
  Less.self, Greater.self, LessOrEqual.self, GreaterOrEqual.self, Equal.self, Where.self,
  Constant.self, Expand.self,
  ReduceSum.self, ReduceMean.self, ReduceSumSquare.self, ReduceMax.self, ReduceMin.self,
  ReduceProd.self,
  Softmax.self, LogSoftmax.self, OneHot.self, MeanSquaredError.self, SoftmaxCrossEntropy.self,
  BinaryCrossEntropyWithLogits.self, Hinge.self, WeightedMean.self,
]

/// Operators on integers, booleans and kinds of elements, and on elements by their places.
private let discreteOperators: [any Operator.Type] = [
  Cast.self, BitCast.self, WrapInteger.self, Mod.self, And.self, Or.self, Xor.self, Not.self,
  IsNaN.self, IsInf.self, BitwiseAnd.self, BitwiseOr.self, BitwiseXor.self, BitwiseNot.self,
  BitShift.self,
  Take.self, Put.self, PutAdd.self, TopKIndices.self, ArgMax.self, ArgMin.self,
  CumulativeSum.self, FourierTransform.self,
]
