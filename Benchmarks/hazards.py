"""Counts which static defects the scan of hazards finds, and which healthy twins it leaves alone.

usage: hazards.py EVENKEEL [--repair] [NAME...]

Every case is a small ONNX model with a defect and a twin in its stable form. A defect counts as found where
`check` tells a domain, overflow or non-finite finding; a twin as left alone where it tells none. What the
defect does is not taken on trust: where an input is given, ONNX Runtime, which computes in fp32, must give
something that is not finite for it in the defect, and finite numbers in the twin. With --repair each defect
is repaired, and the repaired model must have no finding and be finite on that input.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


class Net:
    """A model written operator by operator."""

    def __init__(self, opset=18):
        self.nodes, self.constants, self.inputs, self.count, self.opset = [], [], [], 0, opset
        self.random = np.random.default_rng(7)

    def input(self, name, *shape, kind=TensorProto.FLOAT):
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def const(self, value, kind=np.float32):
        self.count += 1
        name = f"c{self.count}"
        self.constants.append(numpy_helper.from_array(np.array(value, dtype=kind), name))
        return name

    def axes(self, *axes):
        return self.const(axes, np.int64)

    def __getattr__(self, operator):
        def add(*operands, **attributes):
            self.count += 1
            output = f"{operator.lower()}_{self.count}"
            names = [o if isinstance(o, str) else self.const(o) for o in operands]
            self.nodes.append(helper.make_node(operator, names, [output], name=output, **attributes))
            return output

        return add

    def dense(self, x, rows, columns):
        w = self.const(self.random.normal(0, rows**-0.5, (rows, columns)))
        return self.Add(self.MatMul(x, w), self.const(self.random.normal(0, 0.1, columns)))

    def model(self, output, kind=TensorProto.FLOAT):
        graph = helper.make_graph(
            self.nodes, "case", self.inputs, [helper.make_tensor_value_info(output, kind, None)],
            self.constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=9)
        return onnx.shape_inference.infer_shapes(model)


CASES = {}


def case(name, bad=None):
    """Registers a function of (net, x, isFixed) that gives the output; `bad` fills x with a number."""

    def register(build):
        CASES[name] = (build, bad)
        return build

    return register


# Logarithms.
@case("log of a softmax, along axis 1 of an image", 500)
def _(n, x, fixed):
    z = n.Mul(n.Reshape(x, n.axes(4, 4, 2, 2)), n.const([[[[1]], [[-1]], [[0.5]], [[0]]]]))
    return n.LogSoftmax(z, axis=1) if fixed else n.Log(n.Softmax(z, axis=1))


@case("log of a softmax, a cast between", 500)
def _(n, x, fixed):
    z = n.Mul(x, n.const(np.linspace(-1, 1, 16)))
    if fixed:
        return n.LogSoftmax(n.Cast(z, to=1), axis=-1)
    return n.Log(n.Cast(n.Softmax(z, axis=-1), to=1))


@case("log of a chosen element of a softmax", 500)
def _(n, x, fixed):
    z = n.Mul(x, n.const(np.linspace(-1, 1, 16)))
    at = n.const([[0], [3], [15], [2]], np.int64)
    if fixed:
        return n.GatherElements(n.LogSoftmax(z, axis=-1), at, axis=1)
    return n.Log(n.GatherElements(n.Softmax(z, axis=-1), at, axis=1))


@case("log of a slice of a softmax", 500)
def _(n, x, fixed):
    z = n.Mul(x, n.const(np.linspace(-1, 1, 16)))
    cut = [n.axes(0), n.axes(3), n.axes(1)]
    if fixed:
        return n.Slice(n.LogSoftmax(z, axis=-1), *cut)
    return n.Log(n.Slice(n.Softmax(z, axis=-1), *cut))


@case("log of a reshaped softmax", 500)
def _(n, x, fixed):
    z = n.Mul(x, n.const(np.linspace(-1, 1, 16)))
    if fixed:
        return n.Reshape(n.LogSoftmax(z, axis=-1), n.axes(-1))
    return n.Log(n.Reshape(n.Softmax(z, axis=-1), n.axes(-1)))


@case("log of a one-hot product with a softmax", 500)
def _(n, x, fixed):
    z = n.Mul(x, n.const(np.linspace(-1, 1, 16)))
    marks = n.OneHot(n.const([0, 3, 15, 2], np.int64), n.const(16, np.int64), n.const([0.0, 1.0]))
    if fixed:
        return n.ReduceSum(n.Mul(n.LogSoftmax(z, axis=-1), marks), n.axes(1), keepdims=0)
    return n.Log(n.ReduceSum(n.Mul(n.Softmax(z, axis=-1), marks), n.axes(1), keepdims=0))


@case("log of a sigmoid", -200)
def _(n, x, fixed):
    return n.Neg(n.Softplus(n.Neg(x))) if fixed else n.Log(n.Sigmoid(x))


@case("log of one minus a sigmoid, written as a sum", 30)
def _(n, x, fixed):
    if fixed:
        return n.Neg(n.Softplus(x))
    return n.Log(n.Add(n.Neg(n.Sigmoid(x)), 1.0))


@case("log of one minus a sigmoid, epsilon of 1e-9 absorbed", 30)
def _(n, x, fixed):
    if fixed:
        return n.Log(n.Add(n.Sub(1.0, n.Sigmoid(x)), 1e-9))
    return n.Log(n.Sub(n.Add(n.const(1.0), 1e-9), n.Sigmoid(x)))


@case("log of one minus tanh squared", 20)
def _(n, x, fixed):
    t = n.Tanh(x)
    rest = n.Sub(1.0, n.Mul(t, t))
    return n.Log(n.Add(rest, 1e-6)) if fixed else n.Log(rest)


@case("log of a relu", -1)
def _(n, x, fixed):
    r = n.Relu(x)
    return n.Log(n.Add(r, 1e-7)) if fixed else n.Log(r)


@case("log of a mean square", 0)
def _(n, x, fixed):
    m = n.ReduceMean(n.Mul(x, x), n.axes(-1))
    return n.Log(n.Add(m, 1e-12)) if fixed else n.Log(m)


@case("log of a square of what is kept from 0 by 1e-24", 0)
def _(n, x, fixed):
    a = n.Add(n.Abs(x), 1e-24)
    return n.Mul(2.0, n.Log(a)) if fixed else n.Log(n.Mul(a, a))


@case("log of an exponential", -150)
def _(n, x, fixed):
    return n.Identity(x) if fixed else n.Log(n.Exp(x))


@case("log of a product of a softmax and an exponential", -150)
def _(n, x, fixed):
    z = n.dense(x, 16, 8)
    y = n.dense(x, 16, 8)
    if fixed:
        return n.ReduceLogSumExp(n.Add(n.LogSoftmax(z, axis=-1), y), n.axes(-1))
    return n.Log(n.ReduceSum(n.Mul(n.Softmax(z, axis=-1), n.Exp(y)), n.axes(-1)))


@case("log of a sum of exponentials along axis 0", 100)
def _(n, x, fixed):
    if fixed:
        return n.ReduceLogSumExp(x, n.axes(0))
    return n.Log(n.ReduceSum(n.Exp(x), n.axes(0)))


@case("log of one plus an exponential of the negative", -100)
def _(n, x, fixed):
    return n.Softplus(n.Neg(x)) if fixed else n.Log(n.Add(n.Exp(n.Neg(x)), 1.0))


@case("entropy x log x of a softmax", 500)
def _(n, x, fixed):
    z = n.Mul(x, n.const(np.linspace(-1, 1, 16)))
    p = n.Softmax(z, axis=-1)
    logarithm = n.LogSoftmax(z, axis=-1) if fixed else n.Log(p)
    return n.Neg(n.ReduceSum(n.Mul(p, logarithm), n.axes(-1)))


# Exponentials.
@case("softmax by hand", 100)
def _(n, x, fixed):
    if fixed:
        x = n.Sub(x, n.ReduceMax(x, n.axes(-1)))
    e = n.Exp(x)
    return n.Div(e, n.ReduceSum(e, n.axes(-1)))


@case("softmax by hand, times a reciprocal", 100)
def _(n, x, fixed):
    if fixed:
        x = n.Sub(x, n.ReduceMax(x, n.axes(-1)))
    e = n.Exp(x)
    return n.Mul(e, n.Reciprocal(n.ReduceSum(e, n.axes(-1))))


@case("sigmoid as a quotient of exponentials", 100)
def _(n, x, fixed):
    if fixed:
        return n.Sigmoid(x)
    e = n.Exp(x)
    return n.Div(e, n.Add(1.0, e))


@case("tanh as a quotient of exponentials", 100)
def _(n, x, fixed):
    if fixed:
        return n.Tanh(x)
    a, b = n.Exp(x), n.Exp(n.Neg(x))
    return n.Div(n.Sub(a, b), n.Add(a, b))


@case("difference of exponentials", 100)
def _(n, x, fixed):
    if fixed:
        x = n.Min(x, 30.0)
    return n.Sub(n.Exp(x), n.Exp(n.Mul(x, 1.5)))


# Quotients and roots.
@case("normalised by ReduceL2", 0)
def _(n, x, fixed):
    norm = n.ReduceL2(x, n.axes(-1))
    return n.Div(x, n.Max(norm, 1e-12) if fixed else norm)


@case("normalised by the root of a sum of squares", 0)
def _(n, x, fixed):
    s = n.ReduceSum(n.Mul(x, x), n.axes(-1))
    return n.Div(x, n.Sqrt(n.Add(s, 1e-7) if fixed else s))


@case("normalised by a power of a half", 0)
def _(n, x, fixed):
    s = n.ReduceSumSquare(x, n.axes(-1))
    return n.Div(x, n.Pow(n.Add(s, 1e-7) if fixed else s, 0.5))


@case("normalised by a power of minus a half", 0)
def _(n, x, fixed):
    s = n.ReduceMean(n.Pow(x, 2.0), n.axes(-1))
    return n.Mul(x, n.Pow(n.Add(s, 1e-6) if fixed else s, -0.5))


@case("normalised by L1", 0)
def _(n, x, fixed):
    s = n.ReduceL1(x, n.axes(-1))
    return n.Div(x, n.Add(s, 1e-8) if fixed else s)


@case("layer norm by hand", 1)
def _(n, x, fixed):
    d = n.Sub(x, n.ReduceMean(x, n.axes(-1)))
    v = n.ReduceMean(n.Mul(d, d), n.axes(-1))
    return n.Div(d, n.Sqrt(n.Add(v, 1e-5) if fixed else v))


@case("layer norm by hand with an epsilon of 1e-50, which is 0", 1)
def _(n, x, fixed):
    d = n.Sub(x, n.ReduceMean(x, n.axes(-1)))
    v = n.ReduceMean(n.Mul(d, d), n.axes(-1))
    return n.Div(d, n.Sqrt(n.Add(v, 1e-12 if fixed else 1e-50)))


@case("scaled to between 0 and 1 by least and greatest", 1)
def _(n, x, fixed):
    low, high = n.ReduceMin(x, n.axes(-1)), n.ReduceMax(x, n.axes(-1))
    span = n.Sub(high, low)
    return n.Div(n.Sub(x, low), n.Add(span, 1e-6) if fixed else span)


@case("mean over what a mask leaves", None)
def _(n, x, fixed):
    keep = n.Relu(x)
    total = n.ReduceSum(keep, n.axes(-1))
    return n.Div(n.ReduceSum(n.Mul(x, keep), n.axes(-1)), n.Max(total, 1e-9) if fixed else total)


@case("variance as E[x²] − E[x]²", None)
def _(n, x, fixed):
    m = n.ReduceMean(x, n.axes(-1))
    if fixed:
        d = n.Sub(x, m)
        v = n.ReduceMean(n.Mul(d, d), n.axes(-1))
    else:
        v = n.Sub(n.ReduceMean(n.Pow(x, 2.0), n.axes(-1)), n.Pow(m, 2.0))
    return n.Sqrt(n.Add(v, 1e-6))


@case("a constant over what passes 0", 0)
def _(n, x, fixed):
    return n.Div(1.0, n.Add(n.Abs(x), 1e-3) if fixed else x)


@case("over what passes 0 at a constant", 0.75)
def _(n, x, fixed):
    d = n.Sub(x, 0.75)
    return n.Reciprocal(n.Add(n.Mul(d, d), 1e-3) if fixed else d)


# Gradients.
@case("root of a softmax", None)
def _(n, x, fixed):
    z = n.Mul(x, n.const(np.linspace(-1, 1, 16)))
    if fixed:
        return n.Exp(n.Mul(0.5, n.LogSoftmax(z, axis=-1)))
    return n.Sqrt(n.Softmax(z, axis=-1))


@case("distance by ReduceSum and Sqrt", None)
def _(n, x, fixed):
    d = n.Sub(x, n.input("y", 4, 16))
    s = n.ReduceSum(n.Mul(d, d), n.axes(-1))
    return n.Sqrt(n.Add(s, 1e-10) if fixed else s)


@case("magnitude of a complex number", None)
def _(n, x, fixed):
    y = n.input("y", 4, 16)
    s = n.Add(n.Mul(x, x), n.Mul(y, y))
    return n.Sqrt(n.Add(s, 1e-9) if fixed else s)


@case("power of 0.3 of what can be 0", None)
def _(n, x, fixed):
    a = n.Abs(x)
    return n.Pow(n.Add(a, 1e-6) if fixed else a, 0.3)


@case("acos of a clipped cosine", None)
def _(n, x, fixed):
    limit = 1 - 1e-5 if fixed else 1.0
    return n.Acos(n.Clip(x, -limit, limit))


@case("atanh of tanh", 20)
def _(n, x, fixed):
    t = n.Tanh(x)
    return n.Atanh(n.Mul(t, 0.999) if fixed else t)


@case("atanh of x over 1 + |x|", 1e9)
def _(n, x, fixed):
    t = n.Div(x, n.Add(n.Abs(x), 1.0))
    return n.Atanh(n.Clip(t, -0.9999, 0.9999) if fixed else t)


@case("exponential in a branch that is not taken", None)
def _(n, x, fixed):
    z = n.dense(x, 16, 8)
    below = n.LessOrEqual(z, 0.0)
    power = n.Where(below, z, 0.0) if fixed else z
    return n.Where(below, n.Exp(power), n.Add(z, 1.0))


@case("log in a branch that is not taken", None)
def _(n, x, fixed):
    above = n.Greater(x, 0.0)
    operand = n.Where(above, x, 1.0) if fixed else x
    return n.Where(above, n.Log(operand), 0.0)


@case("root in a branch that is not taken", None)
def _(n, x, fixed):
    above = n.Greater(x, 0.5)
    operand = n.Where(above, x, 1.0) if fixed else x
    return n.Where(above, n.Sqrt(operand), n.Mul(x, 2.0))


# Powers and products.
@case("cube root of a mean of cubes", -1)
def _(n, x, fixed):
    base = n.Clip(x, 1e-5) if fixed else x
    return n.Pow(n.ReduceMean(n.Pow(base, 3.0), n.axes(-1)), 1 / 3)


@case("fourth power minus a square", 1e20)
def _(n, x, fixed):
    x = n.Clip(x, -1e4, 1e4) if fixed else x
    q = n.Mul(x, x)
    return n.Sub(n.Mul(q, q), q)


@case("a rate from weights, and its log", None)
def _(n, x, fixed):
    rate = n.dense(x, 16, 1)
    rate = n.Softplus(rate) if fixed else rate
    return n.Sub(rate, n.Mul(n.input("y", 4, 1), n.Log(n.Add(rate, 1e-8))))


@case("a mask times minus infinity", 1)
def _(n, x, fixed):
    z = n.dense(n.input("z", 4, 16), 16, 16)
    return n.Softmax(n.Add(z, n.Mul(n.Sub(1.0, x), -1e9 if fixed else -np.inf)), axis=-1)


def silent():
    """Healthy models that are easily taken for defects."""
    models = {}

    def add(name):
        def register(build):
            net = Net()
            models[name] = net.model(build(net, net.input("x", 4, 16)))
            return build

        return register

    @add("log-sum-exp by hand")
    def _(n, x):
        m = n.ReduceMax(x, n.axes(-1))
        return n.Add(m, n.Log(n.ReduceSum(n.Exp(n.Sub(x, m)), n.axes(-1))))

    @add("gelu by hand, with tanh")
    def _(n, x):
        inner = n.Mul(0.79788456, n.Add(x, n.Mul(0.044715, n.Mul(x, n.Mul(x, x)))))
        return n.Mul(n.Mul(0.5, x), n.Add(1.0, n.Tanh(inner)))

    @add("gelu by hand, with Erf")
    def _(n, x):
        return n.Mul(n.Mul(0.5, x), n.Add(1.0, n.Erf(n.Div(x, 1.41421356))))

    @add("RMS norm by hand between products")
    def _(n, x):
        h = n.dense(x, 16, 16)
        s = n.Reciprocal(n.Sqrt(n.Add(n.ReduceMean(n.Mul(h, h), n.axes(-1)), 1e-6)))
        return n.dense(n.Mul(h, s), 16, 8)

    @add("attention by hand")
    def _(n, x):
        q, k, v = n.dense(x, 16, 8), n.dense(x, 16, 8), n.dense(x, 16, 8)
        scores = n.Div(n.MatMul(q, n.Transpose(k, perm=[1, 0])), 2.828)
        causal = n.const(np.triu(np.full((4, 4), -np.inf), 1))
        return n.MatMul(n.Softmax(n.Add(scores, causal), axis=-1), v)

    @add("a temperature")
    def _(n, x):
        return n.Softmax(n.Div(x, n.input("temperature")), axis=-1)

    @add("log of a sum that an epsilon keeps from 0")
    def _(n, x):
        return n.Log(n.Add(n.Softmax(x, axis=-1), 1e-12))

    @add("swish by hand")
    def _(n, x):
        return n.Mul(x, n.Sigmoid(x))

    @add("mish by hand, with Softplus")
    def _(n, x):
        return n.Mul(x, n.Tanh(n.Softplus(x)))

    @add("hard swish by hand")
    def _(n, x):
        return n.Div(n.Mul(x, n.Clip(n.Add(x, 3.0), 0.0, 6.0)), 6.0)

    @add("batch statistics")
    def _(n, x):
        m = n.ReduceMean(x, n.axes(0))
        d = n.Sub(x, m)
        return n.Div(d, n.Sqrt(n.Add(n.ReduceMean(n.Mul(d, d), n.axes(0)), 1e-5)))

    @add("what cancels exactly")
    def _(n, x):
        r = n.Relu(x)
        return n.Log(n.Exp(n.Sub(r, r)))

    @add("residuals and a product of three")
    def _(n, x):
        h = n.Add(x, n.dense(n.Tanh(x), 16, 16))
        return n.Mul(n.Mul(h, n.Sigmoid(h)), n.dense(h, 16, 16))

    @add("KL divergence of a normal law with clipped log-variance")
    def _(n, x):
        m, v = n.dense(x, 16, 4), n.Clip(n.dense(x, 16, 4), -10.0, 10.0)
        return n.ReduceSum(n.Sub(n.Sub(n.Add(1.0, v), n.Mul(m, m)), n.Exp(v)), n.axes(-1))

    return models


KINDS = {"domain", "overflow", "non_finite"}


def call(command, *arguments):
    run = subprocess.run([command, *arguments], capture_output=True, text=True)
    try:
        return json.loads(run.stdout)
    except json.JSONDecodeError:
        return {"findings": [{"rule": f"no answer: {run.stderr.strip()[:200]}"}]}


def findings(command, path):
    return [f for f in call(command, "check", str(path), "--json")["findings"]]


def computed(model, number):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    inputs = {
        i.name: np.full([d if isinstance(d, int) else 4 for d in i.shape], number if i.name == "x" else 1,
                        np.float32)
        for i in session.get_inputs()
    }
    with np.errstate(all="ignore"):
        return session.run(None, inputs)


def finite(outputs):
    return all(np.isfinite(o).all() for o in outputs)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("evenkeel")
    parser.add_argument("--repair", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    onnxruntime.set_default_logger_severity(4)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hazards-"))
    found = left = repaired = count = 0
    for name, (build, bad) in CASES.items():
        if options.names and not any(n in name for n in options.names):
            continue
        count += 1
        models = []
        for fixed in [False, True]:
            net = Net()
            model = net.model(build(net, net.input("x", 4, 16), fixed))
            path = folder / f"{count:02}{'.fix' if fixed else ''}.onnx"
            onnx.save(model, path)
            models.append((model, path))
        if bad is not None:
            if finite(computed(models[0][0], bad)):
                print(f"  {name}: the defect is finite at {bad}")
            if not finite(computed(models[1][0], bad)):
                print(f"  {name}: the twin is not finite at {bad}")
        told = findings(options.evenkeel, models[0][1])
        if any(f["rule"] in KINDS for f in told):
            found += 1
        else:
            print(f"  not found: {name}: {[f['rule'] for f in told]}")
        told = findings(options.evenkeel, models[1][1])
        if not any(f["rule"] in KINDS for f in told):
            left += 1
        else:
            print(f"  twin flagged: {name}: {[(f['message'], f['because']) for f in told if f['rule'] in KINDS]}")
        if options.repair:
            out = folder / f"{count:02}.repaired.onnx"
            report = call(
                options.evenkeel, "repair", str(models[0][1]), "--output", str(out), "--json")
            problem = None
            if not out.exists():
                problem = f"{report.get('outcome')}"
            elif any(f["rule"] in KINDS for f in findings(options.evenkeel, out)):
                problem = "a finding is left"
            elif bad is not None and not finite(computed(onnx.load(out), bad)):
                problem = f"not finite at {bad}"
            if problem:
                print(f"  not repaired: {name}: {problem}")
            else:
                repaired += 1
                if options.names:
                    print(f"  {name}: {report.get('changes')}")
    alone = silence = 0
    for number, (name, model) in enumerate(silent().items()):
        if options.names and not any(n in name for n in options.names):
            continue
        alone += 1
        path = folder / f"silent-{number:02}.onnx"
        onnx.save(model, path)
        told = [f for f in findings(options.evenkeel, path) if f["rule"] in KINDS]
        if told:
            print(f"  flagged: {name}: {[(f['message'], f['because']) for f in told]}")
        else:
            silence += 1
    print(f"defects found: {found} of {count}")
    print(f"twins left alone: {left} of {count}")
    print(f"other healthy models left alone: {silence} of {alone}")
    if options.repair:
        print(f"repaired: {repaired} of {count}")
    sys.exit(0 if found == left == count and silence == alone else 1)


if __name__ == "__main__":
    main()
