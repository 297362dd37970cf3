import Networks
import Samples

extension DataSource {
  /// A key that names what samples come from, and the names of the keys that go with it.
  struct OriginForm {
    let key: Key
    let companions: [String]
  }

  /// Everything that samples can come from: files, then synthetic sets.
  static let origins: [OriginForm] =
    [
      OriginForm(
        key: Key("csv", .text, "A table."),
        companions: [
          "label", "targets", "header", "delimiter", "ignore", "classes", "first_label",
        ]),
      OriginForm(
        key: Key("idx", .text, "A file of features in the format of MNIST."),
        companions: ["labels", "targets", "classes", "first_label", "divide", "tokens"]),
      OriginForm(
        key: Key("npy", .text, "A file of features in NumPy's format."),
        companions: ["labels", "targets", "classes", "first_label", "divide", "tokens"]),
      OriginForm(
        key: Key("safetensors", .text, "A file of tensors."),
        companions: [
          "features", "labels", "targets", "classes", "first_label", "divide", "tokens",
        ]),
    ]
    + sets.map { set in
      OriginForm(
        key: Key(set.name, .definition(set.name), set.summary), companions: ["seed"])
    }

  /// What stands after the name of a synthetic set.
  static let sets: [Key] = SyntheticCatalogue.all.map { type in
    let form = form(of: type.init())
    return Key(form.name, .keys(form), form.summary)
  }

  private static func form(of set: some SyntheticSet) -> NamedForm { NamedForm(set) }

  /// Keys that say what an origin holds.
  static let formKeys: [Key] = {
    let most = 1_000_000_000_000_000
    let column = Key.Form.oneOf([.text, .integer(-most...most)])
    let columns = Key.Form.oneOf([.text, .integer(-most...most), .list(column)])
    let classNames = Key.Form.oneOf([.text, .number(-1e300...1e300), .boolean])
    return [
      Key("features", .text, default: "features", "The tensor of the features."),
      Key("label", column, default: "-1", "The column of the classes, by name or number."),
      Key("labels", .text, "The file or the tensor of class numbers."),
      Key("targets", columns, "Columns, the file or the tensor of numbers to predict."),
      Key("header", .boolean, "Whether the first row holds the names of the columns."),
      Key("delimiter", .text, default: ",", "What separates cells: one ASCII character, or tab."),
      Key("ignore", columns, "Columns that are no features."),
      Key(
        "classes", .oneOf([.integer(1...ArrayFormat.mostClasses), .list(classNames)]),
        "How many classes there are; of a table, also their names in order."),
      Key(
        "first_label", .integer(-1_000_000_000...1_000_000_000), default: "0",
        "The number of the first class, where classes are numbers."),
      Key("divide", .number(1e-30...1e30), "What features are divided by."),
      Key("tokens", .boolean, default: "false", "Whether features are numbers of tokens."),
      Key("seed", .integer(0...most), default: "0", "What a synthetic set is made from."),
    ]
  }()

  static let ownKeys: [Key] = [
    Key(
      "standardize",
      .choice(["true", "false"] + Standardization.Scope.allCases.map(\.rawValue)),
      default: "false", "Whether features are given mean 0 and deviation 1."),
    Key(
      "standardize_targets", .boolean, default: "false",
      "Whether targets are given mean 0 and deviation 1; losses are in these units then."),
    Key(
      "non_finite", .choice(NonFinite.allCases.map(\.rawValue)), default: "refuse",
      "What happens to samples with a number that is not finite."),
    Key(
      "leave_out",
      .oneOf([
        .integer(0...1_000_000_000_000), .list(.integer(0...1_000_000_000_000)),
      ]),
      "Samples that are left out: lines of a table, or places in an array counted from 0."),
    Key(
      "validation",
      .oneOf([
        .below(0..<1),
        .mapping(originKeys + formKeys, oneOf: originKeys.map(\.name)),
      ]), "A share of the samples, or another source, whose keys default to those above."),
  ]

  /// What the section `data` may hold.
  static let keys = originKeys + formKeys + ownKeys
  private static let originKeys = origins.map(\.key)

  /// The section: a synthetic set by its bare name, or a mapping.
  static let form = Key.Form.oneOf([
    .choice(SyntheticCatalogue.names), .mapping(keys, oneOf: originKeys.map(\.name)),
  ])
}
