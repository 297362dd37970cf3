"""Runs the backend test cases that come with the package onnx through `evenkeel run`, and counts.

The suites are those of onnx.backend.test: the node cases, and the models `simple`, `pytorch-operator`,
`pytorch-converted` and `real` (well-known architectures with constants for weights). Shapes, types and
values are compared as the suite's own runner does, at its tolerances; a type that safetensors lacks is
compared by value. Outputs that are random by definition are compared by shape and type, and counted
apart. Where outputs differ by more than the tolerance, the model is computed in doubles with the package's
own evaluator: a case is nearer when no output lies further from that than what the suite has stored, which
is rounded itself. A case is wrong when an output differs and is not nearer, refused when the command exits
with status 2, and crashed on any other status than 0 and 1 or after a minute. The exit status is 1 when any
is wrong or crashed.

    python3 Benchmarks/conformance.py .build/release/evenkeel --markdown conformance.md
"""
import argparse
import collections
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings

import ml_dtypes
import numpy as np
import onnx
import safetensors
from onnx import numpy_helper
from onnx.backend.test.loader import load_model_tests
from onnx.backend.test.runner import Runner
from onnx.reference import ReferenceEvaluator

SUITES = ["node", "simple", "pytorch-operator", "pytorch-converted", "real"]
CLASSES = ["passed", "nearer", "random", "wrong", "refused", "crashed"]
STORED = {
    "BOOL": np.bool_, "U8": np.uint8, "U16": np.uint16, "U32": np.uint32, "U64": np.uint64,
    "I8": np.int8, "I16": np.int16, "I32": np.int32, "I64": np.int64, "F16": np.float16,
    "BF16": ml_dtypes.bfloat16, "F32": np.float32, "F64": np.float64,
    "F8_E4M3": ml_dtypes.float8_e4m3fn, "F8_E5M2": ml_dtypes.float8_e5m2,
    "F8_E4M3FNUZ": ml_dtypes.float8_e4m3fnuz, "F8_E5M2FNUZ": ml_dtypes.float8_e5m2fnuz,
    "F8_E8M0": ml_dtypes.float8_e8m0fnu, "C64": np.complex64,
}
STORABLE = {np.dtype(kind) for kind in STORED.values()}
RANDOM_OPERATORS = {
    "Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"}
RANDOM_CASES = re.compile("test_training_dropout(?!_zero_ratio)")
TIMEOUT = 60
# Of outputs whose type has 8 bits of precision.
BFLOAT16_TOLERANCE = 2**-6
WIDENED = {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16, onnx.TensorProto.FLOAT}
# Elements of the single-node cases that count as numbers.
NUMBERS = "float, int or bool"


class Different(Exception):
    """How an output differs from what the case expects."""


class DifferentValues(Different):
    """An output of the right type and shape that differs by more than the tolerance."""


def operators(graph):
    """The operator types of a graph or function and of the graphs in its attributes."""
    found = set()
    for node in graph.node:
        found.add(f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type)
        for attribute in node.attribute:
            for inner in [*attribute.graphs] + ([attribute.g] if attribute.HasField("g") else []):
                found |= operators(inner)
    return found


def message(value, type, name):
    """The value of a case as the protocol buffer that its declared type is stored as."""
    if type.HasField("tensor_type"):
        return value if isinstance(value, onnx.TensorProto) else \
            numpy_helper.from_array(np.asarray(value), name)
    if isinstance(value, onnx.TensorProto):
        value = numpy_helper.to_array(value)
    if type.HasField("sequence_type"):
        return numpy_helper.from_list(value, name)
    if type.HasField("optional_type"):
        return numpy_helper.from_optional(value, name)
    return numpy_helper.from_dict(value, name)


def stored(path, type):
    """The value in a file `output_N.pb`: an array, a list, a dictionary or nothing."""
    kind, decode = {
        "tensor_type": (onnx.TensorProto, numpy_helper.to_array),
        "sequence_type": (onnx.SequenceProto, numpy_helper.to_list),
        "optional_type": (onnx.OptionalProto, numpy_helper.to_optional),
        "map_type": (onnx.MapProto, numpy_helper.to_dict),
    }[type.WhichOneof("value")]
    with open(path, "rb") as file:
        return decode(kind.FromString(file.read()))


