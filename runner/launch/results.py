"""What a program leaves behind, collected without any client in its code: metrics files and output files.

A metrics file is JSON: an object whose numbers become metrics (`{"rmse": 0.7}`, nested objects join their keys with
a slash), or a list of such objects, one per step (`[{"step": 0, "loss": 1.2}, ...]`); JSON Lines are a list as well.
"""

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from runner.errors import ProjectError
from runner.tracking.model import Metric

SIZE_LIMIT = 64 * 1024 * 1024  # bytes of one metrics file


class Found(Struct, frozen=True):
    """A file that a pattern of the project named. `path` is relative to the project directory."""

    path: str
    file: Path


def matching(directory: Path, patterns: tuple[str, ...]) -> list[Found]:
    """The files below `directory` that fit a pattern; a directory stands for all files in it. No link leads out."""
    found: dict[str, Found] = {}
    top = directory.resolve()
    for pattern in patterns:
        for hit in sorted(directory.glob(pattern)):
            for file in sorted(hit.rglob("*")) if hit.is_dir() else [hit]:
                if file.is_file() and file.resolve().is_relative_to(top):
                    relative = file.relative_to(directory).as_posix()
                    found[relative] = Found(relative, file)
    return list(found.values())


def changed(found: list[Found], since: Mapping[str, tuple[int, int]]) -> list[Found]:
    """Those that are new or were written after `since` (see `stamps`): a stale file of an earlier run is no result."""
    return [item for item in found if since.get(item.path) != stamp(item.file)]


def stamps(directory: Path, patterns: tuple[str, ...]) -> dict[str, tuple[int, int]]:
    """Size and time of change (ns) of the files that fit now."""
    return {item.path: stamp(item.file) for item in matching(directory, patterns)}


def stamp(file: Path) -> tuple[int, int]:
    """Size in bytes and time of change in nanoseconds."""
    status = file.stat()
    return status.st_size, status.st_mtime_ns


def read_metrics(found: Found, *, time: int) -> list[Metric]:
    """The metrics of one file; `time` (ms) stands for points that tell none.

    Raises:
        ProjectError: the file is no JSON, or too large.
    """
    if found.file.stat().st_size > SIZE_LIMIT:
        raise ProjectError(f"{found.path}: a metrics file of more than {SIZE_LIMIT} bytes is not read")
    text = found.file.read_text(encoding="utf-8", errors="replace")
    try:
        return list(_metrics(_parse(found.path, text), time=time))
    except RecursionError:
        raise ProjectError(f"{found.path}: the metrics file is nested too deeply") from None


def _parse(path: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as whole:
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            raise ProjectError(f"{path}: the metrics file is no JSON: {whole}") from whole


def _metrics(document: Any, *, time: int) -> Iterator[Metric]:
    match document:
        case list():
            for index, item in enumerate(document):
                if isinstance(item, dict):
                    yield from _point(item, step=index, time=time)
        case dict():
            yield from _point(document, step=0, time=time)


def _point(item: Mapping[str, Any], *, step: int, time: int) -> Iterator[Metric]:
    stated = item.get("step")
    step = stated if isinstance(stated, int) and not isinstance(stated, bool) else step
    for key, value in _flat(item):
        if key != "step":
            yield Metric(key, value, time, step)


def _flat(item: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for key, value in item.items():
        match value:
            case bool():
                continue
            case int() | float():
                yield prefix + key, _number(value)
            case dict():
                yield from _flat(value, f"{prefix}{key}/")


def _number(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # an integer beyond the floating-point range
        return math.copysign(math.inf, value)
