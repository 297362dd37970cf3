"""Measures whether bounds contain, over the backend test cases that come with the package onnx.

Every case of the suites but `real` that `conformance.py` finds passed and that has real inputs is
imported, and differentiated where it can be. Intervals of radius 0, 0.001 and 1 around the inputs (and
around normal cotangents) are propagated to all values; then all values of the inputs themselves and
of 100 samples from the intervals, run in doubles, must lie inside without tolerance, and the expected
outputs within the suite's tolerance, as they are rounded to the type of the output. The exit status is
1 when anything lies outside.

    python3 Benchmarks/soundness.py .build/release/evenkeel .build/release/BoundsBench --markdown bounds.md
"""
import argparse
import collections
import concurrent.futures
import json
import os
import queue
import re
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import ml_dtypes
import numpy as np
from onnx.backend.test.loader import load_model_tests
from safetensors.numpy import save_file

from conformance import BFLOAT16_TOLERANCE, examine, prepare, stored

SUITES = ["node", "simple", "pytorch-operator", "pytorch-converted"]
RADII = [0, 1e-3, 1]


def plain(value, name, tensors):
    """Adds the value NAME, or those NAME/0, NAME/1, … of a sequence, as the types that Swift holds."""
    if isinstance(value, list):
        for index, element in enumerate(value):
            plain(element, f"{name}/{index}", tensors)
    elif isinstance(value, np.ndarray) and value.dtype != object:
        if value.dtype.kind == "c":
            value = np.stack([value.real, value.imag], -1)
        kind = np.bool_ if value.dtype.kind == "b" else np.int64 if \
            value.dtype.kind in "iu" or value.dtype.name.startswith(("int", "uint")) else np.float64
        tensors[name] = np.ascontiguousarray(value.astype(kind)).reshape(value.shape)


def relative_tolerance(case, outputs):
    """The suite's own, and what `conformance.py` allows outputs of bfloat16."""
    narrow = [value for value in outputs if getattr(value, "dtype", None) == ml_dtypes.bfloat16]
    return max(case.rtol, BFLOAT16_TOLERANCE) if narrow else case.rtol


