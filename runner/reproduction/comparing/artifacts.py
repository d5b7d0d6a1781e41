"""The files of two runs: equal digests are equal files; of others the content is looked at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from runner.records.model import Recorded
from runner.reproduction.comparing.contents import look
from runner.reproduction.comparing.passing import Passing
from runner.reproduction.comparing.tally import Tally
from runner.reproduction.comparing.tolerances import Tolerances
from runner.reproduction.comparing.unreadable import Unreadable
from runner.reproduction.model import Compared, Outcome

OURS = ("runner/", "logs/")  # our documents about a run, and what it printed
LARGEST = 256 * 1024 * 1024  # bytes of a file whose content is looked at
SHOWN = 12  # characters of a digest


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of a run; `digest` where it was recorded."""

    size: int
    digest: str | None = None

    def __str__(self) -> str:
        if self.digest is None:
            return f"{self.size:,} bytes"
        return self.digest[: len("sha256:") + SHOWN]


def artifacts(
    first: Recorded, second: Recorded, tolerances: Tolerances, passing: Passing
) -> Iterator[Compared]:
    """Each file that one of them has."""
    left, right = _kept(first), _kept(second)
    for path in sorted({*left, *right}):
        a, b = left.get(path), right.get(path)
        if a is None or b is None:
            outcome = Outcome.MISSING if b is None else Outcome.ADDED
            yield _found(path, a, b, Outcome.IGNORED if passing.asked(path) else outcome)
        elif a.digest == b.digest and a.digest is not None:
            yield _found(path, a, b, Outcome.SAME)
        elif passing.asked(path):
            yield _found(path, a, b, Outcome.IGNORED)
        elif a.size != b.size and max(a.size, b.size) > LARGEST:
            yield _found(path, a, b, Outcome.DIFFERENT, _too_large())
        else:
            tally = Tally(tolerances.to("artifact", path), passing.inside(path))
            yield _fetched(first, second, path, tally)


def _fetched(first: Recorded, second: Recorded, path: str, tally: Tally) -> Compared:
    """Compare two files, for which they are copied to this machine."""
    with TemporaryDirectory(prefix="runner-compare-") as name:
        one, other = (
            run.artifacts.download(path, Path(name) / side)
            for run, side in ((first, "first"), (second, "second"))
        )
        a, b = _measured(one), _measured(other)
        if a.digest == b.digest:
            return _found(path, a, b, Outcome.SAME)
        if max(a.size, b.size) > LARGEST:
            return _found(path, a, b, Outcome.DIFFERENT, _too_large())
        try:
            look(path, one, other, tally)
        except Unreadable as reason:
            return _found(path, a, b, Outcome.DIFFERENT, f"digest differs; {reason}")
    if not tally.differing and not tally.skipped:
        tally.remarks.append("equal content in other bytes")
    return tally.found("artifact", path, str(a), str(b))


def _found(path: str, a: Kept | None, b: Kept | None, outcome: Outcome, note: str = "") -> Compared:
    before, after = (None if kept is None else str(kept) for kept in (a, b))
    return Compared(kind="artifact", name=path, outcome=outcome, before=before, after=after, note=note)


def _too_large() -> str:
    return f"digest differs; larger than {LARGEST >> 20} MiB, so not looked into"


def _kept(recorded: Recorded) -> Mapping[str, Kept]:
    """The files that are there now, with the digests of the record; not ours."""
    digests = _digests(recorded.record)
    return {
        file.path: Kept(file.size, digests.get((file.path, file.size)))
        for file in recorded.artifacts.list()
        if not file.path.startswith(OURS)
    }


def _digests(record: Mapping[str, Any]) -> dict[tuple[str, int], str]:
    """By path and size: a file that was replaced since has hardly the same."""
    digests: dict[tuple[str, int], str] = {}
    for stated in (record.get(key) for key in ("outputs", "artifacts")):
        for item in stated if isinstance(stated, list) else ():
            match item:
                case {"path": str(path), "bytes": int(size), "digest": str(digest)}:
                    digests[path, size] = digest
    return digests


def _measured(file: Path) -> Kept:
    with file.open("rb") as content:
        return Kept(file.stat().st_size, f"sha256:{file_digest(content, 'sha256').hexdigest()}")
