import Findings
import GRDB

/// The layers and parameters that records speak of, by the number that they have in them.
struct RunNames: Hashable, Sendable {
  private(set) var layers: [String] = []
  private(set) var parameters: [String] = []

  /// Reads what the file knows.
  init(_ database: Database) throws {
    func names(_ kind: String) throws -> [String] {
      try String.fetchAll(
        database, sql: "SELECT name FROM names WHERE kind = ? ORDER BY number", arguments: [kind])
    }
    layers = try names("layer")
    parameters = try names("parameter")
  }

  enum Admission { case known, new, other }

  /// Compares the names in a record with these, and takes them where there were none.
  mutating func admit(_ record: StepRecord) -> Admission {
    let isOther =
      !Self.fits(record.layers.lazy.map(\.name), layers)
      || !Self.fits(record.parameters.lazy.map(\.name), parameters)
    guard !isOther else { return .other }
    let isNew =
      layers.count < record.layers.count || parameters.count < record.parameters.count
    guard isNew else { return .known }
    if layers.isEmpty { layers = record.layers.map(\.name) }
    if parameters.isEmpty { parameters = record.parameters.map(\.name) }
    return .new
  }

  /// A record may have none, or all; where none are known it may have any.
  private static func fits(_ found: some Collection<String>, _ known: [String]) -> Bool {
    found.isEmpty || known.isEmpty || found.elementsEqual(known)
  }
}
