"""A training step of deep perceptrons, ours and PyTorch's: STEPBENCH PYTHON [--quick] [--json].

Both sides fill weights, batch and targets with the same numbers; their first losses must agree
before anything is timed. Rounds alternate between the sides, and medians over rounds are printed.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile

BATCH = 128
ROUNDS = 5
#        depth, width, activation, steps timed per round
ROWS = [(8, 1024, "relu", 9), (50, 512, "tanh", 7), (200, 128, "tanh", 9), (1000, 64, "tanh", 7),
        (50, 512, "gelu", 7), (10_000, 64, "tanh", 1)]
# Steps of the peer under observation take seconds.
MOST_OBSERVED_STEPS = 3
QUICK = [(8, 256, "relu", 3), (50, 64, "tanh", 3)]
PEER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers", "torch_step.py")


def output(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}: {result.stderr.strip()}")
    return json.loads(result.stdout)


def main():
    bench, python = sys.argv[1:3]
    rows, rounds = (QUICK, 1) if "--quick" in sys.argv else (ROWS, ROUNDS)
    print("milliseconds of forward, backward and SGD, batch 128; 'watched' with all statistics")
    print(f"{'network':>16} {'cores':>5} {'ours':>8} {'watched':>8} {'torch':>8} {'watched':>8}"
          f" {'anomaly':>8} {'ratio':>6}")
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for depth, width, activation, steps in rows:
            path = os.path.join(folder, "network.yaml")
            with open(path, "w") as file:
                file.write(
                    f"network:\n  input: [{width}]\n  layers:\n    - repeat: {depth}\n"
                    f"      layers: [{{dense: {width}}}, {activation}]\n"
                    "  loss: mean_squared_error\n")
            for threads in (1, 2):
                sides = {
                    (side, mode): [] for side, mode in
                    [("ours", "bare"), ("ours", "watched"), ("torch", "bare"),
                     ("torch", "watched"), ("torch", "anomaly")]}
                for _ in range(rounds):
                    losses = []
                    for (side, mode), times in sides.items():
                        command = (
                            [bench, path, str(BATCH), str(threads), mode, str(steps)]
                            if side == "ours" else
                            [python, PEER, str(depth), str(width), activation, str(BATCH),
                             str(threads), mode,
                             str(steps if mode == "bare" else min(steps, MOST_OBSERVED_STEPS))])
                        answer = output(command)
                        losses.append(answer["loss"])
                        times.append(answer["milliseconds"])
                    if max(losses) - min(losses) > 1e-4 * max(losses):
                        sys.exit(f"{depth}x{width} {activation}: the losses differ: {losses}")
                median = {key: statistics.median(times) for key, times in sides.items()}
                ratio = median["ours", "bare"] / median["torch", "bare"]
                print(f"{f'{depth}x{width} {activation}':>16} {threads:>5} "
                      + " ".join(f"{value:8.1f}" for value in median.values())
                      + f" {ratio:6.2f}", flush=True)
                found.append({
                    "depth": depth, "width": width, "activation": activation, "threads": threads,
                    "milliseconds": {" ".join(key): value for key, value in median.items()},
                    "ratio": ratio})
    if "--json" in sys.argv:
        print(json.dumps(found))


main()
