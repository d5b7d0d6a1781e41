"""The inputs of a run: where they are on this machine, and what exactly they are.

path    fetched or in place ─► SHA-256 of its content
uri     on this machine     ─► the same; it is left where it is otherwise, and its server says which version is there
"""

import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from runner import sources
from runner.errors import RunnerError
from runner.launch.masking import public
from runner.launch.planning import Planned, fetched
from runner.progress import Phase, Progress
from runner.settings import Settings

if TYPE_CHECKING:
    from runner.sources.asking import Seen

_PATIENCE, _SLICE = 4.0, 0.1  # seconds for all servers together, and between two looks for a signal


class Input(Struct, frozen=True, kw_only=True):
    """One input, as record.json has it.

    Attributes:
        uri: as given, without credentials.
        kind: file, directory, object (at a server) or unknown.
        digest: SHA-256 of its content; None where we have not read it.
        etag, version, modified: what its server calls what is there.
        in_project: its path in the project, where it is there.
    """

    name: str
    uri: str
    kind: str = "unknown"
    digest: str | None = None
    bytes: int | None = None
    files: int | None = None
    etag: str | None = None
    version: str | None = None
    modified: str | None = None
    in_project: str | None = None


class Inputs(Struct, frozen=True, kw_only=True):
    """All inputs of a run.

    Attributes:
        paths: those of `path` parameters, on this machine.
        digests: what stands in the plan for the content of each.
        facts: what is recorded of each.
        unsure: names of those of which something is not in the digest.
    """

    paths: Mapping[str, str] = {}
    digests: Mapping[str, str] = {}
    facts: tuple[Input, ...] = ()
    unsure: tuple[str, ...] = ()

    @property
    def recorded(self) -> list[dict[str, Any]]:
        """As JSON values."""
        return [asdict(fact) for fact in self.facts]


def gathered(planned: Planned, *, settings: Settings, progress: Progress) -> Inputs:
    """Fetch what is to be fetched, and see what each input is.

    Raises:
        InputError: a `path` is not there, or cannot be fetched.
    """
    if not planned.bound.inputs:
        return Inputs()
    with progress.phase("inputs") as phase:
        paths = fetched(planned, settings=settings, phase=phase)
        phase.summary = ", ".join(paths)
        if not planned.request.digests:
            return Inputs(paths=paths, unsure=tuple(planned.bound.inputs))
        return _Looking(planned, settings, progress, phase).at(paths)


class _Looking(Struct, frozen=True):
    planned: Planned
    settings: Settings
    progress: Progress
    phase: Phase
    unsure: set[str] = set()

    def at(self, paths: Mapping[str, str]) -> Inputs:
        """All inputs; the servers are asked while files are read."""
        values, kinds = self.planned.bound.values, self.planned.bound.inputs
        places = {name: self._place(name, paths) for name in kinds}
        asking = _Asking(
            {name: values[name] for name in kinds if sources.is_remote(values[name])}, places, self.settings
        )
        read = [self._read(name, place) for name, place in places.items()]
        found = [_with(fact, seen) for fact in read for seen in [asking.answer(fact.name)]]
        names = {name: _name(fact, asking.answer(name)) for fact in found for name in [fact.name]}
        for fact in found:
            self._tell(fact, names[fact.name])
        return Inputs(
            paths=paths,
            digests={name: text for name, text in names.items() if text is not None},
            facts=tuple(found),
            unsure=tuple(name for name in names if names[name] is None or name in self.unsure),
        )

    def _place(self, name: str, paths: Mapping[str, str]) -> Path | None:
        """Where the input is on this machine."""
        if name in paths:
            return Path(paths[name])
        value = self.planned.bound.values[name]
        if sources.is_remote(value):
            return sources.local_file(value)
        path = self.planned.checkout.path / value  # --no-check lets a path pass as URI
        return path if path.exists() else None

    def _read(self, name: str, place: Path | None) -> Input:
        uri = self.planned.bound.values[name]
        bare = Input(name=name, uri=public(uri))
        if place is None:
            return replace(bare, kind="object" if sources.is_remote(uri) else "unknown")
        bare = replace(bare, in_project=self._in_project(place))
        try:
            from runner import digests  # noqa: PLC0415 - most runs have no inputs

            found = digests.digest(place, cache=self.settings.cache, phase=self.phase)
        except RunnerError as error:
            self.progress.warn(f"input {name!r}: its digest is not recorded: {error}")
            return bare
        if found.leading_out:
            self.unsure.add(name)
            self.progress.notice(
                f"input {name!r}: {found.leading_out} links lead out of {place}; what is there is not in its digest"
            )
        return replace(bare, kind=found.kind, digest=found.digest, bytes=found.bytes, files=found.files)

    def _in_project(self, place: Path) -> str | None:
        real, top = place.resolve(), self.planned.checkout.path.resolve()
        return real.relative_to(top).as_posix() if real.is_relative_to(top) else None

    def _tell(self, fact: Input, name: str | None) -> None:
        if name is None and fact.kind == "object":
            self.progress.notice(
                f"input {fact.name!r}: which version of {fact.uri} was there is not recorded, its server does not say"
            )


def _with(fact: Input, seen: "Seen | None") -> Input:
    """The input with what its server says of it."""
    if seen is None:
        return fact
    size = fact.bytes if fact.bytes is not None else seen.bytes
    return replace(fact, etag=seen.etag, version=seen.version, modified=seen.modified, bytes=size)


def _name(fact: Input, seen: "Seen | None") -> str | None:
    return fact.digest or (seen.name if seen is not None and fact.kind == "object" else None)


class _Asking:
    """Servers asked at the same time, each in a thread that is left behind when it is not done in time."""

    def __init__(
        self, uris: Mapping[str, str], places: Mapping[str, Path | None], settings: Settings
    ) -> None:
        self._answers: dict[str, Seen | None] = {}
        self._until = time.monotonic() + _PATIENCE
        self._threads = [
            threading.Thread(
                target=self._ask, args=(name, uri, places[name] is not None, settings), daemon=True
            )
            for name, uri in uris.items()
        ]
        for thread in self._threads:
            thread.start()

    def answer(self, name: str) -> "Seen | None":
        _wait(self._threads, self._until)
        return self._answers.get(name)

    def _ask(self, name: str, uri: str, here: bool, settings: Settings) -> None:
        asking = import_module("runner.sources.asking")  # most runs have no input at a server
        with suppress(RunnerError, OSError, ValueError):
            self._answers[name] = (asking.fetched if here else asking.ask)(uri, settings=settings)


def _wait(threads: Iterable[threading.Thread], until: float) -> None:
    for thread in threads:
        while thread.is_alive() and time.monotonic() < until:
            thread.join(_SLICE)
