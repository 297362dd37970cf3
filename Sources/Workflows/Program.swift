import Networks

/// What the command says of itself, and runs keep.
public enum Program {
  public static let version = "0.1.0"

  /// The name that somebody who wrote another most likely meant; nil where none is near.
  public static func nearestName(to name: String, among names: [String]) -> String? {
    Networks.nearestName(to: name, among: names)
  }
}
