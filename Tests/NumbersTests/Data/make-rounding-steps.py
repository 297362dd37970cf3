"""Where the rounding of singles by ml_dtypes changes: first bit patterns and the codes from there on.

All 2^32 bit patterns are rounded, about a minute.

    python3 make-rounding-steps.py > rounding-steps.json
"""
import json

import ml_dtypes
import numpy as np

KINDS = {
    "fp8_e4m3fn": "float8_e4m3fn", "fp8_e5m2": "float8_e5m2", "fp8_e4m3fnuz": "float8_e4m3fnuz",
    "fp8_e5m2fnuz": "float8_e5m2fnuz", "fp4_e2m1": "float4_e2m1fn", "fp8_e8m0": "float8_e8m0fnu"}
BLOCK = 1 << 25


def steps(kind):
    found, last = [], None
    for start in range(0, 1 << 32, BLOCK):
        patterns = np.arange(start, start + BLOCK, dtype=np.uint64).astype(np.uint32)
        with np.errstate(all="ignore"):
            codes = patterns.view(np.float32).astype(kind).view(np.uint8)
        places = np.flatnonzero(np.diff(codes)) + 1
        if codes[0] != last:
            places = np.concatenate([[0], places])
        found += [[int(patterns[i]), int(codes[i])] for i in places]
        last = codes[-1]
    return found


print(json.dumps(
    {name: steps(getattr(ml_dtypes, kind)) for name, kind in KINDS.items()},
    separators=(",", ":")))
