import Networks
import Operators
import Training

/// The JSON Schema (draft 2020-12) of experiments' files, made from what the reader knows.
///
/// It checks names, kinds and ranges. What keys say together, such as 'steps' beside 'epochs' or a
/// file of labels beside a synthetic set, only the reader checks.
public enum ExperimentSchema {
  /// The schema as JSON text, indented, with a line break at the end.
  public static func json() -> String {
    NetworkSchema.json(
      activations: .standard,
      sections: [
        Key("data", DataSource.form, "What it is trained on."),
        Key("training", .mapping(TrainingSettings.keys), "How it is trained."),
        Key("watch", .mapping(Experiment.watchKeys), "What counts as healthy."),
      ], definitions: [TrainingSettings.treatment] + DataSource.sets)
  }

  /// The page about layers, activations, initialisers and losses, as Markdown.
  public static func layersPage() -> String { NetworkReference.markdown(activations: .standard) }
}
