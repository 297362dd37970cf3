import Foundation

// BoundsBench [SAMPLES]: reads cases from standard input, one JSON object a line, and writes for
// each one line of JSON: what of the case lay outside of its bounds, and how tight these are.

let samples = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 100
let encoder = JSONEncoder()
encoder.nonConformingFloatEncodingStrategy = .convertToString(
  positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
while let line = readLine() {
  let answer: CaseAnswer
  do {
    let test = try JSONDecoder().decode(Case.self, from: Data(line.utf8))
    answer = try test.measured(samples: samples)
  } catch {
    answer = CaseAnswer(error: "\(error)")
  }
  FileHandle.standardOutput.write(try encoder.encode(answer) + Data("\n".utf8))
}
