import Findings
import Reports
import Testing
import Workflows

@Suite struct TheoryAnswersTests {
  private let answers = TheoryAnswers()

  @Test func theJSONHasTheKeysOfItsSchemaFirst() throws {
    let line = try answers.activation("tanh", q: 1).json.line
    #expect(
      line.hasPrefix(
        #"{"schema": "evenkeel.theory.activation/1", "activation": "tanh", "q": 1, "mean": 0, "#
          + #""second_moment": 0.3942944903978"#))
    let critical = try answers.critical("relu", biasDeviation: 0.1).json.line
    #expect(
      critical == #"{"schema": "evenkeel.theory.critical/1", "activation": "relu", "#
        + #""bias_std": 0.1, "points": []}"#)
    let depth = try answers.depth("relu", weightDeviation: 1.5, biasDeviation: 0.1).json.line
    #expect(depth.contains(#""phase": "divergent", "q": "inf", "chi": null"#))
    let every = try answers.critical("relu", biasDeviation: 0).json.line
    #expect(
      every.contains(#""q": null, "length_map_stable": false, "chi_q": 1, "kind": "every_q""#))
  }

  @Test func gainsStandBesidePyTorchs() throws {
    let tanh = try answers.gains("tanh")
    #expect(abs(tanh.gainForward - 1.592537419722831) < 1e-12)
    #expect(tanh.pytorchGain == 5.0 / 3)
    #expect(try answers.gains("gelu").json.line.contains(#""pytorch_gain": null"#))
    #expect(try answers.gains("leaky_relu(0.2)").pytorchGain != nil)
  }

  @Test func everyActivationAnswersEveryQuestion() throws {
    for name in [
      "linear", "relu", "leaky_relu(0.2)", "elu(1)", "selu", "celu(1)", "gelu", "gelu_tanh", "silu",
      "softplus", "mish", "sigmoid", "scaled_sigmoid", "hard_sigmoid", "hard_swish", "tanh",
      "hard_tanh", "softsign", "erf", "sin", "exponential",
    ] {
      let activation = try answers.activation(name, q: 0.5)
      #expect(activation.secondMoment > 0 && activation.slopeSecondMoment > 0, "\(name)")
      let gains = try answers.gains(name)
      #expect(gains.batchNormRate >= 1 - 1e-12, "Poincaré's inequality fails for \(name)")
      _ = try answers.critical(name, biasDeviation: 0.1)
      let depth = try answers.depth(name, weightDeviation: 1, biasDeviation: 0.1)
      #expect(["ordered", "critical", "chaotic", "divergent"].contains(depth.phase), "\(name)")
      for text in [
        TheoryTables.text(of: activation), TheoryTables.text(of: gains),
        TheoryTables.text(of: depth),
        TheoryTables.text(of: try answers.critical(name, biasDeviation: 0)),
      ] {
        let widest = text.split(separator: "\n").map(\.count).max() ?? 0
        #expect(widest <= 80, "\(text)")
      }
    }
  }

  @Test func theTableOfACriticalPointWarnsWhereItIsUnstable() throws {
    let text = TheoryTables.text(of: try answers.critical("gelu", biasDeviation: 0.1))
    #expect(
      text
        == """
        edge of chaos of gelu, biases N(0, sigma_b^2), sigma_b = 0.1
        sigma_w         q               chi_q           length map
        1.727078275     0.1834831931    1.097932170     UNSTABLE: is driven away from q

        """.replacing("1.097932170 ", with: "1.09793217  "))
  }

  @Test func shapesNameTheTargetTheyMeet() throws {
    let dks = try answers.shape("tanh", target: .init(.dks), depth: 50)
    #expect(dks.targetName == "zeta" && abs(dks.alpha - 0.128440478513) < 1e-9)
    let tat = try answers.shape("relu", target: .init(.tat, eta: 0.9), depth: 50)
    #expect(tat.targetName == "eta" && tat.activation.hasPrefix("leaky_relu(0.4305"))
    #expect(TheoryTables.text(of: tat).contains("negative slope"))
    #expect(!TheoryTables.text(of: dks).contains("negative slope"))
  }

  @Test(arguments: [
    ("tanhh", "there is no activation 'tanhh'; did you mean 'tanh'?"),
    ("leaky_relu(nan)", "leaky_relu: 'nan' is not a number"),
    ("elu(-1)", "elu: the parameter is -1.0; give at least 0"),
    ("tanh(1)", "tanh: takes 0 parameters, not 1"),
  ])
  func unknownActivationsAreToldInOneLine(_ name: String, _ message: String) {
    #expect(throws: InputError(message)) { try answers.gains(name) }
  }

  @Test func numbersOutOfRangeAreRefused() {
    #expect(throws: InputError.self) { try answers.activation("tanh", q: -1) }
    #expect(throws: InputError.self) { try answers.activation("tanh", q: .infinity) }
    #expect(throws: InputError.self) { try answers.critical("tanh", biasDeviation: .nan) }
    #expect(throws: InputError.self) {
      try answers.depth("tanh", weightDeviation: -1, biasDeviation: 0)
    }
    for target: TheoryAnswers.ShapeTarget in [
      .init(.dks, tau: 0.3), .init(.tat, zeta: 1.5), .init(.tat, eta: 0.9), .init(.dks, zeta: 0.5),
    ] {
      #expect(throws: InputError.self) { try answers.shape("tanh", target: target, depth: 20) }
    }
    #expect(throws: InputError.self) { try answers.shape("tanh", target: .init(.dks), depth: 0) }
  }
}
