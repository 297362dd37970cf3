#!/usr/bin/env python3
"""Gradients of the bundled networks by PyTorch in double precision.

Every Examples/NAME.yaml is read by itself and run from PyTorch's own operations; the results go to
Tests/NetworksTests/Data/example-gradients/NAME.csv. Made with torch 2.13.0 on a CPU and PyYAML 6.

Parameters, the batch and the cotangent are a fixed formula of a name and an index, so that a
reader can fill in the same numbers, bit by bit, without any being stored: element i of NAME is

    mean + bound * u,  u = 2 * (splitmix64(fnv1a(NAME) + (i + 1) * 0x9e3779b97f4a7c15) >> 11) / 2^53 - 1

Weights have the variance that the network's `init` states. What starts as a constant is spread a
little around it, because an addition of 0 or a factor of 1 would show no error: scales and shifts
of norms by 0.1, biases by a tenth of the mean square root of what they are added to, which keeps
the size of everything as the example has it.

A row holds a name, a shape, the mean and the bound, the Euclidean norm of the gradient (of the
value, for `output`), two sums with signs that are drawn for every element, so that any wrong
element changes both, and two elements at drawn places. A norm of 0 says that the gradient is 0 in
exact arithmetic and what remains is rounding, small beside the row before.

Some networks are chaotic, as their comments say: a rounding error grows from layer to layer until
two correct programs share no digit. Where moving every parameter by its last bit moves a gradient
by more than 1e-10 of its norm, the outermost `repeat` or the number of time steps is made shorter
until it does not. The first row says what was used, and how far the movement went.

Run in the repository root, for all examples or for those named:

    python3 Scripts/reference/example_gradients.py [NAME ...]
"""

import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
import yaml

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "Tests/NetworksTests/Data/example-gradients"
BATCH = 3
GOLDEN = 0x9E3779B97F4A7C15
MASK = 2**64 - 1
# Movement of a gradient, of its norm, under a movement of all parameters by their last bit.
STEADY = 1e-10


def hashes(name, count):
    """The first `count` 64-bit numbers of a name."""
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = (h ^ byte) * 0x100000001B3 & MASK
    with np.errstate(over="ignore"):
        z = np.uint64(h) + (np.arange(count, dtype=np.uint64) + np.uint64(1)) * np.uint64(GOLDEN)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def filled(name, shape, mean, bound):
    u = 2 * ((hashes(name, math.prod(shape)) >> np.uint64(11)).astype(np.float64) / 2**53) - 1
    return torch.from_numpy(mean + bound * u).reshape(shape)


def signs(name, count):
    return 1 - 2 * (hashes(name, count) >> np.uint64(63)).astype(np.float64)


def short(number):
    """Few digits, so that a bound is the same number for everyone who reads it."""
    return float(f"{number:.6g}")


def only(entry):
    """The name and the value of `{name: value}`, or of a bare name."""
    if isinstance(entry, str):
        return entry, None
    (pair,) = entry.items()
    return pair


def refuse(what):
    sys.exit(f"example_gradients.py does not know {what}: teach it, then run it again")


