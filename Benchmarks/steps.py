"""Training steps, ours and PyTorch's: STEPBENCH PYTHON [--quick] [--json FILE] [--rounds N]
[--threads N,…] [--only WORD].

Both sides fill weights, batch and targets with the same numbers; their first two losses must agree
before anything is timed. Rounds alternate between the sides, and medians over rounds are printed
beside what the machine reaches with a single product, measured in the same run.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

from rows import QUICK, ROWS

PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers", "torch_step.py")
SIDES = [("ours", "bare"), ("ours", "watched"), ("ours", "bf16"), ("ours", "fp16"),
         ("torch", "bare"), ("torch", "watched"), ("torch", "anomaly"), ("torch", "autocast")]
# Steps of the peer under observation take seconds.
MOST_OBSERVED_STEPS = 2


def output(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: {result.stderr.strip()}")
    return json.loads(result.stdout)


def measure(bench, python, row, path, side, mode, threads):
    if side == "ours":
        watched = "watched" if mode == "watched" else "bare"
        number_format = mode if mode in ("bf16", "fp16") else "fp32"
        return output([bench, path, str(row["batch"]), str(threads), watched, number_format,
                       str(row["steps"])])
    steps = row["steps"] if mode == "bare" else min(row["steps"], MOST_OBSERVED_STEPS)
    spec = json.dumps({key: value for key, value in row.items() if key != "yaml"})
    return output([python, PEER, spec, str(threads), mode, str(steps)])


def run(bench, python, row, folder, threads, rounds):
    path = os.path.join(folder, "network.yaml")
    with open(path, "w") as file:
        file.write(row["yaml"])
    times = {side: [] for side in SIDES}
    for _ in range(rounds):
        exact = []
        for side, mode in SIDES:
            answer = measure(bench, python, row, path, side, mode, threads)
            times[side, mode].append(answer["milliseconds"])
            # Narrow formats are not meant to agree to the last digits.
            if mode in ("bare", "watched", "anomaly"):
                exact.append(answer["losses"])
        for losses in zip(*exact):
            if not max(losses) - min(losses) <= 1e-4 * max(losses):
                sys.exit(f"{row['name']}: the losses differ: {losses}")
    return {side: statistics.median(values) for side, values in times.items()}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bench")
    parser.add_argument("python")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    rows = [row for row in (QUICK if options.quick else ROWS) if options.only in row["name"]]
    rounds = 1 if options.quick else options.rounds
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for threads in map(int, options.threads.split(",")):
            peaks = output([options.bench, "peaks", str(threads)])
            rates, passes = list(peaks.items())[:3], list(peaks.items())[3:]
            print(f"\n{threads} thread{'s' * (threads > 1)}, alone: "
                  + ", ".join(f"{name} {rate:.0f}" for name, rate in rates) + " GFLOP/s;\n"
                  + ", ".join(f"{name} {rate:.0f}" for name, rate in passes) + " GB/s\n"
                  "milliseconds    |             ours            GFLOP/s|           PyTorch\n"
                  "                |  bare watched   bf16   fp16       |  bare watch anomaly auto")
            for row in rows:
                median = run(options.bench, options.python, row, folder, threads, rounds)
                ours, theirs = median["ours", "bare"], median["torch", "bare"]
                watched = median["ours", "watched"]
                rate = row["gflop"] / ours * 1e3
                print(f"{row['name']:<16}|{ours:6.1f} {watched:7.1f} {median['ours', 'bf16']:6.1f} "
                      f"{median['ours', 'fp16']:6.1f} {rate:6.0f}|{theirs:6.1f} "
                      f"{median['torch', 'watched']:5.0f} {median['torch', 'anomaly']:7.1f} "
                      f"{median['torch', 'autocast']:5.0f}", flush=True)
                found.append({
                    "network": row["name"], "threads": threads, "peaks": peaks,
                    "gflops": rate,
                    "milliseconds": {" ".join(side): value for side, value in median.items()},
                    "ratios": {
                        "bare to PyTorch": ours / theirs, "watched to bare": watched / ours,
                        "watched to PyTorch bare": watched / theirs,
                        "watched to PyTorch watched": watched / median["torch", "watched"],
                        "bf16 to fp32": median["ours", "bf16"] / ours,
                        "fp16 to fp32": median["ours", "fp16"] / ours}})
    print("\nratios           cores | bare to | watched to   watched to   watched to"
          "   bf16  fp16\n"
          "                       | PyTorch | bare    PyTorch's bare  PyTorch's   to fp32")
    for row in found:
        r = list(row["ratios"].values())
        print(f"{row['network']:<17}{row['threads']:>5} | {r[0]:7.2f} | {r[1]:5.2f} {r[2]:15.2f} "
              f"{r[3]:10.3f} {r[4]:9.2f} {r[5]:5.2f}")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(found, file, indent=1)


main()
