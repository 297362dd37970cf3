/// The layers of a drawn network.
struct NetworkBody {
  let input: [Int]
  let layers: [String]
  let summary: String

  /// Networks over vectors.
  static func vectors(
    _ kind: NetworkKind, width: Int, depth: Int, _ function: String, _ draw: inout LayerDraw
  ) -> NetworkBody {
    let dense = "{dense: \(width)}"
    var layers: [String] = []
    var input = [width]
    var note = ""
    let block: String
    switch kind {
    case .residual:
      let scale = draw.pick(["1", "0.5", "0.2"])
      note = ", scale \(scale)"
      block = "{residual: {scale: \(scale), layers: [\(dense), '\(function)', \(dense)]}}"
    case .norm_ahead, .norm_after:
      let norm = draw.pick(["layer_norm", "rms_norm"])
      note = ", \(norm)"
      let place = kind == .norm_ahead ? "pre" : "post"
      block =
        "{residual: {norm: {\(place): \(norm)}, layers: [\(dense), '\(function)', \(dense)]}}"
    case .rms_norm, .layer_norm, .batch_norm:
      let isAfter = draw.pick([false, false, true])
      note = isAfter ? ", norm after it" : ""
      block =
        isAfter
        ? "\(dense), '\(function)', \(kind.rawValue)"
        : "\(dense), \(kind.rawValue), '\(function)'"
    case .dropout:
      let rate = draw.pick(["0.1", "0.3", "0.5"])
      note = ", rate \(rate)"
      block = "\(dense), '\(function)', {dropout: \(rate)}"
    case .embedding:
      let vocabulary = draw.pick([20, 50, 200, 1000])
      let length = draw.pick([4, 8, 16])
      input = [length]
      note = ", \(vocabulary) words, \(length) places"
      layers = ["{embedding: {vocabulary: \(vocabulary), dim: \(width)}}"]
      block = "\(dense), '\(function)'"
    case .random_bias, .orthogonal, .lsuv:
      // Widths that change, as a draw of weights then is no square.
      let widths = (0..<depth).map { _ in draw.pick([width, width, max(16, width / 2)]) }
      return NetworkBody(
        input: [width], layers: widths.map { "{dense: \($0)}, '\(function)'" },
        summary: "\(width) to \(widths.min() ?? width) wide, \(depth) deep, \(function)")
    default: block = "\(dense), '\(function)'"
    }
    layers += Array(repeating: block, count: depth)
    return NetworkBody(
      input: input, layers: layers, summary: "\(width) wide, \(depth) deep, \(function)\(note)")
  }

  /// Networks over images and signals.
  static func images(
    _ kind: NetworkKind, channels: Int, depth: Int, _ function: String, _ draw: inout LayerDraw
  ) -> NetworkBody {
    let (depth, side) = (min(depth, 8), draw.pick([8, 16]))
    let padding = draw.pick(["same", "valid"])
    let name = kind == .conv1d ? "conv1d" : "conv2d"
    let isPadded = padding == "same" || side < 2 * depth + 4
    let convolution =
      "{\(name): {channels: \(channels), kernel: 3, padding: \(isPadded ? "same" : "valid")}}"
    var layers: [String] = []
    var note = ""
    if kind == .pooling {
      let pool = draw.pick(["max_pool", "max_pool", "average_pool"])
      note = ", \(pool)"
      let blocks = side == 16 ? 2 : 1
      let same = "{\(name): {channels: \(channels), kernel: 3, padding: same}}"
      for _ in 0..<blocks { layers.append("\(same), '\(function)', {\(pool): 2}") }
      let end = draw.pick(["flatten", "global_average_pool"])
      note += ", \(end)"
      layers += [end, "{dense: 64}", "'\(function)'", "{dense: 16}"]
    } else if kind == .group_norm || kind == .conv_batch_norm {
      let groups = draw.pick([1, 4, 8])
      let norm = kind == .group_norm ? "{group_norm: \(groups)}" : "batch_norm"
      if kind == .group_norm { note = ", \(groups) groups" }
      layers = Array(repeating: "\(convolution), \(norm), '\(function)'", count: depth)
    } else {
      layers = Array(repeating: "\(convolution), '\(function)'", count: depth)
    }
    let length = kind == .conv1d ? [side * 4] : [side, side]
    return NetworkBody(
      input: [draw.pick([3, channels])] + length, layers: layers,
      summary: "\(channels) channels, \(side) long, \(depth) deep, \(function)\(note)")
  }

  /// Networks over sequences.
  static func sequences(
    _ kind: NetworkKind, width: Int, depth: Int, _ function: String, _ draw: inout LayerDraw
  ) -> NetworkBody {
    let steps = draw.pick([4, 8, 16, 32])
    guard kind == .attention || kind == .bare_attention else {
      let cells = draw.pick([1, 1, 2])
      let isMean = kind == .rnn_mean || kind == .lstm_mean
      let name = kind == .rnn_mean ? "rnn" : kind == .lstm_mean ? "lstm" : kind.rawValue
      let cell = "{\(name): {units: \(width), return_sequences: true}}"
      let end = isMean ? ["time_mean", "{dense: 16}"] : []
      return NetworkBody(
        input: [steps, width], layers: Array(repeating: cell, count: cells) + end,
        summary: "\(width) wide, \(steps) steps, \(cells) layers")
    }
    let heads = draw.pick([1, 2, 4])
    let isCausal = draw.pick([false, false, true])
    let attention = "{attention: {heads: \(heads), causal: \(isCausal)}}"
    let place = draw.pick(["pre", "post", ""])
    let blocks = min(depth, 6)
    if kind == .bare_attention {
      let isResidual = draw.pick([false, true])
      let block = isResidual ? "{residual: {layers: [\(attention)]}}" : attention
      return NetworkBody(
        input: [steps, width],
        layers: Array(repeating: block, count: min(blocks, 4)) + ["time_mean", "{dense: 16}"],
        summary: "\(width) wide, \(steps) steps, \(heads) heads, \(min(blocks, 4)) blocks"
          + (isResidual ? ", residual" : "") + (isCausal ? ", causal" : ""))
    }
    let mlp = "{dense: \(2 * width)}, '\(function)', {dense: \(width)}"
    let block =
      place.isEmpty
      ? "\(attention), {dense: \(width)}, '\(function)'"
      : "{residual: {norm: \(place), layers: [\(attention)]}}, "
        + "{residual: {norm: \(place), layers: [\(mlp)]}}"
    return NetworkBody(
      input: [steps, width], layers: Array(repeating: block, count: blocks),
      summary: "\(width) wide, \(steps) steps, \(heads) heads, \(blocks) blocks, \(function)"
        + (place.isEmpty ? "" : ", \(place)-norm") + (isCausal ? ", causal" : ""))
  }
}
