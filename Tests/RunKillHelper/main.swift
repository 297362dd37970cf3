import Findings
import Foundation
import Runs

// What the tests of Runs need a process of its own for: one that is killed, that holds a lock, that may
// not write, or whose disk is full. It says on standard output what happened, a line each.

/// A record of 50 layers and 100 parameters.
func record(_ step: Int) -> StepRecord {
  let health = StepRecord.TensorHealth(
    mean: Double(step), secondMoment: 2, minimum: -1, maximum: 1, zeroShare: 0.5,
    nonFiniteCount: 0)
  return StepRecord(
    step: step, loss: 1 / Double(step + 1), learningRate: 0.1, gradientNorm: 1,
    layers: (0..<50).map { .init(name: "layers.\($0)", activation: health, gradient: health) },
    parameters: (0..<100).map {
      .init(
        name: "layers.\($0 / 2).\($0 % 2 == 0 ? "weight" : "bias")", weight: health,
        gradient: health, update: health, lostShare: 0)
    })
}

func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

/// Waits for at most ten seconds.
func wait(until isDone: () -> Bool) {
  for _ in 0..<1000 where !isDone() { Thread.sleep(forTimeInterval: 0.01) }
}

/// Appends for as long as it lives, and says each step with its time in nanoseconds.
func append(_ path: String) throws {
  let writer = try RunWriter(path, meta: ["name": "killed"])
  for step in 0... {
    writer.append(record(step))
    var time = timespec()
    _ = unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    say("\(step) \(time.tv_sec * 1_000_000_000 + time.tv_nsec)")
    Thread.sleep(forTimeInterval: 0.001)
  }
}

/// Writes a run until standard input ends.
func hold(_ path: String) throws {
  let writer = try RunWriter(path, meta: [:])
  writer.append(record(0))
  writer.flush()
  say("held")
  _ = FileHandle.standardInput.readDataToEndOfFile()
  try writer.close()
}

/// Reads a run as a user who may write nothing.
func read(_ path: String) throws {
  if getuid() == 0 {
    guard setgid(65534) == 0, setuid(65534) == 0 else { return say("still root") }
  }
  let file = try RunFile(path)
  say("\(try file.records().count)")
}

/// Writes 2100 steps to a disk that is too small, until it is large enough.
func fill(_ path: String) throws {
  let writer = try RunWriter(path, meta: [:])
  for step in 0..<2000 { writer.append(record(step)) }
  wait { writer.problem != nil }
  say(writer.problem?.problem ?? "no problem")
  for step in 2000..<2100 { writer.append(record(step)) }
  say("go on")
  wait { writer.problem == nil }
  try writer.close()
  let steps = try RunFile(path).records().map(\.step)
  say(steps == Array(0..<2100) ? "all" : "\(steps.count)")
}

let arguments = CommandLine.arguments
do {
  switch arguments[1] {
  case "append": try append(arguments[2])
  case "hold": try hold(arguments[2])
  case "read": try read(arguments[2])
  case "fill": try fill(arguments[2])
  default: say("unknown")
  }
} catch {
  say("\(error)")
}
