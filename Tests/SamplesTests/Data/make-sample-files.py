"""Writes the tables, IDX and npy files beside this script, and hostile ones in hostile/.

The tables are written by Python's csv module, with what it reads back in tables.json. Run with
numpy 2 and PyTorch 2.13.
"""
import csv
import io
import json
import random
import struct
from pathlib import Path

import numpy as np

here = Path(__file__).parent
hostile = here / "hostile"
hostile.mkdir(exist_ok=True)

# Tables ---------------------------------------------------------------------------------------

random.seed(11)
LABELS = ["plain", "with, comma", 'with "quotes"', "two\nlines", "crlf\r\nlines", "Größe", " spaced ",
          "日本語", "", "'single'", "semi;colon", "tab\there", "e\u0301 combined", "\u0301leading mark"]
LABELS = [label for label in LABELS if label]


def number():
    return random.choice([
        lambda: str(random.randint(-9, 9)), lambda: f"{random.gauss(0, 1):.6f}",
        lambda: repr(random.gauss(0, 1)), lambda: f"{random.gauss(0, 1e-20):.3e}",
        lambda: f"{random.gauss(0, 1e20):+.17g}", lambda: f".{random.randint(0, 99999)}",
        lambda: f"{random.randint(0, 99)}.", lambda: f" {random.random()}  "])()


expected = {}
for name, dialect in {
        "minimal": dict(), "crlf": dict(lineterminator="\r\n"), "returns": dict(lineterminator="\r"),
        "quoted": dict(quoting=csv.QUOTE_ALL), "semicolon": dict(delimiter=";"),
        "tab": dict(delimiter="\t")}.items():
    # Python's writer leaves line feeds without quotes where lines end with a carriage return.
    labels = [label for label in LABELS if name != "returns" or "\n" not in label]
    rows = [[number() for _ in range(4)] + [random.choice(labels)] for _ in range(60)]
    out = io.StringIO()
    writer = csv.writer(out, **({"lineterminator": "\n"} | dialect))
    writer.writerow(["a", "b", "c", "d", "label"])
    lines = []
    for row in rows:
        text = out.getvalue()
        lines.append(1 + text.replace("\r\n", "\n").replace("\r", "\n").count("\n"))
        writer.writerow(row)
    text = out.getvalue()
    if name == "crlf":
        text = "\ufeff" + text
    if name == "semicolon":
        text = text.rstrip("\n")
    (here / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    back = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""),
                           delimiter=dialect.get("delimiter", ",")))
    assert back[1:] == rows
    expected[name] = {
        "features": [[float(np.float32(float(c))) for c in row[:4]] for row in back[1:]],
        # Spaces around a label are dropped, unless the label is in quotes.
        "labels": [row[4] if name == "quoted" else row[4].strip(" \t") for row in back[1:]],
        "lines": lines}
(here / "tables.json").write_text(json.dumps(expected, ensure_ascii=False))

