import Findings
import Numbers

extension NumberFormat {
  /// The format that an option names.
  ///
  /// - Throws: ``InputError`` for a name that is none of `formats`.
  static func named(
    _ name: String, byOption option: String, among formats: [NumberFormat] = all
  ) throws(InputError) -> NumberFormat {
    if let format = formats.first(where: { $0.name == name }) { return format }
    let problem =
      name == fp8E8M0().name
      ? "holds scales alone, and has neither a sign nor a zero" : "no such number format"
    throw InputError(
      "\(option): \(problem); use one of \(formats.map(\.name).joined(separator: ", "))")
  }
}
