"""A run or a bundle signed: the envelope is kept with it."""

from contextlib import suppress
from pathlib import Path

from runner.bundles.reading import opened
from runner.bundles.signing import statements
from runner.bundles.signing.envelopes import Envelope
from runner.bundles.signing.keys import PrivateKey
from runner.errors import NotFound, TrackingError
from runner.files import write_atomically
from runner.settings import Settings
from runner.tracking.opened import ArtifactStore


def sign_run(artifacts: ArtifactStore, key: PrivateKey) -> str:
    """Sign the Statement of a run; the artifact that holds the signature.

    Raises:
        NotFound: the run has no Statement.
    """
    payload = statements.of_run(artifacts)
    found = Envelope(payload)
    with suppress(NotFound):
        found = _same(artifacts.read(statements.ENVELOPE), statements.ENVELOPE, payload)
    artifacts.put_bytes(found.signed(key).encoded(), statements.ENVELOPE)
    return statements.ENVELOPE


def sign_bundle(file: Path, key: PrivateKey, settings: Settings) -> Path:
    """Sign a bundle, which must be whole; the file beside it that holds the signature.

    Raises:
        Damaged: it was altered.
        NotFound: its run has no Statement.
    """
    with opened(file, settings) as recorded:
        payload = statements.of_bundle(file, recorded.artifacts)
    beside = file.with_name(file.name + statements.SUFFIX)
    found = _same(beside.read_bytes(), beside.name, payload) if beside.exists() else Envelope(payload)
    write_atomically(beside, found.signed(key).encoded())
    return beside


def _same(content: bytes, name: str, payload: bytes) -> Envelope:
    """The envelope that is there, to be signed once more.

    Raises:
        TrackingError: it is about something else.
    """
    found = Envelope.read(content, name)
    if found.payload != payload:
        raise TrackingError(
            f"{name} is a signature of something else, or of what this was before it was altered",
            hint="see `runner verify`; remove the signature to sign what is there now",
        )
    return found
