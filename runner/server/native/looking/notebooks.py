"""Jupyter's notebooks as they were kept: nothing is run, and HTML in them is left out where they have a text beside it."""

import json
from typing import Any, cast

from runner.errors import TrackingError
from runner.server.native.looking.shapes import Cell, Output
from runner.server.native.marked import marked

MOST = 1000  # cells
LONGEST = 100_000  # characters of a text
PICTURES = ("image/png", "image/jpeg", "image/gif")


def cells(data: bytes) -> list[Cell]:
    """The cells.

    Raises:
        TrackingError: it is no notebook.
    """
    try:
        found = json.loads(data)
        kept = found.get("cells") or [each for sheet in found["worksheets"] for each in sheet["cells"]]
        return [_cell(each) for each in kept[:MOST]]
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise TrackingError("this is no notebook") from error


def _cell(found: dict[str, Any]) -> Cell:
    source = text(found.get("source", found.get("input", "")))
    match found.get("cell_type"):
        case "markdown":
            return Cell(kind="markdown", nodes=marked(source))
        case "code":
            count = found.get("execution_count")
            outputs = [_output(each) for each in found.get("outputs", [])[:MOST]]
            return Cell(
                kind="code", source=source, count=count if isinstance(count, int) else None, outputs=outputs
            )
        case _:
            return Cell(kind="raw", source=source)


def _output(found: dict[str, Any]) -> Output:
    if found.get("output_type") == "stream":
        return Output(kind=str(found.get("name", "stdout")), text=text(found.get("text", "")))
    if found.get("output_type") in {"error", "pyerr"}:
        return Output(kind="error", text=text([f"{line}\n" for line in found.get("traceback", [])]))
    data = cast("dict[str, Any]", found.get("data", found))
    for kind in PICTURES:
        if kind in data:
            return Output(kind=kind, data="".join(text(data[kind]).split()))
    if "text/plain" in data:
        return Output(kind="text/plain", text=text(data["text/plain"]))
    return Output(kind="other", text=f"not shown: {', '.join(map(str, data))}")


def text(value: object) -> str:
    """What a notebook keeps as a text or as its lines."""
    whole = "".join(map(str, value)) if isinstance(value, list) else str(value)
    return whole[:LONGEST]
