"""How environments look to people, and to machines."""

from datetime import UTC, datetime

from runner.environments.kept.listing import Entry

SHOWN = 12  # characters of a key; any unique beginning of four or more is understood


def summary(entry: Entry) -> dict[str, object]:
    """An environment as JSON values; times in seconds since the epoch."""
    return {
        "key": entry.key,
        "kind": entry.kind,
        "path": str(entry.path),
        "python": entry.python,
        "packages": dict(entry.packages),
        "bytes": entry.bytes,
        "created": entry.created,
        "used": entry.used,
    }


def size(count: int) -> str:
    """Bytes for people.

    >>> size(123456789)
    '123.5 MB'
    """
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def day(seconds: float) -> str:
    """A moment as date and minute, in this machine's time zone."""
    return f"{datetime.fromtimestamp(seconds, tz=UTC).astimezone():%Y-%m-%d %H:%M}"


def short(value: object) -> str:
    """An input of a key for one line: digests by their beginning, lists and mappings by their number."""
    match value:
        case None:
            return "-"
        case list() | dict():
            return f"{len(value)} of them" if value else "none"
        case str() if len(value) > 40 and value.isalnum():  # noqa: PLR2004
            return value[:SHOWN]
        case _:
            return str(value)


def steps(seconds: object) -> str:
    """What each step of a build took: "create 0.1 s, install 2.0 s"."""
    parts = seconds.items() if isinstance(seconds, dict) else ()
    return ", ".join(f"{name} {took:.2f} s" for name, took in parts)
