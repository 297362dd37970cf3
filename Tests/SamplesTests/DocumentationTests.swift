import Foundation
import Samples
import Tensors
import Testing

/// What docs/data.md shows.
@Suite struct DocumentationTests {
  @Test func theExampleRuns() throws {
    let rows = (0..<50).map {
      "\($0),\($0 % 7).5,\($0 % 5 * 2),\($0 % 2 == 0 ? "setosa" : "virginica")"
    }
    try Files.with("id,length,width,species\n" + rows.joined(separator: "\n")) { path in
      let table = try Dataset(csv: path, CSVFormat(target: .classes("species"), ignored: ["id"]))
      let (training, validation) = try table.split(validation: 0.2, seed: 1, isStratified: true)
      let scale = try Standardization(of: training)
      let (fit, check) = (try scale(training), try scale(validation))
      #expect(fit.count == 40 && check.count == 10)
      let inputs = Tensor(zeros: [32, 2], .float32)
      let labels = Tensor(zeros: [32], .int64)
      var batches = try Batches(of: fit, size: 32, seed: 1)
      for step in 0..<3 {
        let indices = batches.indices(ofStep: step)
        fit.copy(indices, features: inputs, targets: labels)
        // The line of a sample is told by its label: even rows stand in even lines.
        for (place, index) in indices.enumerated() {
          let line = try #require(Int(fit.place(ofSample: index).split(separator: " ").last ?? ""))
          #expect(labels.array(of: Int64.self)[place] == Int64(line % 2))
        }
      }
    }
  }

  /// The table of docs/data.md names every set with its options and defaults.
  @Test func theTableOfSetsIsComplete() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appending(path: "../../docs/data.md").standardized
    let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
    for type in SyntheticCatalogue.all {
      let row = try #require(lines.first { $0.hasPrefix("| `\(type.name)` |") })
      #expect(row.hasSuffix("| \(Self.options(type)) |"), "\(Self.options(type))")
    }
  }

  private static func options<S: SyntheticSet>(_ type: S.Type) -> String {
    S.options.map { option in
      let value = option.value(in: S())
      let text = value == value.rounded() ? "\(Int(value))" : "\(value)"
      let note = S.name == "teacher" && option.name == "classes" ? " (a number)" : ""
      return "\(option.name) \(text)\(note)"
    }.joined(separator: ", ")
  }
}
