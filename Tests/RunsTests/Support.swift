import Findings
import Foundation
import GRDB
import Runs

/// A path in a folder of its own, which is removed afterwards.
func withFolder<R>(_ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder.path)
}

/// The record with its numbers as the file keeps them.
func kept(_ record: StepRecord) -> StepRecord {
  func single(_ value: Double) -> Double { Double(Float(value)) }
  func kept(_ health: StepRecord.TensorHealth) -> StepRecord.TensorHealth {
    let root = single(health.secondMoment.squareRoot())
    return .init(
      mean: single(health.mean), secondMoment: root * root, minimum: single(health.minimum),
      maximum: single(health.maximum), zeroShare: single(health.zeroShare),
      nonFiniteCount: health.nonFiniteCount)
  }
  var record = record
  for i in record.layers.indices {
    record.layers[i].activation = kept(record.layers[i].activation)
    record.layers[i].gradient = record.layers[i].gradient.map(kept)
    record.layers[i].saturatedShare = record.layers[i].saturatedShare.map(single)
  }
  for i in record.parameters.indices {
    record.parameters[i].weight = kept(record.parameters[i].weight)
    record.parameters[i].gradient = kept(record.parameters[i].gradient)
    record.parameters[i].update = record.parameters[i].update.map(kept)
    record.parameters[i].lostShare = record.parameters[i].lostShare.map(single)
  }
  return record
}

/// Records of a network whose numbers are of all sizes, not finite, or not there.
struct RandomRecords {
  /// Whether every number is there and finite.
  var isPlain = false
  /// SplitMix64 (Steele, Lea and Flood 2014, figure 15).
  private var state: UInt64
  let layers: [String]
  let parameters: [String]

  init(seed: UInt64, layers: Int, isPlain: Bool = false) {
    (state, self.isPlain) = (seed, isPlain)
    self.layers = (0..<layers).map { "layers.\($0)" }
    parameters = self.layers.flatMap { ["\($0).weight", "\($0).bias"] }
  }

  private mutating func bits() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }

  private mutating func below(_ count: UInt64) -> UInt64 { bits() % count }

  private mutating func number() -> Double {
    let share = Double(bits() >> 11) / 0x1p53
    guard !isPlain else { return share }
    switch below(12) {
    case 0: return .nan
    case 1: return .infinity
    case 2: return -.infinity
    case 3: return 0
    case 4: return share * 1e-300
    case 5: return -share * 1e300
    case 6: return share * 1e-40
    default: return (share - 0.5) * 20
    }
  }

  private mutating func optional<T>(_ body: (inout Self) -> T) -> T? {
    isPlain || below(3) > 0 ? body(&self) : nil
  }

  private mutating func health() -> StepRecord.TensorHealth {
    .init(
      mean: number(), secondMoment: abs(number()), minimum: number(), maximum: number(),
      zeroShare: number(), nonFiniteCount: below(2) == 0 ? 0 : Int(below(1 << 32)))
  }

  mutating func record(_ step: Int) -> StepRecord {
    var record = StepRecord(
      step: step, loss: number(), learningRate: number(), gradientNorm: number(),
      clipCoefficient: optional { $0.number() }, lossScale: optional { $0.number() },
      seconds: number())
    record.clipDominant = optional { $0.parameters[Int($0.below(UInt64($0.parameters.count)))] }
    if !isPlain, below(4) == 0 {
      let place = StepRecord.Refusal.Place.allCases[Int(below(8))]
      record.refusal = .init(
        place: place, tensor: "t,\"\(below(9))\"\n", nanCount: Int(below(1 << 62)),
        infinityCount: Int(below(7)))
    }
    // Steps that are not watched tell of no layers.
    guard isPlain || below(5) > 0 else { return record }
    record.layers = layers.map { name in
      .init(
        name: name, activation: health(), gradient: optional { $0.health() },
        saturatedShare: optional { $0.number() })
    }
    record.parameters = parameters.map { name in
      .init(
        name: name, weight: health(), gradient: health(), update: optional { $0.health() },
        lostShare: optional { $0.number() })
    }
    return record
  }
}

/// The program of Tests/RunKillHelper as a process.
enum Helper {
  static var url: URL {
    #if DEBUG
      let configuration = "debug"
    #else
      let configuration = "release"
    #endif
    return URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../.build/\(configuration)/RunKillHelper").standardizedFileURL
  }

  /// Starts a program; what it prints goes to `output`, and it reads from `input`.
  static func start(
    of program: URL = url, _ arguments: [String], output: Any, input: Any = FileHandle.nullDevice
  ) throws -> Process {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.standardOutput = output
    process.standardInput = input
    try process.run()
    return process
  }

  /// What a program prints until it ends.
  static func lines(of program: URL = url, _ arguments: [String]) throws -> [String] {
    let output = Pipe()
    let process = try start(of: program, arguments, output: output)
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

/// What SQLite itself says of a file: `ok`, or what is wrong.
func integrity(of path: String) throws -> String? {
  try DatabaseQueue(path: path).read {
    try String.fetchOne($0, sql: "PRAGMA integrity_check")
  }
}
