"""What changed between two runs, for the server of their store: as `runner diff`, but nothing is fetched, and nothing takes long."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import cast

from msgspec import structs

from runner.errors import SourceError
from runner.files import sha256
from runner.progress import Phase, Progress
from runner.records import Recorded, reading, stored
from runner.records.code import code_of
from runner.records.model import Unrepeatable
from runner.reproduction.causes import ranked
from runner.reproduction.comparing import compare
from runner.reproduction.comparing.artifacts import OURS, Files, Kept, digests
from runner.reproduction.differing import Side, between, side_of
from runner.reproduction.model import Compared, Difference, Outcome
from runner.reproduction.verdict import verdict
from runner.server.native.differences import Between, Differing, Differs, Result
from runner.settings import Settings
from runner.sources import checkout
from runner.sources.model import CapturedSource, Checkout, Source
from runner.tracking import Artifact, ArtifactStore
from runner.tracking.model import Metric, Run
from runner.tracking.sql.store import SqlStore

LARGEST = 16 * 1024 * 1024  # bytes of a file that is read, where no digest of it was recorded
MOST_BYTES = 128 * 1024 * 1024  # of all of them
MOST_FILES = 2000
MOST_POINTS = 200_000  # of metrics, over all
LONGEST = 512 * 1024  # characters of the detail of a difference: of its unified diff


def differing(store: SqlStore, settings: Settings, *, trusting: bool) -> Differing:
    """Tells runs of the store apart. `trusting`: those who record runs may see what code this machine has.

    Where they may not, only code that was kept whole with a run is looked at: a plan can name any repository.
    """
    quiet = structs.replace(settings, offline=True)

    def told(first: Run, second: Run) -> Between:
        progress = Progress()
        try:
            if not trusting:
                _refuse_tags(store, first, second)
            runs = [reading.read(store, run.id, settings=quiet, progress=progress) for run in (first, second)]
        except Unrepeatable as error:
            return Between(trouble=f"{error.message}. {error.hint or ''}".strip())
        return _between(runs[0], runs[1], quiet, trusting=trusting)

    return told


def _between(first: Recorded, second: Recorded, settings: Settings, *, trusting: bool) -> Between:
    with Progress().phase("differences") as phase:
        sides = [_side(run, settings, phase, trusting=trusting) for run in (first, second)]
        differences = between(sides[0], sides[1], settings=settings)
    looked = _Looked()
    compared = looked.at(first, second)
    causes = {id(one): place for place, one in enumerate(differences)}
    return Between(
        verdict=verdict(compared).value,  # type: ignore[arg-type]
        differences=[_differs(one) for one in differences],
        results=[_result(one) for one in compared if one.outcome is not Outcome.SAME],
        same=sum(one.outcome is Outcome.SAME for one in compared),
        causes=[causes[id(one)] for one in ranked(differences)],
        notes=looked.notes,
    )


def _refuse_tags(store: SqlStore, *runs: Run) -> None:
    """What plain MLflow recorded is concluded from tags, which name any directory of this machine."""
    for run in runs:
        if stored.plan_of(store, run) is None:
            raise Unrepeatable(
                f"run {run.name} has no plan: runner did not record it",
                hint="`runner diff` concludes from its tags how it was executed",
            )


# code --------------------------------------------------------------------------------------------------------
def _side(run: Recorded, settings: Settings, phase: Phase, *, trusting: bool) -> Side:
    side = side_of(run, settings=settings, phase=phase)
    if trusting:
        return side
    return replace(side, repositories=(), prefix=None, tree=lambda: _kept(run, settings, phase))


@contextmanager
def _kept(run: Recorded, settings: Settings, phase: Phase) -> Iterator[Checkout]:
    """The code, if all of it was kept with the run."""
    with code_of(run) as source, checkout(_alone(source), settings=settings, phase=phase) as tree:
        yield tree


def _alone(source: Source) -> Source:
    if not isinstance(source, CapturedSource) or (source.digest and source.capture.archive is None):
        raise SourceError("this server looks into no repository", hint="runner diff does: it asks as you")
    return structs.replace(source, repositories=(), archive=None)


# results -----------------------------------------------------------------------------------------------------
@dataclass
class _Looked:
    """What of the results is compared, and `notes` on what is not."""

    notes: list[str] = field(default_factory=list)
    points: int = MOST_POINTS
    bytes: int = MOST_BYTES
    passed: set[str] = field(default_factory=set)

    def at(self, first: Recorded, second: Recorded) -> list[Compared]:
        """Exit, params and metrics, then files, those of models aside."""
        bare = [replace(run, artifacts=cast(ArtifactStore, _NoFiles()), history=self._history(run), models=dict) for run in (first, second)]  # fmt: skip
        found = [*compare(bare[0], bare[1]), *self._files(first, second)]
        if self.passed:
            self.notes.append(f"of {len(self.passed)} long metrics only the last values are compared")
        if first.models() or second.models():
            self.notes.append("files of logged models are not compared")
        return found

    def _history(self, run: Recorded) -> Callable[[str], Sequence[Metric]]:
        """All points, as long as they are not too many: then the last one, of both runs."""

        def history(key: str) -> Sequence[Metric]:
            if self.points <= 0:
                self.passed.add(key)
            if key in self.passed:
                return [run.run.metrics[key]]
            found = run.history(key)
            self.points -= len(found)
            return found

        return history

    def _files(self, first: Recorded, second: Recorded) -> Iterator[Compared]:
        """By digests: what is in files of strangers is nothing for a server to unpack."""
        listed = [Files(run.artifacts, OURS, digests(run.record)).kept() for run in (first, second)]
        if max(map(len, listed)) > MOST_FILES:
            self.notes.append(f"files are not compared: there are more than {MOST_FILES:,}")
            return
        for path in sorted({*listed[0], *listed[1]}):
            yield self._file(path, (first, second), [kept.get(path) for kept in listed])

    def _file(self, path: str, runs: tuple[Recorded, Recorded], kept: Sequence[Kept | None]) -> Compared:
        a, b = kept
        texts = [None if each is None else str(each) for each in kept]
        found = Compared(
            kind="artifact", name=path, outcome=Outcome.DIFFERENT, before=texts[0], after=texts[1]
        )
        if a is None or b is None:
            return replace(found, outcome=Outcome.ADDED if a is None else Outcome.MISSING)
        if a.size != b.size or None not in (a.digest, b.digest):
            same = a.size == b.size and a.digest == b.digest
            return replace(found, outcome=Outcome.SAME if same else Outcome.DIFFERENT)
        self.bytes -= a.size + b.size
        if self.bytes < 0 or a.size > LARGEST:
            return replace(found, outcome=Outcome.IGNORED, note="too long to be read here: runner diff does")
        contents = [sha256(run.artifacts.read(path)) for run in runs]
        return replace(found, outcome=Outcome.SAME if contents[0] == contents[1] else Outcome.DIFFERENT)


class _NoFiles:
    """Where a run has none."""

    uri = ""

    def list(self, prefix: str = "") -> list[Artifact]:  # noqa: ARG002 - of the protocol
        return []


# answers -----------------------------------------------------------------------------------------------------
def _differs(one: Difference) -> Differs:
    long = len(one.detail) > LONGEST
    return Differs(
        aspect=one.aspect.value,
        name=one.name,
        change=one.change,
        weight=one.weight,
        before=one.before,
        after=one.after,
        detail=f"{one.detail[:LONGEST]}\n" if long else one.detail,
    )


def _result(one: Compared) -> Result:
    return Result(
        kind=one.kind,  # type: ignore[arg-type]
        name=one.name,
        outcome=one.outcome.value,  # type: ignore[arg-type]
        before=one.before,
        after=one.after,
        distance=one.distance,
        note=one.note,
    )
