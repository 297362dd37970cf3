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
  /// The number of the signal; 0 where there was none.
  private static let asked = Atomic<Int32>(0)

  static var isRequested: Bool { asked.load(ordering: .relaxed) != 0 }

  /// The exit status of shells for what was stopped so: 128 and the number of the signal.
  static var status: Int32? {
    let number = asked.load(ordering: .relaxed)
    return number == 0 ? nil : 128 + number
  }

  /// From now on, asks instead of ending the process.
  static func listen() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        Interruption.asked.store(number, ordering: .relaxed)
        signal(number, SIG_DFL)
      }
    }
    // A program that starts this one from a thread that takes no signals hands its mask down.
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] { unsafe sigaddset(&signals, number) }
    unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }
}
