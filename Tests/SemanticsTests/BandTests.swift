import Numbers
import RealModule
import Testing

@testable import Semantics

/// What holds of every band, and the laws of what is not a plain layer.
@Suite struct BandTests {
  @Test func everyPredictionLiesInItsBand() {
    for function in [Function.relu, .gelu, .tanh, .scaledSigmoid] {
      for (width, weight) in [(16, 2.0), (16, 6), (64, 1), (256, 2)] {
        let net = predict(function, width: width, weight: weight, depth: 60)
        for moments in net.forward + net.backward {
          guard let found = moments.prediction(samples: 16, units: width) else { continue }
          #expect(
            found.band.contains(found.moments.secondMoment),
            "\(function.name), width \(width): \(found.moments.secondMoment) in \(found.band)")
        }
      }
    }
  }

  /// 60 layers of 16 relu units: a few draws make the mean, and one draw lies far below it.
  @Test func aWideLimitBesideItsBandGivesWayToTheMiddleOfTheBand() throws {
    let net = predict(.relu, width: 16, weight: 2, depth: 200)
    let last = net.forward[199]
    let found = try #require(last.prediction(samples: 16, units: 16))
    #expect(last.secondMoment > 0.99)
    #expect(found.moments.secondMoment < 1e-6)
    #expect(found.moments.note?.isEmpty == false)
    #expect(last.prediction(samples: 16, units: 16)?.moments.basis == .firstOrder)
  }

  @Test func whatIsNotKnownHasNoPrediction() {
    #expect(Moments.unknown("why").prediction(samples: 4, units: 4) == nil)
  }

  /// Rows of a table: variance 2/d of one row's mean square, over V rows and N tokens.
  @Test func theBandOfAnEmbeddingIsAsWideAsTheDrawOfItsRows() throws {
    let (rows, width, samples, places) = (50, 32, 64, 8)
    let table = Moments.parameter(mean: 0, secondMoment: 1).rows(of: rows, isShared: false)
    let band = try #require(table.band(samples: samples, units: width, positions: places))
    let tokens = Double(samples * places)
    let variance = 2 / Double(width) * (1 / tokens + (1 - 1 / tokens) / Double(rows))
    let reach = 1.96 * variance.squareRoot()
    #expect(abs(band.upperBound - 1 - reach) < 0.1 * reach)
    #expect(abs(1 - band.lowerBound - reach) < 0.15 * reach)
  }

  @Test func aMaskAddsItsOwnNoiseAndTakesFromCorrelations() {
    let x = Moments(
      mean: 0, secondMoment: 1, sampleCorrelation: 0.4, law: .spherical, basis: .closedForm)
    let y = x.masked(keeping: 0.5, units: 100)
    #expect(y.secondMoment == 2 && y.sampleCorrelation == 0.2)
    // E[x⁴]/E[x²]² (1/p − 1)/n = 3/100, of which samples share nothing.
    #expect(abs(y.fluctuation.variance - 0.03) < 1e-3)
    #expect(y.fluctuation.covariance < 1e-9)
  }

  /// A norm takes the component along its operand away, whatever it was before.
  @Test func whatPassesANormIsOrthogonalToItsOperand() {
    let x = Moments(mean: 0, secondMoment: 2, law: .spherical, basis: .closedForm)
    let g = Moments.standardNormal.drawn(units: 32).following(x, by: -1)
    #expect(g.alignment == 0)
    #expect(Moments.standardNormal.passingBatch(error: 0.1).alignment == 1)
  }

  /// Behind a norm over the batch the mean square of all samples is known.
  @Test func aNormOverTheBatchLeavesNothingToTheDraw() throws {
    let x = predict(.tanh, width: 32, weight: 2, depth: 3).forward[2]
    var y = Moments(mean: 0, secondMoment: 1, law: .gaussian, basis: .closedForm)
    y.fluctuation = x.fluctuation.relativeToBatch(samples: 64, common: 0)
    let band = try #require(y.band(samples: 64, units: 32))
    #expect(band.lowerBound > 0.999 && band.upperBound < 1.001 && band.contains(1))
    // E e^T = 1: the samples' scales are relative to their mean.
    let mean = ScaleGrid.average { Double.exp(y.fluctuation.scale.quantiles[$0]) }
    #expect(abs(mean - 1) < 1e-12)
  }

  /// Errors of rules have one sign: ten of 1 % make 10 %, not 3 %.
  @Test func errorsOfRulesAddUp() {
    var g = Moments.standardNormal
    for _ in 0..<10 { g = g.passingBatch(error: 0.01) }
    #expect(abs(g.fluctuation.covariance - 0.01) < 1e-9)
  }

  @Test func meansOverPositionsKeepWhatThesePositionsShare() {
    let x = Moments(
      mean: 0, secondMoment: 2, sampleCorrelation: 0, positionCorrelation: 0.2, basis: .closedForm)
    let y = x.averagedOverPositions(4, units: 10)
    // E[ȳ²] = 2 (1/4 + 3/4 · 0.2); two means share 0.2 · 2 of it.
    #expect(abs(y.secondMoment - 0.8) < 1e-12)
    #expect(abs(y.positionCorrelation - 0.5) < 1e-12)
    // What they share is drawn for each unit: 2 · ½²/10.
    #expect(abs(y.fluctuation.variance - 0.05) < 1e-3)
  }

  /// A profile of places goes through a function place by place, and its mean into the moment.
  @Test func placesOfUnlikeMeanSquareAreMappedOneByOne() {
    var x = Moments.standardNormal
    x.setPlaces([0.5, 1.5])
    let y = x.mapped(by: Function.tanh, units: 64)
    let low = Moments(mean: 0, secondMoment: 0.5, law: .gaussian, basis: .closedForm)
      .mapped(by: Function.tanh, units: 64).secondMoment
    let high = Moments(mean: 0, secondMoment: 1.5, law: .gaussian, basis: .closedForm)
      .mapped(by: Function.tanh, units: 64).secondMoment
    #expect(abs(y.secondMoment - (low + high) / 2) < 5e-4)
    #expect(abs(y.places[1] / y.places[0] - high / low) < 2e-3)
  }

  @Test func softmaxSharesOnlyWhatAMaskLeaves() {
    var logits = Moments(mean: 0, secondMoment: 0, basis: .closedForm)
    logits.visible = [1, 2, 3, 4]
    let p = logits.shares(of: 4)
    // Equal shares: Σp² = 1/k in row k, so that E[p²] = (1 + 1/2 + 1/3 + 1/4)/16.
    #expect(abs(p.mean - 0.25) < 1e-12)
    #expect(abs(p.secondMoment - (1 + 1 / 2.0 + 1 / 3.0 + 1 / 4.0) / 16) < 1e-12)
    let v = Moments(mean: 0, secondMoment: 3, positionCorrelation: 0, basis: .closedForm)
    let y = Moments.product(
      of: p, and: v, terms: 4, along: (p.correlation(along: .unit, isLast: true), 0), rows: nil,
      columns: nil, units: 8, positions: 4)
    #expect(abs(y.secondMoment - 3 * (1 + 1 / 2.0 + 1 / 3.0 + 1 / 4.0) / 4) < 1e-9)
    // Values that are all alike stay as they are.
    let alike = Moments.product(
      of: p, and: v, terms: 4, along: (p.correlation(along: .unit, isLast: true), 1), rows: nil,
      columns: nil, units: 8, positions: 4)
    #expect(abs(alike.secondMoment - 3) < 1e-9)
  }
}
