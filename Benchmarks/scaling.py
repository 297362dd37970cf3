"""Time and memory per layer of `evenkeel check` at 10,000 layers against 100, width 64.

Runs the command given as argument, in rounds, and prints medians and their ratio. Start-up and
whatever else does not grow with depth is measured on 1 layer and taken off both.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

ROUNDS = 3
# The small networks take a tenth of a second, so each round takes the median of several runs.
RUNS = {1: 15, 100: 15, 10_000: 1}


def network(depth):
    """A network that is healthy at every depth, so that each check does the same work per layer."""
    return f"""network:
  input: [64]
  init: {{weights: orthogonal, bias: 0}}
  layers:
    - repeat: {depth}
      layers:
        - dense: 64
        - scaled_sigmoid
"""


def run(command, path):
    """Seconds and peak resident bytes of one check."""
    start = time.monotonic()
    process = subprocess.Popen(
        [command, "check", path, "--json", "--batch", "64"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) == 2:
        sys.exit(process.stderr.read().decode())
    return time.monotonic() - start, usage.ru_maxrss * 1024


def main():
    command = sys.argv[1]
    depths = list(RUNS)
    samples = {depth: [] for depth in depths}
    with tempfile.TemporaryDirectory() as folder:
        for depth in depths:
            with open(os.path.join(folder, f"{depth}.yaml"), "w") as file:
                file.write(network(depth))
        for _ in range(ROUNDS):
            for depth in depths:
                path = os.path.join(folder, f"{depth}.yaml")
                samples[depth] += [run(command, path) for _ in range(RUNS[depth])]
    seconds = {d: statistics.median(s[0] for s in samples[d]) for d in depths}
    memory = {d: statistics.median(s[1] for s in samples[d]) for d in depths}

    def per_layer(values, depth):
        return (values[depth] - values[1]) / (depth - 1)

    result = {}
    print(f"{'layers':>8} {'seconds':>9} {'ms/layer':>9} {'MB':>8} {'kB/layer':>9}")
    for depth in depths[1:]:
        print(f"{depth:>8} {seconds[depth]:>9.3f} {per_layer(seconds, depth) * 1e3:>9.3f} "
              f"{memory[depth] / 1e6:>8.1f} {per_layer(memory, depth) / 1e3:>9.1f}")
    result["time_ratio"] = per_layer(seconds, 10_000) / per_layer(seconds, 100)
    result["memory_ratio"] = per_layer(memory, 10_000) / per_layer(memory, 100)
    print("ratio of the cost per layer, 10,000 against 100: "
          f"time {result['time_ratio']:.2f}, memory {result['memory_ratio']:.2f} (at most 1.2)")
    if "--json" in sys.argv:
        print(json.dumps(result))


main()
