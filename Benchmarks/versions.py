"""Runs every operator at every version of its definition through `evenkeel run`, and counts.

The inputs are those of the node cases that come with the package onnx. For every other version of a
case's operator the node is written as that version has it: what became an input is an attribute before,
and what the version does not know is left out where it had its default. A model that the package's checker
refuses is no case. Results are compared with the package's own evaluator and with ONNX Runtime, as far as
these compute the version: a case passes when it agrees with both, is split when these two differ and it
agrees with one, nearer as in conformance.py, and is wrong otherwise. Cases without any reference, and those
whose outputs are not all tensors, are left out. Versions that neither computes are compared with their
definition, written out below in NumPy.

    python3 Benchmarks/versions.py .build/release/evenkeel --markdown versions.md
"""
import collections
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import onnx
import onnx.defs
import onnxruntime
from onnx import helper, numpy_helper
from onnx.backend.test.loader import load_model_tests
from onnx.reference import ReferenceEvaluator

import conformance

CLASSES = ["passed", "nearer", "split", "wrong", "refused", "crashed"]
NEWEST = onnx.defs.onnx_opset_version()
# Inputs that were attributes before, where the names differ by more than their case.
RENAMED = {("Pad", "constant_value"): "value"}
# Random by definition.
RANDOM = conformance.RANDOM_OPERATORS | {"Dropout"}
# Where the evaluator departs from the definition: what, and until which version.
MISTAKEN = {
    "AveragePool": 6,  # It counts padding, which the first definition excludes.
    "PRelu": 6,  # It broadcasts as NumPy does, where there was one slope for all or for each channel.
}
BYTES = range(onnx.TensorProto.FLOAT8E4M3FN, onnx.TensorProto.FLOAT8E5M2FNUZ + 1)
SCALARS = {"k", "value", "min", "max", "ratio", "axis"}


def histories():
    """For every standard operator its definitions by their first version."""
    found = collections.defaultdict(dict)
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "":
            found[schema.name][schema.since_version] = schema
    return found


def default(schema, name):
    attribute = schema.attributes.get(name)
    if attribute is None or not attribute.default_value.name:
        return None
    return helper.get_attribute_value(attribute.default_value)


