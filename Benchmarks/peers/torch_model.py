"""PyTorch's side of models.py: NAME MODEL THREADS STEPS.

Prints the milliseconds of a forward and a backward pass of the bare module on one sample, those of
`onnx.load` of the file exported from it, both as medians, and the bytes of its parameters and of what
its modules hand on in the forward pass.
"""
import json
import os
import statistics
import sys
import time

import onnx
import torch

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from large_models import model  # noqa: E402


def median(work, count):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def main():
    name, path, threads, steps = sys.argv[1:5]
    torch.set_num_threads(int(threads))
    module, x = model(name)
    module.train()
    cotangent = torch.randn_like(module(x))
    held = 0

    def count(_module, _inputs, output):
        nonlocal held
        if isinstance(output, torch.Tensor):
            held += output.numel() * output.element_size()

    hooks = [m.register_forward_hook(count) for m in module.modules() if not list(m.children())]
    module(x)
    for hook in hooks:
        hook.remove()

    def step():
        module.zero_grad()
        module(x).backward(cotangent)

    step()
    milliseconds = median(step, int(steps))
    print(json.dumps({
        "step": milliseconds, "load": median(lambda: onnx.load(path), 5),
        "parameters": sum(p.numel() * p.element_size() for p in module.parameters()),
        "activations": held}))


main()
