"""What many runs were made of, kind by kind, as digests: equal ones mean the same. And their files, by path and digest."""

import json as plain
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct, field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.errors import RunnerError
from runner.files import sha256
from runner.server.mlflow import wire
from runner.server.native import documents
from runner.server.native.differences import RunId, kept_here, readable
from runner.server.native.operation import Operation, json, query
from runner.server.native.shapes import Shape
from runner.tracking.artifacts import Artifacts
from runner.tracking.model import Run

MOST_RUNS, MOST_OF_FILES = 100, 20
MOST_FILES = 2000  # of a run
SHORT = 10  # characters of a commit
GIT = "mlflow.source.git.commit"
ABOUT_US = ("host", "runner", "runner_python")  # of a machine: no program computes with them


class ManyRuns(wire.Request):
    """Ids of runs."""

    runs: Annotated[list[RunId], Meta(min_length=1, max_length=MOST_RUNS)] = field(default_factory=list)


class FewRuns(wire.Request):
    """Ids of runs."""

    runs: Annotated[list[RunId], Meta(min_length=1, max_length=MOST_OF_FILES)] = field(default_factory=list)


class Kind(Shape):
    """One kind of input: `digest` None where nobody knows; `label` for people."""

    digest: str | None
    label: str


class Inputs(Struct, kw_only=True):
    """What a run was made of."""

    id: str
    name: str
    parameters: Kind
    code: Kind
    environment: Kind
    data: Kind
    machine: Kind


class InputsAnswer(Struct, kw_only=True):
    """In the order in which they were asked for."""

    runs: list[Inputs]


class KeptFile(Shape):
    """A file of a run; `digest` where one was recorded."""

    path: str
    bytes: int
    digest: str | None = None


class RunFiles(Struct, kw_only=True):
    """Files of a run; `more`: there are others, which are not listed. `trouble`: they cannot be listed."""

    id: str
    name: str
    files: list[KeptFile]
    more: bool = False
    trouble: str = ""


class FilesAnswer(Struct, kw_only=True):
    """In the order in which they were asked for."""

    runs: list[RunFiles]


async def inputs(request: Request) -> Response:
    asked = query(request, ManyRuns)
    return await run_in_threadpool(
        lambda: json(InputsAnswer(runs=[_inputs(request, run) for run in asked.runs]))
    )


async def files(request: Request) -> Response:
    asked = query(request, FewRuns)
    return await run_in_threadpool(
        lambda: json(FilesAnswer(runs=[_files(request, run) for run in asked.runs]))
    )


def _inputs(request: Request, run_id: str) -> Inputs:
    run, plan, record = _known(request, run_id)
    return Inputs(
        id=run.id,
        name=run.name,
        parameters=parameters(run, plan),
        code=code(run, plan),
        environment=environment(run, plan, record),
        data=data(plan, record),
        machine=machine(record),
    )


def _known(request: Request, run_id: str) -> tuple[Run, Mapping[str, Any], Mapping[str, Any]]:
    """A run, its plan and its record; empty where they are not with this server."""
    run = readable(request, run_id)
    tracking = request.app.state.tracking
    kept = documents.of(run, tracking.places, tracking.native.home)
    return run, kept.json(documents.PLAN) or {}, kept.json(documents.RECORD) or {}


# kinds -------------------------------------------------------------------------------------------------------
def parameters(run: Run, plan: Mapping[str, Any]) -> Kind:
    """Those of the plan, the entry point and the seed, or else those that were logged."""
    if not plan:
        return Kind(digest=_digest(run.params), label=_counted(len(run.params), "parameter"))
    values = [plan.get(key) for key in ("entry_point", "parameters", "extra_parameters", "seed")]
    return Kind(digest=_digest(values), label=_counted(len(_table(plan, "parameters")), "parameter"))


