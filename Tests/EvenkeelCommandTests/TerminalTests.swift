#if canImport(Glibc)
  import Foundation
  import Glibc
  import Testing

  /// The command on a terminal of a given size.
  @Suite(.serialized) struct TerminalTests {
    /// What a command writes to a terminal, its colours taken away.
    static func lines(
      _ arguments: [String], columns: UInt16, rows: UInt16, environment: [String: String] = [:]
    ) throws -> [String] {
      var (main, side): (Int32, Int32) = (-1, -1)
      var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
      try #require(unsafe openpty(&main, &side, nil, nil, &size) == 0)
      defer { close(main) }

      let process = Process()
      process.executableURL = CommandTests.command
      process.arguments = arguments
      process.currentDirectoryURL = CommandTests.root
      process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "NO_COLOR" }
        .merging(["TERM": "xterm"]) { $1 }.merging(environment) { $1 }
      process.standardOutput = FileHandle(fileDescriptor: side, closeOnDealloc: false)
      process.standardError = FileHandle.nullDevice
      try process.run()
      close(side)
      var bytes: [UInt8] = []
      var buffer = [UInt8](repeating: 0, count: 4096)
      while case let count = unsafe read(main, &buffer, buffer.count), count > 0 {
        bytes += buffer[..<count]
      }
      process.waitUntilExit()
      let text = String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "\n")
      return text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    static func plain(_ line: String) -> String {
      line.replacing(/\u{1B}\[[0-9;]*m/, with: "")
    }

    @Test(arguments: [40, 80, 200]) func aCheckFitsTwentyFourLines(_ columns: UInt16) throws {
      for network in ["sigmoid-50", "relu-30-he", "tanh-50-large", "conv-20"] {
        let lines = try Self.lines(
          ["check", "Examples/\(network).yaml"], columns: columns, rows: 24)
        #expect(lines.count <= 24, "\(network)")
        let prose = lines.map(Self.plain).filter { !$0.hasPrefix("  evenkeel ") }
        #expect(prose.allSatisfy { $0.count <= columns }, "\(network)")
        let verdict = prose[0].prefix { $0.isUppercase }
        #expect(prose.dropFirst(3).contains { $0.hasPrefix("\(verdict)") }, "\(network)")
      }
    }

    @Test func allShowsAll() throws {
      let lines = try Self.lines(
        ["check", "Examples/sigmoid-50.yaml", "--all"], columns: 80, rows: 24)
      #expect(lines.map(Self.plain).count { $0.hasPrefix("layers.") && $0.contains("Gemm") } == 50)
    }

    @Test func aDumbTerminalHasNoColour() throws {
      let arguments = ["check", "Examples/relu-30-he.yaml"]
      let coloured = try Self.lines(arguments, columns: 80, rows: 24)
      #expect(coloured.contains { $0.contains("\u{1B}") })
      let dumb = try Self.lines(arguments, columns: 80, rows: 24, environment: ["TERM": "dumb"])
      #expect(!dumb.contains { $0.contains("\u{1B}") })
      #expect(dumb == coloured.map(Self.plain))
    }
  }
#endif
