"""How large the batches of an Arrow file are unpacked: Arrow tells it when they are in memory, and a few bytes may become gigabytes.

The head of a message is a FlatBuffer: tables of fields, each field as many bytes behind its table as the list of the table says.
"""

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyarrow.ipc import Message

DICTIONARY, BATCH = 2, 3  # kinds of messages
KIND, HEAD = 1, 2  # fields of a message
DATA = 1  # field of a dictionary
NODES, BUFFERS, COMPRESSION = 1, 2, 3  # fields of a batch
VALUE = 8  # bytes that a value takes at least, once somebody looks at it
PLAIN = -1  # the size of a buffer that is not compressed after all


def unpacked(message: "Message") -> int:
    """Bytes of the values of a message.

    Raises:
        ValueError: it is none.
    """
    try:
        return _size(memoryview(message.metadata), memoryview(message.body or b""))
    except struct.error as error:
        raise ValueError("this is no Arrow file: a message is torn") from error


def _size(head: memoryview, body: memoryview) -> int:
    message = _number(head, 0, "I")
    kind, batch = _field(head, message, KIND), _field(head, message, HEAD)
    told = head[kind] if kind else 0
    if told == DICTIONARY and batch:
        batch = _field(head, _followed(head, batch), DATA)
    if told not in {DICTIONARY, BATCH} or not batch:
        return 0
    table = _followed(head, batch)
    sizes: list[int] = [size for _, size in _pairs(head, table, BUFFERS)]
    if _field(head, table, COMPRESSION):
        sizes = [_told(body, offset, size) for offset, size in _pairs(head, table, BUFFERS)]
    return sum(sizes) + VALUE * sum(length for length, _ in _pairs(head, table, NODES))


def _told(body: memoryview, offset: int, size: int) -> int:
    """Bytes of a compressed buffer, which stand before it."""
    if size == 0:
        return 0
    found = _number(body, offset, "q")
    return size if found == PLAIN else found


def _pairs(head: memoryview, table: int, field: int) -> list[tuple[int, int]]:
    """Pairs of numbers, none of which is below zero."""
    place = _field(head, table, field)
    if not place:
        return []
    start = _followed(head, place)
    count = min(_number(head, start, "I"), len(head) // 16)
    found: list[Any] = list(struct.iter_unpack("<qq", head[start + 4 : start + 4 + 16 * count]))
    if any(min(pair) < 0 for pair in found):
        raise ValueError("this is no Arrow file: it has sizes below zero")
    return found


def _field(head: memoryview, table: int, number: int) -> int:
    """Where a field of a table is; 0: it has none."""
    told = table - _number(head, table, "i")
    if 4 + 2 * number >= _number(head, told, "H"):
        return 0
    offset = _number(head, told + 4 + 2 * number, "H")
    return table + offset if offset else 0


def _followed(head: memoryview, place: int) -> int:
    return place + _number(head, place, "I")


def _number(data: memoryview, place: int, kind: str) -> int:
    if place < 0:
        raise struct.error("before the beginning")
    found: int = struct.unpack_from(f"<{kind}", data, place)[0]
    return found
