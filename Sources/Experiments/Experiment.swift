public import Networks
public import Training
public import Watching

/// A network, what it is trained on, how, and what counts as healthy: one YAML file, or a value
/// written in Swift.
public struct Experiment: Sendable {
  public var network: NetworkDescription
  public var data: DataSource
  public var training: TrainingSettings
  public var thresholds: WatchThresholds

  /// - Parameters:
  ///   - network: with a loss.
  ///   - data: where samples come from.
  ///   - training: how it is trained.
  ///   - thresholds: what a watch calls healthy.
  public init(
    _ network: NetworkDescription, data: DataSource,
    training: TrainingSettings = TrainingSettings(),
    thresholds: WatchThresholds = WatchThresholds()
  ) {
    self.network = network
    self.data = data
    self.training = training
    self.thresholds = thresholds
  }

  /// The file it was read from.
  public var path: String? { network.file.path }
}
