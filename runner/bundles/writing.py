"""A recorded run into one file: whole at its place, or not there. Equal runs, packed alike, give equal files.

Recorded ──► artifacts, metrics, what is packed along ──► run.json ──► crate ──► manifest ──► seal
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import msgspec

from runner import __version__
from runner.bundles import crate, layout, members, packing
from runner.bundles.layout import ARTIFACTS, METRICS, About, Damaged, KeptDataset, KeptMetric, KeptRun, point
from runner.bundles.packing import Packed, Wanted
from runner.bundles.sealing import PIECE, Sealed, aside, sealed
from runner.errors import TrackingError, UsageError
from runner.files import is_special
from runner.progress import Phase
from runner.records import stored
from runner.records.model import Recorded
from runner.settings import Settings
from runner.tracking.model import Metric

SUFFIX = ".zip"  # by which commands tell a bundle from a run


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A bundle as it was written; `missing` tells what was to be packed along and is not there, one sentence each."""

    path: Path
    size: int
    seal: str
    files: int
    missing: tuple[str, ...]


def write(
    recorded: Recorded,
    file: Path,
    *,
    wanted: Wanted,
    settings: Settings,
    phase: Phase,
    replace: bool = False,
) -> Written:
    """Write the run to `file`.

    Raises:
        UsageError: something is there already (unless it may be replaced), or there is no such directory.
        TrackingError: an artifact cannot be had, or the file cannot be written.
    """
    _check_place(file, replace=replace)
    try:
        with TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as scratch:
            packed = packing.gather(recorded, Path(scratch), wanted, settings=settings, phase=phase)
            with aside(file) as place:
                count = _written(recorded, packed, place, Path(scratch), phase)
    except OSError as error:
        raise TrackingError(
            f"{file} cannot be written: {error.strerror or error}",
            hint="name a file on a disk with room for it",
        ) from error
    with file.open("rb") as stream:
        stream.seek(-layout.SEAL_LENGTH, 2)
        seal = stream.read().decode()
    return Written(path=file, size=file.stat().st_size, seal=seal, files=count, missing=packed.missing)


def _check_place(file: Path, *, replace: bool) -> None:
    if is_special(file) or not file.parent.is_dir():
        raise UsageError(
            f"{file} is no place for a file", hint="name a new file in a directory that is there"
        )
    if file.suffix != SUFFIX:
        raise UsageError(f"{file.name} does not end in {SUFFIX}", hint=f"name it {file.name}{SUFFIX}")
    if file.exists() and not replace:
        raise UsageError(f"{file} is there already", hint="name another file, or replace it with --force")


def _written(recorded: Recorded, packed: Packed, place: Path, scratch: Path, phase: Phase) -> int:
    """Compressed, unless what comes of that would not be believed when it is read; how many files."""
    for compression in (ZIP_DEFLATED, ZIP_STORED):
        with sealed(place, phase, compression=compression) as bundle:
            _fill(bundle, recorded, packed, scratch)
        with ZipFile(place) as archive:
            entries = archive.infolist()
        try:
            members.check(entries, place.name)
        except Damaged:
            if compression == ZIP_STORED:
                raise
        else:
            return len(entries)
    raise AssertionError


def _fill(bundle: Sealed, recorded: Recorded, packed: Packed, scratch: Path) -> None:
    paths = [item.path for item in recorded.artifacts.list()]
    for path in paths:
        _add_artifact(bundle, recorded, path, scratch)
    for name, file in sorted(packed.files.items()):
        bundle.add_file(name, file)
    metrics = dict(_metrics(bundle, recorded))
    _check_code(bundle, recorded)
    plan = ARTIFACTS + stored.PLAN
    if stored.PLAN not in paths:
        plan = layout.PLAN
        bundle.add(plan, [msgspec.json.format(msgspec.json.encode(recorded.plan.to_json()))])
    about = _about(recorded, packed, metrics, plan)
    bundle.add(layout.RUN, [msgspec.json.format(msgspec.json.encode(about)) + b"\n"])
    document = crate.document(recorded, about, bundle.members.values())
    bundle.add(layout.CRATE, [msgspec.json.format(msgspec.json.encode(document)) + b"\n"])
    bundle.add_manifest()


def _check_code(bundle: Sealed, recorded: Recorded) -> None:
    """Nobody could read a bundle whose plan names code that is not in it."""
    there = bundle.members.items()
    kept = {member.digest for name, member in there if name.startswith(ARTIFACTS + stored.CODE)}
    for digest in stored.lost_code(recorded.plan.source, kept):
        raise TrackingError(
            f"run {recorded.run.name} is not whole: its code with the digest {digest} is gone, or was altered",
            hint=f"bring back what was below {stored.CODE} among its artifacts; `runner verify` tells of the rest",
        )


def _add_artifact(bundle: Sealed, recorded: Recorded, path: str, scratch: Path) -> None:
    """By way of a temporary file: artifacts may be far away, and larger than the memory."""
    bundle.phase.update(f"fetching {path}")
    file = recorded.artifacts.download(path, scratch / "artifacts")
    bundle.add_file(ARTIFACTS + path, file)
    file.unlink()


def _metrics(bundle: Sealed, recorded: Recorded) -> Iterator[tuple[str, KeptMetric]]:
    for number, key in enumerate(sorted(recorded.run.metrics), start=1):
        history = recorded.history(key) or [recorded.run.metrics[key]]
        file = f"{METRICS}{number:04}.jsonl"
        bundle.add(file, _lines(history))
        yield key, KeptMetric(file=file, points=len(history), latest=point(recorded.run.metrics[key]))


def _lines(history: Iterable[Metric]) -> Iterator[bytes]:
    piece = bytearray()
    for metric in history:
        piece += msgspec.json.encode(point(metric)) + b"\n"
        if len(piece) > PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece)


def _about(recorded: Recorded, packed: Packed, metrics: dict[str, KeptMetric], plan: str) -> About:
    run = recorded.run
    return About(
        format=layout.FORMAT,
        runner=__version__,
        run=KeptRun(
            id=run.id,
            name=run.name,
            experiment=recorded.experiment or "Default",
            status=run.status,
            user=run.user,
            started=run.started,
            ended=run.ended,
            params=dict(sorted(run.params.items())),
            tags=dict(sorted(run.tags.items())),
            metrics=metrics,
            datasets=[
                KeptDataset(
                    name=item.dataset.name,
                    digest=item.dataset.digest,
                    source_type=item.dataset.source_type,
                    source=item.dataset.source,
                    schema=item.dataset.schema,
                    profile=item.dataset.profile,
                    tags=dict(item.tags),
                )
                for item in run.datasets
            ],
        ),
        plan=plan,
        concluded=list(recorded.concluded),
        as_of=recorded.as_of,
        inputs=dict(packed.inputs),
        packages=list(packed.packages),
        environment=packed.environment,
        code=packed.code,
        missing=list(packed.missing),
    )
