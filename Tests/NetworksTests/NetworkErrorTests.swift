import Networks
import Testing

/// What a person sees who wrote a bad file, word for word.
@Suite struct NetworkErrorTests {
  static let cases: [(layers: String, message: String)] = [
    ("[{dens: 4}]", "net.yaml:1: there is no layer 'dens'; did you mean 'dense'?"),
    ("[tahn]", "net.yaml:1: there is no layer 'tahn'; did you mean 'tanh'?"),
    (
      "[{dense: {units: 4, bais: false}}]",
      "net.yaml:1: 'dense' has no key 'bais'; did you mean 'bias'?"
    ),
    (
      "[{flatten: {axis: 1}}]",
      "net.yaml:1: 'flatten' has no key 'axis'; it takes no keys"
    ),
    (
      "[{flatten: 3}]",
      "net.yaml:1: 'flatten' takes a mapping of keys, not '3'; write flatten"
    ),
    (
      "[{dense: {bias: false}}]",
      "net.yaml:1: 'dense' needs 'units'; write {dense: {units: 256}}"
    ),
    ("[dense]", "net.yaml:1: 'dense' needs 'units'; write {dense: {units: 256}}"),
    (
      "[{dense: 0}]",
      "net.yaml:1: 'units' of 'dense' is '0'; give a whole number from 1 to 16,777,216"
    ),
    (
      "[{dense: -3}]",
      "net.yaml:1: 'units' of 'dense' is '-3'; give a whole number from 1 to 16,777,216"
    ),
    (
      "[{dense: 2.5}]",
      "net.yaml:1: 'units' of 'dense' is '2.5'; give a whole number from 1 to 16,777,216"
    ),
    (
      "[{dense: wide}]",
      "net.yaml:1: 'units' of 'dense' is 'wide'; give a whole number from 1 to 16,777,216"
    ),
    (
      "[{dense: [4]}]",
      "net.yaml:1: 'units' of 'dense' is a list; give a whole number from 1 to 16,777,216"
    ),
    (
      "[{dense: {units: 99999999999999999999}}]",
      "net.yaml:1: 'units' of 'dense' is '99999999999999999999'; "
        + "give a whole number from 1 to 16,777,216"
    ),
    (
      "[{dense: {units: 4, bias: maybe}}]",
      "net.yaml:1: 'bias' of 'dense' is 'maybe'; give true or false"
    ),
    (
      "[{dense: {units: 4, init: xavier}}]",
      "net.yaml:1: there is no initialiser 'xavier'; did you mean 'xavier_normal'?"
    ),
    (
      "[{dense: {units: 4, init: {normal: .nan}}}]",
      "net.yaml:1: 'std' of 'normal' is '.nan'; give a number from 0 to 1e+30"
    ),
    (
      "[{dense: {units: 4, init: {weights: {normal: inf}}}}]",
      "net.yaml:1: 'std' of 'normal' is 'inf'; give a number from 0 to 1e+30"
    ),
    (
      "[{dense: {units: 4, init: {bias: nan}}}]",
      "net.yaml:1: an initialiser is 'nan'; give a finite number"
    ),
    (
      "[{dense: {units: 4, init: {weight: 1, bias: 0}}}]",
      "net.yaml:1: 'init' has no key 'weight'; did you mean 'weights'?"
    ),
    (
      "[{dense: {units: 4, init: {he_normal: {mode: fanin}}}}]",
      "net.yaml:1: 'mode' of 'he_normal' is 'fanin'; did you mean 'fan_in'?"
    ),
    (
      "[{dense: {units: 4, init: {he_normal: {gain: 2, slope: 0.1}}}}]",
      "net.yaml:1: 'he_normal' has both a gain and a slope; "
        + "the slope stands for a gain: keep one"
    ),
    (
      "[{dense: 4, relu: }]",
      "net.yaml:1: one layer is 'dense' and 'relu'; "
        + "write one layer per dash, and the keys of a layer in its own mapping"
    ),
    ("[[dense]]", "net.yaml:1: a layer is a list; write one '- layer' per line"),
    ("[{}]", "net.yaml:1: a layer has no kind; write it as 'dense: 256'"),
    ("[~]", "net.yaml:1: a layer is missing; name a layer after the dash"),
    ("[]", "net.yaml:1: 'layers' is an empty list; write one '- layer' per line"),
    (
      "{dense: 4}",
      "net.yaml:1: 'layers' must be a list, not a mapping; write one '- layer' per line"
    ),
    (
      "[{repeat: 0, layers: [relu]}]",
      "net.yaml:1: 'repeat' of 'repeat' is '0'; "
        + "give a whole number from 1 to 9,223,372,036,854,775,807"
    ),
    (
      "[{repeat: 3}]",
      "net.yaml:1: 'repeat' needs 'layers'; write 'repeat: 50' with 'layers:' under it"
    ),
    (
      "[{dense: 4, name: 'a b'}]",
      "net.yaml:1: 'name' is 'a b'; use up to 64 letters, digits, '_' and '-'"
    ),
    (
      "[{affine: {function: tanh, alpha: 0}}]",
      "net.yaml:1: 'alpha' of 'affine' is 0; give any other number"
    ),
    (
      "[{affine: {function: thanh}}]",
      "net.yaml:1: there is no activation 'thanh'; did you mean 'tanh'?"
    ),
    ("[{dropout: 1}]", "net.yaml:1: 'rate' of 'dropout' is 1; give a number below 1"),
    ("[{dropout: 2}]", "net.yaml:1: 'rate' of 'dropout' is '2'; give a number from 0 to 1"),
    (
      "[{conv2d: {kernel: 3}}]",
      "net.yaml:1: 'conv2d' needs 'channels'; write {conv2d: {channels: 32, kernel: 3}}"
    ),
    (
      "[{conv2d: {channels: 4, filters: 4, kernel: 3}}]",
      "net.yaml:1: 'conv2d' has both 'channels' and 'filters', which mean the same; "
        + "keep one of them"
    ),
    (
      "[{conv2d: {channels: 4, kernel: [3, 3, 3]}}]",
      "net.yaml:1: 'kernel' of 'conv2d' has 3 numbers; give one number, or 2"
    ),
    (
      "[{conv2d: {channels: 4, kernel: 3, padding: sane}}]",
      "net.yaml:1: 'padding' of 'conv2d' is 'sane'; "
        + "give same or valid, or whole numbers from 0 to 65,536"
    ),
    (
      "[{conv2d: {channels: 4, kernel: 3, groups: 3}}]",
      "net.yaml:1: 4 channels cannot be divided into 3 groups; "
        + "make 'channels' a multiple of 'groups'"
    ),
    (
      "[{residual: {norm: middle, layers: [relu]}}]",
      "net.yaml:1: 'norm' of 'residual' is 'middle'; "
        + "write pre, post, or {pre: layer_norm or batch_norm or rms_norm}"
    ),
    (
      "[{lstm: {units: 4, bias: false, forget_bias: 1}}]",
      "net.yaml:1: 'forget_bias' stands beside 'bias: false'; remove one of them"
    ),
    (
      "[{reshape: [0, 4]}]",
      "net.yaml:1: 'shape' of 'reshape' is [0, 4]; "
        + "give up to four extents of at least 1, at most one of them -1"
    ),
  ]

