#!/usr/bin/env python3
"""Outputs and gradients of small networks by PyTorch in double precision.

Each case holds the layers as they are written in YAML, the parameters and the input, the output,
the loss where there is one, and the gradients of sum(cotangent * output), or of the loss, for every
parameter. Made with torch 2.13.0 on a CPU; run it again to write layer-references.json anew.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(0)
cases = []


def draw(*shape, scale=0.5):
    return torch.randn(*shape, generator=generator) * scale


def tensor(t):
    return {"shape": list(t.shape), "elements": t.detach().reshape(-1).tolist()}


def case(name, yaml, x, parameters, function, loss=None, targets=None):
    for p in parameters.values():
        p.requires_grad_(True)
    output = function(x, parameters)
    entry = {"name": name, "input_shape": list(x.shape[1:]), "layers": yaml, "input": tensor(x)}
    if loss:
        value = loss[1](output, targets)
        entry |= {"loss": loss[0], "targets": tensor(targets), "loss_value": value.item()}
    else:
        cotangent = draw(*output.shape, scale=1)
        entry["cotangent"] = tensor(cotangent)
        value = (cotangent * output).sum()
    value.backward()
    entry["output"] = tensor(output)
    entry["parameters"] = {n: tensor(p) for n, p in parameters.items()}
    entry["gradients"] = {n: tensor(p.grad) for n, p in parameters.items()}
    cases.append(entry)


def linear(p, name, x):
    return F.linear(x, p[name + "weight"], p.get(name + "bias"))


def affine(units, inputs, name, bias=True):
    p = {name + "weight": draw(units, inputs)}
    if bias:
        p[name + "bias"] = draw(units)
    return p


def recurrent(module, gates, units, inputs, prefix="layers.1."):
    """Our parameters gate by gate, and a function that runs PyTorch's module on them."""
    names = [prefix + (g + "." if len(gates) > 1 else "") for g in gates]
    p = {}
    for n in names:
        p |= affine(units, inputs, n)
        p[n + "recurrent_weight"] = draw(units, units)

    def run(x, p, sequences):
        cell = module(inputs, units, batch_first=True)
        stacked = {
            "weight_ih_l0": torch.cat([p[n + "weight"] for n in names]),
            "weight_hh_l0": torch.cat([p[n + "recurrent_weight"] for n in names]),
            "bias_ih_l0": torch.cat([p[n + "bias"] for n in names]),
            "bias_hh_l0": torch.zeros(len(gates) * units),
        }
        y, _ = torch.func.functional_call(cell, stacked, (x,))
        return y if sequences else y[:, -1]

    return p, run


for form, module, gates in [
    ("rnn", torch.nn.RNN, ["h"]),
    ("lstm", torch.nn.LSTM, ["i", "f", "g", "o"]),
    ("gru", torch.nn.GRU, ["r", "z", "n"]),
]:
    p, run = recurrent(module, gates, 4, 3)
    case(f"{form} last state", f"[{{{form}: 4}}]", draw(2, 5, 3, scale=1), p,
         lambda x, p, run=run: run(x, p, False))
    p, run = recurrent(module, gates, 4, 3)
    case(f"{form} sequence", f"[{{{form}: {{units: 4, return_sequences: true}}}}]",
         draw(2, 5, 3, scale=1), p, lambda x, p, run=run: run(x, p, True))


def attention(x, p, prefix, heads, causal):
    q, k, v = (
        linear(p, prefix + n, x).unflatten(-1, (heads, -1)).transpose(1, 2)
        for n in ("q.", "k.", "v."))
    y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return linear(p, prefix + "out.", y.transpose(1, 2).flatten(2))


def attention_parameters(prefix, features, width):
    p = {}
    for n in ("q.", "k.", "v."):
        p |= affine(width, features, prefix + n)
    return p | affine(features, width, prefix + "out.")


