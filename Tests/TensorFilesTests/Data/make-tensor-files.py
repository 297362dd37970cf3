"""Writes the npy and safetensors files beside this script, and hostile ones in hostile/.

The arrays are written by NumPy. Safetensors files are laid out here from the format's description,
with the bytes of PyTorch's tensors. Run with numpy 2 and PyTorch 2.13.
"""
import json
import struct
from pathlib import Path

import numpy as np
import torch

here = Path(__file__).parent
hostile = here / "hostile"
hostile.mkdir(exist_ok=True)

# Arrays ---------------------------------------------------------------------------------------

REALS = [0.0, -0.0, 1.0, -2.5, 0.1, 65504.0, 6e-8, np.inf, -np.inf, np.nan, 3.140625, -1e-3]
for code in ["f2", "f4", "f8"]:
    for order, name in [("<", "little"), (">", "big")]:
        np.save(here / f"{name}-{code}.npy", np.array(REALS, dtype=order + code).reshape(3, 4))
for code in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]:
    info = np.iinfo(code)
    top = min(info.max, 2**63 - 1)
    values = np.array([info.min, info.min + 1, 0, 1, 77, top], dtype=code)
    for order, name in [("<", "little"), (">", "big")]:
        np.save(here / f"{name}-{code}.npy", values.astype(order + code).reshape(2, 3))
np.save(here / "booleans.npy", np.array([[True, False], [False, True], [True, True]]))
np.save(here / "scalar.npy", np.float32(7.5))
np.save(here / "empty.npy", np.zeros((3, 0, 2), "f4"))
np.save(here / "fortran.npy", np.asfortranarray(np.arange(24, dtype="i4").reshape(2, 3, 4)))
np.save(here / "fortran-big-f8.npy", np.asfortranarray(np.arange(6).reshape(2, 3).astype(">f8")))
for version in [(1, 0), (2, 0), (3, 0)]:
    with open(here / f"version-{version[0]}.npy", "wb") as file:
        np.lib.format.write_array(file, np.arange(5, dtype="f4"), version=version)


def npy(text, data=b"", version=(1, 0), length=None):
    text = text.encode("latin1") if isinstance(text, str) else text
    size = len(text) if length is None else length
    return (b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version[0] == 1 else "<I", size)
            + text + data)


def head(descr="'<f4'", fortran="False", shape="(2, 2)"):
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}\n"


data = bytes(16)
npy_files = {
    "empty": b"",
    "not-numpy": b"PK is not the start of an archive",
    "cut-in-magic": b"\x93NUM",
    "cut-in-version": b"\x93NUMPY\x01",
    "cut-in-length": b"\x93NUMPY\x01\x00\x10",
    "cut-in-header": npy("{'descr'", length=100),
    "version-9": npy(head(), data, version=(9, 0)),
    "header-of-4-gib": npy("{", version=(2, 0), length=2**32 - 1),
    "cut-in-data": npy(head(), data[:15]),
    "one-byte-too-many": npy(head(), data + b"\0"),
    "shape-overflows": npy(head(shape="(4294967296, 4294967296, 4)"), data),
    "shape-overflows-behind-zero": npy(head(shape="(0, 4294967296, 4294967296)"), data),
    "shape-of-many-digits": npy(head(shape="(99999999999999999999,)"), data),
    "shape-too-large": npy(head(shape="(1099511627776,)"), data),
    "negative-extent": npy(head(shape="(-1, 2)"), data),
    "fractional-extent": npy(head(shape="(2.5, 2)"), data),
    "too-many-axes": npy(head(shape="(" + "1, " * 65 + ")"), data),
    "objects": npy(head(descr="'|O'"), data),
    "structured": npy(head(descr="[('a', '<f4')]"), data),
    "complex": npy(head(descr="'<c8'"), data),
    "text-type": npy(head(descr="'<U7'"), data),
    "no-order": npy(head(descr="'|f4'"), data),
    "no-shape": npy("{'descr': '<f4', 'fortran_order': False, }", data),
    "shape-twice": npy("{'shape': (1,), 'shape': (2,), 'descr': '<f4'}", data),
    "unknown-key": npy("{'descr': '<f4', 'evil': __import__('os')}", data),
    "code": npy("__import__('os').system('true')", data),
    "open-quote": npy("{'descr", data),
    "fortran-order-maybe": npy(head(fortran="Maybe"), data),
    "text-behind": npy(head() + "x", data),
    "deep": npy("{" * 10000, data),
    "not-utf8": npy(b"{'\xff\xfe': 1}", data, version=(3, 0)),
    "boolean-of-2": npy(head(descr="'|b1'"), bytes([0, 1, 2, 1])),
    "unsigned-beyond": npy(head(descr="'<u8'"), struct.pack("<4Q", 0, 1, 2**63, 5)),
    "archive": b"PK\x03\x04" + data,
    "compressed": b"\x1f\x8b" + data,
}
for name, content in npy_files.items():
    (hostile / f"{name}.npy").write_bytes(content)

