"""A reproduction as people read it: the checklist, what differs, the verdict, its likely causes, and what to do next."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from runner.cli.differences import arrow, called, values_of
from runner.cli.output import counted, printable
from runner.cli.tables import print_table
from runner.errors import RunnerError
from runner.records import Recorded
from runner.reproduction.checking import Checklist, State
from runner.reproduction.model import Compared, Outcome, Tolerance, Verdict
from runner.reproduction.reproducing import Reproduced
from runner.reproduction.verdict import needed, nothing_compared

MARKS: Mapping[State, tuple[str, str, str]] = {
    State.OK: ("✓", "+", "green"),
    State.WARNING: ("!", "!", "yellow"),
    State.MISSING: ("✗", "x", "red"),
}
COLOURS: Mapping[Verdict, str] = {
    Verdict.IDENTICAL: "green",
    Verdict.EQUIVALENT: "green",
    Verdict.DIFFERENT: "red",
    Verdict.IMPOSSIBLE: "yellow",
}
WORDS: Mapping[Verdict, str] = {
    Verdict.IDENTICAL: "everything that was compared is equal, bit for bit",
    Verdict.EQUIVALENT: "what differs is within the tolerance",
    Verdict.DIFFERENT: "the results are not the same",
}
UNLIKE = {Outcome.CLOSE, Outcome.DIFFERENT, Outcome.MISSING, Outcome.ADDED}
CAUSES = 5  # listed
HEADERS = ("result", "then", "now", "distance", "")


def print_checklist(checklist: Checklist, *, quiet: bool) -> None:
    """On standard error, a line for each item; quietly only what is missing."""
    unicode = (getattr(sys.stderr, "encoding", None) or "").lower().replace("-", "") == "utf8"
    for check in checklist.checks:
        if quiet and check.state is not State.MISSING:
            continue
        better, plain, colour = MARKS[check.state]
        mark = click.style(better if unicode else plain, fg=colour)
        click.echo(f"{mark} {printable(check.what):<12} {printable(check.said)}".rstrip(), err=True)
        if check.hint and check.state is not State.OK:
            click.echo(f"  {'':<12} {printable(check.hint)}", err=True)


def print_reproduced(called: str, checklist: Checklist, found: Reproduced) -> None:
    """Results that differ, the verdict, causes; on standard output. `called` names the original on a command line."""
    match found.verdict:
        case None:
            click.echo("all that it takes is there")
        case Verdict.IMPOSSIBLE:
            _print_impossible(checklist, found)
        case _:
            _print_compared(found)
            _print_verdict(found.verdict, WORDS[found.verdict])
            _print_notes(found)
    if found.verdict is Verdict.DIFFERENT:
        _print_causes(found)
        _print_hints(called, found)


def as_json(recorded: Recorded, checklist: Checklist, found: Reproduced) -> dict[str, Any]:
    """The whole, for machines."""
    return {
        "verdict": found.verdict.value if found.verdict else None,
        "original": {"run_id": recorded.run.id, "name": recorded.run.name, "place": recorded.place},
        "runs": [
            {"run_id": run.id, "name": run.name, "experiment_id": run.experiment_id} for run in found.runs
        ],
        "checks": [
            {"what": check.what, "state": check.state.value, "said": check.said, "hint": check.hint}
            for check in checklist.checks
        ],
        "results": [asdict(one) for one in found.compared],
        "children": found.children,
        "causes": list(values_of(found.causes)),
        "tolerance": {
            **_tolerance(found.tolerances.otherwise),
            "learnt": {
                f"{kind} {name}": _tolerance(one) for (kind, name), one in found.tolerances.of.items()
            },
        },
        "trouble": None if found.trouble is None else _trouble(found.trouble),
    }


def impossible(reference: str, error: RunnerError) -> dict[str, Any]:
    """The same of a run of which not enough is recorded."""
    return {
        "verdict": Verdict.IMPOSSIBLE.value,
        "original": {"reference": reference},
        "trouble": _trouble(error),
    }


# text ------------------------------------------------------------------------------------------------------------
def _print_verdict(verdict: Verdict, said: str) -> None:
    click.echo(f"{click.style(verdict.value, fg=COLOURS[verdict], bold=True)}: {printable(said)}")


def _print_impossible(checklist: Checklist, found: Reproduced) -> None:
    """What is missing, by name."""
    missing = [f"{check.what}: {check.said}" for check in checklist.missing]
    missing += [str(found.trouble)] if found.trouble else []
    _print_verdict(Verdict.IMPOSSIBLE, "; ".join(missing))
    if found.trouble is not None:
        for line in (found.trouble.detail or "").splitlines():
            click.echo(f"  {printable(line)}", err=True)
        if found.trouble.hint:
            _hint(found.trouble.hint)


def _print_compared(found: Reproduced) -> None:
    unlike = [one for one in found.compared if one.outcome in UNLIKE]
    if unlike:
        print_table(HEADERS, [_row(one) for one in unlike], right=("distance",), least=3)
    click.echo(_summary(found.compared))


def _print_notes(found: Reproduced) -> None:
    if nothing_compared(found.compared):
        click.echo("the runs have neither metrics nor files: that says little", err=True)
    if found.children:
        said = f"{counted(found.children, 'run')} that it has started {'is' if found.children == 1 else 'are'} not compared"
        click.echo(f"{said}: reproduce each of them, too", err=True)
    if found.trouble is not None:
        click.echo(f"causes could not be looked for: {printable(str(found.trouble))}", err=True)


def _row(one: Compared) -> tuple[str, ...]:
    remark = ", ".join(filter(None, (one.outcome.value, one.note)))
    distance = "" if one.distance is None else f"{one.distance:.2g}"
    return f"{one.kind} {one.name}", one.before or "", one.after or "", distance, remark


def _summary(compared: Sequence[Compared]) -> str:
    same = Counter(one.kind for one in compared if one.outcome is Outcome.SAME)
    ignored = sum(one.outcome is Outcome.IGNORED for one in compared)
    parts = [counted(count, kind) for kind, count in same.items() if kind != "exit"]
    parts += ["how it ended"] * ("exit" in same)
    said = f"equal: {', '.join(parts) or 'nothing'}"
    return said + (f"; {ignored} not compared" if ignored else "")


def _print_causes(found: Reproduced) -> None:
    causes = found.causes
    if not causes:
        if found.trouble is None:
            click.echo("it was executed alike: the program itself gives other results each time, it seems")
        return
    click.echo("likely causes, the likeliest first:")
    for number, cause in enumerate(causes[:CAUSES], 1):
        click.echo(
            f"  {number}. {printable(called(cause))}  {printable(arrow(cause.before, cause.after))}".rstrip()
        )
    if len(causes) > CAUSES:
        click.echo(f"  and {len(causes) - CAUSES} more")


def _print_hints(called: str, found: Reproduced) -> None:
    for text in _hints(called, found):
        _hint(text)


def _hint(text: str) -> None:
    click.echo(click.style("hint: ", fg="cyan", bold=True) + printable(text), err=True)


def _hints(called: str, found: Reproduced) -> Iterator[str]:
    theirs = found.runs[0].id[:8]
    if tolerance := needed(found.compared):
        options = [f"--rtol {tolerance.relative:g}"] * (tolerance.relative > 0)
        options += [f"--atol {tolerance.absolute:g}"] * (tolerance.absolute > 0)
        yield f"with {' '.join(options)} they would be equivalent"
    if not found.causes:
        yield f"how far repetitions are apart: runner reproduce {called} --repeat 5"
        return
    yield f"all that differs: runner diff {called} {theirs}"
    metric = next(
        (one.name for one in found.compared if one.kind == "metric" and one.outcome is Outcome.DIFFERENT),
        None,
    )
    if metric is not None:
        yield f"to find the cause by experiments: runner bisect {called} {theirs} --metric {metric}"


# JSON ------------------------------------------------------------------------------------------------------------
def _trouble(error: RunnerError) -> dict[str, str | None]:
    return {"message": str(error), "detail": error.detail, "hint": error.hint}


def _tolerance(one: Tolerance) -> dict[str, float]:
    return {"relative": one.relative, "absolute": one.absolute}
