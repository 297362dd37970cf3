"""Compares gradients at the places where functions select, or have a kink or a pole, with PyTorch's.

Every expression below is put behind a linear layer, exported by both exporters of torch.onnx and run by
`evenkeel run --gradients`, on a batch with rows of zeros and of equal elements. The gradients by the weights and the
input are held to PyTorch's in single precision, element by element: NaN where PyTorch has NaN, the same infinities, and elsewhere
the same numbers to 2e-4 of the greatest. "told" counts expressions whose exported file no longer shows what
PyTorch was called with, so that a NaN stands where PyTorch has 0; the finding must then say so.

    python3 Benchmarks/selecting.py .build/release/evenkeel --only 'norm|std'
"""
import argparse
import copy
import json
import os
import re
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
import torch
from safetensors.numpy import load_file
from safetensors.torch import save_file

F = torch.nn.functional
INFINITY = float("inf")

EXPRESSIONS = {
    # Functions that select, ahead of something with an infinite slope.
    "sqrt_relu": lambda x: x.relu().sqrt(),
    "log_relu": lambda x: x.relu().log(),
    "pow_relu": lambda x: x.relu().pow(0.3),
    "reciprocal_relu": lambda x: x.relu().reciprocal(),
    "rsqrt_relu": lambda x: x.relu().rsqrt(),
    "sqrt_relu6": lambda x: F.relu6(x).sqrt(),
    "sqrt_clamp": lambda x: x.clamp(min=0).sqrt(),
    "sqrt_clamp_both": lambda x: x.clamp(0.0, 0.5).sqrt(),
    "acos_clamp": lambda x: (x * 3).clamp(-1, 1).acos(),
    "log_clamp_max": lambda x: (1 - x.clamp(max=1)).log(),
    "sqrt_maximum": lambda x: torch.maximum(x, torch.zeros(())).sqrt(),
    "log_minimum": lambda x: (-torch.minimum(x, torch.zeros(()))).log(),
    "sqrt_threshold": lambda x: F.threshold(x, 0.2, 0.0).sqrt(),
    "sqrt_hardtanh": lambda x: (F.hardtanh(x) + 1).sqrt(),
    "sqrt_hardsigmoid": lambda x: F.hardsigmoid(4 * x).sqrt(),
    "sqrt_hardshrink": lambda x: F.hardshrink(x, 0.3).abs().sqrt(),
    "sqrt_softshrink": lambda x: F.softshrink(x, 0.3).relu().sqrt(),
    "log_leaky_relu": lambda x: F.leaky_relu(x, 0.1).abs().log(),
    "sqrt_abs": lambda x: x.abs().sqrt(),
    "sqrt_sign": lambda x: x.sign().relu().sqrt() * x,
    "sqrt_round": lambda x: (x * 2).round().relu().sqrt() * x,
    "sqrt_max_pool": lambda x: F.max_pool1d(x[:, None].relu(), 2).sqrt(),
    "sqrt_topk": lambda x: x.topk(3, -1).values.relu().sqrt(),
    "maximum_ties": lambda x: torch.maximum(x.round(), x.round() * 1.0) * x,
    "maximum_of_parts": lambda x: torch.maximum(x.relu(), (-x).relu() * 0),
    "clamp_by_tensor": lambda x: torch.clamp(x, min=x.detach() * 0 - 0.1),
    "amax_ties": lambda x: x.relu().amax(-1),
    "amin_ties": lambda x: x.relu().amin(-1),
    # Where, with something not finite behind the side that is not taken.
    "where_exp": lambda x: torch.where(x > 0.2, x, (200 * (x + 1)).exp()),
    "where_log": lambda x: torch.where(x > 0, x.log(), x),
    "where_log_safe": lambda x: torch.where(x > 0, torch.where(x > 0, x, torch.ones(())).log(), x),
    "where_sqrt": lambda x: torch.where(x > 0, x.sqrt(), torch.zeros(())),
    "where_div": lambda x: torch.where(x.abs() > 0.3, 1 / x, x),
    "where_log_relu": lambda x: torch.where(x > 0, x.relu().log(), x),
    "masked_fill_softmax": lambda x: x.masked_fill(x < -0.5, -INFINITY).softmax(-1),
    "xlogy": lambda x: torch.special.xlogy(x.relu(), x.relu()),
    "entropy": lambda x: torch.special.entr(x.relu()),
    # Norms.
    "norm": lambda x: x.norm(dim=-1),
    "norm_kept": lambda x: x / (1e-3 + x.norm(dim=-1, keepdim=True)),
    "vector_norm": lambda x: torch.linalg.vector_norm(x, dim=-1),
    "norm_of_all": lambda x: (x * 0).norm() + x.sum(),
    "norm_1": lambda x: x.norm(1, dim=-1),
    "norm_3": lambda x: x.norm(3, dim=-1),
    "norm_1.5": lambda x: x.norm(1.5, dim=-1),
    "norm_inf": lambda x: x.norm(INFINITY, dim=-1),
    "matrix_norm": lambda x: torch.linalg.matrix_norm(x[:, None] * torch.ones(1, 2, 1)),
    "normalize": lambda x: F.normalize(x),
    "normalize_1": lambda x: F.normalize(x, p=1.0),
    "cosine": lambda x: F.cosine_similarity(x, torch.ones_like(x)),
    "cosine_of_parts": lambda x: F.cosine_similarity(x[:, :4], x[:, 4:]),
    "pairwise_distance": lambda x: F.pairwise_distance(x, x.roll(1, 0)),
    "distances_of_all": lambda x: torch.cdist(x, x),
    "distances_squared": lambda x: torch.cdist(x, x) ** 2,
    "std": lambda x: x.std(-1),
    "std_biased": lambda x: x.std(-1, correction=0),
    "std_of_columns": lambda x: (x * 0 + 1).std(0) + x.mean(0),
    "std_mean": lambda x: torch.std_mean(x, -1)[0],
    "layer_norm_by_std": lambda x: (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-6),
    "layer_norm": lambda x: F.layer_norm(x, (8,)),
    "rms_norm": lambda x: x / (x.pow(2).mean(-1, keepdim=True) + 1e-6).sqrt(),
    "magnitude": lambda x: (x[:, :4] ** 2 + x[:, 4:] ** 2) ** 0.5,
    # Roots that are written out: NaN in PyTorch as well.
    "root_of_squares": lambda x: (x * x).sum(-1).sqrt(),
    "root_of_powers": lambda x: x.pow(2).sum(-1).pow(0.5),
    "root_mean_square_error": lambda x: ((x - x.detach()) ** 2).mean().sqrt() + x.sum(),
    # Powers and products.
    "power_of_zero": lambda x: x.relu() ** 0,
    "power_by_tensor": lambda x: torch.pow(x.relu(), torch.tensor([0.0, 1, 2, 3, 0, 1, 2, 0.5])),
    "power_of_itself": lambda x: torch.pow(x.relu(), x.relu()),
    "power_of_two": lambda x: 2.0 ** x,
    "product": lambda x: x.relu().prod(-1),
    "cumprod": lambda x: x.relu().cumprod(-1),
    "logsumexp_masked": lambda x: torch.logsumexp(torch.where(x > 0, x, torch.tensor(-INFINITY)), -1),
    # Losses.
    "cross_entropy_ignored": lambda x: F.cross_entropy(x, torch.tensor([-100] * 6)),
    "cross_entropy_some": lambda x: F.cross_entropy(x, torch.tensor([1, -100, 2, -100, 0, 3])),
    "cross_entropy_weighted": lambda x: F.cross_entropy(
        x, torch.tensor([1, -100, 2, 1, 0, 3]), weight=torch.arange(1.0, 9)),
    "cross_entropy_sum": lambda x: F.cross_entropy(x, torch.tensor([1, -100, 2, 1, 0, 3]), reduction="sum"),
    "nll_none": lambda x: F.nll_loss(x.log_softmax(-1), torch.tensor([1, -100, 2, 1, 0, 3]), reduction="none"),
    "binary_cross_entropy": lambda x: F.binary_cross_entropy_with_logits(30 * x, torch.ones_like(x)),
    "smooth_l1": lambda x: F.smooth_l1_loss(x, torch.zeros_like(x)),
    "huber_of_zero": lambda x: F.huber_loss(x.relu(), torch.zeros_like(x)),
    "triplet": lambda x: F.triplet_margin_loss(x[:2], x[2:4], x[4:]),
    "hinge_embedding": lambda x: F.hinge_embedding_loss(x, torch.ones_like(x)),
}


