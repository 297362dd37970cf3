/// A binary floating-point format, described by its parameters.
public struct NumberFormat: Hashable, Sendable {
  public let name: String
}
