public import Findings
import Tensors

/// How much memory the verbs may take: `--memory`.
public enum MemoryLimit {
  /// The share of what the machine has left that is taken unless the user says otherwise.
  private static let share = 0.75
  private static let least = 16_000_000

  /// Sets the limit for everything that follows in this process.
  ///
  /// - Parameters:
  ///   - text: such as `8GB`, `500 MB` or `2GiB`; nil for three quarters of what the machine, its
  ///     group of processes and the limits of this one leave.
  ///   - file: what is read, for messages.
  ///   - stop: told in one line why memory ended where nobody had asked for it first.
  /// - Throws: `InputError` when the text is no size.
  public static func set(
    _ text: String?, reading file: String?, stop: @escaping @Sendable (String) -> Never
  ) throws(InputError) {
    if let text {
      guard let bytes = bytes(text), bytes >= least else {
        throw InputError(
          "--memory \(text): not a size of at least 16 MB; write one as 8GB or 500MB")
      }
      MemoryBudget.limit = bytes
    } else {
      MemoryBudget.limit = max(least, Int(share * Double(MemoryBudget.ofMachine)))
    }
    MemoryBudget.onExhaustion { stop(InputError(file: file, $0.description).description) }
  }

  /// A number with a unit: powers of 1000, or of 1024 where the unit says so with an i.
  private static func bytes(_ text: String) -> Int? {
    let text = text.lowercased().filter { $0 != " " }
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let units: [String: Double] = [
      "": 1, "b": 1, "k": 1e3, "kb": 1e3, "kib": 0x1p10, "m": 1e6, "mb": 1e6, "mib": 0x1p20,
      "g": 1e9, "gb": 1e9, "gib": 0x1p30, "t": 1e12, "tb": 1e12, "tib": 0x1p40,
    ]
    guard let value = Double(number), let unit = units[String(text.dropFirst(number.count))],
      value * unit < 0x1p62
    else { return nil }
    return Int(value * unit)
  }

  /// Does work whose memory is asked for, and tells a refusal in the words of the command.
  static func telling<R>(_ file: String?, _ work: () throws -> R) throws -> R {
    do {
      return try work()
    } catch let error as MemoryError {
      throw InputError(file: file, error.description)
    }
  }
}
