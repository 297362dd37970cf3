import Samples
import Tensors
import Testing

/// Sets of sequences.
@Suite struct SequenceSetTests {
  @Test func copySequencesAreThoseOfThePaper() throws {
    var set = CopyTask()
    (set.samples, set.length, set.delay, set.tokens) = (400, 10, 30, 1)
    let tokens = try set.dataset(seed: 7)
    #expect(set.steps == 50 && tokens.features.shape == [400, 50])
    #expect(tokens.classNames == (0..<8).map(String.init) + ["blank"])
    let inputs = tokens.features.array(of: Int64.self)
    let targets = tokens.labels
    var counts = [Int](repeating: 0, count: 8)
    for i in 0..<400 {
      let row = Array(inputs[50 * i..<50 * i + 50])
      let target = Array(targets[50 * i..<50 * i + 50])
      for symbol in row[..<10] { counts[Int(symbol)] += 1 }
      #expect(row[10..<39].allSatisfy { $0 == 8 } && row[39] == 9)
      #expect(row[40...].allSatisfy { $0 == 8 })
      #expect(target[..<40].allSatisfy { $0 == 8 } && target[40...] == row[..<10])
    }
    // 500 of each symbol, deviation 21.
    #expect(counts.allSatisfy { abs($0 - 500) < 105 })
    // By Philox written in Python.
    #expect(inputs[..<10] == [6, 3, 7, 5, 7, 3, 2, 0, 0, 1])
    #expect(inputs[50..<60] == [6, 1, 0, 0, 6, 1, 5, 0, 4, 6])
    set.tokens = 0
    let rows = try set.dataset(seed: 7)
    #expect(rows.features.shape == [400, 50, 10] && rows.labels == targets)
    let numbers = rows.numbers
    #expect(
      (0..<20_000).allSatisfy { place in
        (0..<10).allSatisfy { numbers[10 * place + $0] == (inputs[place] == $0 ? 1 : 0) }
      })
  }

  @Test(arguments: [6, 12, 50]) func addingSequencesAreThoseOfThePaper(length: Int) throws {
    var set = AddingProblem()
    (set.samples, set.length) = (2000, length)
    let data = try set.dataset(seed: 7)
    #expect(data.features.shape == [2000, length, 2] && data.targets.tensor.shape == [2000, 1])
    let (numbers, targets) = (data.numbers, data.reals)
    let reach = length / 2 - 1
    var places = Set<Int>()
    var squares = 0.0
    for i in 0..<2000 {
      let row = numbers[2 * length * i..<2 * length * (i + 1)]
      let values = stride(from: row.startIndex, to: row.endIndex, by: 2).map { row[$0] }
      let markers = stride(from: row.startIndex + 1, to: row.endIndex, by: 2).map { row[$0] }
      let marked = markers.indices.filter { markers[$0] == 1 }
      #expect(marked.count == 2 && marked[1] < reach && marked[0] < 10)
      #expect(markers[0] == (marked[0] == 0 ? 1 : -1) && markers[length - 1] == -1)
      #expect(markers[1..<length - 1].allSatisfy { $0 == 0 || $0 == 1 })
      #expect(values.allSatisfy { (-1..<1).contains($0) })
      #expect(marked[0] != 0 || values[0] == 0)
      #expect(abs(targets[i] - (0.5 + (values[marked[0]] + values[marked[1]]) / 4)) < 1e-7)
      places.formUnion(marked)
      squares += Double(targets[i] - 0.5) * Double(targets[i] - 0.5) / 2000
    }
    #expect(places == Set(0..<reach))
    if length == 50 {
      // 1/24, but for the tenth of sequences whose first number is 0: within 5 deviations.
      #expect(squares > 0.034 && squares < 0.0417)
    }
    if length == 12 {
      // By Philox written in Python.
      #expect(
        Array(targets[..<3]) == [0.33655405044555664, 0.6367588043212891, 0.6781626343727112])
      #expect(numbers[2] == -0.6537838578224182)
    }
  }
}
