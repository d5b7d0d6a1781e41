"""Tables on stdout: drawn on a terminal, tab-separated when piped."""

import shutil
import sys
from collections.abc import Mapping, Sequence

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from runner.cli.output import printable

GAP = 1  # between columns
WIDEST = 40  # what a longer value is cut to, where columns compete for room

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
    titles = [printable(header) for header in headers]
    clean = [[printable(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for row in (titles, *clean):
            click.echo("\t".join(row))
        return
    shown = len(titles) if least is None else _fitting(titles, clean, least=least)
    numeric = [header in right for header in headers]
    _draw(titles[:shown], [row[:shown] for row in clean], numeric=numeric, narrow=least is not None)
    if hidden := titles[shown:]:
        click.echo(f"{len(hidden)} columns do not fit: {', '.join(hidden)}", err=True)


def _draw(
    titles: Sequence[str], rows: Sequence[Sequence[str]], *, numeric: Sequence[bool], narrow: bool
) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False, padding=(0, GAP, 0, 0))
    for title, is_number in zip(titles, numeric, strict=False):
        table.add_column(
            Text(title),
            justify="right" if is_number else "left",
            overflow="ellipsis",
            no_wrap=True,
            max_width=WIDEST if narrow else None,
        )
    for row in rows:
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    Console(highlight=False).print(table)


def _fitting(titles: Sequence[str], rows: Sequence[Sequence[str]], *, least: int) -> int:
    """How many columns the terminal has room for."""
    left = shutil.get_terminal_size().columns + GAP  # the last column needs no gap
    for index, title in enumerate(titles):
        left -= min(WIDEST, max(map(cell_len, (title, *(row[index] for row in rows))))) + GAP
        if left < 0 and index >= least:
            return index
    return len(titles)