class Bench:
    """A process that measures cases, started again when one of them ends it."""

    def __init__(self, command):
        self.command, self.process = command, None

    def measured(self, case):
        if self.process is None:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True)
        start = time.perf_counter()
        self.process.stdin.write(json.dumps(case) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            said = self.process.communicate()[1].strip().splitlines()
            self.process = None
            return {"crashed": next((text for text in said if "rror" in text), "no message")[:300]}
        return json.loads(line) | {"seconds": time.perf_counter() - start}


def measure(evenkeel, bench, case):
    """The answers for the data sets of a case; None unless `conformance.py` finds it passed."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = path, model, data_sets = prepare(case, folder)
        if examine(evenkeel, case, folder, prepared)["class"] != "passed":
            return None
        answers = []
        for number, data_set in enumerate(data_sets):
            outputs = [
                stored(os.path.join(data_set, f"output_{index}.pb"), info.type)
                for index, info in enumerate(model.graph.output)]
            tensors = {}
            for value, info in zip(outputs, model.graph.output):
                plain(value, info.name, tensors)
            expected = os.path.join(folder, f"expected_{number}.safetensors")
            save_file(tensors, expected)
            answers.append(bench.measured({
                "model": path, "inputs": data_set, "expected": expected,
                "rtol": relative_tolerance(case, outputs), "atol": case.atol}))
        return answers


def problems(answer):
    """What lies outside, and what went wrong."""
    found = [f"crashed: {answer['crashed']}"] if "crashed" in answer else []
    found += [answer["error"]] if answer.get("error") else []
    found += [f"alone: {text}" for text in answer.get("localViolations", [])]
    for radius in answer.get("radii", []):
        found += [f"radius {radius['radius']}: {text}" for text in radius["violations"]]
        found += [f"radius {radius['radius']}: expected {text}" for text in radius["missed"]]
    return found


def tables(results):
    answers = [(r, a) for r in results for a in r["answers"] or [] if a.get("hasRealInputs")]
    rows = ["| suite | cases | passed | with real inputs | differentiated | with a violation |",
            "| --- | --- | --- | --- | --- | --- |"]
    for suite in SUITES + ["all"]:
        own = [r for r in results if suite in (r["suite"], "all")]
        real = [r for r in own if any(a.get("hasRealInputs") for a in r["answers"] or [])]
        rows.append("| " + " | ".join(str(cell) for cell in [
            suite, len(own), sum(r["answers"] is not None for r in own), len(real),
            sum(any(a["isDifferentiated"] for a in r["answers"]) for r in real),
            sum(any(problems(a) for a in r["answers"] or []) for r in own)]) + " |")
    rows += ["", "| radius | elements compared | not defined | outside | outputs bounded | gradients bounded |",
             "| --- | --- | --- | --- | --- | --- |"]

    def share(radii, key):
        count = sum(r[key]["elements"] for r in radii)
        bounded = sum(r[key]["bounded"] for r in radii)
        return f"{bounded} of {count} ({100 * bounded / count:.3f} %)" if count else "none"

    for number, radius in enumerate(RADII):
        own = [a["radii"][number] for _, a in answers]
        rows.append(
            f"| {radius} | {sum(r['compared'] for r in own)} | {sum(r['undefined'] for r in own)} "
            f"| {sum(len(r['violations']) + len(r['missed']) for r in own)} "
            f"| {share(own, 'outputs')} | {share(own, 'gradients')} |")
    counts = collections.defaultdict(lambda: [0, 0, 0])
    for _, answer in answers:
        for number, radius in enumerate(answer["radii"]):
            for name, count in radius["unbounded"].items():
                counts[name][number] += count
    rows += ["", "| operator that leaves elements unbounded | " + " | ".join(f"radius {r}" for r in RADII) + " |",
             "| --- | --- | --- | --- |"]
    rows += [f"| {name} | {' | '.join(map(str, own))} |" for name, own in sorted(counts.items())]
    widths = collections.defaultdict(list)
    for _, answer in answers:
        for name, own in answer["widths"].items():
            widths[name] += own
    rows += ["", "| operator | results | median relative width | worst |", "| --- | --- | --- | --- |"]
    for name, own in sorted(widths.items()):
        middle = statistics.median(float(w["median"]) for w in own)
        worst = max(float(w["worst"]) for w in own)
        rows.append(f"| {name} | {len(own)} | {middle:.1e} | {worst:.1e} |")
    return rows


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("evenkeel")
    parser.add_argument("bench")
    parser.add_argument("--only", default="", help="a regular expression for the names of cases")
    parser.add_argument("--samples", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--markdown")
    parser.add_argument("--json")
    options = parser.parse_args()
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The suite overflows and divides by zero where it means to.
        cases = [case for suite in SUITES for case in load_model_tests(kind=suite)]
    cases = [case for case in cases if re.search(options.only, case.name)]
    benches = queue.SimpleQueue()
    for _ in range(options.jobs):
        benches.put(Bench([options.bench, str(options.samples)]))

    def work(case):
        bench = benches.get()
        try:
            return measure(options.evenkeel, bench, case)
        finally:
            benches.put(bench)

    results = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for number, (case, answers) in enumerate(zip(cases, pool.map(work, cases))):
            results.append({"suite": case.kind, "name": case.name, "answers": answers})
            if sys.stderr.isatty():
                print(f"\r{number + 1} of {len(cases)}", end="", file=sys.stderr)
            for answer in answers or []:
                for problem in problems(answer):
                    print(f"{case.kind} {case.name}: {problem}", flush=True)
    rows = tables(results)
    print("\n".join(rows))
    print(f"\n{time.perf_counter() - start:.0f} s")
    for path, text in [(options.json, json.dumps(results)), (options.markdown, "\n".join(rows) + "\n")]:
        if path:
            with open(path, "w") as file:
                file.write(text)
    return any(problems(answer) for result in results for answer in result["answers"] or [])


if __name__ == "__main__":
    sys.exit(main())
