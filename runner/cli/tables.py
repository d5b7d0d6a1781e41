"""Tables on stdout: drawn on a terminal, tab-separated when piped."""

import shutil
import sys
from collections.abc import Mapping, Sequence

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from runner.cli.output import printable

GAP = 1  # between columns

STYLES: Mapping[str, str] = {
    "FINISHED": "green",
    "FAILED": "red",
    "KILLED": "yellow",
    "LOST": "yellow",
    "RUNNING": "cyan",
    "PREPARING": "cyan",
}


def print_table(
    headers: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    least: int | None = None,
) -> None:
    """Print rows below headers; columns named in `right` hold numbers.

    Piped: one header line, then tab-separated rows. On a terminal columns that do not fit are left out from the
    right, and a line on stderr says so; the first `least` columns always stay (all of them by default).
    """
    clean = [[printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in (headers, *clean):
            click.echo("\t".join(row))
        return
    shown = len(headers) if least is None else _fitting(headers, clean, least=least)
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False, padding=(0, GAP, 0, 0))
    for header in headers[:shown]:
        table.add_column(
            Text(printable(header)),
            justify="right" if header in right else "left",
            overflow="ellipsis",
            no_wrap=True,
        )
    for row in clean:
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row[:shown]))
    Console(highlight=False).print(table)
    if hidden := headers[shown:]:
        click.echo(f"{len(hidden)} columns do not fit: {', '.join(map(printable, hidden))}", err=True)


def _fitting(headers: Sequence[str], rows: Sequence[Sequence[str]], *, least: int) -> int:
    width = shutil.get_terminal_size().columns
    used = 0
    for index, header in enumerate(headers):
        used += max([len(header), *(len(row[index]) for row in rows)]) + GAP
        if used > width + GAP and index >= least:
            return index
    return len(headers)
