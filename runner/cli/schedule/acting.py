"""`runner schedule pause`, `resume`, `remove`, `run-now`, `backfill`."""

from contextlib import closing
from datetime import datetime
from itertools import takewhile
from zoneinfo import ZoneInfo

import click

from runner.cli import Context
from runner.cli.output import counted, print_json
from runner.cli.schedule.texts import told
from runner.errors import Conflict, UsageError
from runner.scheduling.deciding import overlapped, upcoming
from runner.scheduling.times import times
from runner.tracking import open_database_store
from runner.tracking.schedules import Cause, FiringState, NewFiring, Overlap, Schedule, Schedules

MOST = 1000  # firings of one backfill
EARLIEST, LATEST = 1970, 9000  # years: times are counted from the one, and calendars end after the other


@click.command
@click.argument("name")
@click.pass_obj
def pause(context: Context, /, *, name: str) -> None:
    """Let a schedule rest: times that come meanwhile are left out. What goes on goes on."""
    _rest(context, name, paused=True)


@click.command
@click.argument("name")
@click.pass_obj
def resume(context: Context, /, *, name: str) -> None:
    """Let a schedule fire again, from its next time on."""
    _rest(context, name, paused=False)


def _rest(context: Context, name: str, *, paused: bool) -> None:
    with closing(open_database_store(context.settings)) as store:
        schedules = store.schedules
        found = schedules.get(name)
        following = upcoming(name, found.definition, schedules.now())
        if found.paused != paused:
            schedules.change(name, paused=paused, upcoming=following)


@click.command
@click.argument("name")
@click.pass_obj
def remove(context: Context, /, *, name: str) -> None:
    """Remove a schedule with its history; its runs stay."""
    with closing(open_database_store(context.settings)) as store:
        store.schedules.remove(name)


@click.command("run-now")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def run_now(context: Context, /, *, name: str, as_json: bool) -> None:
    """Fire out of turn; a scheduler starts the run. Its overlap rule holds."""
    with closing(open_database_store(context.settings)) as store:
        schedules = store.schedules
        schedule = schedules.get(name)
        now = schedules.now()
        overlap = schedule.definition.overlap
        new = overlapped(overlap, NewFiring(now, now, Cause.MANUAL), schedules.going(schedule.id))
        if new.state is FiringState.SKIPPED:
            raise Conflict(
                f"schedule {name!r} does not fire now: {new.reason}", hint="its overlap rule is `forbid`"
            )
        (firing,) = schedules.insert(schedule.id, [new], replacing=overlap is Overlap.REPLACE)
    if as_json:
        print_json(told(firing))
    else:
        click.echo(f"{name}: fires as soon as a scheduler is at work", err=True)


@click.command
@click.argument("name")
@click.option(
    "--from", "start", metavar="TIME", required=True, help="First time, 2026-11-01 or 2026-11-01T02:30."
)
@click.option("--to", "end", metavar="TIME", required=True, help="Last time, in the schedule's zone, too.")
@click.option("--dry-run", is_flag=True, help="Only count them.")
@click.pass_obj
def backfill(context: Context, /, *, name: str, start: str, end: str, dry_run: bool) -> None:
    """Fire for times that have passed, and have not succeeded; a scheduler starts the runs, one after another.

    Each run knows its time by the tag runner.scheduled_for, and by RUNNER_SCHEDULED_FOR in its environment.
    """
    with closing(open_database_store(context.settings)) as store:
        schedule = store.schedules.get(name)
        new = _times(schedule, start, end, now=store.schedules.now())
        if not dry_run:
            _insert(store.schedules, schedule, new)
    click.echo(f"{counted(len(new), 'firing')}", err=True)


def _times(schedule: Schedule, start: str, end: str, *, now: int) -> list[NewFiring]:
    definition = schedule.definition
    low, high = moment_of(start, definition.zone), _end_of(end, definition.zone)
    if low > min(high, now):
        raise UsageError(
            f"{start} is later than {'now' if low > now else end}",
            hint="--from is the first time, --to the last",
        )
    found = takewhile(
        lambda time: time <= min(high, now), times(definition.expression, definition.zone).after(low - 1)
    )
    new = [NewFiring(time, now, Cause.BACKFILL) for time, _ in zip(found, range(MOST + 1), strict=False)]
    if len(new) > MOST:
        raise UsageError(f"there are more than {MOST} times between them", hint="take a part of that")
    return new


def _insert(schedules: Schedules, schedule: Schedule, new: list[NewFiring]) -> None:
    schedules.revive(schedule.id, [each.scheduled_for for each in new], due=new[0].due if new else 0)
    schedules.insert(schedule.id, new, replacing=False)


def _end_of(text: str, zone: str) -> int:
    """The same for the last time: a day is meant as a whole."""
    if len(text) == len("2026-11-01"):
        return moment_of(f"{text}T23:59:59", zone)
    return moment_of(text, zone)


def moment_of(text: str, zone: str) -> int:
    """A time as people write it, in that zone unless it names another.

    Raises:
        UsageError: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is no time", hint="write 2026-11-01 or 2026-11-01T02:30") from None
    if not EARLIEST <= found.year <= LATEST:
        raise UsageError(f"{text!r} is too far away", hint=f"from {EARLIEST} to {LATEST}")
    local = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
    return round(local.timestamp() * 1000)
