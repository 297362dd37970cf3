"""Writes the models of onnx's backend cases to a folder, and compares what was written from them with them.

A test reads each file NAME.onnx of the folder and writes it, unchanged, as NAME.written; `make rewrites` runs
all three steps. Models are compared as protocol buffers. Exit status 1 when one differs.

    python3 Benchmarks/written_models.py prepare FOLDER
    python3 Benchmarks/written_models.py compare FOLDER
"""
import glob
import os
import sys

import onnx
from onnx.backend.test.loader import load_model_tests

SUITES = ["node", "simple", "pytorch-operator", "pytorch-converted"]


def prepare(folder):
    os.makedirs(folder, exist_ok=True)
    for old in glob.glob(os.path.join(folder, "*")):
        os.remove(old)
    count = 0
    for suite in SUITES:
        for case in load_model_tests(kind=suite):
            model = case.model or onnx.load(os.path.join(case.model_dir, "model.onnx"))
            onnx.save(model, os.path.join(folder, f"{suite}-{case.name}.onnx"))
            count += 1
    print(f"{count} models")


def compare(folder):
    counts = {"equal": 0, "different": 0, "not read": 0}
    for path in sorted(glob.glob(os.path.join(folder, "*.onnx"))):
        written = path[: -len("onnx")] + "written"
        if not os.path.exists(written):
            counts["not read"] += 1
            print("not read:", os.path.basename(path))
            continue
        with open(path, "rb") as before, open(written, "rb") as after:
            same = onnx.ModelProto.FromString(before.read()) == onnx.ModelProto.FromString(after.read())
        counts["equal" if same else "different"] += 1
        if not same:
            print("different:", os.path.basename(path))
    print(counts)
    sys.exit(1 if counts["different"] or counts["not read"] else 0)


if __name__ == "__main__":
    {"prepare": prepare, "compare": compare}[sys.argv[1]](sys.argv[2])
