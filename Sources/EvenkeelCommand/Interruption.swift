import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whether the user has asked to stop, with Ctrl-C or a polite kill.
///
/// The first time ends the work cleanly; the second ends the process as usual.
enum Interruption {
  private static let isAsked = Atomic(false)

  static var isRequested: Bool { isAsked.load(ordering: .relaxed) }

  /// From now on, asks instead of ending the process.
  static func listen() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        Interruption.isAsked.store(true, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
  }
}
