import Synchronization

/// Notes on standard error about what has no effect, each once.
final class Notes: Sendable {
  private let told = Mutex<Set<String>>([])

  /// What a request calls with a note.
  var teller: @Sendable (String) -> Void {
    { [self] text in
      guard told.withLock({ $0.insert(text).inserted }) else { return }
      Terminal.writeError("evenkeel: \(text)\n")
    }
  }
}
