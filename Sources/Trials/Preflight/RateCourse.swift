import Training

extension PreflightSubject {
  /// Steps that a course is looked at.
  private static let mostPoints = 4096

  /// What a plan multiplies the optimiser's rate by over the run, at evenly spaced steps; a
  /// schedule that follows the loss stays at 1.
  func factors(of plan: LearningRatePlan) -> [Double] {
    let count = min(plannedSteps, Self.mostPoints)
    return (0..<count).map { place in
      let step = count < 2 ? 0 : Int(Double(place) / Double(count - 1) * Double(plannedSteps - 1))
      return plan.factor(step: step, of: plannedSteps, ScheduleMemory())
    }
  }

  /// The sum of the factors of all steps of a plan.
  func factorSum(of plan: LearningRatePlan) -> Double {
    let factors = factors(of: plan)
    guard !factors.isEmpty else { return 0 }
    return factors.reduce(0, +) / Double(factors.count) * Double(plannedSteps)
  }

  var factorSum: Double { factorSum(of: training.schedule) }
  var peakFactor: Double { factors(of: training.schedule).max() ?? 1 }
}
