"""A bundle as the run that it holds. Whatever is in the file, nothing is executed, and nothing is written.

file ──► seal ──► members ──► manifest ──► run.json ──► plan, lock, patch held against each other ──► Recorded
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from zipfile import ZipFile

import msgspec

from runner.bundles import layout
from runner.bundles.artifacts import BundledArtifacts
from runner.bundles.layout import ARTIFACTS, About, Damaged, KeptDataset, KeptMetric, KeptRun, Point
from runner.bundles.members import Members, damages
from runner.bundles.providing import Provision
from runner.bundles.sealing import check_seal
from runner.environments.model import Lock
from runner.errors import UsageError
from runner.files import is_special
from runner.launch.plan import Plan
from runner.progress import Phase
from runner.records import stored
from runner.records.model import Recorded
from runner.settings import Settings
from runner.tracking.model import Dataset, DatasetInput, Metric, Run

T = TypeVar("T")
RECORD = ARTIFACTS + stored.RECORD


@dataclass(frozen=True, slots=True)
class Bundle:
    """An open bundle that is whole. `seal` is the digest of its bytes."""

    path: Path
    seal: str
    members: Members
    about: About
    run: Run
    plan: Plan
    lock: Lock | None

    @property
    def artifacts(self) -> BundledArtifacts:
        """The files of the run."""
        return BundledArtifacts(self.members, self.path.as_uri())

    def history(self, key: str) -> Sequence[Metric]:
        """All points of one metric; none of one that is not there."""
        kept = self.about.run.metrics.get(key)
        return list(points(self.members, key, kept)) if kept else []

    def recorded(self) -> Recorded:
        """The run in it."""
        provision = Provision(self.members, self.about, self.plan)
        brings = self.about.packages or self.about.environment or any(_packed(self.about))
        return Recorded(
            run=self.run,
            plan=self.plan,
            record=_mapping(self.members, RECORD) if RECORD in self.members else {},
            lock=self.lock,
            artifacts=self.artifacts,
            history=self.history,
            place=str(self.path),
            experiment=self.about.run.experiment,
            as_of=self.about.as_of,
            concluded=tuple(self.about.concluded),
            code=provision.code if self.about.code else None,
            provided=provision.provided if brings else None,
        )


@contextmanager
def opened(path: Path, settings: Settings, *, phase: Phase | None = None) -> Iterator[Recorded]:  # noqa: ARG001
    """The run in a bundle, for as long as the block lasts.

    Raises:
        UsageError: there is no such file.
        Damaged: it is no bundle, or a bit of it was altered.
    """
    with opened_bundle(path, phase=phase) as bundle:
        yield bundle.recorded()


@contextmanager
def opened_bundle(path: Path, *, phase: Phase | None = None) -> Iterator[Bundle]:
    """The bundle itself; raises as `opened`."""
    path = path.absolute()
    with _file(path) as stream:
        seal = check_seal(stream, path.name, phase)
        with damages(path.name):
            archive = ZipFile(stream)
        with archive:
            yield _read(Members(archive, path.name), path, seal)


def is_bundle(path: Path) -> bool:
    """Whether a file looks like a bundle: it ends in a seal. Says nothing of whether it is whole."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(stream.seek(0, 2) - layout.SEAL_LENGTH, 0))
            return layout.SEAL.fullmatch(stream.read()) is not None
    except OSError:
        return False


@contextmanager
def _file(path: Path) -> Iterator[Any]:
    if is_special(path):
        raise UsageError(f"{path} is no regular file", hint="name what `runner export` has written")
    try:
        stream = path.open("rb")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    with stream:
        yield stream


def _read(members: Members, path: Path, seal: str) -> Bundle:
    about = decoded(members.read(layout.RUN), About, f"{path.name}: {layout.RUN}")
    artifacts = BundledArtifacts(members, path.as_uri())
    run = _run(about.run, path.as_uri())
    plan = stored.read_plan(members.read(about.plan), run)
    lock = stored.read_lock(artifacts, plan.environment.lock, run)
    bundle = Bundle(path=path, seal=seal, members=members, about=about, run=run, plan=plan, lock=lock)
    for reason in _contradictions(bundle):
        raise Damaged(path.name, reason)
    return bundle


def decoded(content: bytes, kind: type[T], name: str) -> T:
    """A document of ours.

    Raises:
        Damaged: it has not the form that we write.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Damaged(name, str(error)) from error


def points(members: Members, key: str, kept: KeptMetric) -> Iterator[Metric]:
    """The points of a metric, as they were written."""
    name, count = f"{members.name}: {kept.file}", 0
    for line in members.lines(kept.file):
        count += 1
        yield decoded(line, Point, name).metric(key)
    if count != kept.points:
        raise Damaged(name, f"it has {count} points, and not {kept.points}")


def _mapping(members: Members, member: str) -> Mapping[str, Any]:
    try:
        found = json.loads(members.read(member))
    except (ValueError, RecursionError) as error:
        raise Damaged(members.name, f"{member} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise Damaged(members.name, f"{member} is no JSON object")
    return found


def _contradictions(bundle: Bundle) -> Iterator[str]:
    """What the plan names by its digest must be what lies beside it."""
    members = bundle.members
    kept = {f"sha256:{members.digests[name]}" for name in members.below(ARTIFACTS + stored.CODE)}
    for digest in stored.lost_code(bundle.plan.source, kept):
        yield f"its plan names code with the digest {digest}, which is not there"
    code = bundle.about.code.file if bundle.about.code else None
    for packed in (code, bundle.about.environment, *_packed(bundle.about)):
        if packed is not None and not (packed in members or members.below(f"{packed}/")):
            yield f"{layout.RUN} names {packed}, which is not there"


def _packed(about: About) -> Iterator[str | None]:
    yield from (kept.file for kept in about.inputs.values())
    yield from (kept.file for kept in about.packages)


def _run(kept: KeptRun, uri: str) -> Run:
    return Run(
        id=kept.id,
        name=kept.name,
        experiment_id="",
        status=kept.status,
        artifact_uri=uri,
        user=kept.user,
        started=kept.started,
        ended=kept.ended,
        params=kept.params,
        metrics={key: metric.latest.metric(key) for key, metric in kept.metrics.items()},
        tags=kept.tags,
        datasets=tuple(map(_dataset, kept.datasets)),
    )


def _dataset(kept: KeptDataset) -> DatasetInput:
    dataset = Dataset(
        name=kept.name,
        digest=kept.digest,
        source_type=kept.source_type,
        source=kept.source,
        schema=kept.schema,
        profile=kept.profile,
    )
    return DatasetInput(dataset, kept.tags)