class Model(torch.nn.Module):
    def __init__(self, expression):
        super().__init__()
        self.layer = torch.nn.Linear(8, 8, bias=False)
        self.expression = expression

    def forward(self, x):
        return self.expression(self.layer(x))


def inputs():
    torch.manual_seed(3)
    x = torch.randn(6, 8)
    x[1] = 0
    x[4] = x[5]
    return x


def export(module, x, path, exporter):
    if exporter == "dynamo":
        torch.onnx.export(module, (x,), path, dynamo=True, optimize=False, external_data=False, verbose=False,
                          input_names=["x"], output_names=["y"])
    else:
        torch.onnx.export(module, (x,), path, dynamo=False, opset_version=17, input_names=["x"], output_names=["y"])


def same(found, expected):
    """None, or the first element that differs."""
    if found.shape != expected.shape:
        return f"shape {found.shape}"
    finite = expected[np.isfinite(expected)]
    scale = np.abs(finite).max() if finite.size else 0
    for place in np.ndindex(expected.shape):
        a, b = float(found[place]), float(expected[place])
        if a == b or (np.isnan(a) and np.isnan(b)) or abs(a - b) <= 2e-4 * max(scale, 1e-30):
            continue
        return f"{a:.4g} for {b:.4g} at {list(place)}"
    return None


