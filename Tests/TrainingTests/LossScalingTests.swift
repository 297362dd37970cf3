import Numbers
import RealModule
import Tensors
import Testing
import Training

@Suite struct LossScalingTests {
  private func scaling(_ options: [String: Double]) throws -> LossScaling {
    try LossScaling(options: options)
  }

  @Test func aScaleFallsAtOnceAndRisesAfterAnInterval() throws {
    var scaler = LossScaler(try scaling(["initial": 64, "interval": 3]))
    scaler.advance(isFinite: false)
    #expect(scaler.scale == 32)
    for _ in 0..<2 { scaler.advance(isFinite: true) }
    #expect(scaler.scale == 32)
    scaler.advance(isFinite: true)
    #expect(scaler.scale == 64)
    // A bad step begins the count anew.
    for isFinite in [true, true, false, true, true] { scaler.advance(isFinite: isFinite) }
    #expect(scaler.scale == 32)
    scaler.advance(isFinite: true)
    #expect(scaler.scale == 64)
  }

  @Test func aScaleStaysBetweenFloorAndCeiling() throws {
    var scaler = LossScaler(
      try scaling(["initial": 4, "interval": 1, "floor": 2, "ceiling": 8]))
    for _ in 0..<5 { scaler.advance(isFinite: true) }
    #expect(scaler.scale == 8 && !scaler.isAtFloor)
    for _ in 0..<5 { scaler.advance(isFinite: false) }
    #expect(scaler.scale == 2 && scaler.isAtFloor)
  }

  @Test func hysteresisWaitsForMoreBadSteps() throws {
    var scaler = LossScaler(try scaling(["initial": 64, "hysteresis": 2]))
    scaler.advance(isFinite: false)
    scaler.advance(isFinite: true)
    #expect(scaler.scale == 64)
    scaler.advance(isFinite: false)
    #expect(scaler.scale == 32)
  }

  @Test func aConstantScaleStays() {
    var scaler = LossScaler(.constant(1024))
    for step in 0..<5000 { scaler.advance(isFinite: step % 7 > 0) }
    #expect(scaler.scale == 1024 && scaler.isAtFloor && !scaler.settings.isDynamic)
  }

  @Test func knownScalersHaveTheConstantsOfTheirSources() throws {
    let torch = try LossScaling.named("torch_amp")
    #expect(torch.initial == 65536 && torch.interval == 2000 && torch.backoff == 0.5)
    #expect(try LossScaling.named("tensorflow").initial == 32768)
    #expect(try LossScaling.named("apex").ceiling == 16_777_216)
    let deepspeed = try LossScaling.named("deepspeed")
    #expect(deepspeed.initial == 0x1p32 && deepspeed.interval == 1000 && deepspeed.floor == 1)
    for (_, scaling) in LossScaling.known { try scaling.check() }
    #expect(throws: TrainingError.self) { try LossScaling.named("torchamp") }
    #expect(throws: TrainingError.self) { try scaling(["initial": 1, "floor": 2]) }
  }

  // MARK: Windows

  private func summary(_ elements: [Float]) -> Summary {
    let tensor = Tensor(zeros: [elements.count], .float32).elements(as: Float.self)
    for (i, element) in elements.enumerated() { tensor[i] = element }
    return Summary(of: tensor)
  }

  private func isKept(_ elements: [Float], by scale: Double, in format: NumberFormat) -> Bool {
    let scaled = elements.map { format.rounded(Double($0) * scale) }
    let nonZero = elements.count { $0 != 0 }
    let lost = zip(elements, scaled).count { $0 != 0 && $1 == 0 }
    return scaled.allSatisfy(\.isFinite) && Double(lost) <= 0.01 * Double(nonZero)
  }

  /// Against rounding every element with every power of two.
  @Test(arguments: [NumberFormat.fp16, .bf16, .fp8E5M2, .fp8E4M3FN])
  func aWindowHoldsTheScalesThatKeepAll(in format: NumberFormat) throws {
    let stream = RandomStream(seed: 5, name: "window")
    for trial in 0..<40 {
      let tensors = (0..<2).map { tensor -> (name: String, elements: [Float]) in
        let size = Float.exp2(Float(stream.integer(at: 2 * trial + tensor, below: 60)) - 45)
        let spread = stream.integer(at: 1000 + 2 * trial + tensor, below: 20)
        let elements = (0..<300).map { i -> Float in
          let word = stream.integer(at: 10_000 + trial * 1000 + tensor * 500 + i, below: 1 << 20)
          return size * Float.exp2(-Float(word % (spread + 1))) * (word % 5 == 0 ? 0 : 1)
        }
        return ("t\(tensor)", elements)
      }
      let window = ScaleWindow(
        of: tensors.map { ($0.name, summary($0.elements)) }, in: format)
      let powers = (-40...120).map { Double.exp2(Double($0)) }
      let good = powers.filter { scale in
        tensors.allSatisfy { isKept($0.elements, by: scale, in: format) }
      }
      let found = powers.filter {
        $0 >= (window.least?.scale ?? 0) && $0 <= (window.greatest?.scale ?? .infinity)
      }
      #expect(found == good)
      if let scale = window.scale() { #expect(good.contains(scale) || !powers.contains(scale)) }
      #expect((window.scale() == nil) == (window.refusal != nil) || good.isEmpty)
    }
  }

  @Test func whatNoScaleServesIsNamed() {
    let window = ScaleWindow(
      of: [
        ("layers.1.weight", summary([1e-13, 2e-13])), ("layers.9.weight", summary([30, 1])),
      ], in: .fp16)
    #expect(!window.isPossible && window.scale() == nil)
    #expect(
      window.refusal
        == "no loss scale works here, because layers.1.weight needs at least 2^19.0 and "
        + "layers.9.weight at most 2^11.1")
  }
}
