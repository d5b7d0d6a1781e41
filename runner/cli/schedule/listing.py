"""`runner schedule list`, `show`, `history`."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from zoneinfo import ZoneInfo

import click

from runner.cli import Context
from runner.cli.output import lasting, print_json, printable
from runner.cli.schedule.texts import shown, summary, told, utc
from runner.cli.tables import print_table
from runner.scheduling.deciding import due
from runner.scheduling.times import Shift, following, shifts, times
from runner.tracking import open_database_store
from runner.tracking.schedules import Definition, Firing, Schedule

SHOWN = 10  # next firings
YEAR = 366 * 86_400_000  # ms in which shifts are told

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("list")
@json_option
@click.pass_obj
def list_(context: Context, /, *, as_json: bool) -> None:
    """List schedules by name, with their next and last firings."""
    with closing(open_database_store(context.settings)) as store:
        found = store.schedules.all()
        last = store.schedules.last_firings([schedule.id for schedule in found])
    if as_json:
        print_json(
            [{**summary(each), "last": told(last[each.id]) if each.id in last else None} for each in found]
        )
        return
    print_table(
        ("NAME", "WHEN", "NEXT", "LAST", "PROJECT"), [_row(each, last.get(each.id)) for each in found]
    )


def _row(schedule: Schedule, last: Firing | None) -> tuple[str, ...]:
    definition = schedule.definition
    return (
        schedule.name,
        _when(definition),
        "paused" if schedule.paused else shown(schedule.upcoming.due, definition.zone),
        f"{last.state.value} {shown(last.scheduled_for, definition.zone)}" if last else "",
        definition.uri + (f" {definition.version}" if definition.version else ""),
    )


@click.command
@click.argument("name")
@json_option
@click.pass_obj
def show(context: Context, /, *, name: str, as_json: bool) -> None:
    """Show a schedule and its next firings, in its zone and in UTC, with the shifts of clocks among them."""
    with closing(open_database_store(context.settings)) as store:
        schedule = store.schedules.get(name)
    coming = _coming(schedule)
    if as_json:
        print_json({**summary(schedule), "firings": coming})
        return
    for title, value in _facts(schedule):
        click.echo(printable(f"{title:<12} {value}"))
    click.echo()
    for line in _firings(schedule, coming):
        click.echo(line)


def _coming(schedule: Schedule) -> Sequence[int]:
    definition = schedule.definition
    when = times(definition.expression, definition.zone)
    return following(when, schedule.upcoming.time - 1, SHOWN)


def _firings(schedule: Schedule, coming: Sequence[int]) -> Iterator[str]:
    """A line for each, and for each shift between them."""
    definition = schedule.definition
    changes = list(shifts(ZoneInfo(definition.zone), coming[0] - 1, min(coming[-1], coming[0] + YEAR)))
    for time in coming:
        while changes and changes[0].moment <= time:
            yield f"  {_shift(changes.pop(0))}"
        late = due(schedule.name, definition, time) - time
        jitter = f"   {lasting(late)} later" if late else ""
        yield f"{shown(time, definition.zone):<28}{utc(time)}{jitter}"


def _shift(shift: Shift) -> str:
    way = "forward" if shift.forward else "back"
    day = shift.before.strftime("%Y-%m-%d")
    return f"{day}: clocks go {way} from {shift.before:%H:%M} to {shift.after:%H:%M}"


def _facts(schedule: Schedule) -> Iterator[tuple[str, str]]:
    definition = schedule.definition
    yield "schedule", schedule.name + (" (paused)" if schedule.paused else "")
    yield "when", _when(definition)
    yield "project", definition.uri + (f", version {definition.version}" if definition.version else "")
    yield "entry point", definition.entry_point
    for name, value in definition.parameters.items():
        yield f"  {name}", value
    for name, variable in definition.from_environment.items():
        yield f"  {name}", f"(from {variable})"
    if definition.options:
        yield "options", " ".join(definition.options)
    yield (
        "missed",
        definition.missed.value + (f", {definition.most} at most" if definition.missed == "all" else ""),
    )
    yield "overlap", definition.overlap.value
    retry = definition.retry
    if retry.most:
        yield (
            "retries",
            f"{retry.most} after {', '.join(retry.after)}; {retry.delay} s, doubling to {retry.longest} s",
        )
    if definition.timeout:
        yield "timeout", lasting(definition.timeout * 1000)
    if definition.only_if:
        yield "only if", definition.only_if.value
    for event, targets in definition.hooks.items():
        yield f"on {event}", ", ".join(targets)


def _when(definition: Definition) -> str:
    return f"{definition.expression} {definition.zone}"


@click.command
@click.argument("name")
@click.option(
    "-n",
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="At most so many.",
)
@json_option
@click.pass_obj
def history(context: Context, /, *, name: str, limit: int, as_json: bool) -> None:
    """List what became of the times of a schedule, the latest first."""
    with closing(open_database_store(context.settings)) as store:
        zone = store.schedules.get(name).definition.zone
        found = store.schedules.history(name, limit=limit)
    if as_json:
        print_json([told(firing) for firing in found])
        return
    rows = [
        (
            shown(firing.scheduled_for, zone),
            firing.state.value,
            firing.cause.value,
            str(firing.attempt),
            lasting(firing.ended - firing.started) if firing.started and firing.ended else "",
            firing.run_id[:12],
            firing.reason,
        )
        for firing in found
    ]
    print_table(("TIME", "STATE", "CAUSE", "TRY", "TOOK", "RUN", "WHY"), rows)
