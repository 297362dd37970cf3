import Execution
import Foundation
import Graphs
import ONNX
import ONNXMessages
import Operators
import Semantics
import Tensors
import Testing

/// Numbers of a file at their extremes.
///
/// Every integer and real attribute, every integer and real input, and every extent of every
/// operator: each model is imported or refused, differentiated or
/// refused, and run where it is small; none ends the process, asks for much memory or takes long.
///
/// In a process of its own, whose address space is limited. Its last words are left in
/// `evenkeel-extremes.log` in the folder of temporary files.
@Suite struct ExtremeNumberTests {
  @Test func everyNumberOfEveryOperator() async {
    await #expect(processExitsWith: .success) { Extremes.tryAll() }
  }

  @Test func everyOperatorIsRead() throws {
    let names = Set(NodeLine.all.map(\.name))
    #expect(names.count >= 195, "the table has \(names.count) operators")
    var refused: [String] = []
    for line in NodeLine.all {
      do {
        _ = try line.model(.integers).imported()
      } catch is ModelError {
        refused.append(line.name)
      }
    }
    // Strings and images are not computed with, and some shapes depend on what inputs hold.
    #expect(refused.count < NodeLine.all.count / 8, "\(refused.sorted())")
  }
}

/// The sweep, in its own process.
enum Extremes {
  static let integers: [Int64] = [
    .min, .min + 1, -(1 << 62), -(1 << 32) - 1, -(1 << 31), -1, 0, 1 << 24, 1 << 30, 1 << 31,
    1 << 32, 1 << 62, .max - 1, .max,
  ]
  static let reals: [Float] = [
    .nan, .infinity, -.infinity, 1e38, -1e38, Float.leastNonzeroMagnitude, -1, 0,
  ]
  static let extents: [Int64] = [.min, -1, 0, 1 << 16, 1 << 31, 1 << 62, .max]

  /// Seconds that one model may take, far above what any does.
  static let patience = 20.0
  private static let isTraced = ProcessInfo.processInfo.environment["EVENKEEL_TRACE"] != nil

  static func tryAll() {
    let log = FileManager.default.temporaryDirectory.appending(path: "evenkeel-extremes.log").path
    _ = unsafe dup2(open(log, O_WRONLY | O_CREAT | O_TRUNC, 0o600), STDERR_FILENO)
    limitAddressSpace(gigabytes: 3)
    MemoryBudget.limit = 1 << 28
    let only = ProcessInfo.processInfo.environment["EVENKEEL_OPERATOR"]
    for line in NodeLine.all where only == nil || only == line.name {
      for (what, variant) in variants(of: line) {
        for known in NodeLine.Known.allCases { attempt(variant, known, what) }
      }
    }
  }

  static func limitAddressSpace(gigabytes: UInt64) {
    #if os(Linux)
      var limit = rlimit(rlim_cur: UInt(gigabytes << 30), rlim_max: UInt(gigabytes << 30))
      _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    #endif
  }

  private static func attempt(_ line: NodeLine, _ known: NodeLine.Known, _ what: String) {
    let name = "\(line.name) of version \(line.version), \(what), \(known)"
    if isTraced {
      FileHandle.standardError.write(Data((name + "\n").utf8))
    }
    let start = ContinuousClock.now
    do {
      let model = try line.model(known).imported()
      try run(model, line)
    } catch is ModelError {
    } catch is OperatorError {
    } catch is MemoryError {
    } catch {
      fatalError("\(name): \(error)")
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    precondition(seconds < patience, "\(name): \(seconds) seconds")
  }

  /// Runs a small model with its gradients, on what the line says that inputs hold.
  private static func run(_ model: ImportedModel, _ line: NodeLine) throws {
    var graph = model.graph
    let size = graph.types.reduce(0) { $0 + min($1.shape.count, 1 << 40) }
    guard size <= 1 << 18, graph.nodes.count <= 4096 else { return }
    let outputs = model.outputs.map(\.value)
    var pairs: [(value: Value, cotangent: Value)] = []
    for output in outputs where graph.type(of: output).kind == .real {
      guard !pairs.contains(where: { $0.value == output }) else { continue }
      pairs.append((output, graph.addInput("c\(pairs.count)", graph.type(of: output))))
    }
    let targets = model.inputs.map(\.value).filter { graph.type(of: $0).kind == .real }
    _ = try graph.differentiate(pairs, withRespectTo: targets, adding: { Add() })
    let plan = try Plan<Double>(graph, keeping: outputs)
    for (value, tensor) in model.contents { plan[value].set(tensor) }
    for input in graph.inputs {
      let tensor = plan[input]
      let number = Int(graph.name(of: input).dropFirst())
      let given = number.flatMap { line.inputs.indices.contains($0) ? line.inputs[$0] : nil }
      switch tensor.elementType {
      case .float64:
        let elements = tensor.elements(as: Double.self)
        for i in elements.indices {
          elements[i] = Double(given.map { line.real(i, of: $0) } ?? 1)
        }
      case .int64:
        let elements = tensor.elements(as: Int64.self)
        for i in elements.indices { elements[i] = given.map { line.integer(i, of: $0) } ?? 0 }
      case .bool:
        let elements = tensor.elements(as: Bool.self)
        for i in elements.indices { elements[i] = i % 3 != 1 }
      case .float32: break
      }
    }
    plan.run()
  }

  /// The line as it is, and with one number after the other at an extreme.
  private static func variants(of line: NodeLine) -> [(String, NodeLine)] {
    var all = [("as it is", line)]
    func add(_ what: String, _ change: (inout NodeLine) -> Void) {
      var copy = line
      change(&copy)
      all.append((what, copy))
    }
    for (number, attribute) in line.attributes.enumerated() {
      let name = attribute.name
      switch attribute.type {
      case .int:
        for x in integers { add("\(name) \(x)") { $0.attributes[number].i = x } }
      case .float:
        for x in reals { add("\(name) \(x)") { $0.attributes[number].f = x } }
      case .ints:
        for x in integers {
          for place in attribute.ints.indices.prefix(4) {
            add("\(name)[\(place)] \(x)") { $0.attributes[number].ints[place] = x }
          }
          add("all of \(name) \(x)") { line in
            line.attributes[number].ints = attribute.ints.map { _ in x }
          }
        }
        add("\(name) empty") { $0.attributes[number].ints = [] }
        add("\(name) long") { $0.attributes[number].ints += attribute.ints }
      case .floats:
        for x in reals {
          for place in attribute.floats.indices.prefix(4) {
            add("\(name)[\(place)] \(x)") { $0.attributes[number].floats[place] = x }
          }
        }
        add("\(name) empty") { $0.attributes[number].floats = [] }
      default: break
      }
    }
    for (number, input) in line.inputs.enumerated() {
      guard let input else { continue }
      for place in input.integers.indices.prefix(4) {
        for x in integers {
          add("input \(number)[\(place)] \(x)") { $0.inputs[number]?.integers[place] = x }
        }
      }
      if input.integers.count > 1 {
        for x in integers {
          add("all of input \(number) \(x)") { line in
            line.inputs[number]?.integers = input.integers.map { _ in x }
          }
        }
      }
      for x in reals where input.isReal {
        add("input \(number) \(x)") { line in
          let rest = (0..<max(1, input.reals.count)).map { line.real($0, of: input) }
          line.inputs[number]?.reals = [x] + rest.dropFirst()
        }
      }
      for axis in input.extents.indices.prefix(4) {
        for x in extents {
          add("extent \(axis) of input \(number) \(x)") { $0.inputs[number]?.extents[axis] = x }
        }
      }
    }
    return all
  }
}