def write(folder, kind, values, infos):
    for index, (value, info) in enumerate(zip(values, infos)):
        with open(os.path.join(folder, f"{kind}_{index}.pb"), "wb") as file:
            file.write(message(value, info.type, info.name).SerializeToString())


def prepare(case, folder):
    """The path of a case's model, the model, and the folders of its data sets."""
    if case.model_dir:
        path = os.path.join(case.model_dir, "model.onnx")
        return path, onnx.load(path), sorted(glob.glob(os.path.join(case.model_dir, "test_data_set*")))
    if case.model:
        path, model = os.path.join(folder, "model.onnx"), case.model
        onnx.save(model, path)
        data_sets = []
        for index, (inputs, outputs) in enumerate(case.data_sets):
            data_sets.append(os.path.join(folder, f"test_data_set_{index}"))
            os.mkdir(data_sets[-1])
            write(data_sets[-1], "input", inputs, model.graph.input)
            write(data_sets[-1], "output", outputs, model.graph.output)
        return path, model, data_sets
    path = os.path.join(os.path.dirname(onnx.__file__), "..", case.url)
    model = onnx.load(path)
    initial = {tensor.name for tensor in model.graph.initializer}
    inputs = [info for info in model.graph.input if info.name not in initial]
    data_set = os.path.join(folder, "test_data_set_0")
    os.mkdir(data_set)
    write(data_set, "input", [Runner.generate_dummy_data(info) for info in inputs], inputs)
    for index in range(len(model.graph.output)):
        name = f"output_{index}.pb"
        shutil.copy(f"{os.path.splitext(path)[0]}_{name}", os.path.join(data_set, name))
    return path, model, [data_set]


def read_tensors(path):
    with open(path, "rb") as file:
        return {
            name: np.frombuffer(entry["data"], STORED[entry["dtype"]]).reshape(entry["shape"])
            for name, entry in safetensors.deserialize(file.read())}


def compare(name, expected, tensors, case, is_random):
    """Raises `Different` unless the value NAME, or those NAME/0, NAME/1, … of a sequence, is as expected."""
    if isinstance(expected, list):
        if f"{name}/{len(expected)}" in tensors:
            raise Different(f"{name}: more than {len(expected)} elements")
        for index, element in enumerate(expected):
            compare(f"{name}/{index}", element, tensors, case, is_random)
        return
    if expected is None:
        if name in tensors:
            raise Different(f"{name}: a value where none is expected")
        return
    if not isinstance(expected, np.ndarray) or expected.dtype == object:
        raise Different(f"{name}: {type(expected).__name__} that safetensors cannot hold")
    if name not in tensors:
        raise Different(f"{name}: missing")
    found, rtol = tensors[name], case.rtol
    if found.shape != expected.shape:
        raise Different(f"{name}: shape {found.shape}, not {expected.shape}")
    if expected.dtype in STORABLE and found.dtype != expected.dtype:
        raise Different(f"{name}: type {found.dtype}, not {expected.dtype}")
    if is_random:
        return
    if expected.dtype.name == "bfloat16":
        rtol = max(rtol, BFLOAT16_TOLERANCE)
    if expected.dtype.kind == "V" or expected.dtype not in STORABLE or found.dtype != expected.dtype:
        found, expected = found.astype(np.float32), expected.astype(np.float32)
    try:
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=case.atol)
    except AssertionError as error:
        lines = [line for line in str(error).splitlines() if "Max" in line or "mismatch" in line]
        raise DifferentValues(f"{name}: {'; '.join(line.strip() for line in lines) or 'values differ'}") from error


