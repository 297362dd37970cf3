"""The work of StepBench in PyTorch: DEPTH WIDTH ACTIVATION BATCH THREADS MODE STEPS.

MODE is bare, watched (hooks and loops that gather the statistics of `Summary`) or anomaly
(torch.autograd.detect_anomaly). Prints the median time of a step and its first loss as JSON.
"""

import json
import statistics
import sys
import time

import numpy as np
import torch


def hashed(count, stream):
    with np.errstate(over="ignore"):
        h = np.arange(count, dtype=np.uint32) * np.uint32(2654435761)
        h += np.uint32(stream * 2246822519 & 0xFFFFFFFF)
        h ^= h >> np.uint32(15)
        h *= np.uint32(2246822519)
        h ^= h >> np.uint32(13)
    return (h >> np.uint32(8)).astype(np.float32) / np.float32(8388608) - np.float32(1)


def summary(x):
    """Count, mean, variance, minimum, maximum, zeros, NaN, infinities, exponents."""
    x = x.detach()
    variance, mean = torch.var_mean(x)
    exponents = torch.bincount(torch.frexp(x.flatten())[1].clamp(-149, 129) + 150, minlength=279)
    return (x.numel(), mean, variance, x.min(), x.max(), (x == 0).sum(), x.isnan().sum(),
            x.isinf().sum(), exponents)


def main():
    depth, width, activation, batch, threads, mode, steps = sys.argv[1:]
    depth, width, batch, threads, steps = map(int, (depth, width, batch, threads, steps))
    torch.set_num_threads(threads)
    kind = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "gelu": torch.nn.GELU}[activation]
    layers = []
    for _ in range(depth):
        layers += [torch.nn.Linear(width, width), kind()]
    model = torch.nn.Sequential(*layers)
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            scale = np.sqrt(np.float32(3) / np.float32(width)) if parameter.dim() > 1 else 0
            values = hashed(parameter.numel(), number) * np.float32(scale)
            parameter.copy_(torch.from_numpy(values).reshape(parameter.shape))
    x, target = (
        torch.from_numpy(hashed(batch * width, 1_000_001 + n) * np.float32(1.75)).reshape(batch, width)
        for n in range(2))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    gathered = []
    if mode == "watched":
        for layer in model:
            layer.register_forward_hook(lambda m, i, o: gathered.append(summary(o)))
            layer.register_full_backward_hook(lambda m, i, o: gathered.append(summary(o[0])))

    def step():
        gathered.clear()
        optimizer.zero_grad()
        with torch.autograd.set_detect_anomaly(mode == "anomaly"):
            loss = torch.nn.functional.mse_loss(model(x), target)
            loss.backward()
        optimizer.step()
        if mode == "watched":
            for parameter in model.parameters():
                gathered.append(summary(parameter))
                gathered.append(summary(parameter.grad))
        return float(loss)

    first = step()
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"loss": first, "milliseconds": statistics.median(times)}))


main()