for causal in (False, True):
    case(f"attention causal {causal}",
         f"[{{attention: {{heads: 2, dim: 8, causal: {str(causal).lower()}}}}}]",
         draw(2, 4, 6, scale=1), attention_parameters("layers.1.", 6, 8),
         lambda x, p, c=causal: attention(x, p, "layers.1.", 2, c))

for norm in ("layer_norm", "rms_norm"):
    p = {"layers.1.%s.weight" % norm: 1 + draw(6)}
    if norm == "layer_norm":
        p["layers.1.layer_norm.bias"] = draw(6)
    p |= attention_parameters("layers.1.", 6, 6)
    q = {"layers.2.%s.weight" % norm: 1 + draw(6)}
    if norm == "layer_norm":
        q["layers.2.layer_norm.bias"] = draw(6)
    q |= affine(12, 6, "layers.2.") | affine(6, 12, "layers.3.")

    def normalize(x, p, prefix, norm=norm):
        w = p[f"{prefix}{norm}.weight"]
        if norm == "layer_norm":
            return F.layer_norm(x, (6,), w, p[f"{prefix}layer_norm.bias"], 1e-5)
        return F.rms_norm(x, (6,), w, 1e-6)

    def block(x, p, normalize=normalize):
        x = x + attention(normalize(x, p, "layers.1."), p, "layers.1.", 2, False)
        h = F.gelu(linear(p, "layers.2.", normalize(x, p, "layers.2.")))
        return x + 0.5 * linear(p, "layers.3.", h)

    case(f"pre-norm transformer block with {norm}",
         f"[{{residual: {{norm: {{pre: {norm}}}, layers: [{{attention: 2}}]}}}}, "
         f"{{residual: {{norm: {{pre: {norm}}}, scale: 0.5, "
         "layers: [{dense: 12}, gelu, {dense: 6}]}}]",
         draw(2, 4, 6, scale=1), p | q, block)

case("post-norm residual",
     "[{residual: {norm: post, layers: [{dense: 6}, tanh]}}]", draw(3, 6, scale=1),
     affine(6, 6, "layers.1.")
     | {"layers.1.layer_norm.weight": 1 + draw(6), "layers.1.layer_norm.bias": draw(6)},
     lambda x, p: F.layer_norm(
         x + torch.tanh(linear(p, "layers.1.", x)), (6,), p["layers.1.layer_norm.weight"],
         p["layers.1.layer_norm.bias"], 1e-5))


def convolutions(x, p):
    x = F.pad(x, (1, 1, 0, 1))
    x = F.conv2d(x, p["layers.1.weight"], p["layers.1.bias"], stride=2, groups=2)
    x = F.batch_norm(x, None, None, p["layers.1.batch_norm.weight"],
                     p["layers.1.batch_norm.bias"], training=True, eps=1e-5)
    x = F.max_pool2d(F.relu(x), 3, 1, padding=1)
    x = F.conv2d(x, p["layers.2.weight"], padding=2, dilation=2)
    x = F.avg_pool2d(x, 2, 2)
    return linear(p, "layers.3.", x.mean((2, 3)))


case("convolutions, pools and batch norm",
     "[{conv2d: {channels: 6, kernel: 3, stride: 2, padding: same, groups: 2}}, batch_norm, relu, "
     "{max_pool: {kernel: 3, stride: 1, padding: same}}, "
     "{conv2d: {channels: 4, kernel: 3, padding: same, dilation: 2, bias: false}}, "
     "{average_pool: 2}, global_average_pool, {dense: 3}]",
     draw(3, 4, 8, 7, scale=1),
     {"layers.1.weight": draw(6, 2, 3, 3), "layers.1.bias": draw(6),
      "layers.1.batch_norm.weight": 1 + draw(6), "layers.1.batch_norm.bias": draw(6),
      "layers.2.weight": draw(4, 6, 3, 3)} | affine(3, 4, "layers.3."), convolutions)

