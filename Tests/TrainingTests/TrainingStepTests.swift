import CAllocationCounter
import Execution
import Graphs
import Networks
import Numbers
import Operators
import Semantics
import Tensors
import Testing
import Training

@Suite(.serialized) struct TrainingStepTests {
  static let yaml = """
    network:
      input: [24]
      layers:
        - repeat: 3
          layers: [{dense: 96}, tanh]
        - dense: 8
      loss: mean_squared_error
    """

  static func step(
    isWatched: Bool = false, format: NumberFormat? = nil
  ) throws -> TrainingStep {
    let network = try NetworkDescription(yaml: yaml, activations: .standard)
      .lowered(batch: 64, registry: .standard, activations: .standard)
    let step = try TrainingStep(network, adding: { Add() }, isWatched: isWatched, format: format)
    for parameter in network.parameters {
      fill(step[parameter.value], parameter.name, scale: parameter.shape.rank == 1 ? 0.1 : 0.2)
    }
    for input in network.inputs { fill(step[input.value], input.name, scale: 1) }
    return step
  }

  static func fill(_ tensor: Tensor, _ name: String, scale: Float) {
    let stream = RandomStream(seed: 3, name: name)
    let elements = tensor.elements(as: Float.self)
    for i in elements.indices { elements[i] = scale * Float(stream.normal(at: i)) }
  }

  @Test func stepsFollowTheGradientOfDoublePrecision() throws {
    let step = try Self.step()
    let before = step.parameters.map { $0.weight.doubles }
    let first = step.run(rate: 0.1)
    // The same network in double precision.
    let network = step.network
    var graph = network.graph
    let loss = try #require(network.loss)
    let seed = graph.addInput("seed", graph.type(of: loss))
    let found = try graph.differentiate(
      [(value: loss, cotangent: seed)], withRespectTo: graph.parameters, adding: { Add() })
    let gradients = try network.parameters.map { try #require(found[$0.value]) }
    let plan = try Plan<Double>(graph, keeping: gradients + [loss])
    for (parameter, weights) in zip(network.parameters, before) {
      for i in weights.indices { plan[parameter.value].elements(as: Double.self)[i] = weights[i] }
    }
    for input in network.inputs {
      let numbers = step[input.value].doubles
      for i in numbers.indices { plan[input.value].elements(as: Double.self)[i] = numbers[i] }
    }
    plan[seed].elements(as: Double.self)[0] = 1
    plan.run()
    #expect(abs(Double(first) - plan[loss].doubles[0]) < 1e-5)
    for (number, parameter) in step.parameters.enumerated() {
      let gradient = plan[gradients[number]].doubles
      let scale = gradient.map(abs).max() ?? 0
      for (i, weight) in parameter.weight.doubles.enumerated() {
        // Rounding of the weight and of the gradient.
        let expected = before[number][i] - 0.1 * gradient[i]
        #expect(abs(weight - expected) <= 1e-7 * abs(expected) + 1e-5 * scale, "\(parameter.name)")
      }
    }
    for _ in 0..<20 { step.run(rate: 0.1) }
    #expect(step.run(rate: 0.1) < 0.9 * first)
  }

  @Test func watchingTellsWhatItSawAndChangesNothing() throws {
    let (bare, watched) = (try Self.step(), try Self.step(isWatched: true))
    let before = watched.parameters.map { $0.weight.array(of: Float.self) }
    #expect(bare.run(rate: 0.05) == watched.run(rate: 0.05))
    for (number, parameter) in watched.parameters.enumerated() {
      let weights = parameter.weight.array(of: Float.self)
      #expect(weights == bare.parameters[number].weight.array(of: Float.self))
      let seen = try #require(watched.summaries(ofParameter: number))
      let updates = parameter.gradient.array(of: Float.self).map { -0.05 * $0 }
      expect(seen.weight, agreesWith: weights)
      expect(seen.update, agreesWith: updates)
      #expect(zip(before[number], updates).map { $0 + $1 } == weights)
      let value = watched.network.parameters[number].value
      let gradient = try #require(watched.summaries(of: value).cotangent)
      expect(gradient, agreesWith: parameter.gradient.array(of: Float.self))
      #expect(bare.summaries(ofParameter: number) == nil)
    }
    for layer in watched.network.layers {
      let seen = watched.summaries(of: layer.output)
      #expect(seen.value?.count == 64 * watched[layer.output].shape.extents[1])
      #expect(try #require(seen.cotangent).rootMeanSquare > 0)
    }
  }

  private func expect(_ summary: Summary, agreesWith numbers: [Float]) {
    let other = Summary(of: Tensor(numbers, shape: [numbers.count]).elements(as: Float.self))
    #expect(summary.count == other.count && summary.zeros == other.zeros)
    #expect(summary.minimum == other.minimum && summary.maximum == other.maximum)
    #expect(abs(summary.mean - other.mean) <= 1e-12 * other.rootMeanSquare)
    #expect(abs(summary.secondMoment - other.secondMoment) <= 1e-12 * other.secondMoment)
    for exponent in Summary.exponents {
      #expect(summary.count(exponent: exponent) == other.count(exponent: exponent))
    }
  }

  @Test func theBitsDoNotDependOnTheThreads() throws {
    let before = Threads.count
    defer { Threads.count = before }
    let all = try [1, 2, 3].map { threads in
      Threads.count = threads
      let step = try Self.step(isWatched: true)
      for _ in 0..<3 { step.run(rate: 0.1) }
      let means = step.parameters.indices.compactMap {
        step.summaries(ofParameter: $0)?.update.mean.bitPattern
      }
      return (step.parameters.map { $0.weight.array(of: Float.self) }, means)
    }
    #expect(all[0].0 == all[1].0 && all[1].0 == all[2].0)
    #expect(all[0].1 == all[1].1 && all[1].1 == all[2].1)
  }

  /// A network that reads weights which bf16 has computes the same with others that round to them.
  @Test func theNetworkReadsRoundedWeights() throws {
    let (exact, moved) = (try Self.step(format: .bf16), try Self.step(format: .bf16))
    for (a, b) in zip(exact.parameters, moved.parameters) {
      let (x, y) = (a.weight.elements(as: Float.self), b.weight.elements(as: Float.self))
      for i in x.indices {
        x[i] = NumberFormat.bf16.rounded(x[i])
        y[i] = x[i] * (1 + 0x1p-12)
      }
    }
    #expect(exact.run(rate: 0) == moved.run(rate: 0))
    #expect(
      zip(exact.parameters, moved.parameters).allSatisfy { a, b in
        a.gradient.doubles == b.gradient.doubles && a.weight.doubles != b.weight.doubles
      })
  }

  @Test func aFormatRoundsActivationsAndKeepsWeights() throws {
    let step = try Self.step(isWatched: true, format: .bf16)
    step.run(rate: 0.1)
    let output = try #require(step.network.layers.first?.output)
    let seen = try #require(step.summaries(of: output).value)
    #expect(Double(NumberFormat.bf16.rounded(Float(seen.maximum))) == seen.maximum)
    #expect(
      step.parameters[0].weight.array(of: Float.self).contains {
        NumberFormat.bf16.rounded($0) != $0
      })
  }

  @Test(.enabled(if: ek_counts_allocations()), arguments: [false, true])
  func aStepAllocatesNothing(isWatched: Bool) throws {
    let step = try Self.step(isWatched: isWatched)
    step.run(rate: 0.1)
    ek_start_counting()
    step.run(rate: 0.1)
    let counted = ek_stop_counting()
    #expect(counted.own == 0)
  }
}
