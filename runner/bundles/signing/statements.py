"""What is signed: of a run its Statement, as it was written at its end; of a bundle one with that file as its subject."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runner.errors import NotFound, TrackingError
from runner.files import file_digest
from runner.launch.provenance import FILE as STATEMENT
from runner.tracking.opened import ArtifactStore

ENVELOPE = "runner/provenance.dsse.json"  # among the artifacts of a run
SUFFIX = ".dsse.json"  # behind the name of a bundle


def of_run(artifacts: ArtifactStore) -> bytes:
    """The Statement of a run, byte for byte.

    Raises:
        NotFound: it has none.
    """
    try:
        return artifacts.read(STATEMENT)
    except NotFound as error:
        raise NotFound(
            f"the run has no Statement ({STATEMENT}): an older version of runner, or another program, recorded it",
            hint="run it again; a bundle of it can be signed once it has one",
        ) from error


def of_bundle(file: Path, artifacts: ArtifactStore) -> bytes:
    """The Statement of its run, about the bundle: the same predicate, and the file as the only subject."""
    found = read(of_run(artifacts))
    subject = [{"name": file.name, "digest": {"sha256": digest(file)}}]
    return json.dumps({**found, "subject": subject}, sort_keys=True, ensure_ascii=False).encode()


def digest(file: Path) -> str:
    """SHA-256 of a file, hexadecimal, as Statements have it."""
    return file_digest(file).removeprefix("sha256:")


def read(payload: bytes) -> Mapping[str, Any]:
    """A Statement.

    Raises:
        TrackingError: it is none.
    """
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise TrackingError(f"the Statement is no JSON: {error}") from error
    if not isinstance(found, dict) or not str(found.get("_type")).startswith("https://in-toto.io/Statement/"):
        raise TrackingError("what is signed is no in-toto Statement")
    return found


def subjects(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and SHA-256 of what a Statement is about.

    Raises:
        TrackingError: it has a subject without them.
    """
    found = statement.get("subject")
    for subject in found if isinstance(found, list) else ():
        try:
            yield str(subject["name"]), str(subject["digest"]["sha256"])
        except (KeyError, TypeError) as error:
            raise TrackingError("a subject of the Statement has no name, or no SHA-256") from error
