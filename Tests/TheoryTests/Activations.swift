import Numbers
import Operators

/// The activations by the names of the reference tables.
let activations: [String: any ScalarFunction] = [
  "linear": Linear(), "relu": Relu(), "leaky_relu": LeakyRelu(), "leaky_relu_0.01": LeakyRelu(),
  "leaky_relu_0.1": LeakyRelu(alpha: 0.1), "leaky_relu_0.2": LeakyRelu(alpha: 0.2),
  "leaky_relu(0.3)": LeakyRelu(alpha: 0.3), "elu": Elu(), "elu(1)": Elu(),
  "elu(0.5)": Elu(alpha: 0.5), "selu": Selu(), "celu(2)": Celu(alpha: 2), "gelu": Gelu(),
  "gelu_tanh": Gelu(approximate: .tanh), "silu": Silu(), "softplus": Softplus(), "mish": Mish(),
  "sigmoid": Sigmoid(), "scaled_sigmoid": ScaledSigmoid(), "hard_sigmoid": HardSigmoid(),
  "hard_swish": HardSwish(), "tanh": Tanh(), "hard_tanh": HardTanh(), "softsign": Softsign(),
  "erf": Erf(), "sin": Sin(), "exponential": Exp(),
]
