"""The work of StepBench in PyTorch: ROW THREADS MODE STEPS.

ROW is a JSON object of Benchmarks/rows.py. MODE is bare, watched (hooks and loops that gather the
statistics of `Summary` from every module's output and its gradient, and from parameters, gradients
and updates), anomaly (torch.autograd.detect_anomaly) or autocast (bf16). Prints the median time of
a step and the losses of the first two as JSON.
"""

import json
import statistics
import sys
import time

import numpy as np
import torch
from torch import nn

RATE = 1e-4


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


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x):
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
                   for part in self.query_key_value(x).chunk(3, -1))
        y = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).flatten(2))


class Residual(nn.Module):
    def __init__(self, *branch):
        super().__init__()
        self.branch = nn.Sequential(*branch)

    def forward(self, x):
        return x + self.branch(x)


class Last(nn.Module):
    """The last state of a recurrent layer."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x)[0][:, -1]


def built(row):
    """The model, and its parameters as pieces in the order in which StepBench has them."""
    kind, width = row["kind"], row["width"]
    if kind == "mlp":
        activation = {"relu": nn.ReLU, "tanh": nn.Tanh, "gelu": nn.GELU}[row["activation"]]
        layers = []
        for _ in range(row["depth"]):
            layers += [nn.Linear(width, width), activation()]
        model = nn.Sequential(*layers)
        return model, list(model.parameters())
    if kind == "conv":
        layers = []
        for _ in range(row["depth"]):
            layers += [nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width),
                       nn.ReLU()]
        model = nn.Sequential(*layers)
        return model, list(model.parameters())
    if kind == "transformer":
        layers, pieces = [], []
        for _ in range(row["depth"]):
            attention = Attention(width, row["heads"])
            norm, second = nn.LayerNorm(width), nn.LayerNorm(width)
            up, down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
            layers += [Residual(norm, attention), Residual(second, up, nn.GELU(), down)]
            joined = attention.query_key_value
            pieces += [norm.weight, norm.bias]
            for part in range(3):
                rows = slice(part * width, (part + 1) * width)
                pieces += [joined.weight.data[rows], joined.bias.data[rows]]
            pieces += [attention.out.weight, attention.out.bias]
            pieces += [second.weight, second.bias, up.weight, up.bias, down.weight, down.bias]
        return nn.Sequential(*layers), pieces
    layer = nn.LSTM(width, width, batch_first=True)
    pieces = []
    for gate in range(4):
        rows = slice(gate * width, (gate + 1) * width)
        pieces += [layer.weight_ih_l0.data[rows], layer.bias_ih_l0.data[rows],
                   layer.weight_hh_l0.data[rows]]
    layer.bias_hh_l0.data.zero_()
    return Last(layer), pieces


def main():
    row, threads, mode, steps = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    torch.set_num_threads(threads)
    model, pieces = built(row)
    scales = {id(m.weight) for m in model.modules() if isinstance(m, (nn.LayerNorm, nn.BatchNorm2d))}
    with torch.no_grad():
        for number, piece in enumerate(pieces):
            if piece.dim() == 1:
                piece.fill_(1 if id(piece) in scales else 0)
                continue
            scale = np.sqrt(np.float32(3) / np.float32(piece[0].numel()))
            values = hashed(piece.numel(), number) * scale
            piece.copy_(torch.from_numpy(values).reshape(piece.shape))
    shape = [row["batch"], *row["input"]]
    x = torch.from_numpy(hashed(int(np.prod(shape)), 1_000_001) * np.float32(1.75)).reshape(shape)
    with torch.no_grad():
        shape = list(model(x).shape)
    target = torch.from_numpy(
        hashed(int(np.prod(shape)), 1_000_002) * np.float32(1.75)).reshape(shape)
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    gathered = []
    if mode == "watched":
        def tensor(output):
            return output[0] if isinstance(output, tuple) else output

        def backward(module, inputs, outputs):
            gathered.extend(summary(g) for g in outputs if g is not None)

        for module in model.modules():
            if isinstance(module, nn.Sequential):
                continue
            module.register_forward_hook(lambda m, i, o: gathered.append(summary(tensor(o))))
            module.register_full_backward_hook(backward)

    def step():
        gathered.clear()
        optimizer.zero_grad()
        with torch.autograd.set_detect_anomaly(mode == "anomaly"):
            with torch.autocast("cpu", torch.bfloat16, enabled=mode == "autocast"):
                loss = nn.functional.mse_loss(model(x), target)
            loss.backward()
        optimizer.step()
        if mode == "watched":
            with torch.no_grad():
                for parameter in model.parameters():
                    gathered.append(summary(parameter))
                    gathered.append(summary(parameter.grad))
                    gathered.append(summary(parameter.grad * -RATE))
        return float(loss)

    losses = [step(), step()]
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    print(json.dumps({"losses": losses, "milliseconds": statistics.median(times)}))


main()
