"""What the texts of YAML files say, remembered by their content: PyYAML takes longer to import than what is then read with it.

<memory>/<digest of the text>.json    its nodes; not of a text with a login in it, nor of one that says more than a file may hold
"""

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from runner.errors import Location
from runner.files import sha256, write_atomically
from runner.project.document import LARGEST_FILE, Entry, Items, Node, Scalar, Table

FORM = 1  # of what is remembered
LOGIN = re.compile(r"://[^/\s]*@")


def recalled(text: str, path: Path, memory: Path) -> Node | None:
    """What the text says, in the file at `path`; None where nobody remembers."""
    try:
        return _unpacked(json.loads(_place(text, memory).read_bytes()), path)
    except (OSError, ValueError, TypeError, RecursionError):  # damaged, too
        return None


def remember(root: Node, text: str, memory: Path) -> None:
    """Keep what a text says. Where that cannot be, it is read anew each time."""
    if LOGIN.search(text):
        return
    # no room; a date, or bytes, or a number that JSON does not have; nested too deep
    with suppress(OSError, TypeError, ValueError, RecursionError):
        size, pieces = 0, []
        for piece in json.JSONEncoder().iterencode(_packed(root)):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_FILE:  # an alias is as large as all that it stands for
                return
        memory.mkdir(mode=0o700, parents=True, exist_ok=True)  # a file may be for its owner only
        write_atomically(_place(text, memory), "".join(pieces))


def _place(text: str, memory: Path) -> Path:
    return memory / f"{sha256(f'{FORM} {text}')[:32]}.json"


def _packed(node: Node) -> list[Any]:
    """As JSON: line and column, and what is there."""
    place = [node.where.line, node.where.column]
    match node:
        case Scalar(value=value, text=text):
            return [*place, text, value]
        case Items(values=values):
            return [*place, [_packed(value) for value in values]]
        case Table(entries=entries):
            return [
                *place,
                {
                    entry.key: [entry.where.line, entry.where.column, entry.raw, _packed(entry.value)]
                    for entry in entries.values()
                },
            ]


def _unpacked(packed: Any, path: Path) -> Node:
    match packed:
        case [line, column, str(text), value]:
            return Scalar(value, text, Location(path, line, column))
        case [line, column, list(values)]:
            return Items(tuple(_unpacked(value, path) for value in values), Location(path, line, column))
        case [line, column, dict(entries)]:
            return Table(
                {key: _entry(key, entry, path) for key, entry in entries.items()},
                Location(path, line, column),
            )
        case _:
            raise ValueError("not what was remembered")


def _entry(key: str, packed: Any, path: Path) -> Entry:
    line, column, raw, value = packed
    return Entry(key, Location(path, line, column), _unpacked(value, path), raw)
