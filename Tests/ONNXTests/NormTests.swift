import Graphs
import ONNXMessages
import Operators
import Tensors
import Testing

@testable import ONNX

/// Norms, deviations and roots as exporters write them.
@Suite struct NormTests {
  /// A model of x `[2, 4]`, whose nodes are written by `body` from "x" to "y".
  private func model(_ body: (inout TestModel) -> Void) throws -> ImportedModel {
    var model = TestModel(opset: 20)
    model.input("x", .float, [2, 4])
    model.output("y")
    func integers(_ name: String, _ numbers: [Int64]) -> Onnx_TensorProto {
      var tensor = Onnx_TensorProto()
      tensor.name = name
      tensor.dataType = Int32(DataType.int64.rawValue)
      tensor.dims = [Int64(numbers.count)]
      tensor.int64Data = numbers
      return tensor
    }
    model.message.graph.initializer = [
      integers("axis", [-1]), TestModel.floats("val_1", [2], []),
      TestModel.floats("val_2", [0.5], []),
      TestModel.floats("val_3", [3], []), TestModel.floats("val_4", [Float(1) / 3], []),
      TestModel.floats("val_5", [1.3333334], []),
    ]
    body(&model)
    return try model.imported()
  }

  private func hasRoot(_ model: ImportedModel) -> Bool {
    model.graph.nodes.contains { $0.op is Root }
  }

  @Test func normsHaveASlopeOfZeroAtZero() throws {
    #expect(hasRoot(try model { $0.node("ReduceL2", ["x", "axis"], ["y"]) }))
    #expect(
      hasRoot(
        try model {
          $0.node("Abs", ["x"], ["a"])
          $0.node("Pow", ["a", "val_3"], ["p"])
          $0.node("ReduceSum", ["p", "axis"], ["s"])
          $0.node("Pow", ["s", "val_4"], ["y"])
        }))
  }

  @Test(arguments: [true, false]) func deviationsAreKnown(isUnbiased: Bool) throws {
    let found = try model {
      $0.node("ReduceMean", ["x", "axis"], ["m"])
      $0.node("Sub", ["x", "m"], ["d"])
      $0.node("Mul", ["d", "d"], ["q"])
      $0.node("ReduceMean", ["q", "axis"], ["v"])
      $0.node("Mul", ["v", "val_5"], ["u"])
      $0.node("Sqrt", [isUnbiased ? "u" : "v"], ["y"])
    }
    #expect(hasRoot(found))
  }

  /// A root that a program writes out is infinitely steep at 0, and what is told says what a norm has.
  @Test func rootsThatAreWrittenOutStay() throws {
    let root = try model {
      $0.node("Mul", ["x", "x"], ["q"])
      $0.node("ReduceSum", ["q", "axis"], ["s"])
      $0.node("Sqrt", ["s"], ["y"])
    }
    #expect(!hasRoot(root))
    let remark = try #require(root.graph.nodes.last?.origin?.remark)
    #expect(remark.contains("PyTorch gives 0 here, because"))
    // The mean of squares is no norm, and so is a difference from something but the own mean.
    for operand in ["x", "d"] {
      let other = try model {
        $0.node("Sub", ["x", "val_1"], ["d"])
        $0.node("Mul", [operand, operand], ["q"])
        $0.node("ReduceMean", ["q", "axis"], ["s"])
        $0.node("Sqrt", ["s"], ["y"])
      }
      #expect(!hasRoot(other) && other.graph.nodes.last?.origin?.remark == nil)
    }
    let cube = try model {
      $0.node("Pow", ["x", "val_3"], ["p"])
      $0.node("ReduceSum", ["p", "axis"], ["s"])
      $0.node("Pow", ["s", "val_4"], ["y"])
    }
    #expect(!hasRoot(cube))
  }

  @Test func nodesKnowWhereTheyCameFrom() throws {
    let model = try model {
      $0.node("ReduceL2", ["x", "axis"], ["y"])
    }
    #expect(model.graph.nodes.allSatisfy { $0.typeForPeople == "ReduceL2" })
    var graph = model.graph
    let y = model.outputs[0].value
    let seed = graph.addInput("dy", graph.type(of: y))
    let found = try graph.differentiate(
      [(y, seed)], withRespectTo: [model.inputs[0].value], adding: { Add() })
    let node = try #require(found[model.inputs[0].value].flatMap { graph.producer(of: $0) })
    #expect(graph.place(of: node) == "the gradient of ReduceL2 'y'")
  }
}
