import Foundation
import ONNXMessages
import SwiftProtobuf
import Tensors
import Testing

@testable import ONNX

/// Edits of the nodes of a model, in the graph, in graphs within nodes and in functions.
@Suite struct ModelBodyTests {
  private func chain() -> TestModel {
    var model = TestModel()
    model.input("x", .float, [2])
    model.output("y")
    model.node("Exp", ["x"], ["a"])
    model.node("Add", ["a", "one"], ["b"])
    model.node("Log", ["b"], ["y"])
    model.message.graph.initializer = [TestModel.floats("one", [1], [])]
    model.message.graph.valueInfo = [
      TestModel.port("a", .float, [2]), TestModel.port("b", .float, [2]),
    ]
    return model
  }

  @Test func whatBecomesUnusedGoesWithItsType() throws {
    var message = chain().message
    message.editBodies { body in
      body.nodes[2].input = ["a"]
      body.removeUnused(["b"])
    }
    #expect(message.graph.node.map(\.opType) == ["Exp", "Log"])
    #expect(message.graph.initializer.isEmpty)
    #expect(message.graph.valueInfo.map(\.name) == ["a"])
  }

  @Test func whatIsStillReadStays() throws {
    var model = chain()
    model.node("Mul", ["b", "one"], ["c"])
    model.output("c")
    var message = model.message
    message.editBodies { body in
      body.nodes[2].input = ["a"]
      body.removeUnused(["b"])
    }
    #expect(message.graph.node.count == 4)
    #expect(message.graph.initializer.map(\.name) == ["one"])
  }

  /// An initializer that is an input as well belongs to whoever runs the model.
  @Test func defaultsOfInputsAreNoConstants() throws {
    var model = chain()
    model.input("one", .float, [])
    var message = model.message
    let file = try model.file()
    message.editBodies { body in
      #expect(BodyView(body, of: file, types: [:]).constant("one") == nil)
      body.nodes[2].input = ["a"]
      body.removeUnused(["b"])
    }
    #expect(message.graph.initializer.map(\.name) == ["one"])
    // Until version 4 of the format every initializer had to be an input.
    model.message.irVersion = 3
    model.message.editBodies { body in
      #expect(BodyView(body, of: file, types: [:]).constant("one")?.doubles == [1])
    }
  }

  @Test func graphsWithinNodesReadWhatIsOutside() throws {
    var model = TestModel()
    model.input("x", .float, [2])
    model.output("y")
    model.node("Exp", ["x"], ["a"])
    model.node("Neg", ["a"], ["b"])
    var branch = Onnx_GraphProto()
    branch.name = "branch"
    branch.node = [TestModel.node("Add", ["a", "one"], ["inner"])]
    branch.output = [TestModel.port("inner", .float, [2])]
    var attributes = [Onnx_AttributeProto(), Onnx_AttributeProto()]
    for (place, name) in ["then_branch", "else_branch"].enumerated() {
      attributes[place].name = name
      attributes[place].type = .graph
      attributes[place].g = branch
    }
    model.node("If", ["flag"], ["y"], attributes)
    var flag = Onnx_TensorProto()
    (flag.name, flag.dataType, flag.int32Data) = ("flag", 9, [1])
    model.message.graph.initializer = [flag, TestModel.floats("one", [1], [])]
    var message = model.message
    let file = try model.file()
    var bodies = 0
    message.editBodies { body in
      bodies += 1
      let view = BodyView(body, of: file, types: [:])
      #expect(view.constant("one")?.doubles == [1])
      body.removeUnused(["b"])
      body.removeUnused(["a"])
    }
    #expect(bodies == 3)
    // b was read by nothing; a is read by both branches.
    #expect(message.graph.node.map(\.opType) == ["Exp", "If"])
  }

  @Test func namesAreNewEverywhere() throws {
    var message = chain().message
    message.graph.node[0].name = "x_1"
    message.editBodies { body in
      #expect(body.freshName("a") == "a_2")
      #expect(body.freshName("a") == "a_3")
      #expect(body.freshName("one") == "one_2")
      #expect(body.freshName("x_1") == "x_1_2")
      #expect(body.freshName("new") == "new")
    }
  }

  /// A cycle does not stop the removal of what nothing reads.
  @Test func cyclesEnd() throws {
    var model = chain()
    model.node("Add", ["q", "x"], ["p"])
    model.node("Add", ["p", "x"], ["q"])
    var message = model.message
    message.editBodies { $0.removeUnused(["p", "q", "nowhere"]) }
    #expect(message.graph.node.count == 5)
    let view = try ModelFile(message.serializedBytes(), path: "cycle.onnx")
    message.editBodies { body in
      #expect(BodyView(body, of: view, types: [:]).constant("p") == nil)
    }
  }
}
