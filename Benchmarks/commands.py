"""What a user waits for: EVENKEEL STEPBENCH.

Start-up of the command, checks of a small and of a 50 × 512 network, and predictions alone, from the
description to the moments of every value. Medians of several runs; milliseconds.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time


def network(depth, width, activation="tanh"):
    return f"""network:
  input: [{width}]
  layers:
    - repeat: {depth}
      layers: [{{dense: {width}}}, {activation}]
"""


def median(command, runs):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        result = subprocess.run(command, capture_output=True, text=True)
        times.append((time.perf_counter() - start) * 1e3)
        if result.returncode not in (0, 1):
            sys.exit(f"{' '.join(command)}: {result.stderr.strip()}")
    return statistics.median(times)


def main():
    evenkeel, bench = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        def file(depth, width):
            path = os.path.join(folder, f"{depth}.yaml")
            with open(path, "w") as target:
                target.write(network(depth, width))
            return path

        print(f"evenkeel --help              {median([evenkeel, '--help'], 21):8.1f} ms")
        for depth, width, runs in [(3, 16, 11), (50, 512, 5)]:
            command = [evenkeel, "check", file(depth, width)]
            print(f"{f'check of {depth} × {width}':<28} {median(command, runs):8.1f} ms")
        for depth in (100, 1000, 10_000):
            path, times = file(depth, 64), []
            for _ in range(5):
                result = subprocess.run(
                    [bench, "predict", path], capture_output=True, text=True, check=True)
                times.append(json.loads(result.stdout)["milliseconds"])
            print(f"prediction, {depth:>6,} layers   {statistics.median(times):8.1f} ms")


main()
