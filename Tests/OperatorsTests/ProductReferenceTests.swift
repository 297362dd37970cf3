import Foundation
import Graphs
import Operators
import Semantics
import Tensors
import Testing

/// Values and gradients against those that PyTorch computes in fp64.
@Suite struct ProductReferenceTests {
  /// A case of `Data/product_operators.json`.
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    struct Numbers: Decodable, Sendable {
      let shape: [Int]
      let elements: [Double]

      func tensor(isInteger: Bool = false) -> Tensor {
        isInteger
          ? Tensor(elements.map { Int64($0) }, shape: Shape(shape))
          : Tensor(elements, shape: Shape(shape))
      }
    }

    struct Gradient: Decodable, Sendable {
      let operand: Int
      let elements: [Double]
    }

    /// An integer, a number or integers.
    struct Attribute: Decodable, Sendable {
      let value: Attributes.Value

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let integer = try? container.decode(Int.self) {
          value = .integer(integer)
        } else if let number = try? container.decode(Double.self) {
          value = .real(number)
        } else {
          value = .integers(try container.decode([Int].self))
        }
      }
    }

    let name: String
    let `operator`: String
    let attributes: [String: Attribute]
    let operands: [Numbers]
    let integers: [Int]
    let result: Numbers
    let cotangent: Numbers
    let gradients: [Gradient]

    var testDescription: String { "\(`operator`): \(name)" }

    func make() throws -> any Operator {
      var named: Attributes = [:]
      for (key, attribute) in attributes { named[key] = attribute.value }
      return try OperatorRegistry.standard.make(`operator`, named)
    }

    var tensors: [Tensor] {
      operands.enumerated().map { $1.tensor(isInteger: integers.contains($0)) }
    }
  }

  private struct File: Decodable {
    let cases: [Case]
  }

  private static let cases: [Case] = {
    let data = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Data/product_operators.json")
    do {
      return try JSONDecoder().decode(File.self, from: Data(contentsOf: data)).cases
    } catch {
      Issue.record("the reference data cannot be read: \(error)")
      return []
    }
  }()

  /// Rounding of sums of some tens of terms, against the greatest element.
  private func agrees(_ found: [Double], _ expected: [Double], _ tolerance: Double) -> Bool {
    let scale = expected.reduce(1) { max($0, abs($1)) }
    return found.count == expected.count
      && zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance * scale }
  }

  @Test func referenceCasesAreThere() { #expect(Self.cases.count >= 25) }

  @Test(arguments: cases)
  func valuesAreThoseOfPyTorch(_ reference: Case) throws {
    let op = try reference.make()
    let exact = try op.results(of: reference.tensors, in: Double.self)[0]
    #expect(exact.shape == Shape(reference.result.shape))
    #expect(agrees(exact.doubles, reference.result.elements, 1e-13))
    let single = try op.results(of: reference.tensors, in: Float.self)[0]
    #expect(agrees(single.doubles, reference.result.elements, 2e-6))
  }

  @Test(arguments: cases)
  func gradientsAreThoseOfPyTorch(_ reference: Case) throws {
    var graph = Graph()
    var inputs: [Value: Tensor] = [:]
    var operands: [Value] = []
    for (number, tensor) in reference.tensors.enumerated() {
      let kind: ElementKind = reference.integers.contains(number) ? .integer : .real
      let value = graph.addInput("x\(number)", TensorType(tensor.shape, kind))
      inputs[value] = tensor
      operands.append(value)
    }
    let result = try graph.append(try reference.make(), to: operands)[0]
    let seed = graph.addInput("dy", graph.type(of: result))
    inputs[seed] = reference.cotangent.tensor()
    let found = try graph.differentiate(
      [(result, seed)], withRespectTo: reference.gradients.map { operands[$0.operand] },
      adding: { Add() })
    let evaluation = try Evaluation(graph, inputs: inputs)
    for gradient in reference.gradients {
      let value = try #require(found[operands[gradient.operand]])
      #expect(
        agrees(try evaluation(value).doubles, gradient.elements, 1e-12),
        "gradient of operand \(gradient.operand)")
    }
  }
}
