"""The files of two runs, and of the models that they logged: equal digests are equal files; of others the content is looked at."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
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
from runner.tracking import ArtifactStore

OURS = ("runner/", "logs/")  # our documents about a run, and what it printed
LARGEST = 256 * 1024 * 1024  # bytes of a file whose content is looked at
TOO_LARGE = f"digest differs; larger than {LARGEST >> 20} MiB, so not looked into"
UNKNOWN = "no such model is known of the first run"
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


@dataclass(frozen=True, slots=True)
class Files:
    """The files below one URI, or none; `digests` are recorded ones, by path and size."""

    store: ArtifactStore | None
    besides: tuple[str, ...] = ()
    digests: Mapping[tuple[str, int], str] = field(default_factory=dict)

    def kept(self) -> Mapping[str, Kept]:
        """Those that are there now. One that was replaced since its digest was recorded has hardly the same size."""
        return {
            file.path: Kept(file.size, self.digests.get((file.path, file.size)))
            for file in (self.store.list() if self.store else ())
            if not file.path.startswith(self.besides)
        }

    def download(self, path: str, directory: Path) -> Path:
        """Copy one of them."""
        assert self.store is not None, "nothing is listed there"
        return self.store.download(path, directory)


@dataclass(frozen=True, slots=True)
class Granted:
    """What is granted to files: how close they need to be, and which are not compared."""

    tolerances: Tolerances
    passing: Passing


def artifacts(
    first: Recorded, second: Recorded, tolerances: Tolerances, passing: Passing
) -> Iterator[Compared]:
    """Each file that one of them has; those of models are below `models/<name>/`."""
    granted = Granted(tolerances, passing)
    left, right = (Files(run.artifacts, OURS, digests(run.record)) for run in (first, second))
    yield from _files(left, right, "", granted)
    theirs, ours = first.models(), second.models()
    for name in sorted({*theirs, *ours}):
        a, b = (Files(models.get(name)) for models in (theirs, ours))
        for found in _files(a, b, f"models/{name}/", granted):
            # where models of the first are not known, as in a bundle, those of the second tell nothing
            yield found if name in theirs else replace(found, outcome=Outcome.IGNORED, note=UNKNOWN)


def _files(first: Files, second: Files, prefix: str, granted: Granted) -> Iterator[Compared]:
    left, right = first.kept(), second.kept()
    for path in sorted({*left, *right}):
        name, a, b = prefix + path, left.get(path), right.get(path)
        if a is not None and b is not None and a.digest == b.digest is not None:
            yield _found(name, a, b, Outcome.SAME)
        elif reason := granted.passing.artifact(name):
            yield _found(name, a, b, Outcome.IGNORED, reason)
        elif a is None or b is None:
            yield _found(name, a, b, Outcome.MISSING if b is None else Outcome.ADDED)
        elif a.size != b.size and max(a.size, b.size) > LARGEST:
            yield _found(name, a, b, Outcome.DIFFERENT, TOO_LARGE)
        else:
            tally = Tally(granted.tolerances.to("artifact", name), granted.passing.inside(name))
            yield _fetched(first, second, path, name, tally)


def _fetched(first: Files, second: Files, path: str, name: str, tally: Tally) -> Compared:
    """Compare two files, for which they are copied to this machine."""
    with TemporaryDirectory(prefix="runner-compare-") as directory:
        one, other = (
            files.download(path, Path(directory) / side)
            for files, side in ((first, "first"), (second, "second"))
        )
        a, b = _measured(one), _measured(other)
        if a.digest == b.digest:
            return _found(name, a, b, Outcome.SAME)
        if max(a.size, b.size) > LARGEST:
            return _found(name, a, b, Outcome.DIFFERENT, TOO_LARGE)
        try:
            look(path, one, other, tally)
        except Unreadable as reason:
            return _found(name, a, b, Outcome.DIFFERENT, f"digest differs; {reason}")
    if not tally.differing and not tally.skipped:
        tally.remarks.append("equal content in other bytes")
    return tally.found("artifact", name, str(a), str(b))


def _found(name: str, a: Kept | None, b: Kept | None, outcome: Outcome, note: str = "") -> Compared:
    before, after = (None if kept is None else str(kept) for kept in (a, b))
    return Compared(kind="artifact", name=name, outcome=outcome, before=before, after=after, note=note)


def digests(record: Mapping[str, Any]) -> dict[tuple[str, int], str]:
    """By path and size."""
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
