/// A kind of networks whose bands are held against measurements.
enum NetworkKind: String, CaseIterable, Sendable {
  case dense, residual, rms_norm, attention, layer_norm, dropout, norm_ahead, norm_after, conv1d
  case conv2d, pooling, embedding, batch_norm, lstm, gru, random_bias, orthogonal, lsuv
  case group_norm, conv_batch_norm, bare_attention, rnn_mean, lstm_mean

  static let activations = [
    "linear", "relu", "leaky_relu(0.2)", "elu(1)", "selu", "celu(1)", "gelu", "gelu_tanh", "silu",
    "softplus", "mish", "sigmoid", "scaled_sigmoid", "hard_sigmoid", "hard_swish", "tanh",
    "hard_tanh", "softsign", "erf", "sin",
  ]
  static let starts = [
    "he_normal", "he_uniform", "xavier_normal", "xavier_uniform", "lecun_normal", "lecun_uniform",
    "activation_gain", "pytorch", "orthogonal", "{normal: 0.05}",
  ]
  static let dimensions = [16, 32, 64, 128, 256, 512]
  static let batches = [16, 32, 64, 128, 256]
}

/// A network of a kind, drawn by number.
struct DrawnNetwork: Sendable {
  let kind: NetworkKind
  let number: Int
  let batch: Int
  /// Its description in YAML.
  let text: String
  /// The same in a few words.
  let summary: String

  init(_ kind: NetworkKind, number: Int, seed: UInt64) {
    let place = UInt64(NetworkKind.allCases.firstIndex(of: kind) ?? 0) << 32
    var draw = LayerDraw(seed: seed << 48 ^ place ^ UInt64(number))
    let width = draw.pick(NetworkKind.dimensions)
    let depth = draw.pick(2...16)
    let function = draw.pick(NetworkKind.activations)
    var start = draw.pick(NetworkKind.starts)
    var bias = draw.pick(["0", "0", "{normal: 0.1}"])
    let batch = draw.pick(NetworkKind.batches)
    let body: NetworkBody
    switch kind {
    case .random_bias: bias = draw.pick(["{normal: 0.05}", "{normal: 0.3}", "{uniform: 0.5}"])
    case .orthogonal: start = draw.pick(["orthogonal", "{orthogonal: 1.2}", "{orthogonal: 1.4}"])
    case .lsuv: start = "lsuv"
    default: break
    }
    switch kind {
    case .conv1d, .conv2d, .pooling, .group_norm, .conv_batch_norm:
      body = .images(kind, channels: draw.pick([8, 16, 32, 64]), depth: depth, function, &draw)
    case .lstm, .gru, .rnn_mean, .lstm_mean:
      if start == "orthogonal" { start = "xavier_normal" }
      body = .sequences(kind, width: min(width, 128), depth: depth, function, &draw)
    case .attention, .bare_attention:
      body = .sequences(kind, width: min(width, 128), depth: depth, function, &draw)
    default: body = .vectors(kind, width: width, depth: depth, function, &draw)
    }
    self.kind = kind
    self.number = number
    let isLarge =
      switch kind {
      case .conv2d, .pooling, .attention, .group_norm, .conv_batch_norm, .bare_attention: true
      default: false
      }
    self.batch = isLarge ? min(batch, 64) : batch
    let defaults =
      start == "pytorch" ? "pytorch" : "{weights: \(start), bias: \(bias)}"
    text = """
      network:
        input: \(body.input)
        init: \(defaults)
        layers: [\(body.layers.joined(separator: ", "))]
      """
    summary = "\(body.summary), \(start), bias \(bias), batch \(self.batch)"
  }
}
