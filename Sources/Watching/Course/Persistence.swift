/// Whether a condition held in most of the last steps.
///
/// It becomes active when three in four of the last `window` steps met it and ceases when at most
/// one in four does, so that a spike starts nothing and a pause ends nothing.
struct Persistence: Sendable {
  /// The last 64 steps, the latest in the lowest bit.
  private var bits: UInt64 = 0
  private var first = 0
  private(set) var isActive = false
  /// The step at which the present spell began.
  private(set) var since = 0
  /// Spells that passed without becoming active.
  private(set) var spikes = 0
  /// The last step of such a spell.
  private(set) var lastSpike = 0

  mutating func note(_ holds: Bool, at step: Int, window: Int) {
    let window = min(max(window, 1), 64)
    let mask = window == 64 ? UInt64.max : (1 << UInt64(window)) - 1
    let wasQuiet = bits & mask == 0
    bits = bits << 1 | (holds ? 1 : 0)
    if holds && wasQuiet { first = step }
    if holds && !isActive { lastSpike = step }
    let count = (bits & mask).nonzeroBitCount
    if !isActive, 4 * count >= 3 * window {
      isActive = true
      since = first
    } else if isActive, 4 * count <= window {
      isActive = false
    } else if !isActive, !wasQuiet, count == 0 {
      spikes += 1
    }
  }
}
