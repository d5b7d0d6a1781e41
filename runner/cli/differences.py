"""Differences between two runs as people read them: a section for each kind, a line for each difference."""

import sys
from collections.abc import Iterator, Mapping, Sequence

import click

from runner.cli.output import printable
from runner.reproduction.model import Aspect, Compared, Difference, Outcome

SECTIONS: Mapping[Aspect, str] = {
    Aspect.CODE: "code",
    Aspect.ENTRY_POINT: "parameters",
    Aspect.PARAMETER: "parameters",
    Aspect.SEED: "parameters",
    Aspect.PACKAGE: "environment",
    Aspect.INTERPRETER: "environment",
    Aspect.IMAGE: "environment",
    Aspect.VARIABLE: "environment",
    Aspect.DATA: "inputs",
    Aspect.MACHINE: "machine",
}
ORDER = ("code", "parameters", "environment", "inputs", "machine")
COLOURS: Mapping[str, str] = {
    "added": "green",
    "removed": "red",
    "upgraded": "cyan",
    "downgraded": "magenta",
    "unknown": "yellow",
}
LINES: Mapping[str, str] = {"+": "green", "-": "red", "@": "cyan"}
CAUSES = 3  # listed; all of them stand above
WIDEST = 60  # characters of a value


def print_differences(differences: Sequence[Difference]) -> None:
    """What was not alike, section by section."""
    for section in ORDER:
        found = [one for one in differences if SECTIONS[one.aspect] == section]
        if found:
            click.echo(click.style(section, bold=True))
            _print_rows([_row(one) for one in found])


def print_results(compared: Sequence[Compared]) -> None:
    """Results, those that are not the same."""
    if compared:
        click.echo(click.style("results", bold=True))
        _print_rows([_result(one) for one in compared])


def print_causes(causes: Sequence[Difference]) -> None:
    """What may explain other results, the likeliest first."""
    if causes:
        click.echo(click.style("likely causes", bold=True))
        for number, one in enumerate(causes[:CAUSES], 1):
            click.echo(f"  {number}. {printable(called(one))}")


def called(one: Difference) -> str:
    """`package numpy`; a seed is just that."""
    return one.name if one.name == one.aspect.value else f"{one.aspect.value} {one.name}"


def print_code(differences: Sequence[Difference]) -> None:
    """The unified diff of all files, as `patch -p1` takes it."""
    for one in differences:
        if one.aspect is Aspect.CODE and one.name != "commit":
            if not one.detail.startswith("--- "):
                click.echo(f"{one.change}: {printable(_renamed(one))}")
            for line in one.detail.splitlines():
                click.echo(_coloured(line))


def arrow(before: str | None, after: str | None) -> str:
    """`1.26.4 → 2.0.0`, or what there is of it."""
    sign = " → " if (sys.stdout.encoding or "").lower().replace("-", "") == "utf8" else " -> "
    return sign.join(_cut(text) for text in (before, after) if text is not None)


def _row(one: Difference) -> tuple[str, str, str, str]:
    """Name, values, change and remark, and the lines that follow."""
    first, *_ = one.detail.splitlines() or [""]
    if one.aspect is Aspect.CODE and one.name != "commit" and one.change != "unknown":
        return _renamed(one), one.after or "", one.change, ""
    remark = ", ".join(filter(None, ("" if one.change == "changed" else one.change, first)))
    more = "\n".join(one.detail.splitlines()[1:])
    return one.name, arrow(one.before, one.after), remark, more


def _renamed(one: Difference) -> str:
    return f"{one.before} -> {one.name}" if one.change == "renamed" else one.name


def _result(one: Compared) -> tuple[str, str, str, str]:
    name = one.name if one.name == one.kind else f"{one.kind} {one.name}"
    words = {Outcome.MISSING: "removed", Outcome.ADDED: "added", Outcome.CLOSE: "close"}
    remark = ", ".join(filter(None, (words.get(one.outcome, ""), one.note)))
    return name, arrow(one.before, one.after), remark, ""


def _print_rows(rows: Sequence[tuple[str, str, str, str]]) -> None:
    clean = [(*(printable(cell) for cell in row[:3]), row[3]) for row in rows]
    widths = [max(len(row[column]) for row in clean) for column in (0, 1)]
    for name, values, remark, more in clean:
        colour = COLOURS.get(remark.partition(",")[0])
        told = click.style(remark, fg=colour) if colour else remark
        click.echo(f"  {name:<{widths[0]}}  {values:<{widths[1]}}  {told}".rstrip())
        for line in more.splitlines():
            click.echo(f"      {printable(line)}")


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDEST else f"{line[: WIDEST - 3]}..."


def _coloured(line: str) -> str:
    """A line of a diff, harmless and with its tabs; those that name the files are bold."""
    clean = "\t".join(map(printable, line.split("\t")))
    if line.startswith(("--- ", "+++ ")):
        return click.style(clean, bold=True)
    return click.style(clean, fg=LINES.get(line[:1]))


def values_of(differences: Sequence[Difference]) -> Iterator[dict[str, object]]:
    """JSON values."""
    for one in differences:
        yield {
            "aspect": one.aspect.value,
            "name": one.name,
            "change": one.change,
            "before": one.before,
            "after": one.after,
            "detail": one.detail,
            "weight": one.weight,
        }
