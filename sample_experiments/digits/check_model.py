"""Open a checkpoint that `train.py` wrote and say whether it is a working network.

    python digits/check_model.py outputs/model.safetensors

Ends with 0 if every weight is finite and each layer fits the next, else with 1 and the
reason. Standard library only, so that any Python can run the check.
"""

from __future__ import annotations

import array
import json
import math
import pathlib
import struct
import sys


def problem(path: pathlib.Path) -> str | None:
    """What is wrong with the checkpoint; None if nothing is."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    width = 64
    for layer in range(sum(name.endswith(".weight") for name in header)):
        weight, bias = header[f"layers.{layer}.weight"], header[f"layers.{layer}.bias"]
        if weight["shape"][0] != width or bias["shape"] != weight["shape"][1:]:
            return f"layer {layer} takes {weight['shape'][0]} values, the one before gives {width}"
        width = weight["shape"][1]
        for entry in (weight, bias):
            begin, end = entry["data_offsets"]
            values = array.array("f", data[8 + length + begin : 8 + length + end])
            if not all(map(math.isfinite, values)):
                return f"layer {layer} holds values that are not finite"
    return None if width == 10 else f"the last layer gives {width} values, not one a digit"


if __name__ == "__main__":
    found = problem(pathlib.Path(sys.argv[1]))
    print(found or "every weight is finite and each layer fits the next")
    sys.exit(1 if found else 0)