bad_tables = {
    "empty": b"",
    "header-only": b"a,b,label\n",
    "blank-lines-only": b"\n\n\r\n",
    "empty-cell": b"a,b,label\n1,2,0\n3,,1\n",
    "empty-last-cell": b"a,b,label\n1,2,0\n3,4,\n",
    "empty-last-cell-without-end": b"a,b,label\n1,2,0\n3,4,",
    "text-cell": b"a,b,label\n1,2,0\n3,abc,1\n",
    "decimal-comma": b"a;b;label\n1;2;0\n3;4,5;1\n",
    "nan": b"a,b,label\n1,2,0\n3,nan,1\n",
    "infinity": b"a,b,label\n1,-Infinity,0\n",
    "beyond-single": b"a,b,label\n1,2,0\n-1e39,2,0\n",
    "hexadecimal": b"a,b,label\n0x10,2,0\n",
    "too-few-cells": b"a,b,label\n1,2,0\n3,1\n",
    "too-many-cells": b"a,b,label\n1,2,0\n3,4,5,1\n",
    "many-bad-rows": b"a,b,label\n" + b"1,2,0\nx,2,0\n" * 9,
    "two-bad-rows": b"a,b,label\n1,2,0\nx,2,0\n1,2\n",
    "unmatched-quote": b'a,b,label\n1,2,0\n3,4,"one\n5,6,two\n',
    "unmatched-quote-at-end": b'a,b,label\n1,2,"',
    "text-behind-quote": b'a,b,label\n1,2,"one"x\n',
    "quote-inside": b'a,b,label\n1,2,5" pipe\n',
    "not-utf8": b"a,b,label\n1,2,\xff\xfe\n",
    "not-utf8-header": b"a,\xff,label\n1,2,x\n",
    "utf-16": "a,b\n1,2\n".encode("utf-16"),
    "compressed": b"\x1f\x8b\x08\x00",
    "one-column": b"a;b;label\n1;2;0\n",
    "same-names": b"a,a,label\n1,2,0\n",
    "negative-label": b"a,b,label\n1,2,0\n1,2,-1\n",
    "huge-label": b"a,b,label\n1,2,0\n1,2,4000000000\n",
    "zeros": bytes(10_000),
    "one-long-line": b"1," * 20_000 + b"x\n2,3\n",
    "many-quotes": b'"' * 10_001,
    "long-number": b"1," + b"9" * 20_000 + b",0\n1,1e" + b"9" * 20_000 + b",0\n",
    "combining-mark": "a,b,label\n1,\u0301,0\n".encode(),
}
for name, content in bad_tables.items():
    (hostile / f"{name}.csv").write_bytes(content)

# IDX ------------------------------------------------------------------------------------------

IDX = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx(array):
    code = array.dtype.str[1:]
    return (bytes([0, 0, IDX[code], array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
            + array.astype(">" + code).tobytes())


images = np.arange(5 * 3 * 2, dtype="u1").reshape(5, 3, 2) * 8
(here / "images.idx").write_bytes(idx(images))
(here / "labels.idx").write_bytes(idx(np.array([3, 0, 1, 2, 3], "u1")))
for code in IDX:
    (here / f"{code}.idx").write_bytes(idx(np.array([[1, -2, 3], [100, 5, -6]]).astype(code)))

bad_idx = {
    "empty": b"",
    "cut-in-header": b"\0\0\x08\x03\0\0",
    "no-idx": b"PNG....",
    "unknown-type": bytes([0, 0, 7, 1, 0, 0, 0, 1, 0]),
    "compressed": b"\x1f\x8b\x08\x00",
    "cut-in-data": idx(images)[:-1],
    "byte-behind": idx(images) + b"\0",
    "shape-overflows": bytes([0, 0, 8, 4]) + b"\xff" * 16 + bytes(16),
    "shape-overflows-behind-zero": bytes([0, 0, 8, 4]) + bytes(4) + b"\xff" * 12,
    "too-many-axes": bytes([0, 0, 8, 255]) + bytes(1020),
}
for name, content in bad_idx.items():
    (hostile / f"{name}.idx").write_bytes(content)

# Arrays ---------------------------------------------------------------------------------------

np.save(here / "x.npy", np.arange(12, dtype="f4").reshape(4, 3))
np.save(here / "x-nan.npy", np.array([[1, 2], [3, np.nan], [np.inf, 5], [6, 7]], "f4"))
np.save(here / "y.npy", np.array([0, 2, 1, 2]))
np.save(here / "y-column.npy", np.array([[0], [2], [1], [2]]))
np.save(here / "y-negative.npy", np.array([0, 2, -1, 2]))
np.save(here / "y-short.npy", np.array([0, 2, 1]))
np.save(here / "y-real.npy", np.array([0.5, 2, -1, 2]))
np.save(here / "tokens.npy", np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9], [0, 1, 2]]))
np.save(here / "pixels.npy", np.array([[0, 255], [51, 102], [1, 2], [3, 4]], "u1"))