case("one-dimensional convolution", "[{conv1d: {channels: 5, kernel: 3, stride: 2, padding: 1}}, "
     "flatten, {dense: 2}]", draw(2, 3, 7, scale=1),
     {"layers.1.weight": draw(5, 3, 3), "layers.1.bias": draw(5)} | affine(2, 20, "layers.2."),
     lambda x, p: linear(p, "layers.2.", F.conv1d(
         x, p["layers.1.weight"], p["layers.1.bias"], stride=2, padding=1).flatten(1)))

case("projected shortcut of an image",
     "[{residual: {shortcut: projection, "
     "layers: [{conv2d: {channels: 6, kernel: 3, stride: 2, padding: 1}}, tanh]}}]",
     draw(2, 4, 7, 6, scale=1),
     {"layers.1.weight": draw(6, 4, 3, 3), "layers.1.bias": draw(6),
      "layers.1.residual.shortcut.weight": draw(6, 4, 1, 1)},
     lambda x, p: F.conv2d(x, p["layers.1.residual.shortcut.weight"], stride=2) + torch.tanh(
         F.conv2d(x, p["layers.1.weight"], p["layers.1.bias"], stride=2, padding=1)))

case("projected shortcut of a sequence, learned scale",
     "[{residual: {shortcut: projection, init: skipinit, layers: [{dense: 5}]}}, time_mean]",
     draw(2, 3, 4, scale=1),
     affine(5, 4, "layers.1.")
     | {"layers.1.residual.scale": draw(1),
        "layers.1.residual.shortcut.weight": draw(5, 4)},
     lambda x, p: (F.linear(x, p["layers.1.residual.shortcut.weight"])
                   + p["layers.1.residual.scale"] * linear(p, "layers.1.", x)).mean(1))

case("affine activation and functions",
     "[{dense: 5}, {affine: {function: tanh, alpha: 0.5, beta: 0.25, gamma: 2, delta: -0.1}}, "
     "square, exp, sqrt, softmax, log]", draw(3, 4, scale=1), affine(5, 4, "layers.1."),
     lambda x, p: torch.log(torch.softmax(torch.sqrt(torch.exp(
         (2 * (torch.tanh(0.5 * linear(p, "layers.1.", x) + 0.25) - 0.1)) ** 2)), -1)))

ids = torch.randint(0, 7, (2, 5), generator=generator)
case("embedding", "[{embedding: {vocabulary: 7, dim: 4}}, tanh, {dense: 3}]", ids,
     {"layers.1.weight": draw(7, 4)} | affine(3, 4, "layers.2."),
     lambda x, p: linear(p, "layers.2.", torch.tanh(F.embedding(x, p["layers.1.weight"]))))

classes = torch.randint(0, 3, (4,), generator=generator)
bits = torch.randint(0, 2, (4, 3), generator=generator).to(torch.float64)


def loss_case(name, function, targets, layers="[{dense: 3}]",
              network=lambda x, p: linear(p, "layers.1.", x)):
    case("loss " + name, layers, draw(4, 5, scale=1), affine(3, 5, "layers.1."), network,
         (name, function), targets)


loss_case("softmax_cross_entropy", F.cross_entropy, classes)
loss_case("mean_squared_error", F.mse_loss, draw(4, 3))
loss_case("binary_cross_entropy_with_logits", F.binary_cross_entropy_with_logits, bits)
loss_case("hinge", lambda y, t: torch.clamp(1 - y * t, min=0).mean(), 2 * bits - 1)
loss_case("nll_of_softmax", lambda y, t: -(torch.log(torch.softmax(y, -1)) * t).sum(-1).mean(),
          F.one_hot(classes, 3).to(torch.float64))
loss_case("bce_on_probabilities", F.binary_cross_entropy, bits, "[{dense: 3}, sigmoid]",
          lambda x, p: torch.sigmoid(linear(p, "layers.1.", x)))

# Losses with keys of their own.
hot = F.one_hot(classes, 3).to(torch.float64)
weights = torch.tensor([1.0, 5.0, 0.5])
loss_case("{softmax_cross_entropy: {label_smoothing: 0.1}}",
          lambda y, t: F.cross_entropy(y, t, label_smoothing=0.1), classes)
