import Foundation
import Numbers
import Tensors
import Training

// StepBench FILE BATCH THREADS bare|watched FORMAT STEPS: the median time of a step, its first loss
// and the loss after two steps. StepBench peaks THREADS: the machine's own. StepBench predict FILE: the
// time of a prediction.

let arguments = Array(CommandLine.arguments.dropFirst())
func refuse(_ problem: String) -> Never {
  FileHandle.standardError.write(Data("StepBench: \(problem)\n".utf8))
  exit(2)
}

if arguments.count == 2, arguments[0] == "peaks", let threads = Int(arguments[1]) {
  Threads.count = threads
  print(Peaks.measured())
  exit(0)
}
if arguments.count == 2, arguments[0] == "predict" {
  let yaml = try String(contentsOfFile: arguments[1], encoding: .utf8)
  print("{\"milliseconds\": \(try PredictionTime.measured(yaml))}")
  exit(0)
}
guard arguments.count == 6, let batch = Int(arguments[1]), let threads = Int(arguments[2]),
  let steps = Int(arguments[5]), steps > 0
else { refuse("FILE BATCH THREADS bare|watched FORMAT STEPS, peaks THREADS, or predict FILE") }
guard let format = NumberFormat.all.first(where: { $0.name == arguments[4] }) else {
  refuse("there is no format '\(arguments[4])'")
}
Threads.count = threads
let run = try Step(
  String(contentsOfFile: arguments[0], encoding: .utf8), batch: batch,
  watches: arguments[3] == "watched", format: format == .fp32 ? nil : format)
run.fill()
let losses = [run.step.run(rate: 1e-4), run.step.run(rate: 1e-4)]
var times: [Double] = []
for _ in 0..<steps {
  let time = ContinuousClock().measure { run.step.run(rate: 1e-4) }
  times.append(time / .milliseconds(1))
}
print("{\"losses\": \(losses), \"milliseconds\": \(times.sorted()[steps / 2])}")
