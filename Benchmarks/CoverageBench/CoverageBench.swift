import Foundation

/// CoverageBench [KIND…] [--networks N] [--draws N] [--seed N] [--detail]: draws small networks of
/// every kind, and prints in percent how many measured second moments lie in their 95 % band.
@main
struct CoverageBench {
  var kinds: [NetworkKind] = []
  var networks = 25
  var draws = 4
  var seed: UInt64 = 1
  var tellsDetails = false

  init(_ arguments: [String]) {
    var rest = arguments[...]
    func refuse(_ problem: String) -> Never {
      FileHandle.standardError.write(Data("CoverageBench: \(problem)\n".utf8))
      exit(2)
    }
    func number() -> Int {
      guard let text = rest.popFirst(), let value = Int(text), value > 0 else {
        refuse("an option needs a number above 0")
      }
      return value
    }
    while let argument = rest.popFirst() {
      switch argument {
      case "--networks": networks = number()
      case "--draws": draws = number()
      case "--seed": seed = UInt64(number())
      case "--detail": tellsDetails = true
      default:
        guard let kind = NetworkKind(rawValue: argument) else {
          refuse("there is no kind '\(argument)'")
        }
        kinds.append(kind)
      }
    }
    if kinds.isEmpty { kinds = NetworkKind.allCases }
  }

  static func main() throws {
    try CoverageBench(Array(CommandLine.arguments.dropFirst())).run()
  }

  func run() throws {
    print("| kind | forward | backward | layers without a prediction | bands beside it |")
    print("|---|---|---|---|---|")
    for kind in kinds {
      var sum = Coverage()
      for number in 0..<networks {
        let network = DrawnNetwork(kind, number: number, seed: seed)
        let one = try Coverage.measured(of: network, draws: draws)
        if tellsDetails {
          print(
            "# \(kind.rawValue) \(number): \(network.summary): "
              + "\(Self.percent(one.forward)) / \(Self.percent(one.backward))")
          for line in one.lines { print("  \(line)") }
        }
        sum += one
      }
      let unknown = "\(sum.forward.unknown) / \(sum.backward.unknown)"
      let layers = sum.forward.known + sum.forward.unknown
      print(
        "| \(kind.rawValue) | \(Self.percent(sum.forward)) | \(Self.percent(sum.backward)) | "
          + "\(unknown) of \(layers) | \(sum.forward.apart) / \(sum.backward.apart) |")
    }
  }

  static func percent(_ count: Coverage.Count) -> String {
    count.measured == 0 ? "–" : String(format: "%.1f %%", 100 * count.share)
  }
}
