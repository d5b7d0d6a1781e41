"""Images made of others without a Dockerfile: a tree of files on top, and looking inside."""

import io
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from runner.containers import images, trouble
from runner.containers.engine import Engine
from runner.containers.images import Image
from runner.errors import EnvironmentFailed

_MOST_SAID = 1 << 20


_NOBODY: Mapping[str, str] = {}
_OWNER: ContextVar[Mapping[str, str]] = ContextVar("_OWNER", default=_NOBODY)


@contextmanager
def owned(labels: Mapping[str, str]) -> Iterator[None]:
    """Mark the containers that are made in the block, see owners.py: somebody else finds them if we are killed."""
    token = _OWNER.set(labels)
    try:
        yield
    finally:
        _OWNER.reset(token)


class Output(Struct, frozen=True):
    """What a program in an image wrote to both its outputs, and its exit code."""

    code: int
    text: str


def output(engine: Engine, image: Image, argv: Sequence[str]) -> Output:
    """Run a program in an image, without network, to its end."""
    said = f"image {image.id} cannot be looked into"
    with trouble.explained(said), _container(engine, image, entrypoint=list(argv)) as container:
        return _run(engine, container)


def extended(
    engine: Engine,
    base: Image,
    archive: Path,
    *,
    place: PurePosixPath,
    finish: Sequence[str] | None,
    labels: Mapping[str, str],
    tag: str,
) -> Image:
    """The base with a directory on top; it runs as the base does.

    Args:
        archive: the directory as a tar archive, whose names begin with its own name.
        place: its path in the image.
        finish: a program that completes it, in a container of its own, which leaves no other trace.
    """
    repository, _, version = tag.rpartition(":")
    with (
        trouble.explained("the environment cannot be put into the image"),
        _finished(engine, base, archive, place=place, finish=finish) as tree,
        _container(engine, base) as container,
    ):
        _put(engine, container, tree, into=_made(engine, container, place.parent))
        # an image takes over the labels of its container, which shall not mark those that are started from it
        changes = {"Labels": dict.fromkeys(_OWNER.get(), "") | dict(labels)}
        made = engine.patiently(
            lambda: engine.client.api.commit(container, repository=repository, tag=version, conf=changes)
        )
    found = images.find(engine, made["Id"])
    if found is None:
        raise EnvironmentFailed("the environment was put into an image, and the engine does not have it")
    return found


@contextmanager
def _container(engine: Engine, image: Image, entrypoint: list[str] | None = None) -> Iterator[str]:
    """A container of ours, as the image says unless there is an `entrypoint`; removed in the end."""
    api = engine.client.api
    changes: dict[str, Any] = {"command": None}
    if entrypoint is not None:
        changes = {"entrypoint": entrypoint, "user": "0:0", "command": []}
    elif not image.config.get("Cmd") and not image.config.get("Entrypoint"):
        changes = {"command": ["/bin/sh"]}  # without any an engine makes no container
    created = api.create_container(
        image.id,
        host_config=api.create_host_config(network_mode="none"),
        labels={**_OWNER.get(), images.OURS: ""},
        **changes,
    )
    try:
        yield str(created["Id"])
    finally:
        api.remove_container(created["Id"], force=True, v=True)


@contextmanager
def _finished(
    engine: Engine, base: Image, archive: Path, *, place: PurePosixPath, finish: Sequence[str] | None
) -> Iterator[Path]:
    if finish is None:
        yield archive
        return
    with _container(engine, base, entrypoint=list(finish)) as workshop:
        _put(engine, workshop, archive, into=_made(engine, workshop, place.parent))
        _run(engine, workshop)
        with _taken(engine, workshop, place) as tree:
            yield tree


def _run(engine: Engine, container: str) -> Output:
    api = engine.client.api
    api.start(container)
    code = int(engine.patiently(lambda: api.wait(container))["StatusCode"])
    said = api.logs(container, stream=True)
    try:
        return Output(code, _beginning(said).decode(errors="replace"))
    finally:
        said._response.close()  # noqa: SLF001 - its own close() leaves the descriptor open


def _beginning(pieces: Iterable[bytes]) -> bytes:
    """The first of what a program said: an image may print without end."""
    text = b""
    for piece in pieces:
        text += piece
        if len(text) > _MOST_SAID:
            break
    return text[:_MOST_SAID]


def _put(engine: Engine, container: str, archive: Path, *, into: PurePosixPath) -> None:
    with archive.open("rb") as file:
        engine.patiently(lambda: engine.client.api.put_archive(container, str(into), file))


def _made(engine: Engine, container: str, directory: PurePosixPath) -> PurePosixPath:
    """The directory, made if there is none; those that are there keep their owner and rights."""
    missing: list[PurePosixPath] = []
    for place in (directory, *directory.parents):
        try:
            names = [str(new.relative_to(place)) for new in reversed(missing)]
            engine.client.api.put_archive(container, str(place), _archive_of(names))
        except import_module("docker.errors").NotFound:
            missing.append(place)
        else:
            break
    return directory


def _archive_of(names: Sequence[str]) -> bytes:
    """Empty directories as a tar archive."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(member)
    return stream.getvalue()


@contextmanager
def _taken(engine: Engine, container: str, place: PurePosixPath) -> Iterator[Path]:
    """A directory of a container as a tar archive."""
    with tempfile.TemporaryDirectory(prefix="runner-layer-") as scratch:
        path = Path(scratch, "tar")
        pieces, _ = engine.client.api.get_archive(container, str(place))
        with path.open("wb") as file:
            for piece in engine.told(lambda: pieces):
                file.write(piece)
        yield path