loss_case("{softmax_cross_entropy: {class_weights: [1, 5, 0.5]}}",
          lambda y, t: F.cross_entropy(y, t.argmax(-1), weights), hot)
loss_case("{softmax_cross_entropy: {class_weights: [1, 5, 0.5], label_smoothing: 0.2}}",
          lambda y, t: F.cross_entropy(y, t.argmax(-1), weights, label_smoothing=0.2), hot)
loss_case("{softmax_cross_entropy: {class_weights: [1, 5, 0.5], reduction: sum}}",
          lambda y, t: F.cross_entropy(y, t.argmax(-1), weights, reduction="sum"), hot)
loss_case("{softmax_cross_entropy: {label_smoothing: 0.1, reduction: sum}}",
          lambda y, t: F.cross_entropy(y, t, label_smoothing=0.1, reduction="sum"), classes)
loss_case("{mean_squared_error: {reduction: sum}}",
          lambda y, t: F.mse_loss(y, t, reduction="sum"), draw(4, 3))
loss_case("l1", F.l1_loss, draw(4, 3))
loss_case("huber", F.huber_loss, draw(4, 3, scale=2))
loss_case("{huber: {delta: 0.3}}", lambda y, t: F.huber_loss(y, t, delta=0.3), draw(4, 3))
counts = torch.randint(0, 5, (4, 3), generator=generator).to(torch.float64)
loss_case("poisson_nll", F.poisson_nll_loss, counts)
loss_case("{binary_cross_entropy_with_logits: {positive_weight: 4}}",
          lambda y, t: F.binary_cross_entropy_with_logits(y, t, pos_weight=torch.tensor([4.0])),
          bits)
case("loss gaussian_nll", "[{dense: 4}]", draw(4, 5, scale=1), affine(4, 5, "layers.1."),
     lambda x, p: linear(p, "layers.1.", x),
     ("gaussian_nll",
      lambda y, t: F.gaussian_nll_loss(y[:, :2], t, torch.exp(y[:, 2:]), eps=0)), draw(4, 2))

case("group norm", "[{conv2d: {channels: 6, kernel: 3}}, {group_norm: {groups: 3}}, relu]",
     draw(2, 3, 5, 4, scale=1),
     {"layers.1.weight": draw(6, 3, 3, 3), "layers.1.bias": draw(6),
      "layers.1.group_norm.weight": 1 + draw(6), "layers.1.group_norm.bias": draw(6)},
     lambda x, p: F.relu(F.group_norm(
         F.conv2d(x, p["layers.1.weight"], p["layers.1.bias"]), 3,
         p["layers.1.group_norm.weight"], p["layers.1.group_norm.bias"], 1e-5)))


def both(x, p, forward, backward, sequences):
    """A second cell reads the steps from the last to the first."""
    first = forward(x, p, True)
    second = backward(x.flip(1), p, True).flip(1)
    if sequences:
        return torch.cat([first, second], -1)
    return torch.cat([first[:, -1], second[:, 0]], -1)


for form, module, gates in [
    ("rnn", torch.nn.RNN, ["h"]),
    ("lstm", torch.nn.LSTM, ["i", "f", "g", "o"]),
    ("gru", torch.nn.GRU, ["r", "z", "n"]),
]:
    for sequences in (False, True):
        p, forward = recurrent(module, gates, 4, 3)
        q, backward = recurrent(module, gates, 4, 3, "layers.1.reverse.")
        case(f"bidirectional {form} {'sequence' if sequences else 'last states'}",
             f"[{{{form}: {{units: 4, bidirectional: true, "
             f"return_sequences: {str(sequences).lower()}}}}}]",
             draw(2, 5, 3, scale=1), p | q,
             lambda x, p, f=forward, b=backward, s=sequences: both(x, p, f, b, s))

path = pathlib.Path(__file__).with_name("layer-references.json")
path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
