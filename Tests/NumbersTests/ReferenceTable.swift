import Foundation

/// A table of reference values beside these tests: comma-separated, with a header.
struct ReferenceTable {
  let rows: [[String: String]]

  init(_ name: String, file: StaticString = #filePath) throws {
    let url = URL(fileURLWithPath: "\(file)").deletingLastPathComponent()
      .appendingPathComponent("Data/\(name)")
    let lines = try String(contentsOf: url, encoding: .utf8).split(whereSeparator: \.isNewline)
    let columns = lines.first.map { $0.split(separator: ",").map(String.init) } ?? []
    rows = lines.dropFirst().map { line in
      // The last column takes the rest; a text column in between may itself hold commas.
      let cells = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      return Dictionary(uniqueKeysWithValues: zip(columns, cells))
    }
  }
}

/// Whether two numbers agree to a relative tolerance, or are the same infinity.
func agree(_ a: Double, _ b: Double, within tolerance: Double) -> Bool {
  a == b || abs(a - b) <= tolerance * max(abs(a), abs(b))
}