# Safetensors ----------------------------------------------------------------------------------


def layout(tensors, metadata=None):
    """The bytes of a file: wide types first, then by name, as the reference implementation has it."""
    kinds = {
        torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
        torch.float8_e4m3fn: "F8_E4M3", torch.float8_e5m2: "F8_E5M2",
        torch.float8_e4m3fnuz: "F8_E4M3FNUZ", torch.float8_e5m2fnuz: "F8_E5M2FNUZ",
        torch.float8_e8m0fnu: "F8_E8M0", torch.int64: "I64", torch.int32: "I32",
        torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}
    header = {} if metadata is None else {"__metadata__": metadata}
    body = b""
    for name, t in sorted(tensors.items(), key=lambda item: (-item[1].element_size(), item[0])):
        raw = t.contiguous().view(-1).view(torch.uint8).numpy().tobytes() if t.numel() else b""
        header[name] = {"dtype": kinds[t.dtype], "shape": list(t.shape),
                        "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


reals = torch.tensor([0.0, -0.0, 1.0, -2.5, 0.1, 448.0, 1e-3, -1.75])
integers = torch.tensor([-128, -1, 0, 1, 2, 127])
tensors = {
    "f64": reals.double().reshape(2, 4), "f32": reals.reshape(2, 4), "f16": reals.half(),
    "bf16": reals.bfloat16(), "f8_e4m3": reals.to(torch.float8_e4m3fn),
    "f8_e5m2": reals.to(torch.float8_e5m2), "i64": integers * 2**40, "i32": integers.int() * 2**20,
    "i16": integers.short(), "i8": integers.to(torch.int8),
    "u8": torch.tensor([0, 1, 255], dtype=torch.uint8), "bool": torch.tensor([[True], [False]]),
    "scalar": torch.tensor(7.5), "nothing": torch.zeros(0, 3), "名前 \"x\"\\\n": torch.ones(1)}
(here / "tensors.safetensors").write_bytes(layout(tensors, {"format": "pt", "épreuve": "a\tb"}))
(here / "empty.safetensors").write_bytes(layout({}))
# What each 8-bit code stands for, by PyTorch.
eight_bit = {
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "F8_E4M3FNUZ": torch.float8_e4m3fnuz, "F8_E5M2FNUZ": torch.float8_e5m2fnuz,
    "F8_E8M0": torch.float8_e8m0fnu}
(here / "eight-bit.json").write_text(json.dumps({
    name: [str(v) for v in torch.arange(256, dtype=torch.uint8).view(kind).float().tolist()]
    for name, kind in eight_bit.items()}))
for name, kind in eight_bit.items():
    (here / f"{name}.safetensors").write_bytes(
        layout({"codes": torch.arange(256, dtype=torch.uint8).view(kind)}))


def safe(header, body=b"", length=None):
    text = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def info(name="w", kind="F32", shape="[2]", offsets="[0,8]"):
    return f'"{name}":{{"dtype":"{kind}","shape":{shape},"data_offsets":{offsets}}}'


one = "{" + info() + "}"
body = bytes(8)
safe_files = {
    "empty": b"",
    "cut-in-length": b"\x10\0\0",
    "length-2-63": safe(one, body, length=2**63),
    "length-2-64": safe(one, body, length=2**64 - 1),
    "length-beyond-file": safe(one, body, length=90_000_000),
    "no-brace": safe("[" + one + "]", body),
    "header-of-nothing": safe(b"", body),
    "not-utf8": safe(b'{"\xff":1}', body),
    "unfinished": safe(one[:-1], body),
    "unfinished-text": safe('{"w', body),
    "text-behind": safe(one + "{}", body),
    "cut-in-data": safe(one, body[:7]),
    "byte-behind": safe(one, body + b"\0"),
    "hole": safe("{" + info() + "," + info("v", offsets="[12,20]") + "}", bytes(20)),
    "hole-at-start": safe("{" + info(offsets="[4,12]") + "}", bytes(12)),
    "overlap": safe("{" + info() + "," + info("v", offsets="[4,12]") + "}", bytes(12)),
    "same-bytes": safe("{" + info() + "," + info("v") + "}", body),
    "wrong-size": safe("{" + info(shape="[3]") + "}", body),
    "backwards": safe("{" + info(shape="[0]", offsets="[8,0]") + "}", body),
    "offset-overflows": safe("{" + info(offsets="[0,18446744073709551616]") + "}", body),
    "offset-2-63": safe("{" + info(offsets="[9223372036854775800,9223372036854775807]") + "}", body),
    "three-offsets": safe("{" + info(offsets="[0,4,8]") + "}", body),
    "one-offset": safe("{" + info(offsets="[0]") + "}", body),
    "shape-overflows": safe("{" + info(shape="[4294967296,4294967296]") + "}", body),
    "shape-overflows-behind-zero":
        safe("{" + info(shape="[0,4294967296,4294967296]", offsets="[0,0]") + "}"),
    "bytes-overflow": safe("{" + info(shape="[4611686018427387904]") + "}", body),
    "negative-extent": safe("{" + info(shape="[-2]") + "}", body),
    "fractional-extent": safe("{" + info(shape="[2.0]") + "}", body),
    "exponent-extent": safe("{" + info(shape="[1e300]") + "}", body),
    "leading-zero": safe("{" + info(shape="[02]") + "}", body),
    "too-many-axes": safe("{" + info(shape="[" + "1," * 64 + "1]") + "}", body),
    "deep": safe('{"w":{"shape":' + "[" * 10_000, body),
    "deep-objects": safe('{"a":' * 10_000, body),
    "unknown-key": safe('{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":' + "[" * 9999, body),
    "no-type": safe('{"w":{"shape":[2],"data_offsets":[0,8]}}', body),
    "unknown-type": safe("{" + info(kind="C64") + "}", body),
    "tensor-twice": safe("{" + info() + "," + info() + "}", body),
    "shape-twice": safe('{"w":{"shape":[2],"shape":[2]}}', body),
    "metadata-twice": safe('{"__metadata__":{},"__metadata__":{}}'),
    "key-of-metadata-twice": safe('{"__metadata__":{"a":"b","a":"c"}}'),
    "metadata-of-numbers": safe('{"__metadata__":{"a":1}}'),
    "lone-surrogate": safe('{"\\ud800":{}}'),
    "bad-escape": safe('{"\\x":{}}'),
    "control-character": safe('{"a\nb":{}}'),
    "comma-behind": safe("{" + info() + ",}", body),
    "boolean-of-2": safe("{" + info(kind="BOOL", shape="[2]", offsets="[0,2]") + "}", b"\1\2"),
}
for name, content in safe_files.items():
    (hostile / f"{name}.safetensors").write_bytes(content)
