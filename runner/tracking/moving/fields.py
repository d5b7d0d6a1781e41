"""A `meta.yaml` of MLflow's as values of the types that they should have. Whoever wrote it may have meant ill."""

import os
from collections.abc import Iterator
from pathlib import Path

from runner.errors import TrackingError
from runner.project.document import Items, Node, Scalar, Table, read
from runner.tracking.artifacts import contained
from runner.tracking.moving.report import Report

META = "meta.yaml"
LONGEST = 4 * 1024 * 1024  # bytes of a file that holds one value


class Fields:
    """The mapping in one file.

    Raises:
        RunnerError: it is no mapping, no YAML, or too large; the message says where.
    """

    def __init__(self, root: Path, path: Path) -> None:
        self._path = path
        found = read(inside(root, path)).root
        if not isinstance(found, Table):
            raise TrackingError(f"{path} is no mapping")
        self._table = found

    def text(self, key: str) -> str:
        """A text; "" where there is none."""
        value = self._scalar(self._table.get(key), key)
        return "" if value is None else str(value)

    def number(self, key: str) -> int | None:
        """A whole number, also one in quotes; None where there is none."""
        value = self._scalar(self._table.get(key), key)
        if value is None or isinstance(value, int):
            return value
        try:
            return int(str(value))
        except ValueError as error:
            raise TrackingError(f"{self._path}: {key} is no number: {value!r}") from error

    def texts(self, key: str) -> dict[str, str]:
        """A mapping of texts; empty for anything else."""
        found = self._table.get(key)
        entries = found if isinstance(found, Table) else ()
        return {entry.key: str(self._scalar(entry.value, entry.key) or "") for entry in entries}

    def _scalar(self, node: Node | None, key: str) -> object:
        if isinstance(node, Items | Table):
            raise TrackingError(f"{self._path}: {key} is {node}")
        return node.value if isinstance(node, Scalar) else None


def inside(root: Path, path: Path) -> Path:
    """The path itself.

    Raises:
        TrackingError: a link on the way leads out of `root`.
    """
    return contained(root, path.relative_to(root).as_posix())


def value_of(root: Path, path: Path) -> str:
    """What a file holds that has nothing but a value."""
    with inside(root, path).open("rb") as file:
        content = file.read(LONGEST + 1)
    if len(content) > LONGEST:
        raise TrackingError(f"{path} holds more than {LONGEST} bytes")
    return content.decode()


def values(root: Path, directory: Path, report: Report) -> dict[str, str]:
    """The files below a directory: their paths as keys, what they hold as values."""
    found = {}
    for path in files(directory):
        key = path.relative_to(directory).as_posix()
        with report.leaving(f"{directory.name[:-1]} {key!r} of {directory.parent.name}"):
            found[key] = value_of(root, path)
    return found


def directories(path: Path) -> list[Path]:
    """The directories in a directory, in order; none if it is none."""
    return sorted(entry for entry in path.iterdir() if entry.is_dir()) if path.is_dir() else []


def files(directory: Path) -> Iterator[Path]:
    """All files below a directory, in order; links to directories are not followed."""
    for place, below, names in os.walk(directory):
        below.sort()
        yield from (Path(place, name) for name in sorted(names))
