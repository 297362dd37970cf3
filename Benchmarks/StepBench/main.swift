import Foundation
import Tensors

// StepBench FILE BATCH THREADS bare|watched STEPS: the median time of a step and its first loss.

let arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count == 5, let batch = Int(arguments[1]), let threads = Int(arguments[2]),
  let steps = Int(arguments[4]), steps > 0
else {
  FileHandle.standardError.write(
    Data("usage: StepBench FILE BATCH THREADS bare|watched STEPS\n".utf8))
  exit(2)
}
Threads.count = threads
let step = try Step(
  String(contentsOfFile: arguments[0], encoding: .utf8), batch: batch,
  watches: arguments[3] == "watched")
step.fill()
let loss = step.run(rate: 1e-4)
var times: [Double] = []
for _ in 0..<steps {
  let time = ContinuousClock().measure { _ = step.run(rate: 1e-4) }
  times.append(time / .milliseconds(1))
}
print("{\"loss\": \(loss), \"milliseconds\": \(times.sorted()[steps / 2])}")
