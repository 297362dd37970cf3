"""Runs docs/from-pytorch.md as it stands: EVENKEEL PYTHON JAX_PYTHON [--keep FOLDER].

Of every section the Python blocks are run, and then the commands, in a folder of its own; sections that name no
framework go on from PyTorch's. PYTHON has torch and keras, JAX_PYTHON has jax2onnx. Every command must end
with status 0 or 1. With --keep the models, without the places in programs that exporters note, and the inputs are
kept under the section's name.
"""
import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "docs", "from-pytorch.md")
FRAMEWORKS = ["PyTorch", "JAX", "Keras"]


def sections(text):
    """Title, Python blocks and commands of every section that has any."""
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        blocks = re.findall(r"^```(\w+)\n(.*?)^```", part, flags=re.M | re.S)
        scripts = [body for kind, body in blocks if kind == "python"]
        commands = [line[2:] for kind, body in blocks if kind == "console" for line in body.splitlines()
                    if line.startswith("$ ")]
        if scripts or commands:
            yield part.splitlines()[0], scripts, commands


def strip(path):
    """Takes what tells of the machine out of a model."""
    import onnx
    model = onnx.load(path)
    for part in [model.graph, *model.graph.node]:
        kept = [entry for entry in part.metadata_props if "stack_trace" not in entry.key]
        del part.metadata_props[:]
        part.metadata_props.extend(kept)
    onnx.save(model, path)


def run(command, folder, environment):
    result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return result.returncode, (result.stderr.strip().splitlines() or [""])[-1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("evenkeel")
    parser.add_argument("python")
    parser.add_argument("jax_python")
    parser.add_argument("--keep")
    options = parser.parse_args()
    environment = dict(os.environ, JAX_PLATFORMS="cpu")
    failed = 0
    with open(PAGE) as file:
        parts = list(sections(file.read()))
    first = "".join(parts[0][1])
    with tempfile.TemporaryDirectory() as root:
        for title, scripts, commands in parts:
            folder = os.path.join(root, title if title in FRAMEWORKS else "PyTorch")
            os.makedirs(folder, exist_ok=True)
            script = "".join(scripts) if title in FRAMEWORKS else first + "".join(scripts)
            python = options.jax_python if title == "JAX" else options.python
            steps = [("export", [os.path.abspath(python), "-c", script])] if scripts else []
            steps += [(c, [os.path.abspath(options.evenkeel)] + c.split()[1:]) for c in commands]
            for name, command in steps:
                status, said = run(command, folder, environment)
                fails = status != 0 if name == "export" else status not in (0, 1)
                failed += fails
                print(f"{title:<15} {name:<80} {status}" + (f": {said}" if fails else ""), flush=True)
        if options.keep:
            for title in FRAMEWORKS:
                for name in ("model.onnx", "inputs.safetensors"):
                    source = os.path.join(root, title, name)
                    if os.path.exists(source):
                        target = os.path.join(options.keep, title.lower())
                        os.makedirs(target, exist_ok=True)
                        copy = shutil.copy(source, target)
                        if name.endswith(".onnx"):
                            strip(copy)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
