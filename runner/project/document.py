"""YAML text as values that know their place: what every reader of a project's files starts from.

read(path) -> Document(root: Scalar | Items | Table, notices)

What a text says is composed once (composing.py), and remembered (remembered.py).
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from runner.errors import Location, ProjectError
from runner.project.model import Notice

LARGEST_FILE = 1024 * 1024  # bytes
LONGEST_QUOTE = 40  # characters of a value in a message


class Scalar(Struct, frozen=True):
    """A single value: `text` as written, `value` as YAML 1.1 understands it (text, number, truth, date, None)."""

    value: object
    text: str
    where: Location

    def __str__(self) -> str:
        if self.value is None:
            return "nothing"
        return repr(self.text if len(self.text) <= LONGEST_QUOTE else self.text[:LONGEST_QUOTE] + "...")


class Items(Struct, frozen=True):
    """A list."""

    values: tuple["Node", ...]
    where: Location

    def __str__(self) -> str:
        return "a list"


class Entry(Struct, frozen=True):
    """A key of a mapping with its place, and what it holds. `raw` is the key as YAML understands it."""

    key: str
    where: Location
    value: "Node"
    raw: object


class Table(Struct, frozen=True):
    """A mapping; keys are texts (a key `1` is "1"), in the order of the file."""

    entries: Mapping[str, Entry]
    where: Location

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries.values())

    def get(self, key: str) -> "Node | None":
        """The value under `key`; None where there is none or it is null."""
        entry = self.entries.get(key)
        if entry is None or (isinstance(entry.value, Scalar) and entry.value.value is None):
            return None
        return entry.value

    def __str__(self) -> str:
        return "a mapping"


Node: TypeAlias = Scalar | Items | Table


class Document(Struct, frozen=True):
    """A file's content; `root` is None where it holds nothing but comments."""

    root: Node | None
    text: str
    notices: tuple[Notice, ...]


def native(node: Node) -> object:
    """The plain Python value, as `yaml.safe_load` gives it: its `str()` is what MLflow puts into commands."""
    match node:
        case Scalar(value=value):
            return value
        case Items(values=values):
            return [native(value) for value in values]
        case Table(entries=entries):
            return {entry.raw: native(entry.value) for entry in entries.values()}


def read(path: Path, memory: Path | None = None) -> Document:
    """Read a YAML file. `memory` is a directory where what its text says may be remembered.

    Raises:
        ProjectError: it cannot be read, is too large, is not UTF-8, is not YAML, or is a template.
    """
    text = read_text(path)
    if memory is None:
        return _composed(text, path)
    remembered = import_module("runner.project.remembered")
    root: Node | None = remembered.recalled(text, path, memory)
    if root is not None:
        return Document(root, text, ())
    document = _composed(text, path)
    if document.root is not None and not document.notices:
        remembered.remember(document.root, text, memory)
    return document


def read_text(path: Path) -> str:
    """Read a text file of a project; a byte-order mark is dropped.

    Raises:
        ProjectError: it cannot be read, is larger than LARGEST_FILE, or is not UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ProjectError(f"cannot be read: {error.strerror}", where=Location(path)) from error
    if len(data) > LARGEST_FILE:
        raise ProjectError(f"larger than {LARGEST_FILE // 1024} KiB", where=Location(path))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise import_module("runner.project.defects").no_text(error, data, path) from error


def _composed(text: str, path: Path) -> Document:
    document: Document = import_module("runner.project.composing").parse(text, path)
    return document
