import Experiments
import Findings
import Foundation
import Networks
import Samples
import Tensors
import Testing
import Training

@Suite struct DataOptionTests {
  private static func experiment(
    _ data: String, _ table: String, loss: String = "softmax_cross_entropy", units: Int = 3
  ) throws -> (Experiment, folder: URL) {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "data-options-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try table.write(to: folder.appending(path: "t.csv"), atomically: true, encoding: .utf8)
    let experiment = try Experiment(
      yaml: """
        network: {input: [1], layers: [{dense: \(units)}], loss: \(loss)}
        data: \(data)
        """, file: folder.appending(path: "e.yaml").path)
    return (experiment, folder)
  }

  private static func message(_ body: () throws -> Void) -> String {
    do { try body() } catch { return "\(error)" }
    return ""
  }

  @Test func labelsMayStartAtOne() throws {
    let (experiment, folder) = try Self.experiment(
      "{csv: t.csv, label: y, first_label: 1}", "x,y\n0,1\n1,3\n2,2\n")
    defer { try? FileManager.default.removeItem(at: folder) }
    let data = try experiment.samples().training
    guard case .classes(let labels, let names) = data.targets else {
      Issue.record("no classes")
      return
    }
    #expect(names == ["1", "2", "3"])
    let numbers = labels.elements(as: Int64.self)
    #expect([numbers[0], numbers[1], numbers[2]] == [0, 2, 1])
    #expect(try Experiment(yaml: experiment.yaml).yaml == experiment.yaml)
    #expect(experiment.yaml.contains("first_label: 1"))
  }

  @Test func aLabelBelowTheFirstIsRefused() throws {
    let (experiment, folder) = try Self.experiment(
      "{csv: t.csv, label: y, first_label: 1}", "x,y\n0,1\n1,0\n")
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = Self.message { _ = try experiment.samples() }
    #expect(
      text.hasSuffix(
        "t.csv:3: the label is 0; class numbers go from 1 to 65,536; read the "
          + "targets as numbers if they are no classes"), "\(text)")
  }

  @Test func aFirstLabelOfNumbersIsRefused() {
    let text = Self.message {
      _ = try Self.experiment("{csv: t.csv, targets: [y], first_label: 1}", "x,y\n0,1\n")
    }
    #expect(text.contains("'first_label' is about classes"), "\(text)")
  }

  @Test func labelsThatStartAtOneAreToldAsThat() throws {
    let (experiment, folder) = try Self.experiment(
      "{csv: t.csv, label: y}", "x,y\n0,1\n1,3\n2,2\n")
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = Self.message {
      _ = try Trainer(experiment.network, data: experiment.samples().training)
    }
    #expect(text.contains("labels start at 1") && text.contains("first_label: 1"), "\(text)")
  }

  @Test func targetsAreStandardisedByWhatIsTrainedOn() throws {
    let (experiment, folder) = try Self.experiment(
      "{csv: t.csv, targets: [y], standardize_targets: true, leave_out: [4]}",
      "x,y\n0,100\n1,300\n2,9e9\n", loss: "mean_squared_error", units: 1)
    defer { try? FileManager.default.removeItem(at: folder) }
    let samples = try experiment.samples()
    #expect(samples.training.count == 2)
    let targets = samples.training.targets.tensor.elements(as: Float.self)
    #expect([targets[0], targets[1]] == [-1, 1])
    #expect(samples.targetScale?.means == [200] && samples.targetScale?.deviations == [100])
    #expect(try Experiment(yaml: experiment.yaml).yaml == experiment.yaml)
    #expect(experiment.yaml.contains("standardize_targets: true"))
  }

  @Test func aRowThatIsNotThereCannotBeLeftOut() throws {
    let (experiment, folder) = try Self.experiment(
      "{csv: t.csv, label: y, leave_out: [99]}", "x,y\n0,1\n1,0\n")
    defer { try? FileManager.default.removeItem(at: folder) }
    let text = Self.message { _ = try experiment.samples() }
    #expect(text.contains("'leave_out' names line 99, where no sample stands"), "\(text)")
  }
}
