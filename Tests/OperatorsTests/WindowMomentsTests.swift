import Numbers
import Operators
import RealModule
import Semantics
import Tensors
import Testing

/// Moments of pooled images against draws of the images.
@Suite struct WindowMomentsTests {
  static func pool() throws -> MaxPool {
    try MaxPool(
      attributes: ["kernel_shape": .integers([2, 2]), "strides": .integers([2, 2])])
  }

  /// Mean square of the greatest of each 2 × 2 window of φ(x), x independent standard normal.
  static func pooled(_ function: any Pointwise, mean: Double) throws -> Double {
    let shape = Shape([8, 16, 16, 16])
    let stream = RandomStream(seed: 3, name: "pooled")
    let x = Tensor(
      (0..<shape.count).map { function.value(at: mean + stream.normal(at: $0)) }, shape: shape)
    let y = try pool().results(of: [x], in: Double.self)[0].doubles
    return y.reduce(0) { $0 + $1 * $1 } / Double(y.count)
  }

  static func predicted(_ function: any Pointwise, mean: Double) throws -> Moments {
    let type = TensorType(Shape([8, 16, 16, 16]))
    let x = Moments(mean: mean, secondMoment: 1 + mean * mean, law: .gaussian, basis: .closedForm)
    let phi = function.moments(
      of: [x], in: Signature(operands: [type], results: [type]))[0]
    let result = TensorType(Shape([8, 16, 8, 8]))
    return try pool().moments(of: [phi], in: Signature(operands: [type], results: [result]))[0]
  }

  /// The greatest value of a function that does not fall is that of the greatest operand.
  ///
  /// 8,192 windows leave a relative error of about 1.5 %.
  @Test(arguments: [0.0, 0.7])
  func theGreatestOfValuesIsTheValueOfTheGreatest(mean: Double) throws {
    for function: any Pointwise in [Relu(), Tanh(), Sigmoid(), Softplus()] {
      let drawn = try Self.pooled(function, mean: mean)
      let stated = try Self.predicted(function, mean: mean).secondMoment
      #expect(abs(stated / drawn - 1) < 0.05, "\(function.name): \(stated), drawn \(drawn)")
    }
  }

  /// What is no longer the function's value is not taken for it.
  @Test func scaledValuesAreNotTheFunctionAnyMore() throws {
    let x = Moments(mean: 0, secondMoment: 1, law: .gaussian, basis: .closedForm)
    let type = TensorType(Shape([8, 16, 16, 16]))
    let phi = Relu().moments(of: [x], in: Signature(operands: [type], results: [type]))[0]
    #expect(phi.origin?.describes(phi) == true)
    #expect(phi.origin?.describes(phi.scaled(by: 2)) == false)
  }

  /// Zeros around an image give the places at its border another mean than those inside.
  ///
  /// 400 kernels leave a relative error of 2 √(2/400) of the variance at two standard deviations.
  @Test func paddingMakesPlacesOfOneMeanDiffer() throws {
    let (channels, kernels) = (4, 400)
    let type = TensorType(Shape([1, channels, 6, 6]))
    let weight = TensorType(Shape([kernels, channels, 3, 3]))
    let result = TensorType(Shape([1, kernels, 6, 6]))
    let convolution = try Conv(attributes: ["pads": .integers([1, 1, 1, 1])])
    let stream = RandomStream(seed: 8, name: "kernels")
    let w = Tensor(
      (0..<weight.shape.count).map { stream.normal(at: $0) / 6 }, shape: weight.shape)
    let ones = Tensor([Double](repeating: 1, count: type.shape.count), shape: type.shape)
    let y = try convolution.results(of: [ones, w], in: Double.self)[0].doubles
    var drawn = 0.0
    for kernel in 0..<kernels {
      let places = y[kernel * 36..<(kernel + 1) * 36]
      let mean = places.reduce(0, +) / 36
      drawn += places.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 36 / Double(kernels)
    }
    var constant = Moments(mean: 1, secondMoment: 1, basis: .closedForm)
    (constant.sampleCorrelation, constant.positionCorrelation) = (1, 1)
    let stated = convolution.moments(
      of: [constant, .parameter(mean: 0, secondMoment: 1 / 36.0)],
      in: Signature(operands: [type, weight], results: [result]))[0]
    let variance = stated.secondMoment * (1 - stated.positionCorrelation) * 35 / 36
    #expect(abs(variance / drawn - 1) < 0.15, "\(variance), drawn \(drawn)")
    #expect(variance > 0.1)
  }

  /// With padding by zeros, borders have fewer taps: the mean over all places stays the share of taps
  /// inside, and a second convolution sees more where more lies inside.
  @Test func bordersOfPaddedImagesAreFollowedFromLayerToLayer() throws {
    let attributes: Attributes = ["pads": .integers([1, 1, 1, 1])]
    let convolution = try Conv(attributes: attributes)
    let type = TensorType(Shape([4, 8, 6, 6]))
    let weight = TensorType(Shape([8, 8, 3, 3]))
    let w = Moments.parameter(mean: 0, secondMoment: 1 / 72.0)
    let signature = Signature(operands: [type, weight], results: [type])
    let once = convolution.moments(of: [.standardNormal, w], in: signature)[0]
    let share = (16.0 / 18) * (16.0 / 18)
    #expect(abs(once.secondMoment - share) < 1e-9)
    let twice = convolution.moments(of: [once, w], in: signature)[0]
    // One axis: A has ones beside the diagonal; mean of A A 1 over places, divided by 3².
    let row = (0..<6).map { Double([2, 3, 3, 3, 3, 2][$0]) }
    let next = (0..<6).map { i in (max(0, i - 1)...min(5, i + 1)).reduce(0) { $0 + row[$1] } }
    let axis = next.reduce(0, +) / 6 / 9
    #expect(abs(twice.secondMoment - axis * axis) < 1e-9)
  }
}
