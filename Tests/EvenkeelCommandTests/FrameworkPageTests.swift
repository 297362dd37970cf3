import Foundation
import Testing

/// The commands of docs/from-pytorch.md, on the models that its exports give.
///
/// `make frameworks` runs the exports as well; with `--keep Tests/EvenkeelCommandTests/Data` it writes
/// the models anew.
@Suite(.serialized) struct FrameworkPageTests {
  /// A section of the page and the commands in it.
  struct Section: CustomTestStringConvertible {
    let title: String
    let commands: [[String]]
    var testDescription: String { title }
  }

  private static let root = CommandTests.root

  static let sections: [Section] = {
    let page = root.appending(path: "docs/from-pytorch.md")
    guard let text = try? String(contentsOf: page, encoding: .utf8) else { return [] }
    return text.components(separatedBy: "\n## ").dropFirst().compactMap { part in
      let lines = part.split(separator: "\n")
      let commands = lines.filter { $0.hasPrefix("$ evenkeel ") }
        .map { $0.dropFirst("$ evenkeel ".count).split(separator: " ").map(String.init) }
      guard let title = lines.first, !commands.isEmpty else { return nil }
      return Section(title: String(title), commands: commands)
    }
  }()

  @Test func thePageHasItsSections() {
    #expect(Self.sections.map(\.title).starts(with: ["PyTorch", "JAX", "Keras", "Real inputs"]))
  }

  /// Sections that name no framework go on with PyTorch's model.
  @Test(arguments: sections)
  func commandsOfAPageRun(_ section: Section) throws {
    let framework = ["JAX", "Keras"].contains(section.title) ? section.title : "PyTorch"
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "evenkeel-\(UInt64.random(in: 0...(.max)))")
    try FileManager.default.copyItem(
      at: Self.root.appending(
        path: "Tests/EvenkeelCommandTests/Data/\(framework.lowercased())"), to: folder)
    defer { try? FileManager.default.removeItem(at: folder) }
    for command in section.commands {
      let outcome = try CommandTests.run(command, in: folder)
      let words = command.joined(separator: " ")
      #expect([0, 1].contains(outcome.status), "\(words): \(outcome.error)")
      #expect(outcome.output.contains("model.onnx"), "\(words) says nothing of the model")
      if let place = command.firstIndex(of: "--outputs") {
        let path = folder.appending(path: command[place + 1]).path
        #expect(FileManager.default.fileExists(atPath: path), "\(words) wrote no \(path)")
      }
    }
  }
}
