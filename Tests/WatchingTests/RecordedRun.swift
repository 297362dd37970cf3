import Findings
import Foundation
import Numbers
import Watching

/// A run of a small network that PyTorch trained, from `Data`.
///
/// A file has a line of JSON: names of layers and parameters, number format, width, planned steps and
/// the baseline loss. Then come rows of little-endian 16-bit words, one row per step: the loss as the
/// two halves of an fp32, and as upper halves of fp32 numbers the learning rate, the gradient norm and
/// what was refused (0 nothing, 1 a gradient, 2 an update, 3 the loss); for every layer the
/// activation's second moment, share of zeros and count of non-finite elements, the gradient's
/// second moment and share of zeros, and the saturated share; for every parameter the weight's second
/// moment, the gradient's with its share of zeros, the update's and the lost share. −1 is nil.
struct RecordedRun {
  struct Head: Decodable {
    let layers: [String]
    let parameters: [String]
    let format: String
    let width: Int
    let planned: Int
    let baseline: Double
  }

  let name: String
  let subject: WatchSubject
  let records: [StepRecord]

  static var names: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder.path)
        .filter { $0.hasSuffix(".run") }.map { String($0.dropLast(4)) }.sorted()
    }
  }

  private static var folder: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "Data")
  }

  init(_ name: String) throws {
    let data = try Data(contentsOf: Self.folder.appending(path: "\(name).run"))
    let end = data.firstIndex(of: 10) ?? data.endIndex
    let head = try JSONDecoder().decode(Head.self, from: data[..<end])
    let bytes = [UInt8](data[(end + 1)...])
    let words = (0..<bytes.count / 2).map { place -> UInt32 in
      let low = UInt32(bytes[2 * place])
      let high = UInt32(bytes[2 * place + 1])
      return high << 8 | low
    }
    let width = 5 + 6 * head.layers.count + 5 * head.parameters.count
    self.name = name
    subject = WatchSubject(
      format: NumberFormat.named(head.format) ?? .fp32, width: head.width,
      plannedSteps: head.planned, baselineLoss: head.baseline)
    records = (0..<words.count / width).map { step -> StepRecord in
      let start = step * width
      return Self.record(step, Array(words[start..<start + width]), head)
    }
  }

  private static func record(_ step: Int, _ row: [UInt32], _ head: Head) -> StepRecord {
    var place = 5
    func next() -> Double {
      defer { place += 1 }
      return Double(Float(bitPattern: row[place] << 16))
    }
    func number(_ place: Int) -> Double { Double(Float(bitPattern: row[place] << 16)) }
    func health(_ moment: Double, _ zeros: Double, _ nonFinite: Double = 0)
      -> StepRecord.TensorHealth
    {
      let size = 2 * moment.squareRoot()
      return .init(
        mean: 0, secondMoment: moment, minimum: -size, maximum: size, zeroShare: zeros,
        nonFiniteCount: Int(nonFinite))
    }
    let places: [StepRecord.Refusal.Place?] = [nil, .gradient, .update, .loss]
    let refused = places[Int(number(4))]
    var record = StepRecord(
      step: step, loss: Double(Float(bitPattern: row[0] | row[1] << 16)),
      learningRate: number(2), gradientNorm: number(3),
      refusal: refused.map {
        .init(place: $0, tensor: head.parameters[0], nanCount: 0, infinityCount: 1)
      })
    for layer in head.layers {
      let activation = health(next(), next(), next())
      let gradient = health(next(), next())
      let saturated = next()
      record.layers.append(
        .init(
          name: layer, activation: activation, gradient: gradient,
          saturatedShare: saturated < 0 ? nil : saturated))
    }
    for parameter in head.parameters {
      let weight = health(next(), 0)
      let gradient = health(next(), next())
      let update = health(next(), 0)
      let lost = next()
      record.parameters.append(
        .init(
          name: parameter, weight: weight, gradient: gradient, update: lost < 0 ? nil : update,
          lostShare: lost < 0 ? nil : lost))
    }
    return record
  }

  /// What a watch says after the last step.
  func judged(
    _ subject: WatchSubject? = nil, thresholds: WatchThresholds = WatchThresholds()
  ) -> (verdict: Verdict, findings: [WatchedFinding], events: [WatchEvent]) {
    var watch = Watch(subject ?? self.subject, thresholds: thresholds)
    let events = records.flatMap { watch.observe($0) }
    let findings = watch.finish()
    return (watch.verdict, findings, events)
  }
}
