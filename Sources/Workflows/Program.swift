/// What the command says of itself, and runs keep.
public enum Program {
  public static let version = "0.1.0"
}
