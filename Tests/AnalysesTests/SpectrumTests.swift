import Analyses
import Findings
import Networks
import Operators
import Semantics
import Tensors
import Testing

/// Singular values of the Jacobian of one sample's outputs in its inputs.
@Suite struct SpectrumTests {
  static func network(_ layers: String, input: String, start: String) throws -> LoweredNetwork {
    let text = """
      network:
        input: \(input)
        init: {weights: \(start), bias: 0}
        layers: \(layers)
      """
    return try NetworkDescription(yaml: text, activations: .standard)
      .lowered(batch: 8, registry: .standard, activations: .standard)
  }

  static func spectrum(
    _ layers: String, input: String = "[24]", start: String = "orthogonal"
  ) throws -> CheckReport.Spectrum {
    var options = Check.Options()
    options.wantsSpectrum = true
    let check = try Check(
      Subject(try network(layers, input: input, start: start)), path: "", options: options,
      adding: { Add() })
    return try #require(check.report.spectrum)
  }

  /// A product of orthogonal matrices is orthogonal; weights are drawn in single precision or
  /// better, and 30 of them are multiplied.
  @Test func deepOrthogonalNetworksHaveSingularValuesOfOne() throws {
    let found = try Self.spectrum("[{repeat: 30, layers: [{dense: 24}]}]")
    #expect(found.singularValues.count == 24)
    #expect(found.singularValues.allSatisfy { abs($0 - 1) < 1e-10 })
    #expect(found.predictedMeanSquare.map { abs($0 - 1) < 1e-10 } == true)
    #expect(found.reason == nil)
  }

  /// Of a matrix with more rows than the batch has samples, the squares sum to those of its
  /// elements, and the extremes enclose what it does to any vector.
  @Test func oneLayerHasTheSingularValuesOfItsMatrix() throws {
    let network = try Self.network("[{dense: 40}]", input: "[24]", start: "{normal: 0.3}")
    let weight = try #require(network.parameters.first)
    let matrix = Tensor(zeros: weight.shape, .float64)
    weight.fill(matrix, seed: 0)
    let w = matrix.array(of: Double.self)
    let found = try Self.spectrum("[{dense: 40}]", start: "{normal: 0.3}").singularValues
    #expect(found.count == 24 && found == found.sorted(by: >))
    let squares = found.reduce(0) { $0 + $1 * $1 }
    #expect(abs(squares / w.reduce(0) { $0 + $1 * $1 } - 1) < 1e-12)
    // The fourth powers sum to the squares of WᵀW.
    var gram = 0.0
    for i in 0..<24 {
      for j in 0..<24 {
        let dot = (0..<40).reduce(0) { $0 + w[$1 * 24 + i] * w[$1 * 24 + j] }
        gram += dot * dot
      }
    }
    let fourth = found.reduce(0) { $0 + $1 * $1 * $1 * $1 }
    #expect(abs(fourth / gram - 1) < 1e-12)
  }

  /// Leaky relu with slope s behind an orthogonal matrix has singular values 1 and s alone.
  @Test func slopesOfAnActivationAreItsSingularValues() throws {
    let found = try Self.spectrum("[{dense: 24}, {leaky_relu: 0.25}]").singularValues
    #expect(found.allSatisfy { abs($0 - 1) < 1e-12 || abs($0 - 0.25) < 1e-12 })
    #expect(Set(found.map { ($0 * 4).rounded() }) == [1, 4])
  }

  @Test(arguments: [
    ("[{dense: 24}, batch_norm]", "other samples"),
    ("[{dense: 24}, {dropout: 0.5}]", "dropout"),
    ("[{dense: 3000}]", "3000"),
  ])
  func whereSamplesMixThereIsAReasonInstead(layers: String, reason: String) throws {
    let found = try Self.spectrum(layers, start: "lecun_normal")
    #expect(found.singularValues.isEmpty)
    #expect(found.reason?.contains(reason) == true)
  }
}
