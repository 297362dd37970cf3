import Foundation
import Numbers
import Semantics
import Tensors

/// Another rule times a factor, as residual blocks scale the weights of their branches.
struct ScaledInitializer: Initializer {
  let base: any Initializer
  let factor: Double

  init(_ base: any Initializer, factor: Double) {
    self.base = base
    self.factor = factor
  }

  static let forms: [NamedForm] = []

  init(_ fields: Fields) throws(NetworkError) {
    preconditionFailure("it has no name in files")
  }

  var form: String { base.form }
  var entries: [YAMLTree.Entry] { base.entries }

  func refusal(for target: ParameterTarget) -> InitializerRefusal? {
    guard !(base is LSUVInitializer) else {
      return InitializerRefusal(
        "would undo the scale that 'init: fixup' gives", cure: "use orthogonal or he_normal")
    }
    return base.refusal(for: target)
  }

  func moments(for target: ParameterTarget) -> Moments {
    base.moments(for: target).scaled(by: factor)
  }

  func fill(_ tensor: Tensor, for target: ParameterTarget, from stream: RandomStream) {
    base.fill(tensor, for: target, from: stream)
    tensor.scaleReals(by: factor)
  }
}

extension Double {
  func power(_ exponent: Double) -> Double { pow(self, exponent) }
}
