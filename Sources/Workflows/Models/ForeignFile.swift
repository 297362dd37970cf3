import Findings
import Foundation

/// Files that people give to a verb although it reads others: told what they are and what to do.
enum ForeignFile {
  /// What a verb reads.
  enum Wanted { case model, experiment }

  /// Throws where a regular file is known to be of another kind.
  static func refuse(_ path: String, wanted: Wanted) throws(InputError) {
    let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
    guard attributes?[.type] as? FileAttributeType == .typeRegular,
      let handle = FileHandle(forReadingAtPath: url.path)
    else { return }
    defer { try? handle.close() }
    let start = (try? handle.read(upToCount: 16)) ?? Data()
    if let text = text(path, start, wanted) { throw InputError(file: path, text) }
  }

  private static func text(_ path: String, _ start: Data, _ wanted: Wanted) -> String? {
    let ending = URL(fileURLWithPath: path).pathExtension.lowercased()
    if start.starts(with: Array("SQLite format 3".utf8)) {
      return "this is a run that 'train' kept; evenkeel diagnose \(path) says why it went as it did"
    }
    if start.starts(with: [0x93] + Array("NUMPY".utf8)) {
      return "this is an array of numbers; name it under 'data' of an experiment as npy, and train"
    }
    switch ending {
    case "pt", "pth", "ckpt", "bin", "pkl":
      return "this is a checkpoint of PyTorch, which holds weights without their network; "
        + "write the model with torch.onnx.export(model, inputs, 'model.onnx') and name that file"
    case "safetensors":
      return "this holds tensors without their network; name the model, and this file as --inputs"
    case "csv", "tsv":
      return "this is a table; name it under 'data' of an experiment as csv, and train that"
    case "h5", "keras", "tflite", "gguf", "mlmodel", "npz":
      return "this is no YAML file and no ONNX model; export the network to ONNX, "
        + "and name that file"
    case "onnx" where wanted == .experiment:
      return "this is a model without data to train on; evenkeel check \(path) judges it"
    default:
      // Archives of PyTorch under other names.
      return start.starts(with: [0x50, 0x4B, 0x03, 0x04])
        ? "this is an archive, as PyTorch writes checkpoints; write the model with "
          + "torch.onnx.export(model, inputs, 'model.onnx') and name that file" : nil
    }
  }
}
