"""A service and its timer, for systemd."""

from collections.abc import Iterator, Mapping

from runner.scheduling.exporting import Export
from runner.scheduling.exporting.fields import Fields, fields

WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
ALL_DAYS, ALL_MONTHS, ALL_HOURS, ALL_MINUTES = 31, 12, 24, 60


def files(export: Export) -> Mapping[str, str]:
    """Both units; `systemctl --user enable --now runner-NAME.timer` starts the timer."""
    name = f"runner-{export.name}"
    return {f"{name}.service": _service(export), f"{name}.timer": _timer(export)}


def _service(export: Export) -> str:
    lines = [
        "[Unit]",
        f"Description=Schedule {export.name} of runner",
        "Documentation=man:systemd.timer(5)",
        "",
        "[Service]",
        "Type=oneshot",
        f"ExecStart={' '.join(map(_word, export.argv))}",
        *(f"Environment={_word(f'{name}={value}', dollar='$')}" for name, value in export.variables.items()),
    ]
    if export.secrets:
        lines.append(f"# It holds {', '.join(export.secrets)}:")
        lines.append(f"EnvironmentFile=-%h/.config/runner/{export.name}.env")
    # The run is asked to end, and gets its time for that; what is left after it is killed.
    lines += ["KillMode=mixed", "SuccessExitStatus=0", "TimeoutStopSec=60"]
    return "\n".join([*lines, ""])


def _timer(export: Export) -> str:
    when = fields(export.schedule.definition)
    lines = [
        "[Unit]",
        f"Description=Times of schedule {export.name} of runner",
        "",
        "[Timer]",
        *(f"OnCalendar={text}" for text in calendars(when)),
        "AccuracySec=1s",
        # What was missed while the machine was off is decided by the schedule, when the timer makes up for it.
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
    ]
    return "\n".join([*lines, ""])


def calendars(when: Fields) -> Iterator[str]:
    """The times as systemd.time(7) has them; two, where a day of the month or of the week is enough."""
    parsed = when.parsed
    days = sorted(day for day in parsed.days if day > 0)
    weekdays = sorted({day % 7 for day in parsed.weekdays if isinstance(day, int)})
    clock = f"{_listed(parsed.hours, ALL_HOURS)}:{_listed(parsed.minutes, ALL_MINUTES)}:00 {when.zone}"
    months = _listed(parsed.months, ALL_MONTHS)
    of_month, of_week = _listed(days, ALL_DAYS), ",".join(WEEKDAYS[day] for day in weekdays)
    every_week = len(weekdays) == len(WEEKDAYS)
    if parsed.day_and:
        yield f"{'' if every_week else of_week + ' '}*-{months}-{of_month} {clock}"
    else:
        yield f"*-{months}-{of_month} {clock}"
        yield f"{of_week} *-{months}-* {clock}"


def _listed(numbers: "set[int] | list[int]", most: int) -> str:
    return "*" if len(numbers) == most else ",".join(f"{number:02}" for number in sorted(numbers))


def _word(text: str, *, dollar: str = "$$") -> str:
    """A word as systemd reads it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", dollar)
    return escaped if escaped == text and not set(" \t';") & set(text) else f'"{escaped}"'
