"""Is it as it was? Every byte of a bundle; of a stored run its files against what was recorded of them; who has signed it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from runner.bundles import layout
from runner.bundles.hashing import digest_of
from runner.bundles.layout import Damaged
from runner.bundles.members import Members, damages
from runner.bundles.reading import Bundle, is_bundle, opened_bundle
from runner.bundles.signing import statements
from runner.bundles.signing.envelopes import Envelope
from runner.bundles.signing.keys import PublicKey
from runner.errors import NotFound, RunnerError, TrackingError, UsageError
from runner.launch.plan import Plan
from runner.progress import Phase
from runner.records import stored
from runner.tracking.model import Run
from runner.tracking.opened import ArtifactStore


@dataclass(slots=True)
class Verified:
    """What was found.

    Attributes:
        what: the bundle, or the run.
        checked: how many files were read.
        altered: what is not as it was, one sentence each.
        unknown: what nobody can tell, one sentence each.
        signed: whether there is a signature at all.
        signers: keys that were given, and by which it is signed.
    """

    what: str
    checked: int = 0
    altered: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    signed: bool = False
    signers: list[PublicKey] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """0 for good, 1 for altered, 2 where nobody can tell."""
        return 1 if self.altered else 2 if self.unknown else 0


def verify_bundle(path: Path, keys: Sequence[PublicKey], phase: Phase) -> Verified:
    """Look at every byte of a file.

    Raises:
        UsageError: there is no such file.
    """
    found = Verified(str(path))
    try:
        with opened_bundle(path, phase=phase) as bundle:
            found.checked = len(bundle.members.entries)
            found.altered += [f"{member} is not what its digest says" for member in bundle.members.altered()]
            if not found.altered:
                _documents(found, bundle.run, bundle.artifacts, phase)
                found.unknown.clear()  # what was not recorded of the run is as it was in the bundle all the same
            _bundle_signatures(found, bundle, keys)
    except Damaged as error:
        if not _was_bundle(path):
            found.unknown.append(f"{path.name} is no bundle: it has no seal, and no manifest")
        else:
            found.altered += _where(path) or [error.message]
    except UsageError:
        raise
    except RunnerError as error:  # its seal is whole, and what is in it contradicts itself
        found.altered.append(str(error))
    return found


def verify_run(run: Run, artifacts: ArtifactStore, keys: Sequence[PublicKey], phase: Phase) -> Verified:
    """Read all files of a stored run."""
    found = Verified(run.name)
    _documents(found, run, artifacts, phase)
    _signature(found, artifacts, keys)
    if keys and not found.signed:
        found.unknown.append("it is not signed")
    return found


# bytes of a bundle -----------------------------------------------------------------------------------------------
def _was_bundle(path: Path) -> bool:
    if is_bundle(path):
        return True
    try:
        with path.open("rb") as stream, damages(path.name), ZipFile(stream) as archive:
            return layout.MANIFEST in archive.namelist()
    except (Damaged, OSError):
        return False


def _where(path: Path) -> list[str]:
    """Which members are altered, as far as the file can still be read."""
    try:
        with path.open("rb") as stream, damages(path.name), ZipFile(stream) as archive:
            altered = Members(archive, path.name).altered()
    except Damaged as error:
        return [f"{member} is altered" for member in error.members]
    if altered:
        return [f"{member} is altered" for member in altered]
    return ["all files in it are as they were, but names, times or the directory of the zip file are altered"]


# what was recorded -----------------------------------------------------------------------------------------------
def _documents(found: Verified, run: Run, artifacts: ArtifactStore, phase: Phase) -> None:
    """Plan, lock and code against their digests, and each artifact against what record.json says."""
    there = {item.path for item in artifacts.list()}
    plan = _plan(found, run, artifacts)
    if plan is not None:
        _lock(found, run, plan, artifacts)
        _code(found, plan, artifacts, there)
    record = _record(found, artifacts)
    rows = record.get("artifacts")
    for row in rows if isinstance(rows, list) else ():
        _artifact(found, row, artifacts, there, phase)
    _subjects(found, artifacts, there)


def _plan(found: Verified, run: Run, artifacts: ArtifactStore) -> Plan | None:
    try:
        found.checked += 1
        return stored.read_plan(artifacts.read(stored.PLAN), run)
    except NotFound:
        if "runner.plan" in run.tags:
            found.altered.append(f"{stored.PLAN} is gone")
        else:
            found.unknown.append("another program has recorded the run: it has no plan")
    except RunnerError as error:
        found.altered.append(str(error))
    return None


def _lock(found: Verified, run: Run, plan: Plan, artifacts: ArtifactStore) -> None:
    try:
        if plan.environment.lock and stored.read_lock(artifacts, plan.environment.lock, run) is None:
            found.altered.append("the lock of its environment is gone")
    except RunnerError as error:
        found.altered.append(str(error))


def _code(found: Verified, plan: Plan, artifacts: ArtifactStore, there: set[str]) -> None:
    kept = {digest_of(artifacts, path) for path in sorted(there) if path.startswith(stored.CODE)}
    found.altered += [
        f"code with the digest {digest} is gone, or altered" for digest in stored.lost_code(plan.source, kept)
    ]


def _record(found: Verified, artifacts: ArtifactStore) -> Mapping[str, Any]:
    try:
        record = json.loads(artifacts.read(stored.RECORD))
    except NotFound:
        found.unknown.append(f"there is no {stored.RECORD}: digests of its artifacts were not recorded")
        return {}
    except (ValueError, RecursionError):
        found.altered.append(f"{stored.RECORD} is no JSON")
        return {}
    if not isinstance(record, dict) or "artifacts" not in record:
        found.unknown.append("digests of its artifacts were not recorded")
        return {}
    return record


def _artifact(found: Verified, row: Any, artifacts: ArtifactStore, there: set[str], phase: Phase) -> None:
    path, digest = (row.get("path"), row.get("digest")) if isinstance(row, dict) else (None, None)
    if not isinstance(path, str):
        found.altered.append(f"{stored.RECORD} lists what is no artifact")
    elif path not in there:
        found.altered.append(f"{path} is gone")
    elif digest is None:
        found.unknown.append(f"the digest of {path} was not recorded")
    else:
        phase.update(f"reading {path}")
        found.checked += 1
        if digest_of(artifacts, path) != digest:
            found.altered.append(f"{path} is altered")


def _subjects(found: Verified, artifacts: ArtifactStore, there: set[str]) -> None:
    """The Statement tells the digest of record.json, which tells all others."""
    try:
        statement = statements.read(statements.of_run(artifacts))
        for name, digest in statements.subjects(statement):
            if name == stored.RECORD and name in there and digest_of(artifacts, name) != f"sha256:{digest}":
                found.altered.append(f"{name} is not what the Statement says")
    except NotFound:
        return
    except TrackingError as error:
        found.altered.append(str(error))


# signatures ------------------------------------------------------------------------------------------------------
def _bundle_signatures(found: Verified, bundle: Bundle, keys: Sequence[PublicKey]) -> None:
    """That of the file counts more than that of the run in it."""
    beside = bundle.path.with_name(bundle.path.name + statements.SUFFIX)
    if beside.is_file():
        envelope = _read(found, beside.read_bytes(), beside.name)
        if envelope is not None:
            _check(found, envelope, keys, dict(_about(bundle, envelope, found)))
    else:
        _signature(found, bundle.artifacts, keys)
    if keys and not found.signed:
        found.unknown.append("it is not signed")


def _about(bundle: Bundle, envelope: Envelope, found: Verified) -> Iterator[tuple[str, str]]:
    """What the Statement says, and what should be there."""
    try:
        named = dict(statements.subjects(statements.read(envelope.payload)))
    except TrackingError as error:
        found.altered.append(str(error))
        return
    if statements.digest(bundle.path) not in named.values():
        yield bundle.path.name, "what is signed is another file"


def _signature(found: Verified, artifacts: ArtifactStore, keys: Sequence[PublicKey]) -> None:
    try:
        envelope = _read(found, artifacts.read(statements.ENVELOPE), statements.ENVELOPE)
        statement = statements.of_run(artifacts)
    except NotFound:
        return
    if envelope is not None:
        wrong = (
            {}
            if envelope.payload == statement
            else {"run": "what is signed is another Statement than the run's"}
        )
        _check(found, envelope, keys, wrong)


def _read(found: Verified, content: bytes, name: str) -> Envelope | None:
    try:
        return Envelope.read(content, name)
    except TrackingError as error:
        found.altered.append(error.message)
        return None


def _check(found: Verified, envelope: Envelope, keys: Sequence[PublicKey], wrong: Mapping[str, str]) -> None:
    found.signed = bool(envelope.signatures)
    found.altered += [f"{name}: {reason}" for name, reason in wrong.items()]
    found.signers = envelope.signers(keys)
    if keys and found.signed and not found.signers:
        found.altered.append("it is signed, but by none of the keys that were given")
