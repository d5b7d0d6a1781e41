"""Weights of a model as safetensors keep them: a head in JSON tells name, type and shape of each. The numbers are not read."""

import json
from typing import IO, Any

from runner.errors import TrackingError
from runner.server.native.looking.shapes import Array

LARGEST = 16 * 1024 * 1024  # bytes of the head
MOST = 1000  # arrays


def safetensors(file: IO[bytes]) -> list[Array]:
    """Its arrays, in their order.

    Raises:
        TrackingError: it is no such file.
    """
    size = int.from_bytes(file.read(8), "little")
    if not 0 < size <= LARGEST:
        raise TrackingError("this is no safetensors file: its head has no length")
    try:
        head = json.loads(file.read(size))
        found = [_array(name, told) for name, told in head.items() if name != "__metadata__"]
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise TrackingError("this is no safetensors file") from error
    return found[:MOST]


def _array(name: str, told: dict[str, Any]) -> Array:
    shape = [int(length) for length in told["shape"]]
    size = 1
    for length in shape:
        size *= length
    return Array(name=str(name), dtype=str(told["dtype"]), shape=shape, size=size)
