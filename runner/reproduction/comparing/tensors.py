"""safetensors files, tensor by tensor: a length, a header in JSON, the numbers.

{"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, "__metadata__": {...}}
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from runner.reproduction.comparing import arrays
from runner.reproduction.comparing.tally import Tally
from runner.reproduction.comparing.unreadable import Unreadable

LARGEST_HEADER = 16 * 1024 * 1024  # bytes
TYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "BOOL": "?",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1",
}  # fmt: skip


def safetensors(first: Path, second: Path, tally: Tally) -> None:
    """Tensors are found by their names; where they lie in the file, and what it says about itself, does not matter."""
    left, right = _tensors(first), _tensors(second)
    for name in sorted({*left, *right}):
        if name in left and name in right:
            arrays.arrays(left[name], right[name], tally)
        else:
            tally.lacking(f"tensor {name} only in the {'first' if name in left else 'second'}")


def _tensors(file: Path) -> dict[str, arrays.Array]:
    data = np.memmap(file, dtype=np.uint8, mode="r")
    length = int.from_bytes(data[:8].tobytes(), "little")
    if length > min(LARGEST_HEADER, data.size):
        raise Unreadable("no valid .safetensors file")
    header = json.loads(data[8 : 8 + length].tobytes())
    body = data[8 + length :]
    return {name: _tensor(body, stated) for name, stated in header.items() if name != "__metadata__"}


def _tensor(body: arrays.Array, stated: Any) -> arrays.Array:
    begin, end = stated["data_offsets"]
    kind = stated["dtype"]
    if kind not in TYPES:
        raise Unreadable(f"numbers of type {str(kind)[:20]} are not looked into")
    numbers: arrays.Array = body[begin:end].view(TYPES[kind])
    if kind == "BF16":  # the upper half of a float32
        numbers = (numbers.astype("<u4") << 16).view("<f4")
    return numbers.reshape(stated["shape"])
