"""The files of a version, wherever they lie with this server, and what they say."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from runner.errors import RunnerError, Unavailable
from runner.server.artifacts import owners, paths
from runner.server.artifacts.files import Files
from runner.server.artifacts.served import check, served
from runner.server.native.marked import marked
from runner.server.native.models import mlmodel, packaged
from runner.server.native.models.looking import Known
from runner.server.native.models.version_shapes import Example, ModelFile, VersionLook
from runner.server.native.operation import view

MOST_FILES, MOST_DIRECTORIES = 500, 50
LARGEST = 1024 * 1024  # bytes of what is read beside the MLmodel
WHOLE = {mlmodel.NAME: mlmodel.LARGEST}


@dataclass(frozen=True, slots=True)
class Packed:
    """The directory of a model: `place` below the root of all artifacts, its files, and those that were read."""

    place: str
    files: Sequence[ModelFile]
    more: bool
    read: Mapping[str, bytes]


async def packed(request: Request, known: Known) -> Packed | None:
    """The files of the version; None, with a word in `known.unknown`: they cannot be shown."""
    try:
        place = await _located(request, known)
        return await _read(served(request).files, place)
    except Unavailable:
        raise
    except RunnerError as error:
        known.unknown.append(f"Its files cannot be shown: {error.message}.")
        return None


async def _located(request: Request, known: Known) -> str:
    uri = await run_in_threadpool(lambda: owners.files_of(view(request), known.version))
    place = paths.checked(owners.below(request.app.state.tracking.places, uri))
    await check(request, place)
    return place


async def _read(kept: Files, place: str) -> Packed:
    files, more = await _listed(kept, place)
    sizes = {each.path: each.size for each in files}
    read: dict[str, bytes] = {}
    for path in _wanted(sizes):
        if sizes[path] <= WHOLE.get(path, LARGEST):
            read[path] = await _content(kept, f"{place}/{path}", sizes[path])
    if mlmodel.NAME in read:  # it names its example
        for path in await run_in_threadpool(lambda: _examples(read[mlmodel.NAME])):
            if sizes.get(path, LARGEST + 1) <= LARGEST:
                read[path] = await _content(kept, f"{place}/{path}", sizes[path])
    return Packed(place, files, more, read)


async def _listed(kept: Files, place: str) -> tuple[list[ModelFile], bool]:
    """Level by level, so that what counts is among the first."""
    found: list[ModelFile] = []
    waiting, visited = deque([""]), 0
    while waiting and visited < MOST_DIRECTORIES and len(found) < MOST_FILES:
        inside = waiting.popleft()
        visited += 1
        for entry in await kept.list(f"{place}/{inside}".rstrip("/")):
            path = f"{inside}/{entry.name}".lstrip("/")
            if entry.size is None:
                waiting.append(path)
            else:
                found.append(ModelFile(path=path, size=entry.size))
    return found[:MOST_FILES], bool(waiting) or len(found) > MOST_FILES


async def _content(kept: Files, path: str, size: int) -> bytes:
    if size == 0:
        return b""  # of nothing there is no part
    content = await kept.get(path, (0, size))
    return b"".join([piece async for piece in content.pieces])


def _wanted(sizes: Mapping[str, int]) -> list[str]:
    card = next((each for each in packaged.CARDS if each in sizes), None)
    beside = (mlmodel.NAME, *packaged.REQUIRED, *((card,) if card else ()))
    return [each for each in beside if each in sizes]


def _examples(data: bytes) -> list[str]:
    """Paths of the sample input, as it was given and as a request."""
    try:
        info = mlmodel.table(mlmodel.parsed(data).get("saved_input_example_info"))
    except RunnerError:
        return []
    named = (mlmodel.text(info.get(key)) for key in ("artifact_path", "serving_input_path"))
    return [each for each in named if each]


def add(answer: VersionLook, found: Packed, request: Request, known: Known) -> None:
    """Put into the answer what the files say."""
    answer.files, answer.more = list(found.files), found.more
    answer.run_path = _within_run(request, known, found.place)
    if not found.files:
        answer.unknown.append("There are no files where it was registered from.")
    elif mlmodel.NAME not in {each.path for each in found.files}:
        answer.unknown.append("Among its files there is no MLmodel, so what it takes and gives is not known.")
    _add_mlmodel(answer, found)
    _add_card(answer, found)
    _add_requirements(answer, found)


def _add_mlmodel(answer: VersionLook, found: Packed) -> None:
    data = found.read.get(mlmodel.NAME)
    if data is None:
        return
    try:
        values = mlmodel.parsed(data)
    except RunnerError as error:
        answer.unknown.append(f"Its MLmodel tells nothing: {error.message}.")
        return
    answer.mlmodel = mlmodel.told(values)
    answer.licence = mlmodel.text(mlmodel.table(values.get("metadata")).get("license"))
    answer.example = _example(values, found)


def _example(values: Mapping[str, Any], found: Packed) -> Example | None:
    info = mlmodel.table(values.get("saved_input_example_info"))
    path = mlmodel.text(info.get("artifact_path"))
    if not path:
        return None
    if path not in found.read:
        return Example(path=path, trouble=f"it is not among the files, or larger than {LARGEST} bytes")
    shown = packaged.example(path, found.read[path])
    shown.serving = packaged.body(found.read.get(mlmodel.text(info.get("serving_input_path")), b""))
    return shown


def _add_card(answer: VersionLook, found: Packed) -> None:
    path = next((each for each in packaged.CARDS if each in found.read), None)
    if path:
        text, licence = packaged.card(found.read[path])
        answer.card, answer.card_path = marked(text), path
        answer.licence = answer.licence or licence
    answer.licence = answer.licence or answer.tags.get("license", "")


def _add_requirements(answer: VersionLook, found: Packed) -> None:
    pip, environment, conda = (found.read.get(each) for each in packaged.REQUIRED)
    python, of_conda = packaged.in_conda(conda) if conda else ("", [])
    if pip is not None:
        answer.requirements, answer.requirements_path = packaged.requirements(pip), packaged.REQUIRED[0]
    elif of_conda:
        answer.requirements, answer.requirements_path = of_conda, packaged.REQUIRED[2]
    answer.python = (
        answer.mlmodel.python
        if answer.mlmodel and answer.mlmodel.python
        else (packaged.python_of(environment) if environment else "") or python
    )


def _within_run(request: Request, known: Known, place: str) -> str | None:
    """Where the files lie among the artifacts of the run."""
    if known.run is None:
        return None
    try:
        top = owners.below(request.app.state.tracking.places, known.run.artifact_uri)
    except RunnerError:
        return None
    return place.removeprefix(top).strip("/") if f"{place}/".startswith(f"{top}/") else None
