"""Results for people (tables on a terminal, tab-separated text when piped) and for machines (JSON). On stdout only."""

import json
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_json(value: Any) -> None:
    """Print `value` as indented JSON; NaN and infinities become null, as JSON has none."""
    click.echo(json.dumps(_finite(value), indent=2, ensure_ascii=False, default=str))


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Print rows below headers; columns named in `right` hold numbers. Piped: one header line, then tab-separated rows."""
    if not sys.stdout.isatty():
        for row in (headers, *rows):
            click.echo("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
        return
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for header in headers:
        table.add_column(
            header, justify="right" if header in right else "left", overflow="ellipsis", no_wrap=True
        )
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)


def _finite(value: Any) -> Any:
    match value:
        case float() if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN
            return None
        case dict():
            return {key: _finite(item) for key, item in value.items()}
        case list() | tuple():
            return [_finite(item) for item in value]
        case _:
            return value
