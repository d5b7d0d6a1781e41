"""Which view an artifact has: its name decides, and what is in it may refuse."""

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import IO

from runner.errors import RunnerError
from runner.server.native.files import size_of
from runner.server.native.looking import arrays, columnar, notebooks, tables, tensors, trees
from runner.server.native.looking.shapes import Array, Table, View, ViewFile
from runner.server.native.marked import marked

WHOLE = 5 * 1024 * 1024  # bytes of a file that is read whole
TREES = {".json": "json", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml"}
TABLES: Mapping[str, Callable[[IO[bytes], int, ViewFile], Table]] = {
    ".csv": lambda file, size, asked: tables.delimited(file, size, asked, ","),
    ".tsv": lambda file, size, asked: tables.delimited(file, size, asked, "\t"),
    **dict.fromkeys((".jsonl", ".ndjson"), tables.json_lines),
    ".parquet": lambda file, _, asked: columnar.parquet(file, asked),
    **dict.fromkeys((".arrow", ".feather"), columnar.arrow),
}
ARRAYS: Mapping[str, Callable[[IO[bytes], ViewFile], list[Array]]] = {
    ".npy": lambda file, _: arrays.npy(file),
    ".npz": arrays.npz,
    ".safetensors": lambda file, _: tensors.safetensors(file),
}
NEEDED = {".parquet": "pyarrow", ".arrow": "pyarrow", ".feather": "pyarrow", ".npy": "numpy", ".npz": "numpy"}
# What libraries raise for files that are none.
BROKEN = (
    ValueError,
    OSError,
    KeyError,
    TypeError,
    EOFError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
)


def look(file: IO[bytes], path: str, asked: ViewFile) -> View:
    """What there is to see of it; `kind` is "bytes" where that is nothing but its bytes."""
    size, ending = size_of(file), PurePosixPath(path).suffix.lower()
    needed = NEEDED.get(ending)
    if needed and importlib.util.find_spec(needed) is None:
        missing = f"the server needs {needed} to look into {ending} files: pip install 'runner[compare]'"
        return View(path=path, size=size, kind="bytes", missing=missing)
    try:
        return _look(file, path, asked, size, ending)
    except RunnerError as error:
        return View(path=path, size=size, kind="bytes", missing=str(error))
    except BROKEN as error:
        return View(path=path, size=size, kind="bytes", missing=f"it cannot be read: {str(error)[:300]}")


def _look(file: IO[bytes], path: str, asked: ViewFile, size: int, ending: str) -> View:
    if ending in TABLES:
        return View(path=path, size=size, kind="table", table=TABLES[ending](file, size, asked))
    if ending in ARRAYS:
        return View(path=path, size=size, kind="arrays", arrays=ARRAYS[ending](file, asked))
    if size > WHOLE:
        return View(path=path, size=size, kind="bytes", missing=f"it is larger than {WHOLE} bytes")
    return _whole(file.read(WHOLE), path, size, ending)


def _whole(data: bytes, path: str, size: int, ending: str) -> View:
    if ending in {".md", ".markdown"}:
        return View(path=path, size=size, kind="markdown", nodes=marked(data.decode(errors="replace")))
    if ending == ".ipynb":
        return View(path=path, size=size, kind="notebook", cells=notebooks.cells(data))
    kind = TREES.get(ending) or ("yaml" if PurePosixPath(path).name == "MLmodel" else None)
    if kind:
        return View(path=path, size=size, kind="tree", value=trees.parsed(data, kind))
    return View(path=path, size=size, kind="bytes")