def code(run: Run, plan: Mapping[str, Any]) -> Kind:
    """The commit with what was not committed, or the digest of an archive."""
    source = _table(plan, "source")
    commit, changes = source.get("commit"), source.get("patch") or source.get("digest")
    if not source:
        commit = run.tags.get(GIT)
        return Kind(
            digest=_digest(commit) if commit else None, label=(commit or "")[:SHORT] or "not recorded"
        )
    label = str(commit or changes or "").removeprefix("sha256:")[:SHORT] or "not recorded"
    known = bool(changes) or (commit is not None and not source.get("dirty"))
    what = [commit, changes, source.get("submodules"), source.get("below"), source.get("subdirectory")]
    return Kind(
        digest=_digest(what) if known else None, label=f"{label} and changes" if commit and changes else label
    )


def environment(run: Run, plan: Mapping[str, Any], record: Mapping[str, Any]) -> Kind:
    """The lock, or what was seen of the caller's own."""
    planned, happened = _table(plan, "environment"), _table(record, "environment")
    kind = str(planned.get("kind") or run.tags.get("mlflow.project.env") or "not recorded")
    version = _table(happened, "interpreter").get("version")
    python = f"Python {version}" if version else ""
    if lock := _table(planned, "lock"):
        told = [kind, python or f"Python {lock.get('python')}", _counted(lock.get("packages"), "package")]
        return Kind(digest=_digest([lock.get("digest"), version]), label=", ".join(told))
    if observed := _table(happened, "observed"):
        told = [kind, python, _counted(observed.get("packages"), "package")]
        return Kind(digest=_digest([observed.get("digest"), version]), label=", ".join(filter(None, told)))
    return Kind(digest=None, label=", ".join(filter(None, (kind, python))))


def data(plan: Mapping[str, Any], record: Mapping[str, Any]) -> Kind:
    """Digests of all inputs; unknown as soon as one of them is."""
    found = {**dict.fromkeys(_table(plan, "inputs"))}
    for item in record.get("inputs") or ():
        if isinstance(item, Mapping):
            found[str(item.get("name"))] = item.get("digest") or item.get("etag")
    found |= _table(plan, "input_digests")
    known = None not in found.values() and bool(plan)
    label = _counted(len(found), "input") if found else ("none declared" if plan else "not recorded")
    return Kind(digest=_digest(found) if known else None, label=label)


def machine(record: Mapping[str, Any]) -> Kind:
    """Its processor, memory, devices, system."""
    found = {key: value for key, value in _table(record, "machine").items() if key not in ABOUT_US}
    if not found:
        return Kind(digest=None, label="not recorded")
    facts = [_text(found.get(key)) for key in ("processor", "gpus", "system")]
    return Kind(digest=_digest(found), label=", ".join(filter(None, facts))[:120] or "recorded")


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)
    if isinstance(value, Mapping):
        return str(value.get("name") or "")
    return "" if value is None else str(value)


def _counted(number: object, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _table(values: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = values.get(key)
    return found if isinstance(found, Mapping) else {}


def _digest(value: object) -> str:
    return f"sha256:{sha256(plain.dumps(value, sort_keys=True, default=str))}"


# files -------------------------------------------------------------------------------------------------------
def _files(request: Request, run_id: str) -> RunFiles:
    run, _, record = _known(request, run_id)
    digests = dict(_digests(record.get("outputs") or ()))
    try:
        kept_here(request, run)
        listed = sorted(Artifacts(run.artifact_uri).list(), key=lambda file: file.path)
    except RunnerError as error:
        return RunFiles(id=run.id, name=run.name, files=[], trouble=error.message)
    found = [
        KeptFile(path=file.path, bytes=file.size, digest=digests.get((file.path, file.size)))
        for file in listed[:MOST_FILES]
    ]
    return RunFiles(id=run.id, name=run.name, files=found, more=len(listed) > MOST_FILES)


def _digests(outputs: Sequence[Any]) -> Iterator[tuple[tuple[str, int], str]]:
    for item in outputs:
        match item:
            case {"path": str(path), "bytes": int(size), "digest": str(digest)}:
                yield (path, size), digest


OPERATIONS = (
    Operation(
        "GET", "/diff/inputs", "diffInputs", "What many runs were made of, kind by kind", inputs,
        InputsAnswer, ManyRuns,
    ),
    Operation(
        "GET", "/diff/files", "diffFiles", "Files of several runs, with their digests", files, FilesAnswer, FewRuns
    ),
)  # fmt: skip
