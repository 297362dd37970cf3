import RealModule
import Testing
import Training

@Suite struct ScheduleTests {
  /// A schedule with its options and the factors that PyTorch gave (Scripts/reference/schedules.py).
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let options: [String: Double]
    let steps: Int
    let factors: [Double]
    var testDescription: String { "\(name) \(options)" }
  }

  static let cases = ReferenceLine.all(in: "schedules.csv").map {
    Case(name: $0.name, options: $0.options, steps: $0.number, factors: $0.values)
  }

  @Test func thereAreCasesOfAll() {
    #expect(Set(Self.cases.map(\.name)).union(["constant"]) == Set(ScheduleCatalogue.names))
    #expect(Self.cases.allSatisfy { $0.factors.count >= $0.steps - 1 })
  }

  /// PyTorch chains factors, so that its roundings add up.
  @Test(arguments: cases)
  func factorsAreThoseOfPyTorch(_ item: Case) throws {
    let plan = LearningRatePlan(
      try ScheduleCatalogue.schedule(item.name, options: item.options))
    var memory = ScheduleMemory()
    for (step, expected) in item.factors.enumerated() {
      let factor = plan.factor(step: step, of: item.steps, memory)
      #expect(abs(factor - expected) < 1e-12, "step \(step)")
      let loss = 1 / Double(1 + min(step, 37)) + 0.01 * Double.sin(Double(step))
      plan.observe(loss: loss, step: step, &memory)
    }
  }

  @Test func aRiseComesInFront() {
    let plan = LearningRatePlan(ExponentialSchedule(), warmup: 4, warmupStart: 0.2)
    let memory = ScheduleMemory()
    let factors = (0..<6).map { plan.factor(step: $0, of: 10, memory) }
    for (factor, expected) in zip(factors, [0.2, 0.4, 0.6, 0.8, 1, 0.999]) {
      #expect(abs(factor - expected) < 1e-15)
    }
  }

  /// Runs that are shorter than what a schedule speaks of, or longer.
  @Test(arguments: ScheduleCatalogue.names, [1, 2, 3])
  func factorsStayFinite(of name: String, steps: Int) throws {
    let schedule = try ScheduleCatalogue.schedule(name)
    for step in 0..<5 {
      let factor = schedule.factor(step: step, of: steps, ScheduleMemory())
      #expect(factor.isFinite && factor >= 0, "step \(step)")
    }
  }
}
