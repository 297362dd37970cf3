import Findings
import Numbers
import RealModule
import Tensors
import Testing
import Training

@Suite struct OptimizerTests {
  /// What PyTorch's weights were after some steps (Scripts/reference/optimizers.py).
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let options: [String: Double]
    let weights: [Int: [Double]]
    var testDescription: String { "\(name) \(options)" }
  }

  static let cases: [Case] = {
    var cases: [Case] = []
    for line in ReferenceLine.all(in: "optimizers.csv") {
      if let last = cases.last, last.name == line.name, last.options == line.options {
        var weights = last.weights
        weights[line.number] = line.values
        cases[cases.count - 1] = Case(name: last.name, options: last.options, weights: weights)
      } else {
        cases.append(
          Case(name: line.name, options: line.options, weights: [line.number: line.values]))
      }
    }
    return cases
  }()

  /// Two tensors of 5 and 3 numbers, with the gradients of the script.
  struct Problem<T: Scalar> {
    let parameters: [TrainedParameter]
    let pass: UpdatePass<T>
    let rate: Double

    init(_ optimizer: any Optimizer, isWatched: Bool = false) {
      parameters = [5, 3].enumerated().map { number, count in
        TrainedParameter(
          name: "w\(number)", weight: Tensor(zeros: [count], T.elementType),
          gradient: Tensor(zeros: [count], T.elementType))
      }
      rate = optimizer.learningRate
      pass = UpdatePass(parameters, optimizer: optimizer, isWatched: isWatched)
      forEach { i, weight, _, place in
        weight[place] = T(Double.cos(0.8 * Double(i)) * Double(1 + i))
      }
      pass.weightsWereWritten()
    }

    func forEach(_ body: (Int, Elements<T>, Elements<T>, Int) -> Void) {
      var i = 0
      for parameter in parameters {
        for place in 0..<parameter.weight.count {
          body(
            i, parameter.weight.elements(as: T.self), parameter.gradient.elements(as: T.self), place
          )
          i += 1
        }
      }
    }

    func setGradients(step: Int) {
      forEach { i, weight, gradient, place in
        let size = [1, 1e-3, 10][i % 3]
        let wave = Double.sin(1.7 * Double(i) + 0.9 * Double(step))
        gradient[place] =
          i == 4 && step % 3 == 1 ? 0 : T(0.3 * Double(weight[place]) + size * wave)
      }
    }

    var weights: [Double] {
      parameters.flatMap { parameter in
        let elements = parameter.weight.elements(as: T.self)
        return elements.indices.map { Double(elements[$0]) }
      }
    }
  }

  @Test func thereAreCasesOfAll() {
    #expect(Set(Self.cases.map(\.name)) == Set(OptimizerCatalogue.names))
    #expect(Self.cases.allSatisfy { $0.weights.count == 6 })
  }

  /// The definitions are the same; orders of operations differ.
  @Test(arguments: cases)
  func weightsAreThoseOfPyTorch(_ item: Case) throws {
    let problem = Problem<Double>(
      try OptimizerCatalogue.optimizer(item.name, options: item.options))
    for step in 0..<25 {
      problem.setGradients(step: step)
      #expect(problem.pass.run(rate: problem.rate) == nil)
      guard let expected = item.weights[step] else { continue }
      for (found, weight) in zip(problem.weights, expected) {
        #expect(abs(found - weight) <= 1e-10 * max(1e-3, abs(weight)), "step \(step)")
      }
    }
    #expect(problem.pass.step == 25)
  }

  /// In single precision, against double with the same gradients.
  @Test(arguments: cases)
  func singlePrecisionFollowsDouble(_ item: Case) throws {
    let optimizer = try OptimizerCatalogue.optimizer(item.name, options: item.options)
    let (single, double) = (
      Problem<Float>(optimizer, isWatched: true), Problem<Double>(optimizer)
    )
    for step in 0..<10 {
      single.setGradients(step: step)
      double.setGradients(step: step)
      #expect(single.pass.run(rate: single.rate) == nil)
      _ = double.pass.run(rate: double.rate)
    }
    for (found, expected) in zip(single.weights, double.weights) {
      // Ten steps of errors of 6e-8 of numbers up to 10, times what adaptive rates make of them.
      #expect(abs(found - expected) < 2e-5 * max(1, abs(expected)))
    }
  }

  @Test(arguments: cases)
  func aStateThatIsRestoredGoesOnWithTheSameBytes(_ item: Case) throws {
    let optimizer = try OptimizerCatalogue.optimizer(item.name, options: item.options)
    let (whole, second) = (Problem<Float>(optimizer), Problem<Float>(optimizer))
    func advance(_ problem: Problem<Float>, _ steps: Range<Int>) {
      for step in steps {
        problem.setGradients(step: step)
        _ = problem.pass.run(rate: problem.rate)
      }
    }
    advance(whole, 0..<6)
    let state = Dictionary(
      uniqueKeysWithValues: whole.pass.state.map { ($0.name, $0.tensor.copy()) })
    for (from, to) in zip(whole.parameters, second.parameters) {
      to.weight.copyBytes(from: from.weight)
    }
    second.pass.weightsWereWritten()
    try second.pass.restore(state, step: whole.pass.step)
    advance(whole, 6..<12)
    advance(second, 6..<12)
    #expect(whole.weights == second.weights)
    if let name = state.keys.first {
      var less = state
      less[name] = nil
      #expect(throws: TrainingError.self) { try second.pass.restore(less, step: 6) }
      less[name] = Tensor(zeros: [1], .float32)
      #expect(throws: TrainingError.self) { try second.pass.restore(less, step: 6) }
    }
  }

  // MARK: The guard

  private func bytes(_ problem: Problem<Float>) -> [UInt32] {
    (problem.parameters.map(\.weight) + problem.pass.state.map(\.tensor)).flatMap { tensor in
      let elements = tensor.elements(as: Float.self)
      return elements.indices.map { elements[$0].bitPattern }
    }
  }

  /// Also that of a parameter that came before: all or nothing.
  @Test(arguments: OptimizerCatalogue.names, [Float.nan, .infinity, -.infinity])
  func aGradientThatIsNotFiniteChangesNothing(_ name: String, _ poison: Float) throws {
    let problem = Problem<Float>(try OptimizerCatalogue.optimizer(name), isWatched: true)
    for step in 0..<3 {
      problem.setGradients(step: step)
      _ = problem.pass.run(rate: problem.rate)
    }
    let before = bytes(problem)
    problem.setGradients(step: 3)
    problem.parameters[1].gradient.elements(as: Float.self)[2] = poison
    let refusal = problem.pass.run(rate: problem.rate)
    #expect(refusal?.place == .gradient && refusal?.tensor == "w1")
    #expect(refusal?.nanCount == (poison.isNaN ? 1 : 0))
    #expect(refusal?.infinityCount == (poison.isNaN ? 0 : 1))
    #expect(bytes(problem) == before && problem.pass.step == 3)
    problem.setGradients(step: 3)
    #expect(problem.pass.run(rate: problem.rate) == nil)
  }

  /// Finite gradients of any size at any rate: what is made stays finite, what is refused stays.
  @Test(arguments: OptimizerCatalogue.names)
  func nothingBecomesInfinite(_ name: String) throws {
    let stream = RandomStream(seed: 11, name: name)
    for trial in 0..<60 {
      let problem = Problem<Float>(
        try OptimizerCatalogue.optimizer(name), isWatched: trial % 2 == 0)
      let rate = Double.pow(10, Double(stream.integer(at: 2 * trial, below: 42)) - 4)
      let size = Float.pow(10, Float(stream.integer(at: 2 * trial + 1, below: 76)) - 38)
      for step in 0..<4 {
        problem.setGradients(step: step)
        for parameter in problem.parameters {
          let gradient = parameter.gradient.elements(as: Float.self)
          for i in gradient.indices {
            let scaled = gradient[i] * size
            gradient[i] = scaled.isFinite ? scaled : .greatestFiniteMagnitude
          }
        }
        let before = bytes(problem)
        let refusal = problem.pass.run(rate: rate)
        let after = bytes(problem)
        #expect(after.allSatisfy { Float(bitPattern: $0).isFinite }, "rate \(rate), size \(size)")
        if refusal != nil { #expect(after == before, "rate \(rate), size \(size)") }
      }
    }
  }

  @Test func aRateThatThrowsWeightsBeyondAllNumbersIsRefusedByName() {
    let problem = Problem<Float>(SGD())
    problem.setGradients(step: 0)
    let before = bytes(problem)
    let refusal = problem.pass.run(rate: 3e38)
    #expect(refusal?.place == .update || refusal?.place == .weight)
    #expect(refusal?.tensor == "w0" && bytes(problem) == before)
  }

  /// Weights beyond 65,504 would be infinite where the network reads them in fp16.
  @Test(arguments: [true, false])
  func weightsBeyondTheFormatAreRefused(keepsMasters: Bool) {
    let weight = Tensor(zeros: [2], .float32)
    let copy = Tensor(zeros: [2], .float32)
    let gradient = Tensor(zeros: [2], .float32)
    let pass = UpdatePass<Float>(
      [TrainedParameter(name: "w", weight: weight, gradient: gradient)], optimizer: SGD(),
      format: .fp16, copies: keepsMasters ? [copy] : nil)
    weight.elements(as: Float.self)[0] = 65_000
    pass.weightsWereWritten()
    gradient.elements(as: Float.self)[0] = -1
    #expect(pass.run(rate: 400) == nil)
    let refusal = pass.run(rate: 4000)
    #expect(refusal?.place == .weight && refusal?.infinityCount == 1)
    #expect(weight.elements(as: Float.self)[0] < 65_520)
  }

  // MARK: What is watched

  @Test func lostUpdatesAreCounted() {
    let weight = Tensor(zeros: [4], .float32)
    let gradient = Tensor(zeros: [4], .float32)
    let (w, g) = (weight.elements(as: Float.self), gradient.elements(as: Float.self))
    for (i, (start, slope)) in [
      (Float(1), Float(1e-3)), (1, 1e-5), (1, 0), (0, 1e-5),
    ].enumerated() {
      (w[i], g[i]) = (start, slope)
    }
    let pass = UpdatePass<Float>(
      [TrainedParameter(name: "w", weight: weight, gradient: gradient)], optimizer: SGD(),
      format: .bf16, isWatched: true)
    pass.weightsWereWritten()
    #expect(pass.run(rate: 1) == nil)
    // Half the spacing below 1 is 2⁻⁹ in bf16: of the two updates of 1 both are less.
    #expect(pass.watched(parameter: 0)?.lost == 2)
    #expect(pass.watched(parameter: 0)?.update.zeros == 1)
    #expect(w[0] == 1 && w[1] == 1 && w[3] != 0)
  }

  @Test func bytesDoNotDependOnThreads() throws {
    let count = 100_003
    func weights(threads: Int) throws -> [UInt32] {
      let before = Threads.count
      defer { Threads.count = before }
      Threads.count = threads
      let (weight, gradient) = (Tensor(zeros: [count], .float32), Tensor(zeros: [count], .float32))
      let pass = UpdatePass<Float>(
        [TrainedParameter(name: "w", weight: weight, gradient: gradient)], optimizer: Adam(),
        isWatched: true)
      let g = gradient.elements(as: Float.self)
      for i in g.indices { g[i] = Float.sin(Float(i)) }
      for _ in 0..<3 { #expect(pass.run(rate: 0.01) == nil) }
      let w = weight.elements(as: Float.self)
      let moment = try #require(pass.watched(parameter: 0)).update.secondMoment
      return w.indices.map { w[$0].bitPattern } + [UInt32(truncatingIfNeeded: moment.bitPattern)]
    }
    #expect(try weights(threads: 1) == weights(threads: 2))
  }
}