def rewritten(case, old, new, opset):
    """The case's model with its node as another version has it, and the feeds; None where that is none."""
    node = onnx.NodeProto.FromString(case.model.graph.node[0].SerializeToString())
    values = {}
    for info, value in zip(case.model.graph.input, case.data_sets[0][0]):
        values[info.name] = value
    inputs, attributes = [], {a.name: a for a in node.attribute}
    formal = list(new.inputs)
    moved = []
    for place, name in enumerate(node.input):
        known = old.inputs[min(place, len(old.inputs) - 1)].name
        attribute = RENAMED.get((node.op_type, known), known if known in new.attributes else known.lower())
        names = [f.name for f in formal]
        variadic = bool(formal) and formal[-1].option == onnx.defs.OpSchema.FormalParameterOption.Variadic
        if place < len(formal) and (names[place].lower() == known.lower() or known not in names) \
                and attribute not in new.attributes or variadic and place >= len(formal) - 1:
            inputs.append(name)
        elif attribute in new.attributes and name in values:
            array = np.asarray(values[name])
            if array.dtype.kind not in "fiub":
                return None
            value = array.reshape(-1)[0].item() if attribute in SCALARS else array.reshape(-1).tolist()
            attributes[attribute] = helper.make_attribute(attribute, value)
            moved.append(name)
        elif name:
            return None
    given = {}
    for name in list(attributes):
        if name in new.attributes:
            continue
        value = helper.get_attribute_value(attributes[name])
        matching = [p for p, f in enumerate(new.inputs)
                    if f.name.lower() == name or RENAMED.get((node.op_type, f.name)) == name]
        if matching:
            place = matching[0]
            while len(inputs) <= place:
                inputs.append("")
            kind = np.int64 if isinstance(value, int) or isinstance(value, list) and \
                all(isinstance(v, int) for v in value) else np.float32
            inputs[place] = f"moved_{name}"
            shape = () if name in SCALARS and name != "k" else (-1,)
            given[f"moved_{name}"] = np.asarray(value, kind).reshape(shape)
        elif value != default(old, name):
            return None
        del attributes[name]
    while inputs and not inputs[-1]:
        inputs.pop()
    node = helper.make_node(node.op_type, inputs, list(node.output), name=node.name)
    node.attribute.extend(attributes.values())
    model = onnx.ModelProto.FromString(case.model.SerializeToString())
    graph = model.graph
    del graph.node[:], graph.value_info[:]
    graph.node.append(node)
    infos = [i for i in graph.input if i.name in inputs]
    infos += [helper.make_tensor_value_info(
        name, helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for name, v in given.items()]
    del graph.input[:]
    graph.input.extend(infos)
    del model.opset_import[:]
    model.opset_import.append(helper.make_opsetid("", opset))
    model.ir_version = 10 if opset <= 23 else 11 if opset <= 24 else onnx.IR_VERSION
    values.update(given)
    return model, {i.name: values[i.name] for i in infos}


def array(value):
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    return [array(v) for v in value] if isinstance(value, list) else np.asarray(value)


def references(model, feeds):
    """What the package's evaluator and ONNX Runtime compute, where they do."""
    found = []
    feeds = {name: array(value) for name, value in feeds.items()}
    try:
        if MISTAKEN.get(model.graph.node[0].op_type, 0) < model.opset_import[0].version:
            found.append(("evaluator", ReferenceEvaluator(model).run(None, feeds)))
    except Exception:  # Whatever an evaluator raises, it computes nothing.
        pass
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        outputs = session.run(None, feeds)
        # Floats of eight bits come as bytes.
        kinds = [i.type.tensor_type.elem_type for i in model.graph.output]
        outputs = [
            v.view(helper.tensor_dtype_to_np_dtype(k)) if k in BYTES and v.dtype == np.uint8 else v
            for v, k in zip(outputs, kinds)]
        found.append(("runtime", outputs))
    except Exception:
        pass
    return found


def difference(model, outputs, tensors, case):
    try:
        for info, expected in zip(model.graph.output, outputs):
            if isinstance(expected, (np.generic, float, int, bool)):
                expected = np.asarray(expected)
            conformance.compare(info.name, expected, tensors, case, False)
    except conformance.Different as error:
        return str(error)
    return None


def is_nearer(model, feeds, outputs, tensors):
    """Whether no output lies further from the model in doubles than a reference's, by the largest error."""
    wide = {}
    for name, value in feeds.items():
        value = array(value)
        wide[name] = value.astype(np.float64) if value.dtype.kind in "fV" else value
    try:
        exact = ReferenceEvaluator(conformance.in_doubles(model)).run(None, wide)
    except Exception:
        return False
    for info, exact, expected in zip(model.graph.output, exact, outputs):
        found = tensors.get(info.name)
        if found is None or found.shape != exact.shape or exact.dtype.kind != "f":
            return False
        own, other = (np.abs(x.astype(np.float64) - exact).max(initial=0) for x in (found, expected))
        if not own <= other:
            return False
    return True


def examine(command, case, model, feeds, opset, found=None):
    name = f"{case.name} at {opset}"
    found = found or references(model, feeds)
    result = {"name": name, "operator": model.graph.node[0].op_type, "opset": opset, "said": ""}
    if not found:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path, output = os.path.join(folder, "model.onnx"), os.path.join(folder, "out.safetensors")
        onnx.save(model, path)
        data = os.path.join(folder, "data")
        os.mkdir(data)
        conformance.write(data, "input", [feeds[i.name] for i in model.graph.input], model.graph.input)
        try:
            done = subprocess.run(
                [command, "run", path, "--outputs", output] + (["--inputs", data] if feeds else []),
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                timeout=conformance.TIMEOUT)
        except subprocess.TimeoutExpired:
            return result | {"class": "crashed", "said": "no end"}
        if done.returncode not in (0, 1):
            kind = "refused" if done.returncode == 2 else "crashed"
            return result | {"class": kind, "said": done.stderr.strip().split(folder)[-1]}
        tensors = conformance.read_tensors(output)
    differences = {who: difference(model, outputs, tensors, case) for who, outputs in found}
    agreeing = [who for who, said in differences.items() if said is None]
    if len(agreeing) == len(found):
        return result | {"class": "passed"}
    said = "; ".join(f"{who}: {said}" for who, said in differences.items() if said)
    if agreeing:
        return result | {"class": "split", "said": said}
    is_near = all(is_nearer(model, feeds, outputs, tensors) for _, outputs in found)
    return result | {"class": "nearer" if is_near else "wrong", "said": said}


def tries(only):
    """Every case at every other version that its operator has."""
    known = histories()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = load_model_tests(kind="node")
    for case in cases:
        graph = case.model.graph if case.model else None
        if graph is None or len(graph.node) != 1 or graph.node[0].domain not in ("", "ai.onnx"):
            continue
        node = graph.node[0]
        if not all(i.type.HasField("tensor_type") for i in [*graph.input, *graph.output]):
            continue
        if node.op_type in RANDOM or not re.search(only, case.name) or len(case.data_sets) != 1:
            continue
        opset = next(o.version for o in case.model.opset_import if o.domain in ("", "ai.onnx"))
        versions = sorted(known[node.op_type])
        own = max(v for v in versions if v <= opset)
        for place, version in enumerate(versions):
            schema = known[node.op_type][version]
            if version == own or schema.deprecated:
                continue
            last = versions[place + 1] - 1 if place + 1 < len(versions) else NEWEST
            try:
                made = rewritten(case, known[node.op_type][own], schema, last)
                if made is None:
                    continue
                onnx.checker.check_model(made[0], full_check=True)
            except Exception:  # The version has no such case.
                continue
            yield case, *made, last


def defined():
    """Cases whose definition is written here: operator, version, inputs, attributes and outputs."""
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2) - 11.5
    rows = np.arange(12, dtype=np.float32).reshape(3, 4) - 5
    twice = x.repeat(2, axis=2).repeat(3, axis=3)
    scale, bias, mean, variance = (np.float32(v) for v in ([1, 2, 3], [0, 1, -1], [0.5, -1, 2], [1, 4, 9]))
    wide = [v.reshape(1, 3, 1, 1) for v in (scale, bias, mean, variance)]
    normal = (x - wide[2]) / np.sqrt(wide[3] + 1e-5) * wide[0] + wide[1]
    five = [x, scale, bias, mean, variance]
    size = lambda *n: np.asarray(n, np.int64)
    whole = (2, 3)
    yield "BatchNormalization", 1, five, {"is_test": 1, "consumed_inputs": [0, 0, 0, 1, 1]}, [normal]
    yield "BatchNormalization", 6, five, {"is_test": 1}, [normal]
    yield "Cast", 1, [rows], {"to": "INT32"}, [rows.astype(np.int32)]
    yield "Clip", 1, [rows], {"min": -2.0, "max": 3.0}, [rows.clip(-2, 3)]
    yield "Clip", 6, [rows], {"max": 3.0}, [rows.clip(None, 3)]
    yield "Concat", 1, [rows, rows], {}, [np.concatenate([rows, rows], 1)]
    yield "Dropout", 1, [rows], {"is_test": 1, "ratio": 0.3}, [rows]
    yield "Dropout", 6, [rows], {"is_test": 1}, [rows]
    yield "Dropout", 7, [rows], {"ratio": 0.3}, [rows, np.ones_like(rows)]
    yield "Dropout", 12, [rows, np.float32(0.3)], {}, [rows, np.ones_like(rows, bool)]
    yield "Dropout", 13, [rows], {}, [rows, np.ones_like(rows, bool)]
    yield "Gemm", 1, [rows, rows, rows[:, 0] @ np.ones((3, 3), np.float32)], \
        {"transB": 1, "broadcast": 1, "alpha": 2.0}, [2 * rows @ rows.T + rows[:, 0] @ np.ones((3, 3))]
    yield "GlobalLpPool", 1, [x], {"p": 3.0}, [(np.abs(x) ** 3).sum(whole, keepdims=True) ** (1 / 3)]
    yield "GlobalLpPool", 2, [x], {"p": 3}, [(np.abs(x) ** 3).sum(whole, keepdims=True) ** (1 / 3)]
    yield "GlobalLpPool", 22, [x], {}, [np.sqrt((x**2).sum(whole, keepdims=True))]
    yield "LpPool", 1, [x], {"kernel_shape": [2, 2], "p": 2.0}, [np.sqrt((x**2).sum(whole, keepdims=True))]
    yield "Pad", 1, [rows], {"paddings": [1, 0, 0, 2], "value": 7.0}, \
        [np.pad(rows, [(1, 0), (0, 2)], constant_values=7)]
    yield "Pow", 6, [rows, np.float32([1, 2, 3])], {"broadcast": 1, "axis": 0}, \
        [rows ** np.float32([[1], [2], [3]])]
    yield "Resize", 10, [x, np.float32([1, 1, 2, 3])], {"mode": "nearest"}, [twice]
    yield "Resize", 11, [x, np.float32([]), np.float32([1, 1, 2, 3])], \
        {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, [twice]
    yield "Resize", 11, [x, np.float32([]), np.float32([]), size(2, 3, 4, 6)], \
        {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}, [twice]
    yield "Reshape", 1, [rows], {"shape": [2, -1]}, [rows.reshape(2, 6)]
    yield "Selu", 1, [rows], {}, [np.where(rows > 0, rows, 1.6732 * np.expm1(rows)) * 1.0507]
    yield "Split", 1, [rows, size(1, 3)], {"axis": 1}, [rows[:, :1], rows[:, 1:]]
    yield "Tile", 1, [rows, np.float32(3), np.float32(1)], {}, [np.tile(rows, (1, 3))]
    yield "TopK", 1, [rows], {"k": 2}, [rows[:, :1:-1], np.tile(size(3, 2), (3, 1))]
    yield "Upsample", 1, [x], {"height_scale": 2.0, "width_scale": 3.0, "mode": "nearest"}, [twice]
    yield "Upsample", 7, [x], {"scales": [1.0, 1.0, 2.0, 3.0]}, [twice]
    yield "MaxRoiPool", 1, [x, np.float32([[0, 0, 0, 1, 1], [1, 0, 0, 1, 1]])], {"pooled_shape": [1, 1]}, \
        [x.max(whole, keepdims=True)]
    yield "MaxRoiPool", 22, [x, np.float32([[1, 0, 0, 1, 1]])], {"pooled_shape": [2, 2]}, [x[1:]]


def written(operator, version, inputs, attributes, outputs):
    """The model of one such case, its feeds and what it must give."""
    def infos(kind, values):
        return [helper.make_tensor_value_info(
            f"{kind}{i}", helper.np_dtype_to_tensor_dtype(v.dtype), v.shape) for i, v in enumerate(values)]

    inputs = [np.asarray(v) for v in inputs]
    outputs = [np.asarray(v, np.float32) if v.dtype == np.float64 else np.asarray(v) for v in outputs]
    graph = helper.make_graph(
        [helper.make_node(operator, [f"x{i}" for i in range(len(inputs))],
                          [f"y{i}" for i in range(len(outputs))], **attributes)],
        "defined", infos("x", inputs), infos("y", outputs))
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", version)], ir_version=10)
    return model, {f"x{i}": v for i, v in enumerate(inputs)}, outputs


class Tolerance:
    """The suite's own tolerances."""

    rtol, atol = 1e-3, 1e-7


def examine_defined(command, case):
    model, feeds, outputs = written(*case)
    named = type("Case", (Tolerance,), {"name": f"defined {case[0]}"})
    return examine(command, named, model, feeds, case[1], [("definition", outputs)])


def tables(results):
    counts = collections.Counter(r["class"] for r in results)
    rows = ["| operators | versions | cases | " + " | ".join(CLASSES) + " |",
            "| --- " * (len(CLASSES) + 3) + "|"]
    operators = {r["operator"] for r in results}
    versions = {(r["operator"], r["opset"]) for r in results}
    rows.append(f"| {len(operators)} | {len(versions)} | {len(results)} | "
                + " | ".join(str(counts[c]) for c in CLASSES) + " |")
    for kind in ("split", "refused"):
        found = collections.Counter(r["operator"] for r in results if r["class"] == kind)
        if found:
            rows += ["", f"{kind}: " + ", ".join(f"{name} {n}" for name, n in sorted(found.items()))]
    return rows


def main():
    options = conformance.arguments()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    results = [
        examine_defined(options.command, case) for case in defined() if re.search(options.only, case[0])]
    for result in results:
        if result["class"] in ("wrong", "refused", "crashed"):
            print(f"{result['class']} {result['name']}: {result['said']}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for result in pool.map(lambda t: examine(options.command, *t), tries(options.only)):
            if result is None:
                continue
            results.append(result)
            if result["class"] in ("wrong", "crashed"):
                print(f"{result['class']} {result['name']}: {result['said']}", flush=True)
    return conformance.tell(results, tables(results), options)


if __name__ == "__main__":
    sys.exit(main())
