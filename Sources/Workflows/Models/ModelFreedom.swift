import ONNX
import Remedies

/// What a repair may do with the weights of a model, and why.
struct ModelFreedom {
  let freedom: WeightFreedom
  /// Why, as one sentence.
  let sentence: String

  init(_ request: RepairRequest, _ model: ImportedModel) {
    var freedom = WeightFreedom()
    (freedom.mayRedraw, freedom.mayRescale) = (request.redraws, request.rescales)
    if request.redraws && request.rescales {
      sentence = "Weights may be multiplied and drawn anew, as was asked for."
    } else {
      let origin = WeightOrigin(model)
      if origin.isFresh { (freedom.mayRedraw, freedom.mayRescale) = (true, true) }
      let asked =
        request.redraws
        ? " They may be drawn anew, as was asked for."
        : request.rescales ? " They may be multiplied, as was asked for." : ""
      sentence =
        origin.isFresh
        ? "The model is not trained: \(origin.reason). Its weights may be multiplied and drawn anew."
        : "The weights count as trained (\(origin.reason)) and stay as they are."
          + (asked.isEmpty ? " --rescale and --redraw allow other weights." : asked)
    }
    self.freedom = freedom
  }
}
