import Foundation
import Numbers
import Operators
import Testing

/// The activations of the catalogue as functions, by the names users write.
private let functions: [String: any ScalarFunction] = [
  "linear": Linear(), "relu": Relu(), "leaky_relu(0.3)": LeakyRelu(alpha: 0.3), "elu(1)": Elu(),
  "elu(0.5)": Elu(alpha: 0.5), "selu": Selu(), "celu(2)": Celu(alpha: 2), "gelu": Gelu(),
  "gelu_tanh": Gelu(approximate: .tanh), "silu": Silu(), "softplus": Softplus(), "mish": Mish(),
  "sigmoid": Sigmoid(), "scaled_sigmoid": ScaledSigmoid(), "hard_sigmoid": HardSigmoid(),
  "hard_swish": HardSwish(), "tanh": Tanh(), "hard_tanh": HardTanh(), "softsign": Softsign(),
  "erf": Erf(), "sin": Sin(), "exponential": Exp(),
]

@Suite struct ActivationFunctionTests {
  /// Relative to 1e-13, which covers the functions' condition in their tails (e^{-x²} at 37
  /// multiplies an error by 2700); near the zeros of φ′ and φ″ relative to the terms that cancel.
  @Test func valuesAndDerivativesAgreeWithMpmathInTheTailsToo() throws {
    let table = try ReferenceTable("activation_values.csv", separator: ";")
    #expect(table.rows.count == 22 * 24)
    for row in table.rows {
      let function = try #require(functions[row["activation"]])
      let x = row.number("x")
      for (column, value) in [
        ("value", function.value(at: x)), ("slope", function.slope(at: x)),
        ("curvature", function.curvature(at: x)),
      ] {
        let expected = row.number(column)
        // Results below the normal range keep fewer digits.
        let near = abs(x) < 6 ? 1e-15 : 1e-300
        let error = deviation(value, expected, absolute: near)
        #expect(error < 1e-12, "\(row["activation"]) \(column) at \(x): \(value), not \(expected)")
      }
    }
  }

  @Test func namesAreThoseUsersWrite() {
    for (name, function) in functions where !name.contains("(") {
      #expect(function.name == name)
    }
    #expect(LeakyRelu(alpha: 0.3).name == "leaky_relu(0.3)")
    #expect(Elu().name == "elu(1)" && Celu(alpha: 2).name == "celu(2)")
  }

  @Test func valuesAtTheEndsAreLimits() {
    for (name, function) in functions where name != "sin" {
      for x in [-Double.infinity, -1e308, -1e4, 1e4, 1e308, .infinity] {
        #expect(!function.value(at: x).isNaN, "\(name) at \(x)")
        if x.isFinite {
          #expect(!function.slope(at: x).isNaN, "\(name)′ at \(x)")
          #expect(!function.curvature(at: x).isNaN, "\(name)″ at \(x)")
        }
      }
      #expect(function.value(at: .nan).isNaN, "\(name) must pass NaN on")
    }
  }

  @Test func betweenTurningPointsFunctionsAreMonotone() {
    let interval = Interval(-7, 9)
    let wraps: [any ScalarFunction] = [
      LeakyRelu(alpha: -0.5), AffineWrap(Gelu(), alpha: -2, beta: 0.5),
      AffineWrap(Silu(), alpha: 0.5, beta: 1, gamma: -1, delta: 3),
    ]
    let variants = wraps + functions.values
    for function in variants where function.period == nil {
      let ends = [-7.0] + function.turningPoints(in: interval) + [9.0]
      for (start, end) in zip(ends, ends.dropFirst()) {
        let values = (0...400).map {
          function.value(at: start + (end - start) * Double($0) / 400)
        }
        let steps = zip(values, values.dropFirst()).map { $1 - $0 }
        let rises = steps.contains { $0 > 1e-14 }
        let falls = steps.contains { $0 < -1e-14 }
        #expect(!(rises && falls), "\(function.name) turns between \(start) and \(end)")
      }
      for point in function.turningPoints(in: interval) where function.kinks.isEmpty {
        #expect(abs(function.slope(at: point)) < 3e-16, "\(function.name) turns at \(point)")
      }
    }
  }

  @Test func theSineGivesOneMaximumAndOneMinimumAtMost() {
    #expect(Sin().turningPoints(in: Interval(-1, 1)).isEmpty)
    #expect(Sin().turningPoints(in: Interval(1, 2)) == [.pi / 2])
    #expect(Sin().turningPoints(in: Interval(101.5, 102.5)) == [.pi / 2])
    #expect(Sin().turningPoints(in: Interval(4, 5)) == [-.pi / 2])
    #expect(Sin().turningPoints(in: Interval(0, 1e9)).count == 2)
    #expect(Sin().turningPoints(in: Interval(-.infinity, 0)).count == 2)
    #expect(Sin().turningPoints(in: Interval(3e17, 3e17 + 64)).count == 2)
  }

  @Test func jumpsOfTheSlopeAreWhatTheKinksSay() {
    let wraps: [any ScalarFunction] = [
      AffineWrap(HardSwish(), alpha: -0.5, beta: 1, gamma: 3)
    ]
    for function in wraps + functions.values {
      for kink in function.kinks {
        let (left, right) = (kink.position - 1e-9, kink.position + 1e-9)
        let jump = function.slope(at: right) - function.slope(at: left)
        #expect(abs(jump - kink.slopeJump) < 1e-7, "\(function.name) at \(kink.position)")
        #expect(abs(function.value(at: right) - function.value(at: left)) < 1e-7)
      }
    }
  }
}
