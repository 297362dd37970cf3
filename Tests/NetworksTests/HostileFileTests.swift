import Foundation
import Networks
import Testing

/// Files that must be refused at once, with one line that says why.
@Suite(.timeLimit(.minutes(1))) struct HostileFileTests {
  /// Writes bytes to a file of its own, gives its path to `body`, and removes it.
  private func withFile<R>(_ bytes: Data, _ body: (String) throws -> R) throws -> R {
    let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml")
    try bytes.write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    return try body(url.path)
  }

  private func message(ofFile path: String) -> String? {
    do {
      _ = try NetworkDescription(contentsOf: path, activations: Fixtures.activations)
      return nil
    } catch {
      return error.description.replacing(path, with: "FILE")
    }
  }

  private func quickMessage(_ yaml: String) -> String { Fixtures.message(yaml) ?? "accepted" }

  @Test func aMissingFileIsNamed() {
    #expect(
      message(ofFile: "/no/such.yaml")
        == "FILE: there is no such file, or it may not be read; check the path")
  }

  @Test func aDirectoryIsRefused() {
    #expect(
      message(ofFile: Fixtures.examples.path)
        == "FILE: this is a directory; name a YAML file in it")
  }

  @Test func aDeviceIsRefused() {
    #expect(message(ofFile: "/dev/zero") == "FILE: this is not a regular file; name a YAML file")
  }

  @Test func anEmptyFileIsRefused() throws {
    let message = try withFile(Data(), message(ofFile:))
    #expect(message == "FILE: the file is empty; describe a network in it")
  }

  @Test func bytesThatAreNoTextAreRefused() throws {
    let message = try withFile(Data([0x6E, 0xFF, 0xFE, 0x00]), message(ofFile:))
    #expect(message == "FILE: the file is not UTF-8 text; save it as UTF-8")
  }

  @Test func aControlCharacterIsRefused() {
    #expect(
      quickMessage("network:\n  input: [\u{1}]\n")
        == "net.yaml:2: this is not text: control characters are not allowed; remove the character")
  }

  @Test func aHugeFileIsRefusedUnread() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml")
    try Data().write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    let handle = try FileHandle(forWritingTo: url)
    // A sparse file: a gigabyte of zeros that takes no room on the disk.
    try handle.truncate(atOffset: 1 << 30)
    try handle.close()
    #expect(
      message(ofFile: url.path)
        == "FILE: the file has 1,073,741,824 bytes, and at most 2,097,152 are read; "
        + "write repeated layers with 'repeat'")
  }

  @Test func aHugeNameDoesNotFillTheScreen() {
    let name = String(repeating: "x", count: 1_000_000)
    for yaml in [
      "\(name): 1\n", "network: {input: [4], layers: [\(name)]}",
      "network: {input: [4], layers: [{dense: {\(name): 1}}]}",
      "network: {input: [4], layers: [{dense: \(name)}]}",
      "network: {input: [4], layers: [{dense: {units: 4, init: \(name)}}]}",
      "network: {input: [4], layers: [relu], loss: \(name)}",
    ] {
      #expect(quickMessage(yaml).utf8.count < 1000)
    }
  }

  /// Nine levels of nine aliases each: 3.5e9 values from half a kilobyte.
  private static let bomb: String = {
    var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for level in 1...9 {
      let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
      lines.append("a\(level): &a\(level) [\(aliases)]")
    }
    return lines.joined(separator: "\n") + "\n"
  }()

  @Test func anAliasBombIsRefused() {
    #expect(
      quickMessage(Self.bomb + "network: *a9\n").hasSuffix(
        "there are more than 500,000 values, aliases written out; "
          + "write repeated layers with 'repeat'"))
  }

  @Test func anAliasBombInAKeyIsRefused() {
    let message = "a key is a collection or an alias; keys must be plain names"
    #expect(quickMessage(Self.bomb + "*a9 : 1\n") == "net.yaml:11: \(message)")
    #expect(quickMessage(Self.bomb + "b: {c: d, [*a9]: 1}\n") == "net.yaml:11: \(message)")
    #expect(quickMessage(Self.bomb + "? [*a9]\n: 1\n") == "net.yaml:11: \(message)")
  }

  @Test func deepNestingIsRefused() {
    let flow = String(repeating: "[", count: 100_000)
    #expect(quickMessage("network: \(flow)").hasPrefix("net.yaml:1: this is not YAML: "))
    let block = String(repeating: "- ", count: 100_000)
    #expect(quickMessage(block).hasPrefix("net.yaml:1: this is not YAML: "))
    let closed = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
    #expect(
      quickMessage("network: \(closed)")
        == "net.yaml:1: values are nested more than 256 deep; nest layers less")
  }

  @Test func deeplyNestedLayersAreRefused() {
    let open = String(repeating: "[{residual: {layers: ", count: 65)
    let close = String(repeating: "}}]", count: 65)
    #expect(
      quickMessage("network: {input: [4], layers: \(open)[relu]\(close)}")
        == "net.yaml:1: layers are nested more than 64 deep; nest layers less")
    let repeated = String(repeating: "[{repeat: 1, layers: ", count: 65)
    #expect(
      quickMessage(
        "network: {input: [4], layers: \(repeated)[relu]\(String(repeating: "}]", count: 65))}")
        == "net.yaml:1: layers are nested more than 64 deep; nest layers less")
  }

  @Test func aHugeRepeatIsRefused() {
    #expect(
      quickMessage("network: {input: [4], layers: [{repeat: 10000000, layers: [relu]}]}")
        == "net.yaml:1: the network has 10,000,000 layers once 'repeat' is written out; "
        + "at most 100,000 are allowed")
  }

  @Test func nestedRepeatsWhoseProductOverflowsAreRefused() {
    let open = String(repeating: "[{repeat: 9999999999, layers: ", count: 10)
    let close = String(repeating: "}]", count: 10)
    #expect(
      quickMessage("network: {input: [4], layers: \(open)[relu]\(close)}")
        == "net.yaml:1: the network has more than 9,223,372,036,854,775,806 layers once 'repeat' "
        + "is written out; at most 100,000 are allowed")
  }

  @Test func anUnterminatedQuoteIsRefused() {
    #expect(
      quickMessage("network: \"\(String(repeating: "x", count: 1_000_000))").hasPrefix(
        "net.yaml:1: this is not YAML: while scanning a quoted scalar, "))
  }

  @Test func manyShortLayersAreReadInTime() throws {
    // As many layers as a file may hold.
    let layers = Array(repeating: "    - dense: 4\n", count: 100_000).joined()
    #expect(quickMessage("network:\n  input: [4]\n  layers:\n" + layers) == "accepted")
  }

  @Test func aFileFullOfScalarsIsRefusedInTime() {
    let items = String(repeating: "0,", count: 1_000_000)
    #expect(
      quickMessage("network: [\(items)]")
        == "net.yaml:1: there are more than 500,000 values, aliases written out; "
        + "write repeated layers with 'repeat'")
  }
}
