"""Repairs broken ONNX models of many kinds with `evenkeel repair`, and holds every written file to account.

Models are built with onnx.helper and exported with both exporters of PyTorch. For each that is repaired:
`onnx.checker.check_model(full_check=True)` accepts the file, ONNX Runtime loads and runs it and its outputs
are finite, `evenkeel check` finds nothing, everything that the change does not speak of is as it was, and
where the change claims to leave outputs as they were, ONNX Runtime's outputs of both files agree wherever
those of the broken one are finite. Some models cannot be repaired, or need nothing: that must be told.

    python3 Benchmarks/repaired_models.py .build/release/evenkeel --markdown repaired.md
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

warnings.filterwarnings("ignore")
os.environ["TORCH_LOGS"] = "-all"
CASES = []


def case(kind, name, *, options=(), exact=None, outcome="repaired", runtime=True, external=False):
    """Registers a builder, which gives an onnx.ModelProto or a pair of a torch module and its inputs."""
    def register(build):
        CASES.append(dict(
            kind=kind, name=name, build=build, options=list(options), exact=exact, outcome=outcome,
            runtime=runtime, external=external))
        return build
    return register


# Models written node by node

def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def model(nodes, inputs, outputs, weights=None, *, opset=17, functions=(), imports=(), ir=None):
    graph = helper.make_graph(
        nodes, "broken", inputs, outputs,
        [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()])
    made = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset), *imports], functions=list(functions),
        producer_name="repaired_models", producer_version="1")
    made.ir_version = ir or {9: 4, 11: 6, 12: 7, 13: 7, 17: 8, 18: 8}.get(opset, 10)
    helper.set_model_props(made, {"kept": "as it was"})
    return made


def node(kind, inputs, outputs, **attributes):
    return helper.make_node(kind, inputs, outputs, name=f"{kind}_{outputs[0]}", **attributes)


def draw(*shape, scale=1.0, seed=0):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)


F, H, D, I, B = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.INT64,
                 TensorProto.BFLOAT16)


def with_axes(kind, x, axes, y, opset, *, since=13, **attributes):
    """A reduction whose axes are an attribute, or from some version on an input."""
    if opset < since:
        return node(kind, [x], [y], axes=axes, **attributes), {}
    return node(kind, [x, "axes_of_" + y], [y], **attributes), {
        "axes_of_" + y: np.array(axes, np.int64)}


for opset in (9, 11, 12, 13, 17, 18, 21, 22):
    @case("log of softmax", f"opset {opset}", exact=True)
    def build(opset=opset):
        axis = 1 if opset < 13 else -1
        return model(
            [node("Gemm", ["x", "w", "b"], ["logits"]), node("Softmax", ["logits"], ["p"], axis=axis),
             node("Log", ["p"], ["y"])],
            [value("x", F, ["batch", 16])], [value("y", F, ["batch", 10])],
            {"w": draw(16, 10, scale=0.25), "b": draw(10, seed=1)}, opset=opset)


@case("log of softmax", "softmax is an output too", exact=True)
def build():
    return model(
        [node("Softmax", ["x"], ["p"], axis=1), node("Log", ["p"], ["y"])],
        [value("x", F, [8, 16])], [value("y", F, [8, 16]), value("p", F, [8, 16])])


@case("log of softmax", "large logits", exact=True)
def build():
    return model(
        [node("Mul", ["x", "size"], ["logits"]), node("Softmax", ["logits"], ["p"], axis=-1),
         node("Log", ["p"], ["y"])],
        [value("x", F, [8, 16])], [value("y", F, [8, 16])], {"size": np.array(8, np.float32)})


@case("log of softmax", "in a branch of If", exact=True)
def build():
    then = helper.make_graph(
        [node("Softmax", ["x"], ["p"], axis=1), node("Log", ["p"], ["then_y"])], "then", [],
        [value("then_y", F, [8, 16])])
    other = helper.make_graph(
        [node("Identity", ["x"], ["else_y"])], "else", [], [value("else_y", F, [8, 16])])
    return model(
        [node("If", ["flag"], ["y"], then_branch=then, else_branch=other)],
        [value("x", F, [8, 16])], [value("y", F, [8, 16])], {"flag": np.array(True)})


@case("log of softmax", "in a function of the model", exact=True)
def build():
    function = helper.make_function(
        "own", "LogOfSoftmax", ["a"], ["c"],
        [helper.make_node("Softmax", ["a"], ["b"], axis=-1), helper.make_node("Log", ["b"], ["c"])],
        [helper.make_opsetid("", 17)])
    return model(
        [helper.make_node("LogOfSoftmax", ["x"], ["y"], domain="own", name="call")],
        [value("x", F, [8, 16])], [value("y", F, [8, 16])], functions=[function],
        imports=[helper.make_opsetid("own", 1)])


@case("log of softmax", "in double precision", exact=True)
def build():
    return model(
        [node("Softmax", ["x"], ["p"], axis=-1), node("Log", ["p"], ["y"])],
        [value("x", D, [8, 16])], [value("y", D, [8, 16])])


@case("log of softmax", "in bfloat16", exact=True, runtime=False)
def build():
    return model(
        [node("Softmax", ["x"], ["p"], axis=-1), node("Log", ["p"], ["y"])],
        [value("x", B, [8, 16])], [value("y", B, [8, 16])], opset=22)


for opset, axes in ((11, [-1]), (11, [1]), (12, [2]), (13, [-1]), (13, [1, 2]), (18, [-1]), (18, [1]),
                    (18, [1, 2]), (22, [-1])):
    @case("naive softmax", f"opset {opset}, axes {axes}", exact=True)
    def build(opset=opset, axes=axes):
        total, weights = with_axes("ReduceSum", "e", axes, "s", opset, keepdims=1)
        return model(
            [node("Mul", ["x", "size"], ["logits"]), node("Exp", ["logits"], ["e"]), total,
             node("Div", ["e", "s"], ["y"])],
            [value("x", F, [4, 6, 8])], [value("y", F, [4, 6, 8])],
            {"size": np.array(80, np.float32), **weights}, opset=opset)


@case("naive softmax", "times a reciprocal", exact=True)
def build():
    total, weights = with_axes("ReduceSum", "e", [-1], "s", 17, keepdims=1)
    return model(
        [node("Mul", ["x", "size"], ["logits"]), node("Exp", ["logits"], ["e"]), total,
         node("Reciprocal", ["s"], ["r"]), node("Mul", ["e", "r"], ["y"])],
        [value("x", F, [8, 16])], [value("y", F, [8, 16])],
        {"size": np.array(80, np.float32), **weights})


@case("naive softmax", "with its logarithm", exact=True)
def build():
    total, weights = with_axes("ReduceSum", "e", [-1], "s", 17, keepdims=1)
    return model(
        [node("Mul", ["x", "size"], ["logits"]), node("Exp", ["logits"], ["e"]), total,
         node("Div", ["e", "s"], ["p"]), node("Log", ["p"], ["y"])],
        [value("x", F, [8, 16])], [value("y", F, [8, 16])],
        {"size": np.array(4, np.float32), **weights})


@case("naive softmax", "in float16", exact=True)
def build():
    total, weights = with_axes("ReduceSum", "e", [-1], "s", 17, keepdims=1)
    return model(
        [node("Mul", ["x", "size"], ["logits"]), node("Exp", ["logits"], ["e"]), total,
         node("Div", ["e", "s"], ["y"])],
        [value("x", H, [8, 16])], [value("y", H, [8, 16])],
        {"size": np.array(10, np.float16), **weights})


for opset, keeps in ((11, 1), (13, 0), (18, 1), (18, 0), (22, 1)):
    @case("log of summed exponentials", f"opset {opset}, keepdims {keeps}", exact=True)
    def build(opset=opset, keeps=keeps):
        total, weights = with_axes("ReduceSum", "e", [1], "s", opset, keepdims=keeps)
        return model(
            [node("Mul", ["x", "size"], ["logits"]), node("Exp", ["logits"], ["e"]), total,
             node("Log", ["s"], ["y"])],
            [value("x", F, [8, 16])], [value("y", F, [8, 1] if keeps else [8])],
            {"size": np.array(14, np.float32), **weights}, opset=opset)


@case("log of summed exponentials", "in float16", exact=True)
def build():
    total, weights = with_axes("ReduceSum", "e", [1], "s", 18, keepdims=1)
    return model(
        [node("Mul", ["x", "size"], ["logits"]), node("Exp", ["logits"], ["e"]), total,
         node("Log", ["s"], ["y"])],
        [value("x", H, [8, 16])], [value("y", H, [8, 1])],
        {"size": np.array(8, np.float16), **weights}, opset=18)


for kind, size in (("float", 1.0), ("float", 40.0), ("float16", 8.0)):
    @case("log of sigmoid", f"{kind}, operand of size {size:g}", exact=True)
    def build(kind=kind, size=size):
        element = F if kind == "float" else H
        return model(
            [node("Mul", ["x", "size"], ["z"]), node("Sigmoid", ["z"], ["p"]),
             node("Log", ["p"], ["y"])],
            [value("x", element, [8, 16])], [value("y", element, [8, 16])],
            {"size": np.array(size, np.dtype(kind if kind == "float16" else "float32"))})


@case("log of sigmoid", "both terms of the cross entropy", exact=True)
def build():
    return model(
        [node("Mul", ["x", "size"], ["z"]), node("Sigmoid", ["z"], ["p"]), node("Log", ["p"], ["a"]),
         node("Sub", ["one", "p"], ["q"]), node("Log", ["q"], ["b"]), node("Add", ["a", "b"], ["y"])],
        [value("x", F, [8, 16])], [value("y", F, [8, 16])],
        {"size": np.array(25, np.float32), "one": np.array(1, np.float32)})


for shape in ((), (1,)):
    @case("naive softplus", f"1 of shape {list(shape)}", exact=True)
    def build(shape=shape):
        return model(
            [node("Mul", ["x", "size"], ["z"]), node("Exp", ["z"], ["e"]),
             node("Add", ["one", "e"], ["s"]), node("Log", ["s"], ["y"])],
            [value("x", F, [8, 16])], [value("y", F, [8, 16])],
            {"size": np.array(40, np.float32), "one": np.ones(shape, np.float32)})


# Epsilons

@case("operand reaches 0", "x / sqrt(var) of a constant row", exact=False)
def build():
    mean, more = with_axes("ReduceMean", "r", [-1], "m", 17, since=18, keepdims=1)
    variance, _ = with_axes("ReduceMean", "sq", [-1], "v", 17, since=18, keepdims=1)
    return model(
        [node("MatMul", ["x", "w"], ["r"]), mean, node("Sub", ["r", "m"], ["c"]),
         node("Mul", ["c", "c"], ["sq"]), variance, node("Sqrt", ["v"], ["d"]),
         node("Div", ["c", "d"], ["y"])],
        [value("x", F, [8, 16])], [value("y", F, [8, 16])], {"w": draw(16, 16, scale=0.25)})


@case("operand reaches 0", "x / ‖x‖", exact=False)
def build():
    norm, weights = with_axes("ReduceL2", "r", [-1], "n", 17, since=18, keepdims=1)
    return model(
        [node("Gemm", ["x", "w"], ["z"]), node("Relu", ["z"], ["r"]), norm,
         node("Div", ["r", "n"], ["y"])],
        [value("x", F, [8, 16])], [value("y", F, [8, 16])],
        {"w": draw(16, 16, scale=0.35), **weights})


@case("operand reaches 0", "logarithm behind a rectifier", exact=False)
def build():
    return model(
        [node("Gemm", ["x", "w"], ["z"]), node("Relu", ["z"], ["r"]), node("Log", ["r"], ["y"])],
        [value("x", F, [8, 16])], [value("y", F, [8, 16])], {"w": draw(16, 16, scale=0.35)})


@case("operand reaches 0", "root behind a rectifier", exact=False)
def build():
    return model(
        [node("Gemm", ["x", "w"], ["z"]), node("Relu", ["z"], ["r"]), node("Sqrt", ["r"], ["y"])],
        [value("x", F, [8, 16])], [value("y", F, [8, 16])], {"w": draw(16, 16, scale=0.35)})


@case("operand reaches 0", "reciprocal of a sum behind a rectifier", exact=False)
def build():
    return model(
        [node("Gemm", ["x", "w"], ["z"]), node("Relu", ["z"], ["r"]),
         node("ReduceMean", ["r"], ["s"], axes=[-1], keepdims=1), node("Reciprocal", ["s"], ["y"])],
        [value("x", F, [8, 16])], [value("y", F, [8, 1])], {"w": draw(16, 16, scale=0.35)})


@case("operand reaches 0", "divisor of either sign", exact=False)
def build():
    return model(
        [node("Gemm", ["x", "w"], ["z"]), node("ReduceMean", ["z"], ["m"], axes=[-1], keepdims=1),
         node("Add", ["m", "three"], ["d"]), node("Div", ["z", "d"], ["y"])],
        [value("x", F, [8, 16])], [value("y", F, [8, 16])],
        {"w": draw(16, 16, scale=0.35), "three": np.full((8, 1), 3, np.float32)})


@case("operand reaches 0", "float16 norm whose epsilon is lost", exact=False)
def build():
    return model(
        [node("MatMul", ["x", "w"], ["r"]),
         node("ReduceMean", ["r"], ["m"], axes=[-1], keepdims=1), node("Sub", ["r", "m"], ["c"]),
         node("Mul", ["c", "c"], ["sq"]), node("ReduceMean", ["sq"], ["v"], axes=[-1], keepdims=1),
         node("Add", ["v", "epsilon"], ["e"]), node("Sqrt", ["e"], ["d"]),
         node("Div", ["c", "d"], ["y"])],
        [value("x", H, [8, 16])], [value("y", H, [8, 16])],
        {"w": draw(16, 16, scale=0.25).astype(np.float16), "epsilon": np.array(1e-12, np.float16)})


@case("norm without epsilon", "LayerNormalization of constant rows", exact=False)
def build():
    return model(
        [node("MatMul", ["x", "w"], ["z"]), node("Relu", ["z"], ["r"]),
         node("Mul", ["r", "mask"], ["h"]),
         node("LayerNormalization", ["h", "scale", "bias"], ["y"], epsilon=0.0)],
        [value("x", F, [8, 16])], [value("y", F, [8, 16])],
        {"w": draw(16, 16, scale=0.25), "scale": np.ones(16, np.float32),
         "bias": np.zeros(16, np.float32),
         "mask": np.array([[1.0]] * 7 + [[0.0]], np.float32)})


# Number formats

@case("overflow in float16", "attention logits", exact=True)
def build():
    weights = {f"w{n}": (draw(32, 32, scale=0.2, seed=s)).astype(np.float16)
               for s, n in enumerate("qkv")}
    return model(
        [node("MatMul", ["x", "wq"], ["q"]), node("MatMul", ["x", "wk"], ["k"]),
         node("MatMul", ["x", "wv"], ["v"]), node("Mul", ["q", "big"], ["q2"]),
         node("Mul", ["k", "big"], ["k2"]),
         node("Transpose", ["k2"], ["kt"], perm=[0, 2, 1]), node("MatMul", ["q2", "kt"], ["s"]),
         node("Div", ["s", "root"], ["logits"]), node("Softmax", ["logits"], ["p"], axis=-1),
         node("MatMul", ["p", "v"], ["y"])],
        [value("x", H, [2, 8, 32])], [value("y", H, [2, 8, 32])],
        {**weights, "big": np.array(64, np.float16), "root": np.array(30000, np.float16)})


@case("overflow in float16", "mean of squares of RMS norm", exact=True)
def build():
    return model(
        [node("MatMul", ["x", "w"], ["h"]), node("Mul", ["h", "h"], ["sq"]),
         node("ReduceMean", ["sq"], ["m"], axes=[-1], keepdims=1),
         node("Add", ["m", "epsilon"], ["e"]), node("Sqrt", ["e"], ["d"]),
         node("Div", ["h", "d"], ["y"])],
        [value("x", H, [8, 32])], [value("y", H, [8, 32])],
        {"w": (draw(32, 32, scale=80)).astype(np.float16), "epsilon": np.array(1e-5, np.float16)})


@case("overflow in float16", "sum of squares, ReduceL2", exact=True)
def build():
    return model(
        [node("MatMul", ["x", "w"], ["h"]), node("Abs", ["h"], ["a"]),
         node("Add", ["a", "one"], ["b"]),
         node("ReduceL2", ["b"], ["n"], axes=[-1], keepdims=1), node("Div", ["b", "n"], ["y"])],
        [value("x", H, [8, 32])], [value("y", H, [8, 32])],
        {"w": (draw(32, 32, scale=80)).astype(np.float16), "one": np.array(1, np.float16)})


@case("overflow in float16", "hidden layer before a norm")
def build():
    return model(
        [node("MatMul", ["x", "w1"], ["h"]), node("Relu", ["h"], ["r"]),
         node("MatMul", ["r", "w2"], ["z"]),
         node("LayerNormalization", ["z", "scale"], ["y"], axis=-1)],
        [value("x", H, [8, 32])], [value("y", H, [8, 32])],
        {"w1": (draw(32, 64, scale=30)).astype(np.float16),
         "w2": (draw(64, 32, scale=60, seed=1)).astype(np.float16),
         "scale": np.ones(32, np.float16)})


# fp32 models taken to fp16

def wide(size, *, softmax="naive"):
    """A layer, then a softmax of large logits, or a sum of squares that float16 does not hold."""
    weights = {"w": draw(32, 32, scale=0.2), "size": np.array(size, np.float32)}
    nodes = [node("MatMul", ["x", "w"], ["h"]), node("Mul", ["h", "size"], ["z"])]
    if softmax == "naive":
        nodes += [node("Exp", ["z"], ["e"]), node("ReduceSum", ["e", "axes"], ["s"]),
                  node("Div", ["e", "s"], ["y"])]
        weights["axes"] = np.array([-1], np.int64)
    else:
        nodes += [node("Mul", ["z", "z"], ["q"]), node("ReduceMean", ["q"], ["m"], axes=[-1]),
                  node("Add", ["m", "epsilon"], ["e"]), node("Sqrt", ["e"], ["d"]),
                  node("Div", ["z", "d"], ["y"])]
        weights["epsilon"] = np.array(1e-5, np.float32)
    return model(nodes, [value("x", F, [8, 32])], [value("y", F, [8, 32])], weights)


@case("taken to fp16", "nothing fails in it", exact=False, options=["--format", "fp16"])
def build():
    return wide(1.0, softmax=None)


@case("taken to fp16", "naive softmax", exact=False, options=["--format", "fp16"])
def build():
    return wide(8.0)


@case("taken to fp16", "mean of squares", exact=False, options=["--format", "fp16"])
def build():
    return wide(300.0, softmax=None)


for networks, shape in (("relu", (16, 32)), ("conv", (4, 3, 12, 12)), ("transformer", (4, 8, 32)),
                        ("lstm", (4, 12, 8))):
    # The older exporter fails on the transformer's attention in one piece.
    for dynamo in (True, False) if networks != "transformer" else (True,):
        @case("taken to fp16", f"{networks}, {'dynamo' if dynamo else 'torchscript'}", exact=False,
              options=["--format", "fp16", "--training"])
        def build(networks=networks, shape=shape, dynamo=dynamo):
            return export({
                "relu": lambda: mlp(4, 64, torch.nn.ReLU, 1.414),
                "conv": lambda: conv(1.414),
                "transformer": lambda: torch.nn.TransformerEncoderLayer(
                    32, 4, 64, dropout=0.0, batch_first=True),
                "lstm": lambda: Recurrent(torch.nn.LSTM, 0.3)}[networks], shape, False, dynamo, False)


# Networks of PyTorch

def mlp(depth, width, activation, std, inputs=32, outputs=10):
    layers, extent = [], inputs
    for _ in range(depth):
        layers += [torch.nn.Linear(extent, width), activation()]
        extent = width
    layers.append(torch.nn.Linear(extent, outputs))
    network = torch.nn.Sequential(*layers)
    scale(network, std)
    return network


def scale(network, std):
    for module in network.modules():
        if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d, torch.nn.ConvTranspose2d)):
            fan = module.weight[0].numel()
            torch.nn.init.normal_(module.weight, std=std / fan ** 0.5)
            if module.bias is not None:
                torch.nn.init.normal_(module.bias, std=0.1 * std)


class Block(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = torch.nn.Sequential(
            torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, width))

    def forward(self, x):
        return x + self.body(x)


class Recurrent(torch.nn.Module):
    def __init__(self, kind, std):
        super().__init__()
        self.cells = kind(8, 16, num_layers=2, batch_first=True)
        self.head = torch.nn.Linear(16, 4)
        for parameter in self.parameters():
            torch.nn.init.normal_(parameter, std=std)

    def forward(self, x):
        return self.head(self.cells(x)[0])


class Loss(torch.nn.Module):
    def __init__(self, body, head):
        super().__init__()
        self.body, self.head = body, head

    def forward(self, x):
        return self.head(self.body(x))


class Lambda(torch.nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def conv(std, norm=False):
    layers, channels = [], 3
    for _ in range(8):
        layers.append(torch.nn.Conv2d(channels, 16, 3, padding=1))
        if norm:
            layers.append(torch.nn.GroupNorm(4, 16, eps=0.0))
        layers.append(torch.nn.ReLU())
        channels = 16
    network = torch.nn.Sequential(
        *layers, torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(16, 10))
    scale(network, std)
    return network


def transformer(std, layers=6):
    network = torch.nn.Sequential(
        *[torch.nn.TransformerEncoderLayer(
            32, 4, 64, dropout=0.0, batch_first=True, norm_first=True) for _ in range(layers)])
    for parameter in network.parameters():
        if parameter.dim() > 1:
            torch.nn.init.normal_(parameter, std=std)
    return network


NETWORKS = [
    ("start of weights", "relu, too small", lambda: mlp(12, 64, torch.nn.ReLU, 0.3), (16, 32), False),
    ("start of weights", "relu, too large", lambda: mlp(12, 64, torch.nn.ReLU, 4.0), (16, 32), False),
    ("start of weights", "tanh, too small", lambda: mlp(12, 64, torch.nn.Tanh, 0.3), (16, 32), False),
    ("start of weights", "tanh, too large", lambda: mlp(30, 64, torch.nn.Tanh, 5.0), (16, 32), False),
    ("start of weights", "leaky relu, huge",
     lambda: mlp(12, 64, lambda: torch.nn.LeakyReLU(0.2), 1e3), (16, 32), False),
    ("start of weights", "gelu, too small", lambda: mlp(10, 64, torch.nn.GELU, 0.3), (16, 32), False),
    ("start of weights", "silu, too large", lambda: mlp(10, 64, torch.nn.SiLU, 5.0), (16, 32), False),
    ("start of weights", "40 layers of sigmoid",
     lambda: mlp(40, 64, torch.nn.Sigmoid, 1.0), (16, 32), False),
    ("start of weights", "convolutions, too small", lambda: conv(0.3), (4, 3, 12, 12), False),
    ("start of weights", "convolutions, too large", lambda: conv(5.0), (4, 3, 12, 12), False),
    ("start of weights", "residual blocks, exploding", lambda: torch.nn.Sequential(
        torch.nn.Linear(32, 64), *[Block(64) for _ in range(16)], torch.nn.Linear(64, 10)),
     (16, 32), "blocks"),
    ("start of weights", "LSTM, huge", lambda: Recurrent(torch.nn.LSTM, 20.0), (4, 12, 8), False),
    ("start of weights", "transformer, huge", lambda: transformer(40.0), (4, 8, 32), False),
    ("loss written out", "log of softmax", lambda: Loss(
        mlp(2, 32, torch.nn.ReLU, 1.4), Lambda(lambda x: torch.log(torch.softmax(x, -1)))),
     (16, 32), True),
    ("loss written out", "log of sigmoid", lambda: Loss(
        mlp(2, 32, torch.nn.ReLU, 1.4), Lambda(lambda x: torch.log(torch.sigmoid(x)))),
     (16, 32), True),
    ("loss written out", "log of summed exponentials", lambda: Loss(
        mlp(2, 32, torch.nn.ReLU, 1.4), Lambda(lambda x: torch.log(torch.exp(12 * x).sum(-1)))),
     (16, 32), True),
    ("loss written out", "softplus", lambda: Loss(
        mlp(2, 32, torch.nn.ReLU, 1.4), Lambda(lambda x: torch.log(1 + torch.exp(30 * x)))),
     (16, 32), True),
    ("loss written out", "x / sqrt(var)", lambda: Loss(
        mlp(2, 32, torch.nn.ReLU, 1.4),
        Lambda(lambda x: x / torch.sqrt(x.var(-1, keepdim=True, unbiased=False)))), (16, 32), False),
]


def export(build, shape, exact, dynamo, external):
    torch.manual_seed(0)
    network = build()
    if exact == "blocks":
        scale(network, 1.8)
    network.train()
    x = torch.randn(*shape)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        if dynamo:
            torch.onnx.export(
                network, (x,), path, dynamo=True, external_data=external, optimize=False,
                verbose=False)
        else:
            torch.onnx.export(
                network, (x,), path, dynamo=False, do_constant_folding=False,
                training=torch.onnx.TrainingMode.TRAINING, opset_version=17)
        return onnx.load(path)


for kind, name, build, shape, exact in NETWORKS:
    for dynamo in (True, False):
        case(kind, f"{name}, {'dynamo' if dynamo else 'torchscript'}", exact=exact is True,
             options=["--training"])(
            lambda build=build, shape=shape, exact=exact, dynamo=dynamo:
            export(build, shape, exact, dynamo, False))

case("external data", "relu, too small", options=["--training"], exact=False, external=True)(
    lambda: export(lambda: mlp(12, 64, torch.nn.ReLU, 0.3), (16, 32), False, True, False))


@case("external data", "log of softmax", exact=True, external=True)
def build():
    return model(
        [node("MatMul", ["x", "w"], ["logits"]), node("Softmax", ["logits"], ["p"], axis=-1),
         node("Log", ["p"], ["y"])],
        [value("x", F, [8, 64])], [value("y", F, [8, 64])], {"w": draw(64, 64, scale=0.125)})


# Nothing to do, warnings that stay, or nothing that helps

@case("warnings that stay", "naive softmax of units that are dead", exact=True)
def build():
    # Units without weights are dead whatever is drawn: nothing multiplies their input.
    total, weights = with_axes("ReduceSum", "e", [-1], "s", 17, keepdims=1)
    return model(
        [node("Sub", ["x", "low"], ["h"]), node("Relu", ["h"], ["r"]),
         node("Add", ["r", "x"], ["z"]), node("Mul", ["z", "size"], ["logits"]),
         node("Exp", ["logits"], ["e"]), total, node("Div", ["e", "s"], ["y"])],
        [value("x", F, [8, 16])], [value("y", F, [8, 16])],
        {"low": np.array([9.0] * 16, np.float32), "size": np.array(60, np.float32), **weights})


@case("nothing wrong", "relu with He's variance", outcome="healthy", options=["--training"])
def build():
    return export(lambda: mlp(6, 64, torch.nn.ReLU, 1.414), (16, 32), False, True, False)


@case("no repair", "weights that are constants of nodes", outcome="unrepaired")
def build():
    weights = [numpy_helper.from_array(draw(32, 32, scale=9, seed=s)) for s in range(4)]
    nodes, x = [], "x"
    for number, weight in enumerate(weights):
        nodes += [node("Constant", [], [f"w{number}"], value=weight),
                  node("MatMul", [x, f"w{number}"], [f"h{number}"])]
        x = f"h{number}"
    return model(nodes, [value("x", F, [8, 32])], [value(x, F, [8, 32])])


# Holding to account

def inputs(session_or_model, seed):
    generator = np.random.default_rng(seed)
    kinds = {F: np.float32, H: np.float16, D: np.float64}
    initial = {tensor.name for tensor in session_or_model.graph.initializer}
    found = {}
    for info in session_or_model.graph.input:
        if info.name in initial:
            continue
        shape = [d.dim_value or 4 for d in info.type.tensor_type.shape.dim]
        found[info.name] = generator.standard_normal(shape).astype(kinds[info.type.tensor_type.elem_type])
    return found


def run(path, feed):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, feed)))


def kept(before, after, types=True):
    """What a repair must not touch; a list of what it did."""
    wrong = []
    for field in ("ir_version", "producer_name", "producer_version", "domain", "model_version"):
        if getattr(before, field) != getattr(after, field):
            wrong.append(field)
    for field in ("metadata_props", "opset_import"):
        if list(getattr(before, field)) != list(getattr(after, field)):
            wrong.append(field)
    for field in ("input", "output"):
        if list(getattr(before.graph, field)) != list(getattr(after.graph, field)):
            wrong.append("graph." + field)
    if before.graph.name != after.graph.name:
        wrong.append("graph.name")
    old = {tensor.name: tensor for tensor in before.graph.initializer}
    for tensor in after.graph.initializer:
        if tensor.name not in old or types and tensor.data_type != old[tensor.name].data_type \
                or list(tensor.dims) != list(old[tensor.name].dims):
            wrong.append("initializer " + tensor.name)
    return wrong


def differences(before, after):
    """The greatest relative difference where the first is finite."""
    worst = 0.0
    for name, old in before.items():
        old, new = np.asarray(old, np.float64), np.asarray(after[name], np.float64)
        finite = np.isfinite(old)
        if not finite.any():
            continue
        size = max(float(np.abs(old[finite]).max()), 1e-30)
        worst = max(worst, float(np.abs(old[finite] - new[finite]).max()) / size)
    return worst


def evenkeel(command, *arguments):
    return subprocess.run([command, *arguments], capture_output=True, text=True, timeout=600)


def hold(command, folder, entry):
    """Repairs one model; gives what is wrong with what came of it, and the report."""
    path, fixed = os.path.join(folder, "model.onnx"), os.path.join(folder, "fixed.onnx")
    before = entry["build"]()
    if entry["external"]:
        onnx.save(before, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
        before = onnx.load(path)
    else:
        onnx.save(before, path)
    onnx.checker.check_model(path)
    outcome = evenkeel(
        command, "repair", path, "-o", fixed, "--json", "--budget", "90s", *entry["options"])
    if outcome.returncode not in (0, 1):
        return [f"status {outcome.returncode}: {outcome.stderr.strip()}"], None
    report = json.loads(outcome.stdout)
    if report["outcome"] != entry["outcome"]:
        return [f"is {report['outcome']}: {[(t['remedies'], t['rules']) for t in report['tried']][:8]}"], report
    if entry["outcome"] != "repaired":
        return (["a file was written"] if os.path.exists(fixed) else []), report
    wrong = []
    try:
        onnx.checker.check_model(fixed, full_check=True)
    except Exception as error:
        wrong.append(f"checker: {str(error)[:200]}")
    after = onnx.load(fixed)
    converted = "--format" in entry["options"]
    wrong += [f"changed {what}" for what in kept(before, after, types=not converted)]
    if converted and not any(tensor.data_type == H for tensor in after.graph.initializer):
        wrong.append("nothing is in float16")
    again = evenkeel(
        command, "check", fixed, *[option for option in entry["options"] if option == "--training"])
    # What fp32 does as well is no fault of the format.
    before_too = converted and "WARNING" in evenkeel(command, "check", path).stdout.split("\n")[0]
    if again.returncode != 0 or "WARNING" in again.stdout.split("\n")[0] \
            and not report["remaining"] and not before_too:
        wrong.append(f"check: {again.stdout[:200]} {again.stderr[:200]}")
    if entry["external"]:
        data = os.path.join(folder, "fixed.onnx.data")
        names = {e.value for t in onnx.load(fixed, load_external_data=False).graph.initializer
                 for e in t.external_data if e.key == "location"}
        if not os.path.exists(data) or names != {"fixed.onnx.data"}:
            wrong.append(f"external data: {names}")
    if entry["exact"] is not None and report["outputs"]["exact"] != entry["exact"]:
        wrong.append(f"exact is {report['outputs']['exact']}: {report['changes']}")
    if entry["runtime"]:
        for seed in range(3):
            feed = inputs(before, seed)
            try:
                found = run(fixed, feed)
            except Exception as error:
                wrong.append(f"runtime: {str(error)[:200]}")
                break
            bad = [n for n, v in found.items() if not np.isfinite(np.asarray(v, np.float64)).all()]
            if bad:
                wrong.append(f"outputs that are not finite: {bad}")
            if converted:
                error = differences(run(path, feed), found)
                if error > 0.02:
                    wrong.append(f"outputs in float16 differ by {error:.2g}")
            if report["outputs"]["exact"]:
                half = any(i.type.tensor_type.elem_type == H for i in before.graph.input)
                # Where the broken model overflows within, what it gives can be finite and wrong.
                small = {name: array / np.array(64, array.dtype) for name, array in feed.items()}
                error = differences(run(path, small), run(fixed, small))
                if error > (2e-2 if half else 1e-4):
                    wrong.append(f"outputs differ by {error:.2g}")
    return wrong, report


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--markdown")
    parser.add_argument("--only", help="cases whose kind or name contains this")
    arguments = parser.parse_args()
    command = os.path.abspath(arguments.command)
    counts, remedies, failures = {}, {}, []
    for entry in CASES:
        title = f"{entry['kind']}: {entry['name']}"
        if arguments.only and arguments.only not in title:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                wrong, report = hold(command, folder, entry)
            except Exception as error:
                wrong, report = [f"{type(error).__name__}: {str(error)[:300]}"], None
        row = counts.setdefault(entry["kind"], [0, 0])
        row[0] += 1
        row[1] += not wrong
        if report and report["outcome"] == "repaired" and not wrong:
            made = report["tried"][-1]["remedies"] if report["tried"] else []
            for name in made + ["--format"] * ("--format" in entry["options"]):
                remedies[name] = remedies.get(name, 0) + 1
        if wrong:
            failures.append(title)
        what = "; ".join(wrong) or (", ".join(report["changes"]) or report["outcome"])
        print(f"{'WRONG' if wrong else 'right'}  {title}: {what[:300]}", flush=True)
    lines = ["| models | repaired as they should be |", "| --- | --- |"]
    lines += [f"| {kind} | {right} of {count} |" for kind, (count, right) in counts.items()]
    total, right = sum(c for c, _ in counts.values()), sum(r for _, r in counts.values())
    lines += [f"| all | {right} of {total} |", "", "| remedy | models |", "| --- | --- |"]
    lines += [f"| `{name}` | {count} |" for name, count in sorted(remedies.items(), key=lambda x: -x[1])]
    text = "\n".join(lines) + "\n"
    print(text)
    if arguments.markdown:
        with open(arguments.markdown, "w") as file:
            file.write(text)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
