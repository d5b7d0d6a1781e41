"""What changed between two runs: how they were executed, and what came out.

Only a layer above the server can read how runs were executed: whoever makes the server brings it along (`Differing`).
Nothing is fetched from anywhere for an answer, and long files are not looked into: the answer says so.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Literal, Protocol

import msgspec
from msgspec import Meta, Struct, field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.errors import Unavailable
from runner.server.artifacts.owners import below
from runner.server.errors import NotSupported
from runner.server.mlflow import wire
from runner.server.mlflow.runs import exact
from runner.server.native.operation import JSON, Operation, query, view
from runner.server.native.shapes import Shape
from runner.tracking.model import Run

KEPT = 128  # answers
WAITING = 4  # who may wait for an answer at a time
PATIENCE = 60.0  # seconds for which they wait
RunId = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,64}$")]


class CompareTwo(wire.Request):
    """Ids of two runs that have ended."""

    a: RunId
    b: RunId


class Differs(Shape):
    """One thing in which the runs were not executed alike; `weight`, from 0 to 1: how well it explains other results.

    `detail` is a unified diff, or what else there is to say; through which package it came, for a package.
    """

    aspect: Literal[
        "code", "entry point", "parameter", "seed", "data", "package", "interpreter", "image", "variable", "machine"
    ]  # fmt: skip
    name: str
    change: str
    weight: float
    before: str | None = None
    after: str | None = None
    detail: str = ""


class Result(Shape):
    """One result of both; those that are the same are left out. `distance`: largest |a - b| / max(|a|, |b|) of its numbers."""

    kind: Literal["param", "metric", "artifact", "exit"]
    name: str
    outcome: Literal["close", "different", "missing", "added", "ignored"]
    before: str | None = None
    after: str | None = None
    distance: wire.Number | None = None
    note: str = ""


class Between(Struct, kw_only=True):
    """What there is between two runs.

    `verdict`: whether all that was compared is the same. `same` counts results that are. `causes` are places in
    `differences`, the likeliest first. `notes`: what was not looked at. `trouble`: why nothing is known of the execution.
    """

    verdict: Literal["identical", "equivalent", "different"] | None = None
    differences: list[Differs] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    same: int = 0
    causes: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    trouble: str = ""


class Differing(Protocol):
    """Tells two runs apart.

    Raises:
        Conflict: one of them goes on.
    """

    def __call__(self, first: Run, second: Run, /) -> Between: ...


class Answers:
    """Answers that were given, by what is known of both runs; one is made at a time, for it takes seconds of a processor."""

    def __init__(self, differing: Differing | None) -> None:
        self._differing = differing
        self._known: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._making = threading.Lock()
        self._waiting = threading.Semaphore(WAITING)

    def to(self, first: Run, second: Run) -> bytes:
        """As JSON.

        Raises:
            Unavailable: others have asked for too many.
            NotSupported: this server cannot tell.
        """
        if self._differing is None:
            raise NotSupported("this server does not compare how runs were executed")
        key = repr(first), repr(second)  # tags, params and metrics may change after the end
        if key in self._known:
            return self._known[key]
        with self._turn():
            if key not in self._known:
                self._known[key] = msgspec.json.encode(self._differing(first, second))
            self._known.move_to_end(key)
            while len(self._known) > KEPT:
                self._known.popitem(last=False)
            return self._known[key]

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._waiting.acquire(blocking=False):
            raise Unavailable("others are having runs compared", hint="ask again")
        try:
            if not self._making.acquire(timeout=PATIENCE):
                raise Unavailable("another comparison takes long", hint="ask again")
            try:
                yield
            finally:
                self._making.release()
        finally:
            self._waiting.release()


async def diff(request: Request) -> Response:
    asked = query(request, CompareTwo)
    return Response(await run_in_threadpool(lambda: _between(request, asked)), media_type=JSON)


def _between(request: Request, asked: CompareTwo) -> bytes:
    first, second = (kept_here(request, readable(request, run)) for run in (asked.a, asked.b))
    answers: Answers = request.app.state.tracking.native.answers
    return answers.to(first, second)


def readable(request: Request, run_id: str) -> Run:
    """A run whose artifacts the caller may read.

    Raises:
        NotFound: there is none, or none for the caller.
    """
    known = view(request)
    run = exact(known, run_id)
    known.check_artifacts(f"{run.experiment_id}/{run.id}", write=False)
    return run


def kept_here(request: Request, run: Run) -> Run:
    """The same.

    Raises:
        Malformed: its artifacts are elsewhere, and we fetch from nowhere.
    """
    below(request.app.state.tracking.places, run.artifact_uri)
    return run


OPERATIONS = (
    Operation(
        "GET", "/diff", "diff", "What changed between two runs: code, parameters, environment, data, machine",
        diff, Between, CompareTwo,
    ),
)  # fmt: skip
