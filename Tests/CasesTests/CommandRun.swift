import Foundation

/// The command as a process, stopped where it takes too long.
struct CommandRun {
  let status: Int32
  let output: String
  let error: String
  /// The most memory that it held, in units of 2^20 bytes; 0 where the system does not tell.
  let megabytes: Int
  let wasStopped: Bool

  private static let command: URL = {
    #if DEBUG
      let configuration = "debug"
    #else
      let configuration = "release"
    #endif
    return Case.folder.appending(path: "../../../.build/\(configuration)/evenkeel")
      .standardizedFileURL
  }()

  /// - Throws: an error of the file system where the command cannot be started.
  init(_ arguments: [String], in folder: URL, seconds: Double) throws {
    let process = Process()
    process.executableURL = Self.command
    process.arguments = arguments
    process.currentDirectoryURL = folder
    process.standardInput = FileHandle.nullDevice
    let (output, error) = (folder.appending(path: ".stdout"), folder.appending(path: ".stderr"))
    for file in [output, error] { try Data().write(to: file) }
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: error)
    try process.run()
    let end = ContinuousClock.now + .seconds(seconds)
    var kilobytes = 0
    while process.isRunning, ContinuousClock.now < end {
      kilobytes = max(kilobytes, Self.peak(of: process.processIdentifier))
      Thread.sleep(forTimeInterval: 0.005)
    }
    wasStopped = process.isRunning
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    status = process.terminationStatus
    megabytes = kilobytes / 1024
    self.output = String(decoding: try Data(contentsOf: output), as: UTF8.self)
    self.error = String(decoding: try Data(contentsOf: error), as: UTF8.self)
  }

  /// The peak of memory so far, in units of 1,024 bytes.
  private static func peak(of process: Int32) -> Int {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") })
    else { return 0 }
    return line.split(separator: " ").compactMap { Int($0) }.first ?? 0
  }
}
