"""The times of a schedule in five fields, and their zone, as far as others understand them."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from cronsim import CronSim

from runner.errors import UsageError
from runner.scheduling.times import HOUR, MINUTE, Interval, times
from runner.tracking.schedules import Definition

DAY = 24 * HOUR
WEEK = 7 * DAY
THURSDAY = 4  # on which the epoch began


@dataclass(frozen=True, slots=True)
class Fields:
    """A cron expression that every cron reads, and its zone."""

    expression: str
    zone: str

    @property
    def parsed(self) -> CronSim:
        """Its sets of minutes, hours, days, months, weekdays."""
        return CronSim(self.expression, datetime.now(ZoneInfo("UTC")))


def fields(definition: Definition) -> Fields:
    """The times of a definition.

    Raises:
        UsageError: five fields cannot say it, or only some programs would read them.
    """
    when = times(definition.expression, definition.zone)
    if isinstance(when, Interval):
        return Fields(_of_interval(when.length, definition.expression), "UTC")
    if set("L#") & set(when.expression.upper().replace("JUL", "")):
        raise UsageError(
            f"{definition.expression!r} has L or #, which other programs do not understand",
            hint="let `runner scheduler` fire it",
        )
    return Fields(_counted_from_sunday(when.expression), definition.zone)


def _counted_from_sunday(expression: str) -> str:
    """Days of the week from 0 to 6: some programs know no 7."""
    *others, weekdays = expression.split()
    if weekdays.startswith("*") or "7" not in weekdays:
        return expression
    parsed = Fields(expression, "UTC").parsed.weekdays
    days = sorted({day % 7 for day in parsed if isinstance(day, int)})
    return " ".join([*others, ",".join(map(str, days))])


def _of_interval(length: int, told: str) -> str:
    if length % MINUTE == 0 and HOUR % length == 0:
        return f"*/{length // MINUTE} * * * *" if length < HOUR else "0 * * * *"
    if length % HOUR == 0 and DAY % length == 0:
        return f"0 */{length // HOUR} * * *" if length < DAY else "0 0 * * *"
    if length == WEEK:
        return f"0 0 * * {THURSDAY}"
    raise UsageError(
        f"{told!r} does not divide an hour or a day, so five fields cannot say it",
        hint="let `runner scheduler` fire it",
    )
