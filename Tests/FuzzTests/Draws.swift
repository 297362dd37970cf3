import Foundation
import Numbers

/// Random choices in a row, the same for the same seed.
struct Draws {
  private let stream: RandomStream
  private var place = 0

  init(seed: UInt64, name: String) { stream = RandomStream(seed: seed, name: name) }

  /// A number from 0 up to a limit.
  mutating func below(_ limit: Int) -> Int {
    place += 1
    return stream.integer(at: place, below: max(1, limit))
  }

  mutating func element<T>(of list: [T]) -> T { list[below(list.count)] }
}

/// Numbers that arithmetic and memory have trouble with.
enum ExtremeNumber {
  static let integers: [Int64] = [
    .min, -(1 << 32), -(1 << 31), -1, 0, 1, 255, 1 << 16, 1 << 24, (1 << 31) - 1, 1 << 31,
    1 << 32, 1 << 40, 1 << 62, .max,
  ]
  /// As texts write them; all are valid somewhere.
  static let texts =
    integers.map(String.init) + [
      "99999999999999999999999", "1e308", "-1e308", "1e-320", "1e9999", "0.0", "-0", ".nan",
      ".inf", "nan", "inf", "1e15", "1_000", "0x7fffffffffffffff", "''", "null", "true", "[]",
      "{}",
    ]
}

/// Changes of a file: some break it, some leave a valid file with extreme numbers in it.
enum Mutation {
  /// Bytes changed, left out, put in, copied, cut, or integers of any width written over others.
  static func bytes(_ original: [UInt8], _ draws: inout Draws) -> [UInt8] {
    var bytes = original
    for _ in 0...draws.below(4) {
      let at = draws.below(bytes.count)
      switch draws.below(8) {
      case 0 where !bytes.isEmpty: bytes[at] = UInt8(draws.below(256))
      case 1 where !bytes.isEmpty: bytes[at] ^= 1 << UInt8(draws.below(8))
      case 2 where !bytes.isEmpty: bytes.remove(at: at)
      case 3: bytes.insert(UInt8(draws.below(256)), at: min(at, bytes.count))
      case 4 where !bytes.isEmpty:
        let count = min(draws.below(40), bytes.count - at)
        bytes.replaceSubrange(at..<at + count, with: original.prefix(count))
      case 5 where draws.below(4) == 0: bytes.removeLast(min(bytes.count, draws.below(64)))
      default:
        let width = [1, 2, 4, 8][draws.below(4)]
        guard at + width <= bytes.count else { continue }
        let number = UInt64(bitPattern: draws.element(of: ExtremeNumber.integers))
        let isBig = draws.below(2) == 0
        for i in 0..<width {
          bytes[at + i] = UInt8(
            truncatingIfNeeded: number >> UInt64(8 * (isBig ? width - 1 - i : i)))
        }
      }
    }
    return bytes
  }

  /// Numbers of a text replaced by extreme ones, most often a single one, and seldom bytes changed.
  static func text(_ original: [UInt8], _ draws: inout Draws) -> [UInt8] {
    if draws.below(4) == 0 { return bytes(original, &draws) }
    var text = String(decoding: original, as: UTF8.self)
    for _ in 0...(draws.below(3) == 0 ? draws.below(3) : 0) {
      let places = text.matches(of: /-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?/).map(\.range)
      guard !places.isEmpty else { break }
      text.replaceSubrange(
        draws.element(of: places), with: draws.element(of: ExtremeNumber.texts))
    }
    return Array(text.utf8)
  }
}

extension Mutation {
  /// Numbers in the text at the start of a binary file, of the same width, so that lengths stay right.
  static func header(_ original: [UInt8], _ draws: inout Draws) -> [UInt8] {
    var bytes = original
    let head = bytes.prefix(4096)
    let digits = head.indices.filter { (48...57).contains(head[$0]) }
    guard !digits.isEmpty else { return Mutation.bytes(original, &draws) }
    for _ in 0...draws.below(6) { bytes[draws.element(of: digits)] = UInt8(48 + draws.below(10)) }
    // Where a blank follows, the number may grow.
    for place in digits
    where place + 1 < bytes.count && bytes[place + 1] == 32 && draws.below(4) == 0 {
      bytes[place + 1] = 57
    }
    return bytes
  }
}
