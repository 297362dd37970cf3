import Foundation

/// Lines of reference values: `name,option=value;…,number,value,…`.
struct ReferenceLine: Sendable {
  let name: String
  let options: [String: Double]
  let number: Int
  let values: [Double]

  static func all(in file: String) -> [ReferenceLine] {
    let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Data/\(file)")
    let text = (try? String(contentsOf: path, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map { line in
      let cells = line.split(separator: ",", omittingEmptySubsequences: false)
      let options = cells[1].split(separator: ";").map { option -> (String, Double) in
        let parts = option.split(separator: "=")
        return (String(parts[0]), Double(parts[1]) ?? .nan)
      }
      return ReferenceLine(
        name: String(cells[0]), options: Dictionary(uniqueKeysWithValues: options),
        number: Int(cells[2]) ?? 0, values: cells[3...].compactMap { Double($0) })
    }
  }
}
