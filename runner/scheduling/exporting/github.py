"""A workflow, for GitHub Actions, whose clock knows only UTC.

Where clocks change, the workflow is called at each hour at which the time may be in UTC; `runner schedule fire` sees that it has fired
for the schedule's last time already, and does nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import yaml

from runner.errors import UsageError
from runner.scheduling.exporting import Export
from runner.scheduling.exporting.fields import Fields, fields

HOURS = 24


def files(export: Export) -> Mapping[str, str]:
    """The workflow."""
    crons = in_utc(fields(export.schedule.definition))
    workflow = {
        "name": f"schedule {export.name}",
        "on": {"schedule": [{"cron": cron} for cron in crons], "workflow_dispatch": {}},
        "permissions": {},
        "jobs": {
            "fire": {
                "runs-on": "ubuntu-latest",
                "env": {name: f"${{{{ secrets.{name} }}}}" for name in export.secrets},
                "steps": [
                    {"uses": "actions/setup-python@v5", "with": {"python-version": "3.12"}},
                    {"run": "pip install 'runner[mysql,postgresql]'"},
                    {"run": " ".join(("runner", *export.words))},
                ],
            }
        },
    }
    text = yaml.safe_dump(workflow, sort_keys=False, allow_unicode=True, width=120)
    # YAML 1.1 quotes `on`, which it takes for a truth value; GitHub reads both
    return {f".github/workflows/runner-{export.name}.yml": text}


def in_utc(when: Fields) -> Sequence[str]:
    """The expressions in UTC that together hold all its times.

    Raises:
        UsageError: days would have to be moved, or minutes.
    """
    offsets = _offsets(when.zone)
    if offsets == {timedelta()}:
        return [when.expression]
    minute, hour, *days = when.expression.split()
    if hour == "*" and all(_hours(offset) is not None for offset in offsets) and days == ["*"] * 3:
        return [when.expression]
    shifted = [_hours(offset) for offset in offsets]
    if days != ["*"] * 3 or None in shifted:
        raise UsageError(
            f"{when.expression!r} in {when.zone} cannot be said in UTC, which is all that GitHub knows",
            hint="--tz UTC, or another form",
        )
    hours = sorted({(at - (by or 0)) % HOURS for at in when.parsed.hours for by in shifted})
    return [f"{minute} {','.join(map(str, hours))} * * *"]


def _offsets(zone: str) -> set[timedelta]:
    """Those of a year."""
    now = datetime.now(UTC)
    days = (now + timedelta(days=day) for day in range(366))
    return {day.astimezone(ZoneInfo(zone)).utcoffset() or timedelta() for day in days}


def _hours(offset: timedelta) -> int | None:
    whole, rest = divmod(offset, timedelta(hours=1))
    return None if rest else whole