def in_doubles(model):
    """A copy of the model in which all floats of 16 and 32 bits are doubles."""
    model = onnx.ModelProto.FromString(model.SerializeToString())

    def tensor(value):
        if value.data_type in WIDENED:
            array = numpy_helper.to_array(value).astype(np.float64)
            value.CopyFrom(numpy_helper.from_array(array, value.name))

    def info(value):
        if value.type.tensor_type.elem_type in WIDENED:
            value.type.tensor_type.elem_type = onnx.TensorProto.DOUBLE

    def nodes(graph):
        for node in graph.node:
            for attribute in node.attribute:
                if attribute.HasField("t"):
                    tensor(attribute.t)
                if attribute.name in ("to", "dtype", "output_datatype") and attribute.i in WIDENED:
                    attribute.i = onnx.TensorProto.DOUBLE
                if attribute.HasField("g"):
                    whole(attribute.g)

    def whole(graph):
        for value in graph.initializer:
            tensor(value)
        for value in [*graph.input, *graph.output, *graph.value_info]:
            info(value)
        nodes(graph)

    whole(model.graph)
    for function in model.functions:
        nodes(function)
    return model


def is_nearer(model, data_set, tensors):
    """Whether no output lies further from the model in doubles than the stored one, by the largest error."""
    evaluator = ReferenceEvaluator(in_doubles(model))
    feeds = {}
    for index, info in enumerate(model.graph.input):
        path = os.path.join(data_set, f"input_{index}.pb")
        if os.path.exists(path):
            value = stored(path, info.type)
            is_wide = info.type.tensor_type.elem_type in WIDENED
            feeds[info.name] = value.astype(np.float64) if is_wide else value
    for index, (info, exact) in enumerate(zip(model.graph.output, evaluator.run(None, feeds))):
        expected = stored(os.path.join(data_set, f"output_{index}.pb"), info.type)
        found = tensors[info.name]
        if not isinstance(exact, np.ndarray) or found.shape != exact.shape or exact.dtype.kind != "f":
            return False
        own, theirs = (np.abs(x.astype(np.float64) - exact).max(initial=0) for x in (found, expected))
        if not own <= theirs:
            return False
    return True


def has_numbers(model):
    """Whether all inputs and outputs are tensors of numbers, or sequences or optionals of such."""
    def elements(type):
        kind = type.WhichOneof("value")
        if kind == "tensor_type":
            return type.tensor_type.elem_type
        return elements(getattr(type, kind).elem_type) if kind in ("sequence_type", "optional_type") else 0

    kinds = {elements(info.type) for info in [*model.graph.input, *model.graph.output]}
    strings = {0, onnx.TensorProto.STRING, onnx.TensorProto.COMPLEX64, onnx.TensorProto.COMPLEX128}
    return not kinds & strings


def reason(text, types):
    """Why the command refused, without what is of one model only: names in quotes, numbers, its path."""
    for word in ["string", "optional", "map", "sequence", "sparse", "complex"]:
        if re.search(rf"\b{word}s?\b", text):
            return "sparse tensors" if word == "sparse" else \
                "complex numbers" if word == "complex" else f"{word}s"
    named = [kind for kind in types if re.search(rf"\b{kind.split('.')[-1]}\b", text)]
    if named:
        return "operator " + max(named, key=len)
    text = text.strip().splitlines()[-1] if text.strip() else "no message"
    text = re.sub(r"\S+\.(onnx|pb)\b:?", "", text.removeprefix("Error:").removeprefix("error:"))
    return re.sub(r"\d+", "N", re.sub(r"(['\"`‘“]).*?['\"`’”]", "…", text)).strip()[:100]


