"""`--as-of`: what a person writes, as one moment in RFC 3339, UTC.

2024-03-01          the end of that day
2024-03-01T12:00    in UTC, where no offset is given
"""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from runner import sources
from runner.environments.model import Wishes
from runner.errors import UsageError
from runner.settings import Settings
from runner.sources.model import Source

COMMIT = "commit"  # the date of the commit that is run

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?")


def read(wishes: Wishes) -> Wishes:
    """The wishes with their date as a moment; `commit` stays for `dated`.

    Raises:
        UsageError: no date, one that lies ahead, or wishes that contradict each other.
    """
    if wishes.locked and (wishes.anew or wishes.as_of):
        other = "--relock" if wishes.anew else "--as-of"
        raise UsageError(f"--locked resolves nothing: {other} contradicts it", hint="keep one of them")
    if wishes.as_of is None or wishes.as_of == COMMIT:
        return wishes
    return replace(wishes, as_of=moment(wishes.as_of))


def dated(wishes: Wishes, source: Source, commit: str | None, *, settings: Settings) -> Wishes:
    """The wishes with the date of the commit, where that is wanted.

    Raises:
        UsageError: there is no commit, or it is dated ahead.
    """
    if wishes.as_of != COMMIT:
        return wishes
    when = sources.committed(source, commit, settings=settings)
    return replace(wishes, as_of=past(when, f"the date of commit {commit or 'HEAD'}"))


def moment(text: str) -> str:
    """The moment that a date names; of today only what has passed.

    Raises:
        UsageError: no date, or one that lies ahead.
    """
    now = datetime.now(UTC)
    written = _moment(text.strip())
    if _DAY.fullmatch(text.strip()) and written <= now:
        written = min(written + timedelta(days=1, seconds=-1), now)
    return past(written, f"--as-of {text}", now=now)


def past(when: datetime, said: str, *, now: datetime | None = None) -> str:
    """The moment as text; `said` is what names it, for the message.

    Raises:
        UsageError: it lies ahead.
    """
    if when > (now or datetime.now(UTC)):
        raise UsageError(
            f"{said} lies ahead: nobody knows yet what will have been published then",
            hint="leave it out to resolve as of now",
        )
    return when.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _moment(text: str) -> datetime:
    if _DAY.fullmatch(text) or _MOMENT.fullmatch(text):
        with suppress(ValueError, OverflowError):  # 2024-02-30; before the first year in UTC
            written = datetime.fromisoformat(text.upper())
            return written.replace(tzinfo=written.tzinfo or UTC).astimezone(UTC)
    raise UsageError(
        f"--as-of {text!r} is no date",
        hint="write for example 2024-03-01, 2024-03-01T12:00Z, or `commit` for the date of the commit",
    )
