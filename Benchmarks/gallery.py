"""Trains the networks of Examples/gallery and prints what became of their losses.

    python3 Benchmarks/gallery.py .build/release/evenkeel [--markdown FILE] [NAME …]
"""
import argparse
import glob
import json
import os
import subprocess
import sys
import time


def train(command, path):
    """The last line of a training's JSON, and the layers of its first step."""
    process = subprocess.Popen(
        [command, "train", path, "--discard", "--json"], stdout=subprocess.PIPE, text=True)
    lines = iter(process.stdout)
    start = json.loads(next(lines))
    report, first, gradients, count = None, [], None, 0
    for line in lines:
        record = json.loads(line)
        if "verdict" in record:
            report = record
            continue
        if gradients is None:
            hidden = [layer["gradient"]["second_moment"] for layer in record["layers"][:-1]]
            gradients = hidden[0] / hidden[-1] if hidden[-1] else float("nan")
        if count < start["planned_steps"] // 10:
            first.append(record["loss"])
        count += 1
        if sys.stderr.isatty():
            print(f"\r{os.path.basename(path)} step {count}", end="", file=sys.stderr)
    process.wait()
    return start, report, sum(first) / len(first), gradients


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--markdown")
    options = parser.parse_args()
    paths = [f"Examples/gallery/{name}.yaml" for name in options.names] or sorted(
        glob.glob("Examples/gallery/*.yaml"))
    rows = [
        "| network | steps | loss at first | loss at last | first layer's gradient to the last's, squared | ms per step |",
        "| --- | --- | --- | --- | --- | --- |"]
    for path in paths:
        begin = time.time()
        start, report, _, gradients = train(options.command, path)
        seconds = time.time() - begin
        rows.append(
            f"| {os.path.basename(path)[:-5]} | {report['steps']} | {report['loss']['first']:.3f} | "
            f"{report['loss']['last']:.3f} | {gradients:.2g} | {1000 * seconds / report['steps']:.0f} |")
        print(rows[-1], flush=True)
    if options.markdown:
        with open(options.markdown, "w") as file:
            file.write("\n".join(rows) + "\n")


main()