def examine(command, name, exporter, folder):
    torch.manual_seed(0)
    module, x = Model(EXPRESSIONS[name]), inputs()
    # Some outputs are exactly those of the tied rows: equal elements make ties.
    result = {"name": name, "exporter": exporter, "said": ""}
    path = os.path.join(folder, f"{name}-{exporter}.onnx")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            export(module.eval(), x, path, exporter)
    except Exception as error:  # Exporters raise what they like.
        return result | {"class": "not exported", "said": f"{type(error).__name__}"}
    own = x.clone().requires_grad_()
    reference = copy.deepcopy(module)
    y = reference(own)
    torch.manual_seed(1)
    cotangent = torch.randn_like(y)
    y.backward(cotangent)
    save_file({"x": x}, path + ".in")
    save_file({"y": cotangent.contiguous()}, path + ".cot")
    done = subprocess.run(
        [command, "run", path, "--inputs", path + ".in", "--outputs", path + ".out", "--gradients", "--cotangents",
         path + ".cot"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1):
        return result | {"class": "refused", "said": done.stderr.strip()[-160:]}
    tensors = load_file(path + ".out")
    weights = [n for n in tensors if n.startswith("grad/") and n != "grad/x" and tensors[n].shape == (8, 8)]
    expected = {"x": own.grad.numpy()}
    if weights:
        w = reference.layer.weight.grad.numpy()
        expected[weights[0][5:]] = w.T if "MatMul" in weights[0] else w
    fault = same(tensors["y"], y.detach().numpy())
    if fault:
        return result | {"class": "wrong", "said": f"output {fault}"}
    for target, gradient in expected.items():
        fault = same(tensors[f"grad/{target}"], gradient)
        if not fault:
            continue
        checked = subprocess.run(
            [command, "check", path, "--inputs", path + ".in", "--json"], stdout=subprocess.PIPE, text=True).stdout
        told = any("PyTorch gives 0 here" in (f.get("because") or "") for f in json.loads(checked)["findings"])
        if fault.startswith("nan") and told:
            return result | {"class": "told", "said": ""}
        return result | {"class": "wrong", "said": f"gradient of {target}: {fault}"}
    return result | {"class": "same", "said": ""}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", help="a folder for the exported models")
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name in EXPRESSIONS:
            if not re.search(options.only, name):
                continue
            for exporter in ("dynamo", "torchscript"):
                results.append(examine(options.command, name, exporter, options.keep or folder))
                r = results[-1]
                if r["class"] != "same":
                    print(r["class"], name, exporter, r["said"], flush=True)
    classes = ("same", "told", "wrong", "refused", "not exported")
    print("| exporter | expressions | " + " | ".join(classes) + " |")
    print("| --- " * (len(classes) + 2) + "|")
    for exporter in ("dynamo", "torchscript"):
        own = [r["class"] for r in results if r["exporter"] == exporter]
        print(f"| {exporter} | {len(own)} | " + " | ".join(str(own.count(c)) for c in classes) + " |")
    return any(r["class"] in ("wrong", "refused") for r in results)


if __name__ == "__main__":
    sys.exit(main())
