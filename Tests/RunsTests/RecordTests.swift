import CAllocationCounter
import Findings
import Foundation
import Runs
import Testing

/// What a step did comes back from the file.
@Suite struct RecordTests {
  /// Compared as JSON, in which NaN equals NaN and what is missing differs from 0.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func randomRecordsComeBackUpToSinglePrecision(seed: UInt64) throws {
    try withFolder { folder in
      var random = RandomRecords(seed: seed, layers: Int(seed % 7) + 1)
      let records = (0..<50).map { random.record($0) }
      let writer = try RunWriter(folder + "/a.run", meta: [:])
      records.forEach(writer.append)
      try writer.close()
      let read = try RunFile(folder + "/a.run").records()
      #expect(read.map(\.json.line) == records.map { kept($0).json.line })
    }
  }

  @Test func tenThousandStepsComeBackInOrder() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      var random = RandomRecords(seed: 1, layers: 3)
      let records = (0..<10_000).map { random.record($0) }
      let writer = try RunWriter(path, meta: [:])
      records.forEach(writer.append)
      try writer.close()
      let file = try RunFile(path)
      #expect(try file.stepCount() == 10_000)
      var cursor = file.cursor()
      for record in records {
        let read = try #require(try cursor.next())
        guard read.json.line == kept(record).json.line else {
          Issue.record("step \(record.step) is \(read.json.line)")
          break
        }
      }
      #expect(try cursor.next() == nil)
      #expect(try file.record(7_654)?.json.line == kept(records[7_654]).json.line)
      #expect(try file.record(10_000) == nil)
      #expect(try file.records(9_998..<20_000).map(\.step) == [9_998, 9_999])
    }
  }

  /// The health of 50 layers and 100 parameters with every number there, a refusal aside.
  @Test func aStepOfFiftyLayersTakesTenKilobytes() throws {
    try withFolder { folder in
      var random = RandomRecords(seed: 1, layers: 50, isPlain: true)
      let writer = try RunWriter(folder + "/a.run", meta: [:])
      for step in 0..<1000 { writer.append(random.record(step)) }
      try writer.close()
      let size = try FileManager.default.attributesOfItem(atPath: folder + "/a.run")[.size]
      let perStep = ((size as? NSNumber)?.doubleValue ?? 0) / 1000
      print("bytes per step of 50 layers and 100 parameters: \(perStep)")
      #expect((9_000...12_500).contains(perStep))
    }
  }

  @Test func aRunIsReadWhileItIsWritten() throws {
    try withFolder { folder in
      let path = folder + "/a.run"
      var random = RandomRecords(seed: 2, layers: 2, isPlain: true)
      let writer = try RunWriter(path, meta: [:])
      let file = try RunFile(path)
      var cursor = file.cursor()
      #expect(try cursor.next() == nil)
      for round in 0..<3 {
        let records = (300 * round..<300 * (round + 1)).map { random.record($0) }
        records.forEach(writer.append)
        writer.flush()
        for record in records { #expect(try cursor.next() == kept(record)) }
        #expect(try cursor.next() == nil)
      }
      // Closing waits for no reader, and fails for none.
      let start = ContinuousClock.now
      try writer.close()
      #expect(ContinuousClock.now - start < .seconds(3))
      #expect(try file.stepCount() == 900)
      #expect(try RunFile(path).stepCount() == 900)
    }
  }

  @Test(.enabled(if: ek_counts_allocations()))
  func appendingAllocatesNothingOnceTheBuffersHaveGrown() throws {
    let writer = try RunWriter(nil, meta: [:])
    var random = RandomRecords(seed: 3, layers: 20, isPlain: true)
    let record = random.record(0)
    // Both buffers.
    for _ in 0..<2 {
      for _ in 0..<200 { writer.append(record) }
      writer.flush()
    }
    // The first that is told after a commit asks for the next one.
    writer.append(record)
    ek_start_counting()
    for _ in 0..<150 { writer.append(record) }
    let counted = ek_stop_counting()
    #expect(counted.own == 0)
  }
}