class Network:
    """One example, run once; parameters appear as layers first ask for them."""

    def __init__(self, description, repeat, steps, moved=0.0):
        network = description["network"]
        for key in network:
            if key not in ("input", "init", "layers"):
                refuse(f"the key '{key}' of a network")
        self.init = network["init"]
        if not isinstance(self.init, dict) or "weights" not in self.init:
            self.init = {"weights": self.init}
        self.repeat = repeat
        self.moved = moved
        self.rows = {}
        # Parameters that change nothing, so that their gradients are 0.
        self.idle = set()
        self.number = 0
        self.ahead = True
        shape = list(network["input"])
        if steps:
            shape[0] = steps
        x = self.add("input", [BATCH, *shape], 0, short(math.sqrt(3)))
        self.output = self.sequence(network["layers"], x, outermost=True)
        cotangent = filled("cotangent", self.output.shape, 0, short(math.sqrt(3)))
        (self.output * cotangent).sum().backward()

    # Parameters

    def add(self, name, shape, mean, bound):
        value = filled(name, shape, mean, bound)
        if self.moved:
            value *= 1 + self.moved * torch.from_numpy(
                signs("moved " + name, value.numel())).reshape(value.shape)
        value.requires_grad_(True)
        assert name not in self.rows
        self.rows[name] = (mean, bound, value)
        return value

    def prefix(self):
        return f"layers.{self.number + self.ahead}."

    def deviation(self, rule, fan_in, fan_out, framework_fan):
        """The standard deviation that a rule for weights gives."""
        name, value = only(rule)
        plain = {
            "xavier_normal": math.sqrt(2 / (fan_in + fan_out)),
            "he_normal": math.sqrt(2 / fan_in),
            "lecun_normal": math.sqrt(1 / fan_in),
            "pytorch": 1 / math.sqrt(3 * framework_fan),
            # Square matrices only: the mean square of an element of an orthogonal one.
            "orthogonal": 1 / math.sqrt(fan_in),
        }
        if name in plain and value is None:
            return plain[name]
        if name == "normal":
            return value
        if name == "spectral_radius":
            return value / math.sqrt(fan_in)
        refuse(f"the initialiser {rule}")

    def weight(self, name, shape, own, fan_in, fan_out, role="weights", framework_fan=None):
        own = own if isinstance(own, dict) and "weights" in own else {"weights": own}
        rule = own.get(role) or self.init.get(role) or own["weights"] or self.init["weights"]
        std = self.deviation(rule, fan_in, fan_out, framework_fan or fan_in)
        return self.add(self.prefix() + name, shape, 0, short(math.sqrt(3) * std))

    def bias(self, name, product, axis, framework_fan, start=None):
        """A bias of what it is added to, `product`."""
        size = product.shape[axis]
        if start is None and self.init["weights"] == "pytorch":
            bound = short(1 / math.sqrt(framework_fan))
        else:
            bound = short(0.1 * product.detach().square().mean().sqrt().item())
            if self.moved:
                bound = self.bounds[self.prefix() + name]
        if start is None:
            start = self.init.get("bias", 0)
        return self.add(self.prefix() + name, [size], start, bound)

    bounds = {}

    # Layers

    def sequence(self, layers, x, outermost=False):
        for layer in layers:
            if isinstance(layer, dict) and "repeat" in layer:
                count = layer["repeat"]
                if outermost and self.repeat:
                    count = min(count, self.repeat)
                for _ in range(count):
                    x = self.sequence(layer["layers"], x)
            else:
                x = self.layer(*only(layer), x)
        return x

    def begin(self):
        self.number += 1
        self.ahead = False

    def layer(self, name, value, x):
        functions = {
            "relu": F.relu,
            "tanh": torch.tanh,
            "sigmoid": torch.sigmoid,
            "gelu": F.gelu,
            "scaled_sigmoid": lambda x: 4 * torch.sigmoid(x) - 2,
            "softmax": lambda x: F.softmax(x, -1),
            "log": torch.log,
            "global_average_pool": lambda x: x.flatten(2).mean(2),
        }
        if name in functions and value is None:
            return functions[name](x)
        if name in ("layer_norm", "batch_norm") and value is None:
            return self.norm(name, x)
        return {
            "dense": self.dense,
            "conv2d": self.conv2d,
            "attention": self.attention,
            "residual": self.residual,
            "rnn": self.rnn,
            "lstm": self.lstm,
        }.get(name, lambda *_: refuse(f"the layer '{name}: {value}'"))(value, x)

    @staticmethod
    def keys(value, shorthand, known):
        value = value if isinstance(value, dict) else {shorthand: value}
        for key in value:
            if key not in known:
                refuse(f"the key '{key}'")
        return value

    def linear(self, x, units, prefix="", own=None, start=None, framework_fan=None):
        inputs = x.shape[-1]
        weight = self.weight(
            prefix + "weight", [units, inputs], own, inputs, units, framework_fan=framework_fan)
        y = x @ weight.T
        return y + self.bias(prefix + "bias", y, -1, framework_fan or inputs, start)

    def dense(self, value, x):
        value = self.keys(value, "units", {"units", "init"})
        self.begin()
        return self.linear(x, value["units"], own=value.get("init"))

    def conv2d(self, value, x):
        value = self.keys(value, None, {"channels", "kernel", "padding"})
        if value["padding"] != "same":
            refuse("a padding that is not 'same'")
        self.begin()
        inputs, channels, k = x.shape[1], value["channels"], value["kernel"]
        weight = self.weight(
            "weight", [channels, inputs, k, k], None, inputs * k * k, channels * k * k)
        y = F.conv2d(x, weight, padding="same")
        return y + self.bias("bias", y, 1, inputs * k * k)[:, None, None]

    def norm(self, kind, x):
        base = self.prefix() + kind
        if kind == "layer_norm" and x.dim() != 3:
            refuse("'layer_norm' of anything but [time, features]")
        shape = [x.shape[1]] if kind == "batch_norm" else [x.shape[-1]]
        weight = self.add(base + ".weight", shape, 1, 0.1)
        bias = self.add(base + ".bias", shape, 0, 0.1)
        if kind == "layer_norm":
            return F.layer_norm(x, shape, weight, bias, 1e-5)
        # A shift of a whole channel is taken away again with its mean.
        self.idle.add(self.prefix() + "bias")
        return F.batch_norm(x, None, None, weight, bias, training=True, eps=1e-5)

    def attention(self, value, x):
        value = self.keys(value, "heads", {"heads"})
        self.begin()
        heads, width = value["heads"], x.shape[-1]
        # What all keys share shifts all logits of a query alike.
        self.idle.add(self.prefix() + "k.bias")
        q, k, v = (
            self.linear(x, width, name).unflatten(-1, (heads, -1)).transpose(1, 2)
            for name in ("q.", "k.", "v."))
        shares = F.softmax(q @ k.transpose(-1, -2) / math.sqrt(width // heads), -1)
        return self.linear((shares @ v).transpose(1, 2).flatten(2), width, "out.")

    def residual(self, value, x):
        value = self.keys(value, None, {"layers", "norm", "scale"})
        self.ahead = True
        branch = self.norm("layer_norm", x) if value.get("norm") == "pre" else x
        branch = self.sequence(value["layers"], branch)
        x = x + value.get("scale", 1) * branch
        return self.norm("layer_norm", x) if value.get("norm") == "post" else x

    def gate(self, x, units, prefix="", start=None):
        """What the input gives at every step, and the recurrent weights."""
        y = self.linear(x, units, prefix, start=start, framework_fan=units)
        return y, self.weight(
            prefix + "recurrent_weight", [units, units], None, units, units, "recurrent", units)

    def rnn(self, value, x):
        value = self.keys(value, "units", {"units"})
        self.begin()
        y, recurrent = self.gate(x, value["units"])
        h = torch.zeros(BATCH, value["units"])
        for t in range(x.shape[1]):
            h = torch.tanh(y[:, t] + h @ recurrent.T)
        return h

    def lstm(self, value, x):
        value = self.keys(value, "units", {"units", "forget_bias"})
        self.begin()
        gates = [
            self.gate(x, value["units"], f"{g}.", value.get("forget_bias") if g == "f" else None)
            for g in "ifgo"]
        h = c = torch.zeros(BATCH, value["units"])
        for t in range(x.shape[1]):
            i, f, g, o = (y[:, t] + h @ recurrent.T for y, recurrent in gates)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
            h = torch.sigmoid(o) * torch.tanh(c)
        return h


def norm(t):
    return torch.linalg.vector_norm(t).item()


def movement(first, second):
    """The largest movement of a gradient that is not 0, or of the output, of its norm."""
    pairs = [(first.output, second.output)] + [
        (a.grad, second.rows[name][2].grad) for name, (_, _, a) in first.rows.items()
        if name not in first.idle]
    return max(norm(a - b) / norm(a) for a, b in pairs)


def columns(name, tensor, is_zero=False):
    t = tensor.detach().reshape(-1).numpy()
    if is_zero:
        return ["0"] * 5
    sums = [math.fsum(t * signs(f"sum {k} of {name}", t.size)) for k in (1, 2)]
    places = [int(h) % t.size for h in hashes(f"places of {name}", 2)]
    return [f"{v:.14g}" for v in [math.sqrt(math.fsum(t * t)), *sums, *(t[p] for p in places)]]


def write(path):
    description = yaml.safe_load(path.read_text())
    full = next(
        (layer["repeat"] for layer in description["network"]["layers"]
         if isinstance(layer, dict) and "repeat" in layer), 0)
    shape = description["network"]["input"]
    steps = shape[0] if not full and len(shape) == 2 else 0
    repeat = full
    while True:
        network = Network(description, repeat, steps)
        Network.bounds = {name: row[1] for name, row in network.rows.items()}
        worst = movement(network, Network(description, repeat, steps, moved=2.0**-52))
        if worst <= STEADY:
            break
        print(f"  {path.stem}: {worst:.1e} with repeat {repeat}, steps {steps}")
        repeat, steps = repeat * 3 // 4, steps * 3 // 4
    lines = [f"batch {BATCH},repeat {repeat},steps {steps},movement {worst:.1e}"]
    lines.append("name,shape,mean,bound,norm,sum_1,sum_2,element_1,element_2")

    def row(name, tensor, mean, bound, values):
        extents = "x".join(map(str, tensor.shape))
        lines.append(",".join([name, extents, f"{mean:g}", f"{bound:g}", *values]))

    row("output", network.output, 0, 0, columns("output", network.output))
    before = 0.0
    for name, (mean, bound, value) in network.rows.items():
        assert float(f"{bound:g}") == bound
        assert name not in network.idle or norm(value.grad) < 1e-10 * before
        row(name, value, mean, bound, columns(name, value.grad, name in network.idle))
        before = norm(value.grad)
    DATA.mkdir(parents=True, exist_ok=True)
    (DATA / f"{path.stem}.csv").write_text("\n".join(lines) + "\n")
    sizes = [norm(v.grad) for n, (_, _, v) in network.rows.items() if n not in network.idle]
    print(f"{path.stem}: repeat {repeat} of {full}, steps {steps}, moves by {worst:.1e}, "
          f"gradients {min(sizes):.1e} to {max(sizes):.1e}")


if __name__ == "__main__":
    names = sys.argv[1:]
    for path in sorted((ROOT / "Examples").glob("*.yaml")):
        if not names or path.stem in names:
            write(path)
