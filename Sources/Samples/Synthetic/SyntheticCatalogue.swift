public import TensorFiles

/// All synthetic sets by name.
public enum SyntheticCatalogue {
  public static let all: [any SyntheticSet.Type] = [
    Blobs.self, Circles.self, Moons.self, Spirals.self, Parity.self, Teacher.self,
    LinearRegression.self, CopyTask.self, AddingProblem.self, Digits.self,
  ]

  public static let names = all.map { $0.name }

  /// The set called `name`, with the options that are named and the defaults of the others.
  ///
  /// - Throws: ``DataError`` when there is no such set or option, or a value is out of its range.
  public static func set(
    _ name: String, options: [String: Double] = [:]
  ) throws(DataError) -> any SyntheticSet {
    guard let type = all.first(where: { $0.name == name }) else {
      throw DataError(
        .unknownName, "there is no synthetic set \(name.quotedForMessage)",
        cure: "the sets are \(names.joined(separator: ", "))")
    }
    return try type.init(options: options)
  }
}
