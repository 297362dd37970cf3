#!/usr/bin/env python3
"""Singular values of the Jacobians of small networks, by PyTorch in double precision.

Each case holds the layers as they are written in YAML, one sample, the parameters, and the singular
values of the derivative of the sample's outputs by its inputs, in descending order. Made with
torch 2.13.0 on a CPU. Run in the repository root: python3 Scripts/reference/jacobian_spectra.py
"""

import json
import pathlib

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
generator = torch.Generator().manual_seed(0)
FILE = pathlib.Path(__file__).resolve().parents[2] / "Tests/AnalysesTests/Data/jacobian-spectra.json"


def draw(*shape, scale=0.5):
    return torch.randn(*shape, generator=generator) * scale


def case(name, layers, shape, parameters, function):
    sample = draw(*shape, scale=1)
    jacobian = torch.autograd.functional.jacobian(lambda x: function(x, parameters), sample)
    matrix = jacobian.reshape(-1, sample.numel())
    return {
        "name": name, "layers": layers, "input_shape": list(shape),
        "sample": sample.reshape(-1).tolist(),
        "parameters": {n: p.reshape(-1).tolist() for n, p in parameters.items()},
        "singular_values": torch.linalg.svdvals(matrix).tolist(),
    }


def linear(p, number, x):
    return F.linear(x, p[f"layers.{number}.weight"], p[f"layers.{number}.bias"])


def convolutions(x, p):
    y = F.conv2d(x[None], p["layers.1.weight"], p["layers.1.bias"], padding=1)
    return linear(p, 2, torch.tanh(y).flatten(1))[0]


def normalized(x, p):
    y = F.layer_norm(
        linear(p, 1, x), (6,), p["layers.1.layer_norm.weight"], p["layers.1.layer_norm.bias"])
    return linear(p, 2, F.gelu(y))


cases = [
    case(
        "dense and tanh", "[{dense: 7}, tanh, {dense: 5}, tanh]", (4,),
        {"layers.1.weight": draw(7, 4), "layers.1.bias": draw(7),
         "layers.2.weight": draw(5, 7), "layers.2.bias": draw(5)},
        lambda x, p: torch.tanh(linear(p, 2, torch.tanh(linear(p, 1, x))))),
    case(
        "convolution", "[{conv2d: {channels: 3, kernel: 3, padding: same}}, tanh, flatten, "
        "{dense: 5}]", (2, 4, 3),
        {"layers.1.weight": draw(3, 2, 3, 3), "layers.1.bias": draw(3),
         "layers.2.weight": draw(5, 36), "layers.2.bias": draw(5)}, convolutions),
    case(
        "layer norm", "[{dense: 6}, layer_norm, gelu, {dense: 7}]", (6,),
        {"layers.1.weight": draw(6, 6), "layers.1.bias": draw(6),
         "layers.1.layer_norm.weight": 1 + draw(6), "layers.1.layer_norm.bias": draw(6),
         "layers.2.weight": draw(7, 6), "layers.2.bias": draw(7)}, normalized),
]

if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(json.dumps(cases, indent=1) + "\n")
