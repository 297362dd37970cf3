import Testing
import Training

struct SettingsTests {
  private static let all: [any NamedSettings.Type] =
    OptimizerCatalogue.all + ClippingCatalogue.all + TreatmentCatalogue.all

  private func problem(_ body: () throws -> Any) -> String? {
    do {
      _ = try body()
      return nil
    } catch { return "\(error)" }
  }

  @Test func namesAndOptionsStandOnce() {
    #expect(Set(Self.all.map { $0.name }).count == Self.all.count)
    func check<T: NamedSettings>(_ type: T.Type) {
      #expect(Set(T.options.map(\.name)).count == T.options.count, "\(T.name)")
      #expect(!T.summary.isEmpty)
      for option in T.options {
        #expect(option.range.contains(option.value(in: T())), "\(T.name) \(option.name)")
      }
    }
    for type in Self.all { check(type) }
  }

  /// Every option goes to a place of its own: all together come back as they were given.
  @Test func everyOptionIsStored() throws {
    func check<T: NamedSettings>(_ type: T.Type) throws {
      for option in T.options where option.name != "nesterov" {
        let other = option.kind == .flag ? 1 - option.value(in: T()) : 0.125
        let changed = try T(options: [option.name: other])
        var expected = T().optionValues
        expected[option.name] = other
        #expect(changed.optionValues == expected)
        #expect(changed != T())
      }
    }
    for type in Self.all { try check(type) }
    let nesterov = try SGD(options: ["nesterov": 1, "momentum": 0.5])
    #expect(nesterov.isNesterov && nesterov.momentum == 0.5)
  }

  @Test func defaultsAreThoseOfPyTorch() throws {
    let adam = try #require(try OptimizerCatalogue.optimizer("adam") as? Adam)
    #expect(adam == Adam())
    #expect((adam.learningRate, adam.beta1, adam.beta2, adam.epsilon) == (1e-3, 0.9, 0.999, 1e-8))
    #expect(AdamW().weightDecay == 0.01 && Adamax().learningRate == 2e-3)
    #expect(RMSprop().learningRate == 1e-2 && RMSprop().alpha == 0.99)
    #expect(Adagrad().epsilon == 1e-10 && Adadelta().rho == 0.9 && Adadelta().learningRate == 1)
  }

  @Test func whatIsWrongIsTold() {
    #expect(
      problem { try OptimizerCatalogue.optimizer("adm") }
        == "there is no optimiser 'adm'; did you mean 'adam'? the optimisers are sgd, rmsprop, "
        + "adagrad, adam, adamw, adamax, adadelta")
    #expect(
      problem { try OptimizerCatalogue.optimizer("adam", options: ["beta_1": 0.9]) }
        == "'adam' has no option 'beta_1'; did you mean 'beta1'? its options are learning_rate, "
        + "beta1, beta2, epsilon, weight_decay, amsgrad")
    #expect(
      problem { try OptimizerCatalogue.optimizer("adam", options: ["beta1": 1]) }
        == "'beta1' of 'adam' is 1; give a number from 0 to less than 1")
    #expect(
      problem { try OptimizerCatalogue.optimizer("sgd", options: ["learning_rate": .nan]) }
        == "'learning_rate' of 'sgd' is nan; give a number from 0 to 1e+38")
    #expect(
      problem { try OptimizerCatalogue.optimizer("sgd", options: ["nesterov": 0.5]) }
        == "'nesterov' of 'sgd' is 0.5; give 0 for no or 1 for yes")
    #expect(
      problem { try OptimizerCatalogue.optimizer("sgd", options: ["nesterov": 1]) }
        == "'nesterov' of 'sgd' is 1 without momentum or with dampening; set 'momentum' above 0 "
        + "and 'dampening' to 0")
    #expect(
      problem { try ClippingCatalogue.clipping("global", options: ["limit": 1]) }
        == "there is no clipping 'global'; did you mean 'global_norm'? the clippings are value, "
        + "norm, global_norm, adaptive")
    #expect(
      problem { try TreatmentCatalogue.treatment("centralization", options: ["rms": 1]) }
        == "'centralization' has no option 'rms'; it takes none")
    var changed = SGD()
    changed.momentum = -1
    #expect(
      problem { try changed.check() } == "'momentum' of 'sgd' is -1; give a number from 0 to 1")
  }
}
