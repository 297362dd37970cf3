"""Checks of models of real size against PyTorch's bare passes: EVENKEEL PYTHON [--rounds N] [--threads N].

ResNet-50 and BERT-base (large_models.py) with random weights are exported by PyTorch and checked with one
sample, behaving as in training, with all statistics, predictions and rules. PyTorch runs forward and
backward alone. Rounds alternate between the sides; medians are printed. Loading is from opening the file to
the finished graph, against `onnx.load`; memory is the most that the process held. A model whose check
fails, or which is not found healthy, stops the run.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
EXPORT = """
import sys, torch
sys.path.insert(0, {here!r})
from large_models import model
module, x = model({name!r})
torch.onnx.export(module.train(), (x,), {path!r}, dynamo=True, optimize=False, external_data={external},
                  verbose=False)
"""
MODELS = [("resnet50", False, 15), ("bert", False, 7), ("bert", True, 7)]


def run(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)[:300]}: {result.stderr.strip()}")
    return result.stdout


def check(evenkeel, path, threads):
    """Milliseconds of loading, of the rest and of the whole command, and the peak of memory in bytes."""
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(
            [evenkeel, "check", path, "--training", "--batch", "1", "--verbose", "--threads", str(threads)],
            stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        whole = (time.perf_counter() - start) * 1e3
        said.seek(0)
        text = said.read()
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        sys.exit(f"{path}: {text.strip()}")
    seconds = {stage: float(duration) for duration, stage in
               re.findall(r"duration=([0-9.e-]+) seconds \[\w+\] (.+)", text)}
    return {"load": seconds["imported"] * 1e3, "check": seconds["predicted and measured"] * 1e3,
            "whole": whole, "peak": usage.ru_maxrss * 1024}


def medians(samples):
    return {key: statistics.median(sample[key] for sample in samples) for key in samples[0]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("evenkeel")
    parser.add_argument("python")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json")
    options = parser.parse_args()
    table = []
    print("| model | parameters, MB | PyTorch, ms | check, ms | whole command, ms | onnx.load, ms | loading, ms "
          "| peak, MB | check to PyTorch | whole to PyTorch | loading to onnx.load | peak to 3 parameters + activations |")
    print("|---" * 12 + "|")
    with tempfile.TemporaryDirectory() as folder:
        for name, external, steps in MODELS:
            path = os.path.join(folder, f"{name}{'-external' if external else ''}.onnx")
            run([options.python, "-c", EXPORT.format(here=HERE, name=name, path=path, external=external)])
            ours, theirs = [], []
            for _ in range(options.rounds):
                ours.append(check(options.evenkeel, path, options.threads))
                theirs.append(json.loads(run(
                    [options.python, os.path.join(HERE, "peers", "torch_model.py"), name, path,
                     str(options.threads), str(steps)])))
            own, peer = medians(ours), medians(theirs)
            allowed = 3 * peer["parameters"] + peer["activations"]
            table.append({"model": os.path.basename(path), "ours": own, "torch": peer})
            print(f"| {os.path.basename(path)} | {peer['parameters'] / 1e6:.0f} | {peer['step']:.0f} "
                  f"| {own['check']:.0f} | {own['whole']:.0f} | {peer['load']:.0f} | {own['load']:.0f} "
                  f"| {own['peak'] / 1e6:.0f} | {own['check'] / peer['step']:.2f} "
                  f"| {own['whole'] / peer['step']:.2f} | {own['load'] / peer['load']:.2f} "
                  f"| {own['peak'] / allowed:.2f} |", flush=True)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(table, file)


main()
