"""Weights of a model as safetensors keep them: a head in JSON tells name, type and shape of each. The numbers are not read."""

import json
from itertools import islice
from typing import IO, Any

from runner.errors import TrackingError
from runner.server.native.looking.shapes import Array
from runner.server.native.looking.values import volume

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
        named = islice(((name, told) for name, told in head.items() if name != "__metadata__"), MOST)
        return [_array(name, told) for name, told in named]
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise TrackingError("this is no safetensors file") from error


def _array(name: str, told: dict[str, Any]) -> Array:
    shape = list(told["shape"])
    return Array(name=str(name), dtype=str(told["dtype"]), shape=shape, size=volume(shape))
