"""Runs that are started from the UI: `runner rerun`, `reproduce` or `run` as a process of this machine, where the server may.

Who may start a run executes programs here: what a run consists of is what its recorder says. So a server starts nothing unless it
was told to (`--allow-run`), and then only for those who may change the experiment. Everybody is told the command that does it.
"""

import asyncio
import shlex
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Annotated, Literal

from msgspec import Meta, Struct, field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from runner.errors import NotFound
from runner.server.errors import Malformed, shaped
from runner.server.mlflow import wire
from runner.server.mlflow.runs import exact
from runner.server.native.operation import Operation, json, sent, view
from runner.server.starting import Started, Starting
from runner.tracking.model import Run

PATIENCE = 8.0  # seconds for which an answer waits for the id of the new run
SLICE = 0.1
STARTED_BY = "runner.started_by"  # tag of a run: who pressed the button; its user is that of the server
REFUSED = "this server starts no runs (runner server --allow-run); the command that does it:\n"

Text = Annotated[str, Meta(max_length=6000, pattern=r"^[^\0]*$")]
Name = Annotated[str, Meta(max_length=250, pattern=r"^[^\0]*$")]
Texts = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=250, pattern=r"^[^=\0]+$")], Text], Meta(max_length=200)
]
Ref = Annotated[
    str, Meta(pattern=r"^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._/@^~+-]{0,200}$")
]  # never a directory of this machine


class Execute(wire.Request):
    """What to start. `rerun` and `reproduce` take `run`, `run` takes `uri` and an experiment."""

    kind: Literal["rerun", "reproduce", "run"]
    run: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{0,64}$")] = ""
    uri: Annotated[str, Meta(max_length=2000, pattern=r"^[^-\0][^\0]*$")] | None = None
    experiment_id: Annotated[str, Meta(pattern="^[0-9]{1,18}$")] | None = None
    entry_point: Name | None = None
    parameters: Texts = field(default_factory=dict)
    inputs: Texts = field(default_factory=dict)
    code: Ref = "same"
    env: Ref = "same"
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] | None = None
    run_name: Name | None = None


class Execution(Struct, kw_only=True):
    """A process that was started here; `run_id` once its run exists, `exit_code` and `tail` of its errors once it has ended."""

    id: str
    command: str
    user: str
    started: int
    run_id: str | None
    exit_code: int | None
    tail: str


class Executions(Struct, kw_only=True):
    """Newest first. `allowed`: whether this server starts any."""

    allowed: bool
    executions: list[Execution]


async def execute(request: Request) -> Response:
    asked = await sent(request, Execute)
    arguments = await run_in_threadpool(lambda: command(asked, _experiment(request, asked)))
    starting = _starting(request)
    if starting is None:
        told = shaped("PERMISSION_DENIED", REFUSED + shlex.join(("runner", *arguments)))
        return JSONResponse({**told, "command": shlex.join(("runner", *arguments))}, HTTPStatus.FORBIDDEN)
    user: str = request.state.caller.user
    started = await run_in_threadpool(lambda: starting.start(arguments, user=user))
    for _ in range(round(PATIENCE / SLICE)):
        if started.run_id is not None or started.code is not None:
            break
        await asyncio.sleep(SLICE)
    if started.run_id is not None and user:
        await run_in_threadpool(lambda: view(request).log(str(started.run_id), tags={STARTED_BY: user}))
    return json(_told(started))


async def listed(request: Request) -> Response:
    starting = _starting(request)
    found = await run_in_threadpool(lambda: list(_visible(request)))
    return json(Executions(allowed=starting is not None, executions=[_told(each) for each in found]))


async def execution(request: Request) -> Response:
    return json(_told(await run_in_threadpool(lambda: _one(request))))


async def stop(request: Request) -> Response:
    started = await run_in_threadpool(lambda: _one(request, write=True))
    started.stop()
    return json(_told(started))


def command(asked: Execute, experiment: str) -> tuple[str, ...]:
    """The arguments of `runner` that do it: each value after an equal sign, so that none is taken for an option.

    Raises:
        Malformed: what the kind takes is missing.
    """
    names = (("experiment-name", experiment), ("run-name", asked.run_name))
    options = [f"--{name}={value}" for name, value in names if value]
    parameters = [f"--param-list={name}={value}" for name, value in asked.parameters.items()]
    match asked.kind:
        case "run" if asked.uri:
            point = [f"--entry-point={asked.entry_point}"] if asked.entry_point else []
            return ("run", *options, *point, *parameters, "--", asked.uri)
        case "rerun" if asked.run:
            return ("rerun", *options, *parameters, *_changes(asked), "--", asked.run)
        case "reproduce" if asked.run:
            return ("reproduce", f"--experiment-name={experiment}", *_inputs(asked), "--", asked.run)
        case _:
            raise Malformed(f"{asked.kind} needs {'uri' if asked.kind == 'run' else 'run'}")


def _changes(asked: Execute) -> Iterator[str]:
    for name, value in (("code", asked.code), ("env", asked.env)):
        if value != "same":
            yield f"--{name}={value}"
    if asked.seed is not None:
        yield f"--seed={asked.seed}"
    if asked.entry_point:
        yield f"--entry-point={asked.entry_point}"
    yield from _inputs(asked)


def _inputs(asked: Execute) -> Iterator[str]:
    return (f"--input={name}={value}" for name, value in asked.inputs.items())


def _experiment(request: Request, asked: Execute) -> str:
    """The name of the experiment to record in, in which the caller may write."""
    store = view(request)
    if asked.kind == "run":
        experiment = store.experiment(asked.experiment_id or "0")
        store.tag_experiment(experiment.id, {})  # changes nothing, and is refused to who may not
        return experiment.name
    run = _writable(request, asked.run)
    return store.experiment(run.experiment_id).name


def _writable(request: Request, run_id: str) -> Run:
    run = exact(view(request), run_id)
    view(request).check_artifacts(f"{run.experiment_id}/{run.id}", write=True)
    return run


def _one(request: Request, *, write: bool = False) -> Started:
    wanted = request.path_params["execution_id"]
    for each in _visible(request):
        if wanted in {each.id, each.run_id}:
            if write:
                _writable(request, each.run_id or each.arguments[-1])
            return each
    raise NotFound(
        f"this server has started no {wanted!r}",
        hint="what somebody else has started is stopped where it was",
    )


def _visible(request: Request) -> Iterator[Started]:
    """Those whose runs the caller may read: of their own, all."""
    starting = _starting(request)
    user: str = request.state.caller.user
    for each in starting.all() if starting else ():
        if each.user == user or _reads(request, each.run_id):
            yield each


def _reads(request: Request, run_id: str | None) -> bool:
    try:
        return run_id is not None and exact(view(request), run_id) is not None
    except NotFound:
        return False


def _starting(request: Request) -> Starting | None:
    starting: Starting | None = request.app.state.tracking.starting
    return starting


def _told(started: Started) -> Execution:
    return Execution(
        id=started.id,
        command=shlex.join(("runner", *started.arguments)),
        user=started.user,
        started=started.began,
        run_id=started.run_id,
        exit_code=started.code,
        tail=started.tail if started.code else "",
    )


OPERATIONS: Sequence[Operation] = (
    Operation("GET", "/executions", "listExecutions", "What was started from here", listed, Executions),
    Operation("POST", "/executions", "execute", "Run again, reproduce or run", execute, Execution, Execute),
    Operation("GET", "/executions/{execution_id}", "getExecution", "One of them", execution, Execution),
    Operation("POST", "/executions/{execution_id}/stop", "stopExecution", "Stop it; twice kills", stop, Execution),
)  # fmt: skip