  @Test(arguments: cases)
  func aBadLayerIsNamedWithItsLineAndACure(layers: String, message: String) {
    #expect(Fixtures.message("network: {input: [8], layers: \(layers)}") == message)
  }

  static let files: [(yaml: String, message: String)] = [
    ("", "net.yaml: the file is empty; describe a network in it"),
    ("# nothing\n", "net.yaml: the file is empty; describe a network in it"),
    ("~\n", "net.yaml:1: the file is empty; describe a network in it"),
    ("- a\n", "net.yaml:1: the file must be a mapping, not a list; write keys such as 'network:'"),
    (
      "network:\n",
      "net.yaml:1: there is no 'network'; "
        + "write 'network:' with input and layers under it"
    ),
    (
      "network: 3\n",
      "net.yaml:1: 'network' must be a mapping, not '3'; write keys such as 'input:'"
    ),
    ("netwrok: {}\n", "net.yaml:1: the file has no key 'netwrok'; did you mean 'network'?"),
    (
      "network:\n  layers: [relu]\n",
      "net.yaml:2: 'network' has no 'input'; write the shape of one sample, such as input: [784]"
    ),
    (
      "network:\n  input: [4]\n",
      "net.yaml:2: 'network' has no 'layers'; "
        + "write a list of layers, such as layers: [{dense: 256}, relu]"
    ),
    (
      "network:\n  input: [4]\n  lyers: [relu]\n",
      "net.yaml:3: 'network' has no key 'lyers'; did you mean 'layers'?"
    ),
    (
      "network:\n  input: [4, 0]\n  layers: [relu]\n",
      "net.yaml:2: 'input' contains '0'; "
        + "give whole numbers of at least 1, such as [784] or [3, 32, 32]"
    ),
    (
      "network:\n  input: []\n  layers: [relu]\n",
      "net.yaml:2: 'input' is a list of 0; "
        + "give one to four whole numbers, such as [784] or [3, 32, 32]"
    ),
    (
      "network:\n  input: [4000000000, 4000000000, 4]\n  layers: [relu]\n",
      "net.yaml:2: a sample of shape [4000000000, 4000000000, 4] has too many elements; "
        + "at most 268,435,456 are allowed"
    ),
    (
      "network:\n  input: [4]\n  layers:\n    - dense: 4\n    - softmaxx\n",
      "net.yaml:5: there is no layer 'softmaxx'; did you mean 'softmax'?"
    ),
    (
      "network:\n  input: [4]\n  layers: [relu]\n  loss: mse\n",
      "net.yaml:4: there is no loss 'mse'; the losses are: softmax_cross_entropy, "
        + "mean_squared_error, l1, huber, poisson_nll, gaussian_nll, "
        + "binary_cross_entropy_with_logits, hinge, nll_of_softmax, bce_on_probabilities"
    ),
    (
      "network:\n  input: [4]\n  layers: [relu]\n  loss: {hinge: {delta: 1}}\n",
      "net.yaml:4: 'hinge' has no key 'delta'; it has: reduction"
    ),
    (
      "network:\n  input: [4]\n  layers: [relu]\n"
        + "  loss: {softmax_cross_entropy: {class_weights: [1, -2]}}\n",
      "net.yaml:4: 'class_weights' of 'softmax_cross_entropy' is '-2'; "
        + "give a list, each a number from 0 to 1000000000000"
    ),
    (
      "network:\n  input: [4]\n  layers: [relu]\n"
        + "  loss: {softmax_cross_entropy: {label_smoothing: 1}}\n",
      "net.yaml:4: 'label_smoothing' of 'softmax_cross_entropy' is '1'; "
        + "give a number from 0 to less than 1"
    ),
    (
      "network:\n  input: [4]\n  input: [5]\n  layers: [relu]\n",
      "net.yaml:2: the key 'input' stands twice in one mapping; keep one of them"
    ),
    (
      "network: [\n",
      "net.yaml:2: this is not YAML: while parsing a flow node, "
        + "did not find expected node content; correct the YAML"
    ),
    (
      "network: *missing\n",
      "net.yaml:1: this is not YAML: found undefined alias; correct the YAML"
    ),
    (
      "a: 1\n---\nb: 2\n",
      "net.yaml:2: this is not YAML: expected a single document in the stream, "
        + "but found another document; correct the YAML"
    ),
  ]

  @Test(arguments: files)
  func aBadFileIsNamedWithItsLineAndACure(yaml: String, message: String) {
    #expect(Fixtures.message(yaml) == message)
  }

  @Test func aDistantNameListsWhatThereIs() {
    let message = Fixtures.message("network: {input: [8], layers: [zzzzzzzz]}")
    #expect(
      message?.hasPrefix("net.yaml:1: there is no layer 'zzzzzzzz'; the layers are: dense, ")
        == true)
  }

  @Test func anErrorIsOneLine() {
    let error = NetworkError(.invalidValue, "two\nlines", cure: "write\r\none")
    #expect(error.description == "network: two lines; write one")
  }
}
