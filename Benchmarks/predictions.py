"""Counts how many layers of today's networks have a prediction, and how often a measurement lies in its band.

Every network of modern_networks.py is exported by both exporters of torch.onnx and checked as in training, with
several seeds of weights and inputs. Nothing that is measured enters a prediction.

    python3 Benchmarks/predictions.py .build/release/evenkeel --only llama --detail
"""
import argparse
import contextlib
import json
import os
import re
import subprocess
import tempfile
import warnings

import torch

from modern_networks import NETWORKS

KINDS = ("activation", "gradient")


def export(module, inputs, path, exporter):
    names = [f"in{i}" for i in range(len(inputs))]
    if exporter == "dynamo":
        torch.onnx.export(module, inputs, path, dynamo=True, external_data=False, verbose=False, input_names=names)
    else:
        torch.onnx.export(module, inputs, path, dynamo=False, opset_version=17, input_names=names,
                          do_constant_folding=False, training=torch.onnx.TrainingMode.TRAINING)


def number(value):
    return float(value) if isinstance(value, (int, float)) else float("nan")


def inside(quantity):
    predicted, measured = quantity["predicted"], quantity["measured"]
    return number(predicted["low"]) <= number(measured["second_moment"]) <= number(predicted["high"])


def line(layer):
    parts = [layer["name"][-44:].ljust(44)]
    for kind in KINDS:
        quantity = layer[kind]
        predicted, measured = quantity.get("predicted"), quantity.get("measured")
        if not measured:
            parts.append("-".ljust(56))
        elif not predicted:
            parts.append(f"null: {quantity.get('reason')}".ljust(56)[:56])
        else:
            mark = " " if inside(quantity) else "*"
            parts.append((f"{number(predicted['second_moment']):.3g} [{number(predicted['low']):.3g} "
                          f"{number(predicted['high']):.3g}] {number(measured['second_moment']):.3g} {mark}").ljust(56))
    return "  ".join(parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command")
    parser.add_argument("--only", default="")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--detail", action="store_true")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    totals = {kind: [0, 0, 0] for kind in KINDS}
    print("| network | exporter | layers | activations predicted | in band | gradients predicted | in band |")
    print("|---|---|---|---|---|---|---|")
    for name, make in NETWORKS.items():
        if options.only and not re.search(options.only, name):
            continue
        for exporter in ("dynamo", "script"):
            counts = {kind: [0, 0, 0] for kind in KINDS}
            layers = 0
            for seed in range(options.seeds):
                torch.manual_seed(seed)
                module, inputs = make()
                with tempfile.TemporaryDirectory() as folder:
                    path = os.path.join(folder, "model.onnx")
                    with open(os.devnull, "w") as quiet, contextlib.redirect_stdout(quiet), \
                            contextlib.redirect_stderr(quiet):
                        export(module.train(), inputs, path, exporter)
                    result = subprocess.run(
                        [options.command, "check", path, "--json", "--seed", str(seed), "--training"],
                        capture_output=True, text=True)
                if result.returncode == 2:
                    print(f"# {name} ({exporter}): {result.stderr.strip()}")
                    break
                report = json.loads(result.stdout)
                layers = len(report["layers"])
                for layer in report["layers"]:
                    if options.detail and seed == 0:
                        print("  " + line(layer))
                    for kind in KINDS:
                        quantity = layer[kind]
                        if not quantity.get("measured"):
                            continue
                        counts[kind][0] += 1
                        if quantity.get("predicted"):
                            counts[kind][1] += 1
                            counts[kind][2] += inside(quantity)
            for kind in KINDS:
                totals[kind] = [a + b for a, b in zip(totals[kind], counts[kind])]
            cells = [f"{b} of {a} | {100 * c / max(1, b):.0f} %" for a, b, c in (counts[k] for k in KINDS)]
            print(f"| {name} | {exporter} | {layers} | {' | '.join(cells)} |", flush=True)
    for kind in KINDS:
        a, b, c = totals[kind]
        print(f"{kind}s: {b} of {a} predicted ({100 * b / max(1, a):.1f} %), {c} of those in their band "
              f"({100 * c / max(1, b):.1f} %)")


if __name__ == "__main__":
    main()
