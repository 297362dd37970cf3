import Semantics
import Testing

@testable import Workflows

/// Which modules are layers, by their names and the matrices that they hold.
@Suite struct ModuleTreeTests {
  /// A tree of modules that hold one matrix each.
  private func tree(_ scopes: [String]) -> ModuleTree {
    var tree = ModuleTree()
    for (number, scope) in scopes.enumerated() { tree.add(Value(number), in: scope) }
    return tree
  }

  @Test func blocksOfAListAreLayers() {
    let tree = tree(
      (0..<2).flatMap { ["encoder.layer.\($0).query", "encoder.layer.\($0).output.dense"] }
        + ["pooler.dense"])
    #expect(tree.layer(of: "encoder.layer.1.output.dense") == "encoder.layer.1")
    #expect(tree.layer(of: "encoder.layer.1.output.LayerNorm") == "encoder.layer.1")
    #expect(tree.layer(of: "pooler.dense") == "pooler.dense")
    #expect(tree.isBlock("encoder.layer.0") && !tree.isBlock("pooler.dense"))
  }

  /// Stages only run their blocks, with a matrix between them at most.
  @Test func blocksOfStagesAreLayers() {
    let blocks = (0..<2).flatMap { stage in
      (0..<3).flatMap {
        ["stages.\(stage).blocks.\($0).mlp.fc1", "stages.\(stage).blocks.\($0).mlp.fc2"]
      }
    }
    let tree = tree(blocks + ["stages.1.downsample.1"])
    #expect(tree.layer(of: "stages.1.blocks.2.mlp.fc1") == "stages.1.blocks.2")
    #expect(tree.layer(of: "stages.1.downsample.1") == "stages.1.downsample.1")
  }

  @Test func stagesWithANumberInTheirNameAreStages() {
    let tree = tree(
      [
        "layer1.0.conv1", "layer1.0.conv2", "layer1.1.conv1", "layer1.1.conv2", "layer2.0.conv1",
        "layer2.0.conv2", "layer2.0.downsample.0", "conv1", "fc",
      ])
    #expect(tree.layer(of: "layer2.0.downsample.0") == "layer2.0")
    #expect(tree.layer(of: "layer1.1.conv2") == "layer1.1")
    #expect(tree.layer(of: "conv1") == "conv1")
  }

  /// A list of single operations is one of layers; inside a block it is part of that.
  @Test func listsOfSingleOperations() {
    let tree = tree([
      "features.0", "features.3", "blocks.0.attn", "blocks.0.mlp.0", "blocks.0.mlp.2",
    ])
    #expect(tree.layer(of: "features.3") == "features.3")
    #expect(tree.layer(of: "blocks.0.mlp.2") == "blocks.0")
  }

  /// Experts run beside each other in a block that does more.
  @Test func expertsBelongToTheirBlock() {
    let experts = (0..<4).flatMap { ["layers.0.moe.\($0).up", "layers.0.moe.\($0).down"] }
    let tree = tree(experts + ["layers.0.q", "layers.0.k", "layers.0.v", "layers.0.gate"])
    #expect(tree.layer(of: "layers.0.moe.3.up") == "layers.0")
  }
}