def examine(command, case, folder, prepared):
    """The class of a case that was prepared, what is to be said of it, and its operator types."""
    path, model, data_sets = prepared
    types = operators(model.graph).union(*(operators(function) for function in model.functions))
    result = {
        "suite": case.kind, "name": case.name, "operators": sorted(types), "said": "",
        "numbers": has_numbers(model)}
    is_nearer_somewhere = False
    is_random = bool(types & RANDOM_OPERATORS or RANDOM_CASES.match(case.name))
    for data_set in data_sets:
        output = os.path.join(folder, "outputs.safetensors")
        try:
            done = subprocess.run(
                [command, "run", path, "--inputs", data_set, "--outputs", output],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
                timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            return result | {"class": "crashed", "said": f"no end after {TIMEOUT} s"}
        if done.returncode == 2:
            said = done.stderr.strip()
            return result | {"class": "refused", "said": said, "reason": reason(said, types)}
        if done.returncode not in (0, 1):
            last = (done.stderr.strip().splitlines() or [""])[-1]
            return result | {"class": "crashed", "said": f"status {done.returncode}: {last}"}
        try:
            tensors = read_tensors(output)
            for index, info in enumerate(model.graph.output):
                expected = stored(os.path.join(data_set, f"output_{index}.pb"), info.type)
                compare(info.name, expected, tensors, case, is_random)
        except (Different, OSError, KeyError, safetensors.SafetensorError) as error:
            said = f"{type(error).__name__}: {error}"
            if not isinstance(error, DifferentValues) or not is_nearer(model, data_set, tensors):
                return result | {"class": "wrong", "said": said}
            is_nearer_somewhere = True
            result["said"] = said
        os.remove(output)
    kind = "random" if is_random else "nearer" if is_nearer_somewhere else "passed"
    return result | {"class": kind}


def examine_alone(command, case):
    """What `examine` says of a case, in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return examine(command, case, folder, prepare(case, folder))


def tables(results):
    rows = ["| suite | cases | " + " | ".join(CLASSES) + " |", "| --- " * (len(CLASSES) + 2) + "|"]
    for suite in SUITES + ["all"]:
        own = [r for r in results if suite in (r["suite"], "all")]
        if own:
            counts = collections.Counter(r["class"] for r in own)
            rows.append(f"| {suite} | {len(own)} | " + " | ".join(str(counts[c]) for c in CLASSES) + " |")
    nodes = [r for r in results if r["suite"] == "node"]
    known = set().union(*(r["operators"] for r in nodes))
    covered = set().union(*(r["operators"] for r in nodes if r["class"] in ("passed", "nearer", "random")))
    rows += ["", f"Operator types in a node case that passes: {len(covered)} of {len(known)}."]
    numbers = [r for r in nodes if r["numbers"]]
    good = sum(r["class"] in ("passed", "nearer", "random") for r in numbers)
    if numbers:
        rows += [
            f"Of {len(numbers)} node cases with {NUMBERS} tensors {good} pass, "
            f"{100 * good / len(numbers):.1f} %."]
    reasons = collections.Counter(r["reason"] for r in results if r["class"] == "refused")
    if reasons:
        rows += ["", "| refused for | cases |", "| --- | --- |"]
        rows += [f"| {name.replace('|', '/')} | {count} |" for name, count in reasons.most_common()]
    return rows


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--only", default="", help="a regular expression for the names of cases")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--markdown")
    parser.add_argument("--json")
    return parser.parse_args()


def tell(results, rows, options):
    """Prints the tables and writes what the options ask for; whether any case is wrong or crashed."""
    print("\n".join(rows))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file)
    if options.markdown:
        with open(options.markdown, "w") as file:
            file.write("\n".join(rows) + "\n")
    return any(result["class"] in ("wrong", "crashed") for result in results)


def main():
    options = arguments()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The suite overflows and divides by zero where it means to.
        cases = [case for suite in SUITES for case in load_model_tests(kind=suite)]
    cases = [case for case in cases if re.search(options.only, case.name)]
    results = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for number, result in enumerate(pool.map(lambda case: examine_alone(options.command, case), cases)):
            results.append(result)
            if sys.stderr.isatty():
                print(f"\r{number + 1} of {len(cases)}", end="", file=sys.stderr)
            if result["class"] in ("wrong", "crashed"):
                print(f"{result['class']} {result['suite']} {result['name']}: {result['said']}", flush=True)
    return tell(results, tables(results), options)


if __name__ == "__main__":
    sys.exit(main())
