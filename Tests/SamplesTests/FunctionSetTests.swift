import Samples
import Tensors
import Testing

/// Sets whose targets are functions of their features.
@Suite struct FunctionSetTests {
  @Test func linearTargetsAreTheFunctionThatTheSeedGives() throws {
    var set = LinearRegression()
    (set.samples, set.noise, set.features) = (4000, 0, 6)
    let exact = try set.dataset(seed: 8)
    let (weights, constant) = set.parameters(seed: 8)
    let (numbers, answers) = (exact.numbers, exact.reals)
    for i in 0..<4000 {
      let sum = (0..<6).reduce(constant) { $0 + weights[$1] * Double(numbers[6 * i + $1]) }
      #expect(abs(sum - Double(answers[i])) < 1e-6)
    }
    // Features have mean 0 and variance 1: of 24,000 numbers, to 5 deviations.
    let mean = numbers.reduce(0.0) { $0 + Double($1) } / 24000
    let square = numbers.reduce(0.0) { $0 + Double($1) * Double($1) } / 24000
    #expect(abs(mean) < 5 / 24000.0.squareRoot())
    #expect(abs(square - 1) < 5 * (2 / 24000.0).squareRoot())
    set.noise = 0.5
    let noisy = try set.dataset(seed: 8)
    let errors = zip(noisy.reals, answers).map { Double($0 - $1) }
    let deviation = (errors.reduce(0) { $0 + $1 * $1 } / 4000).squareRoot()
    #expect(abs(deviation / 0.5 - 1) < 5 / 8000.0.squareRoot())
  }

  @Test func theTeacherIsAnOddFunctionOfItsScale() throws {
    // Over teachers, E y² = E tanh²(z) of a standard normal z, which is 0.3943 (by quadrature).
    var set = Teacher()
    (set.samples, set.features, set.hidden) = (20, 24, 64)
    var (square, mean) = (0.0, 0.0)
    for seed in 0..<400 {
      let answers = try set.dataset(seed: UInt64(seed)).reals
      square += answers.reduce(0) { $0 + Double($1) * Double($1) } / 8000
      mean += answers.reduce(0) { $0 + Double($1) } / 8000
    }
    // Answers of one teacher are related, by their inputs' overlap alone; 10 % is 5 deviations.
    #expect(abs(square / 0.3943 - 1) < 0.1 && abs(mean) < 0.05)
  }

  @Test func theTeacherNamesItsGreatestAnswer() throws {
    var set = Teacher()
    (set.samples, set.classes) = (1000, 5)
    let exact = try set.dataset(seed: 4)
    #expect(exact.classNames.count == 5 && Set(exact.labels).count == 5)
    // Noise far above the answers makes every class equally likely: 200 each, deviation 12.6.
    set.noise = 1000
    let noisy = try set.dataset(seed: 4)
    for c in 0..<5 { #expect(abs(noisy.labels.count { $0 == c } - 200) < 64) }
    let agreement = zip(exact.labels, noisy.labels).count { $0 == $1 }
    #expect(agreement < 300)
  }
}
