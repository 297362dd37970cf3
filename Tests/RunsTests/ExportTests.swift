import Findings
import Foundation
import Testing

@testable import Runs

/// Steps as other programs read them.
@Suite struct ExportTests {
  private func lines(
    _ form: RunExport, _ records: [StepRecord], steps: Range<Int> = 0..<Int.max
  ) throws -> [String] {
    try withFolder { folder in
      let writer = try RunWriter(folder + "/a.run", meta: [:])
      records.forEach(writer.append)
      try writer.close()
      let other = folder + "/out"
      try Data("old".utf8).write(to: URL(fileURLWithPath: other))
      try RunFile(folder + "/a.run").export(form, to: other, steps: steps)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 2)
      let text = try String(contentsOfFile: other, encoding: .utf8)
      #expect(text.hasSuffix("\n"))
      return text.dropLast().components(separatedBy: "\n")
    }
  }

  private var records: [StepRecord] {
    let health = StepRecord.TensorHealth(
      mean: 0, secondMoment: 0.25, minimum: -1, maximum: 1, zeroShare: 0, nonFiniteCount: 0)
    let layers: [StepRecord.LayerHealth] = [
      .init(name: "a,\"b\"", activation: health, gradient: nil),
      .init(name: "c", activation: health, gradient: health),
    ]
    return [
      StepRecord(
        step: 0, loss: 0.1, learningRate: 1e-3, gradientNorm: 2, clipCoefficient: 0.5,
        clipDominant: "w", lossScale: 65536, seconds: 0.25, layers: layers,
        parameters: [.init(name: "w", weight: health, gradient: health, update: health)]),
      StepRecord(
        step: 1, loss: .nan, learningRate: 1e-3, gradientNorm: .infinity,
        refusal: .init(place: .cotangent, tensor: "a,b", nanCount: 3, infinityCount: 1),
        layers: layers, parameters: [.init(name: "w", weight: health, gradient: health)]),
    ]
  }

  @Test func scalarsAreARowForEachStep() throws {
    #expect(
      try lines(.csv, records) == [
        "step,loss,learning_rate,gradient_norm,clip_coefficient,clip_dominant,loss_scale,"
          + "refused_place,refused_tensor,refused_nan,refused_inf,seconds",
        "0,0.1,0.001,2.0,0.5,w,65536.0,,,,,0.25",
        "1,nan,0.001,inf,,,,cotangent,\"a,b\",3,1,0.0",
      ])
  }

  @Test func secondMomentsAreARowForEachTensor() throws {
    #expect(
      try lines(.momentsCSV, records) == [
        "step,kind,name,quantity,value",
        "0,layer,\"a,\"\"b\"\"\",activation_second_moment,0.25",
        "0,layer,c,activation_second_moment,0.25", "0,layer,c,gradient_second_moment,0.25",
        "0,parameter,w,weight_second_moment,0.25", "0,parameter,w,gradient_second_moment,0.25",
        "0,parameter,w,update_second_moment,0.25",
        "1,layer,\"a,\"\"b\"\"\",activation_second_moment,0.25",
        "1,layer,c,activation_second_moment,0.25", "1,layer,c,gradient_second_moment,0.25",
        "1,parameter,w,weight_second_moment,0.25", "1,parameter,w,gradient_second_moment,0.25",
      ])
  }

  @Test func linesOfJSONTellAll() throws {
    #expect(try lines(.jsonLines, records) == records.map(\.json.line))
  }

  /// More than is held at a time, and only some steps.
  @Test func manyStepsAreExportedInOrder() throws {
    var random = RandomRecords(seed: 4, layers: 2)
    let records = (0..<1000).map { random.record($0) }
    #expect(
      try lines(.jsonLines, records, steps: 100..<900)
        == records[100..<900].map { kept($0).json.line })
  }

  @Test func whatCannotBeWrittenIsToldAndChangesNothing() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      try RunWriter(path, meta: [:]).close()
      let file = try RunFile(path)
      let error = #expect(throws: RunError.self) { try file.export(.csv, to: folder + "/no/out") }
      #expect(
        error?.description
          == "\(folder)/no/out: there is no such directory to write to; make it first")
      #expect(throws: RunError.self) { try file.export(.csv, to: path) }
      #expect(try RunFile(path).stepCount() == 0)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a.run"])
    }
  }
}
