public import Semantics

/// A page about everything that a network file can hold, made from what the reader knows.
public enum NetworkReference {
  /// The page as Markdown, with a line break at the end.
  ///
  /// - Parameter activations: those that layers can name.
  /// - Returns: the text of the page.
  public static func markdown(activations: ActivationCatalogue) -> String {
    let layers = LayerReader.families.flatMap { $0.forms }
    let initializers = InitializerCatalogue.families.flatMap { $0.forms }
    let parts = [
      """
      # Layers, activations, initialisers and losses

      Everything that may stand under `network`, made from what the reader of network files knows
      (`Scripts/write-schema`). A layer is written by its bare name where no key is required, or as
      `name: {key: value}`; where a key is marked →, `name: value` sets it. Any layer may have a `name`.
      """,
      section("Layers", layers),
      activationSection(activations),
      section(
        "Initialisers", initializers,
        text: "For `init` of the network or of a layer, alone for the weights or under `weights`, "
          + "`recurrent` and `bias`; a bare number is a constant."),
      section("Losses", LossDescription.forms),
    ]
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static func section(
    _ title: String, _ forms: [NamedForm], text: String? = nil
  ) -> String {
    (["## \(title)"] + [text].compactMap { $0 } + forms.map(description)).joined(separator: "\n\n")
  }

  private static func description(of form: NamedForm) -> String {
    let head = "**`\(form.name)`** \(form.summary)"
    guard !form.keys.isEmpty else { return head }
    let rows = form.keys.map { key in
      let mark = key.name == form.shorthand ? " →" : ""
      let fallback = key.isRequired ? "required" : key.fallback.map { "`\($0)`" } ?? "none"
      return "| `\(key.name)`\(mark) | \(expectation(of: key)) | \(fallback) | \(key.summary) |"
    }
    return ([head, "", "| key | value | default | meaning |", "| --- | --- | --- | --- |"] + rows)
      .joined(separator: "\n")
  }

  private static func expectation(of key: Key) -> String {
    key.form.expectation.replacing("|", with: "\\|")
  }

  private static func activationSection(_ activations: ActivationCatalogue) -> String {
    let names = activations.entries.map { entry in
      guard !entry.parameters.isEmpty else { return "`\(entry.name)`" }
      let values = entry.parameters.map { parameter in
        "\(parameter.name) = \(YAMLTree.number(parameter.fallback).scalar ?? "")"
      }
      return "`\(activations.usage(of: entry.name))` with \(values.joined(separator: ", "))"
    }
    return """
      ## Activations

      Each is a layer by its own name, and the value of keys such as `activation`; parameters stand in
      parentheses, `leaky_relu(0.2)`.

      \(names.map { "- \($0)" }.joined(separator: "\n"))
      """
  }
}
