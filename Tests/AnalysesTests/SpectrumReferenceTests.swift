import Analyses
import Findings
import Foundation
import Networks
import Operators
import Semantics
import Tensors
import Testing

/// The singular values of Jacobians are those that PyTorch finds.
@Suite struct SpectrumReferenceTests {
  struct Case: Decodable, CustomTestStringConvertible {
    let name: String
    let layers: String
    let input_shape: [Int]
    let sample: [Double]
    let parameters: [String: [Double]]
    let singular_values: [Double]

    var testDescription: String { name }
  }

  /// Made by Scripts/reference/jacobian_spectra.py.
  static let cases: [Case] = {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "Data/jacobian-spectra.json")
    guard let data = try? Data(contentsOf: url) else { return [] }
    return (try? JSONDecoder().decode([Case].self, from: data)) ?? []
  }()

  private static func lowered(
    _ layers: String, input: [Int], batch: Int, start: String = "lecun_normal"
  ) throws -> LoweredNetwork {
    let text = "network: {input: \(input), init: \(start), layers: \(layers)}"
    return try NetworkDescription(yaml: text, activations: .standard)
      .lowered(batch: batch, registry: .standard, activations: .standard)
  }

  private static func spectrum(of subject: Subject) throws -> CheckReport.Spectrum {
    var options = Check.Options()
    options.wantsSpectrum = true
    let check = try Check(subject, path: "", options: options, adding: { Add() })
    return try #require(check.report.spectrum)
  }

  private static func set(_ tensor: Tensor, to elements: [Double]) {
    for i in 0..<min(tensor.count, elements.count) {
      switch tensor.elementType {
      case .float32: tensor.elements(as: Float.self)[i] = Float(elements[i])
      default: tensor.elements(as: Double.self)[i] = elements[i]
      }
    }
  }

  @Test func thereAreCases() { #expect(Self.cases.count == 3) }

  /// Batches of one row, of some that do not divide the outputs, and of more than there are.
  @Test(arguments: cases, [1, 3, 16])
  func singularValuesAreThoseOfPyTorch(reference: Case, batch: Int) throws {
    let network = try Self.lowered(reference.layers, input: reference.input_shape, batch: batch)
    let names = Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.value, $0.name) })
    #expect(Set(names.values) == Set(reference.parameters.keys))
    let plain = Subject(network)
    let subject = Subject(
      graph: plain.graph, output: plain.output, layers: plain.layers,
      parameterMoments: plain.parameterMoments,
      fillParameter: { value, tensor, _ in
        Self.set(tensor, to: names[value].flatMap { reference.parameters[$0] } ?? [])
      },
      fillInput: { _, tensor, _ in Self.set(tensor, to: reference.sample) })
    let found = try Self.spectrum(of: subject).singularValues
    let largest = try #require(reference.singular_values.first)
    try #require(found.count == reference.singular_values.count)
    // Both decompose in double precision; errors are in proportion to the largest value.
    for (a, b) in zip(found, reference.singular_values) { #expect(abs(a - b) < 1e-13 * largest) }
  }

  /// With fewer outputs than inputs the others are 0 and are not counted.
  @Test func anOrthogonalNetworkThatNarrowsHasAsManyValuesAsOutputs() throws {
    let network = try Self.lowered(
      "[{dense: 24}, {dense: 9}]", input: [24], batch: 4, start: "{orthogonal: 2}")
    let values = try Self.spectrum(of: Subject(network)).singularValues
    #expect(values.count == 9)
    #expect(values.allSatisfy { abs($0 - 4) < 1e-13 })
  }
}
