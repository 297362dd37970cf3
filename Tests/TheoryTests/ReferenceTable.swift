import Foundation

/// A table of reference values beside the tests, one row per line, columns by name.
struct ReferenceTable {
  struct Row {
    let cells: [String: String]

    /// The cell as it stands; empty where the column does not exist.
    subscript(column: String) -> String { cells[column] ?? "" }

    /// The cell as a number; NaN where it is none.
    func number(_ column: String) -> Double { Double(self[column]) ?? .nan }
  }

  let rows: [Row]

  /// Reads `Data/name` beside the test file that asks.
  init(_ name: String, separator: Character = ",", file: String = #filePath) throws {
    let url = URL(fileURLWithPath: file).deletingLastPathComponent()
      .appendingPathComponent("Data/\(name)")
    let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
    let split = { (line: Substring) in
      line.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }
    let header = lines.first.map(split) ?? []
    rows = lines.dropFirst().map { line in
      Row(cells: Dictionary(uniqueKeysWithValues: zip(header, split(line))))
    }
  }
}

/// |measured − expected| as a share of |expected|, or the plain difference where that is smaller.
func deviation(_ measured: Double, _ expected: Double, absolute: Double = 0) -> Double {
  let difference = abs(measured - expected)
  if difference <= absolute || measured == expected { return 0 }
  return difference / abs(expected)
}
