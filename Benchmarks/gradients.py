"""Compares outputs and gradients of exported models with those of PyTorch.

Every network of architectures.py and unusual_architectures.py is exported by both exporters of torch.onnx, as in
training, and run by `evenkeel run --training --gradients` in fp32 and in fp64, with random cotangents. The
reference is PyTorch in double precision. Outputs may differ by 1e-5 of the largest element in fp32 and 1e-9 in
fp64, gradients by 1e-4 and 1e-9 of the largest of their tensor, or of a hundredth of the largest gradient of the
model if that is more; where the older exporter wrote constants in single precision, fp64 is held to 1e-6.
Parameters are matched by name, and those that an exporter renames by their elements, as they are or transposed.

    python3 Benchmarks/gradients.py .build/release/evenkeel --only 'mlp|lstm'
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
from onnx import numpy_helper
from safetensors.numpy import load_file
from safetensors.torch import save_file

import architectures
import unusual_architectures

ARCHITECTURES = {**architectures.ARCHITECTURES, **unusual_architectures.ARCHITECTURES}
TOLERANCES = {"fp32": (1e-5, 1e-4), "fp64": (1e-9, 1e-9)}
SINGLE_CONSTANTS = 1e-6
# PyTorch's derivative of the hard sigmoid holds a sixth in single precision, in doubles as well.
SINGLE_IN_TORCH = {"mobilenet", "squeeze_excite", "choices"}


def export(module, inputs, path, exporter):
    names = [f"in{i}" for i in range(len(inputs))]
    module = copy.deepcopy(module).train()
    if exporter == "dynamo":
        torch.onnx.export(module, inputs, path, dynamo=True, optimize=False, external_data=False, verbose=False,
                          input_names=names)
    else:
        torch.onnx.export(module, inputs, path, dynamo=False, opset_version=17, input_names=names,
                          do_constant_folding=False, training=torch.onnx.TrainingMode.TRAINING)


def reference(module, inputs, cotangents=None):
    """Outputs and gradients in doubles, for cotangents that are drawn unless given."""
    module = copy.deepcopy(module).double().train()
    own = [x.double().requires_grad_() if x.is_floating_point() else x for x in inputs]
    outputs = module(*own)
    outputs = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
    torch.manual_seed(1)
    cotangents = [torch.randn_like(y) for y in outputs]
    torch.autograd.backward(outputs, cotangents)
    gradients = {name: p.grad for name, p in module.named_parameters()}
    gradients.update({f"in{i}": x.grad for i, x in enumerate(own) if x.requires_grad})
    return outputs, cotangents, {k: v.numpy() for k, v in gradients.items() if v is not None}


def counterparts(module, model):
    """For every parameter the initializer that holds it, and how it is turned."""
    stored = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    found = {}
    for name, parameter in module.named_parameters():
        value = parameter.detach().numpy()
        if name in stored and stored[name].shape == value.shape:
            found[name] = (name, False)
            continue
        for other, array in stored.items():
            if array.shape == value.shape and np.array_equal(array, value):
                found[name] = (other, False)
                break
            if value.ndim == 2 and array.shape == value.T.shape and np.array_equal(array, value.T):
                found[name] = (other, True)
                break
    return found


def worst(found, expected, floor):
    if not expected.size:
        return 0.0
    scale = max(np.abs(expected).max(), floor)
    return float(np.abs(found - expected).max() / scale) if scale else float(np.abs(found).max())


def examine(command, name, exporter, folder):
    torch.manual_seed(0)
    module, inputs = ARCHITECTURES[name]()
    path = os.path.join(folder, f"{name}-{exporter}.onnx")
    result = {"name": name, "exporter": exporter}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            export(module, inputs, path, exporter)
    except Exception as error:  # Exporters raise what they like.
        return result | {"class": "not exported", "said": f"{type(error).__name__}: {error}".splitlines()[0][:100]}
    model = onnx.load(path)
    outputs, cotangents, gradients = reference(module, inputs)
    names = [port.name for port in model.graph.output]
    save_file({f"in{i}": x.contiguous() for i, x in enumerate(inputs)}, path + ".in")
    save_file({n: c.contiguous() for n, c in zip(names, cotangents)}, path + ".cot")
    matched = counterparts(module, model)
    missing = [n for n, _ in module.named_parameters() if n in gradients and n not in matched]
    result["unmatched"] = missing
    for precision, (output_bar, gradient_bar) in TOLERANCES.items():
        if precision == "fp64" and (exporter == "torchscript" or name in SINGLE_IN_TORCH):
            output_bar = gradient_bar = SINGLE_CONSTANTS
        done = subprocess.run(
            [command, "run", path, "--inputs", path + ".in", "--outputs", path + ".out", "--gradients",
             "--cotangents", path + ".cot", "--training", "--format", precision],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode not in (0, 1):
            said = done.stderr.strip().split(": ", 2)[-1][:160]
            return result | {"class": "refused" if done.returncode == 2 else "crashed", "said": said}
        tensors = load_file(path + ".out")
        error = max(worst(tensors[n], y.detach().numpy(), 0) for n, y in zip(names, outputs))
        floor = 1e-2 * max((np.abs(g).max() for g in gradients.values() if g.size), default=0)
        slopes = {}
        for parameter, gradient in gradients.items():
            other, turned = matched.get(parameter, (parameter, False))
            if f"grad/{other}" in tensors:
                own = tensors[f"grad/{other}"]
                slopes[parameter] = worst(own.T if turned else own, gradient, floor)
        place = max(slopes, key=slopes.get, default="")
        result[precision] = {"output": error, "gradient": slopes.get(place, 0.0), "at": place}
        if not error <= output_bar or not slopes.get(place, 0.0) <= gradient_bar:
            return result | {"class": "wrong", "said": f"{precision}: outputs {error:.1e}, gradient of {place} "
                             f"{slopes.get(place, 0.0):.1e}"}
    return result | {"class": "passed", "said": f"{len(missing)} renamed beyond recognition" if missing else ""}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    parser.add_argument("--markdown")
    options = parser.parse_args()
    torch.set_num_threads(1)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ARCHITECTURES:
            if not re.search(options.only, name):
                continue
            for exporter in ("dynamo", "torchscript"):
                results.append(examine(options.command, name, exporter, folder))
                r = results[-1]
                if r["class"] != "passed" or r["said"]:
                    print(r["class"], name, exporter, r["said"], flush=True)
    lines = ["| exporter | networks | passed | wrong | refused | crashed | not exported |",
             "| --- | --- | --- | --- | --- | --- | --- |"]
    for exporter in ("dynamo", "torchscript"):
        own = [r["class"] for r in results if r["exporter"] == exporter]
        counts = [own.count(c) for c in ("passed", "wrong", "refused", "crashed", "not exported")]
        lines.append(f"| {exporter} | {len(own)} | " + " | ".join(map(str, counts)) + " |")
    print("\n".join(lines))
    if options.markdown:
        with open(options.markdown, "w") as file:
            file.write("\n".join(lines) + "\n")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file)
    return any(r["class"] in ("wrong", "crashed") for r in results)


if __name__ == "__main__":
    sys.exit(main())
