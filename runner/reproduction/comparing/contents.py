"""Two files of one name: which format they have, and what that finds. What is in them may be hostile."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path, PurePosixPath
from zipfile import is_zipfile

from runner.reproduction.comparing import archives, documents, tables, texts
from runner.reproduction.comparing.tally import Tally
from runner.reproduction.comparing.unreadable import LibraryMissing, Unreadable

Comparer = Callable[[Path, Path, Tally], None]


def look(name: str, first: Path, second: Path, tally: Tally, *, inside: bool = False) -> None:
    """Put into `tally` what differs; an archive `inside` another stays closed.

    Raises:
        Unreadable: nothing but their bytes can be compared.
    """
    comparer = _comparer(name)
    if comparer is _archive and inside:
        raise Unreadable("an archive in another stays closed")
    try:
        comparer(first, second, tally)
    except Unreadable:
        raise
    except Exception as error:  # whatever a parser of six formats makes of a broken file
        raise Unreadable(f"no valid {PurePosixPath(name).suffix} file") from error


def _comparer(name: str) -> Comparer:
    path = PurePosixPath(name.lower())
    return NAMED.get(path.name) or SUFFIXES.get(path.suffix, texts.lines)


def _with(module: str, function: str) -> Comparer:
    """A comparer that needs a library of `runner[compare]`, imported when it is called."""

    def comparer(first: Path, second: Path, tally: Tally) -> None:
        try:
            found = import_module(f"runner.reproduction.comparing.{module}")
        except ImportError as error:
            raise LibraryMissing from error
        getattr(found, function)(first, second, tally)

    return comparer


def _archive(first: Path, second: Path, tally: Tally) -> None:
    archives.members(first, second, tally, look=partial(look, inside=True))


def _pickle(first: Path, second: Path, tally: Tally) -> None:
    """A pickle runs code when it is opened; what torch writes today is a zip file with the numbers beside the pickle."""
    if not (is_zipfile(first) and is_zipfile(second)):
        raise Unreadable("a pickle is not opened, for it can run code")
    _archive(first, second, tally)


NAMED: dict[str, Comparer] = {"mlmodel": documents.model_description}
SUFFIXES: dict[str, Comparer] = {
    **dict.fromkeys((".json", ".geojson", ".ipynb"), documents.json_document),
    **dict.fromkeys((".jsonl", ".ndjson"), documents.json_lines),
    **dict.fromkeys((".yaml", ".yml"), documents.yaml_document),
    **dict.fromkeys((".csv", ".tsv"), tables.delimited),
    **dict.fromkeys((".parquet", ".pq"), _with("parquet", "table")),
    ".npy": _with("arrays", "npy"),
    ".safetensors": _with("tensors", "safetensors"),
    **dict.fromkeys(
        (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp"), _with("images", "pixels")
    ),
    **dict.fromkeys((".npz", ".zip", ".keras", ".docx", ".xlsx", ".pptx", ".whl"), _archive),
    **dict.fromkeys((".pkl", ".pickle", ".joblib", ".cloudpickle", ".pt", ".pth", ".ckpt"), _pickle),
}
