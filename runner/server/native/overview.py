"""All that a page about a run begins with, in one answer."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.errors import NotFound, RunnerError
from runner.server.mlflow import wire
from runner.server.mlflow.runs import exact
from runner.server.native import documents
from runner.server.native.documents import PLAN, RECORD, Documents
from runner.server.native.marked import marked
from runner.server.native.operation import json, view
from runner.server.native.overview_shapes import Data, Kept, Kin, LatestMetric, RunOverview
from runner.server.places import Places
from runner.tracking.model import Lifecycle, Metric, Run, RunStatus
from runner.tracking.store import Store

PARENT, NOTE = "mlflow.parentRunId", "mlflow.note.content"
REPRODUCES, VERDICT = "runner.reproduces", "runner.verdict"
MOST_KIN = 100
MOST_FILES = 500  # inputs and outputs that are told with a run; all are in its record
ID = re.compile(r"[0-9a-f]{4,32}")
CONTROL = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)")
LONGEST = 1000  # characters of a line


async def overview(request: Request) -> Response:
    """GET /runs/{run_id}/overview; the run may be named as people name it."""
    return await run_in_threadpool(lambda: json(_overview(request)))


def _overview(request: Request) -> RunOverview:
    store, tracking = view(request), request.app.state.tracking
    run = named(store, request.path_params["run_id"])
    found = documents.of(run, tracking.places, tracking.native.home)
    record = found.json(RECORD)
    answer = _told(store, run, tracking.places, found, record)
    answer.plan = found.json(PLAN)
    answer.record = _shortened(record)
    answer.last_error = _last_line(run, found)
    _add_kin(answer, store, run)
    return answer


def named(store: Store, reference: str) -> Run:
    """The run of that id, or else of that beginning of an id or name: the newest of those that the caller may read.

    Raises:
        NotFound: there is none.
    """
    with suppress(NotFound):
        return exact(store, reference)
    found: Sequence[Run] = ()
    if "'" not in reference and "\\" not in reference:
        found = _search(store, f"attributes.run_name = '{reference}'", limit=1)
    if not found and ID.fullmatch(reference):
        found = _search(store, f"attributes.run_id LIKE '{reference}%'", limit=1)
    if not found:
        raise NotFound(f"there is no run {reference!r}")
    return found[0]


def _told(
    store: Store, run: Run, places: Places, found: Documents, record: Mapping[str, Any] | None
) -> RunOverview:
    note = run.tags.get(NOTE, "")
    return RunOverview(
        id=run.id,
        name=run.name,
        experiment=run.experiment_id,
        experiment_name=_experiment_name(store, run),
        status=run.status,
        lifecycle=run.lifecycle,
        user=run.user,
        start_time=run.started,
        end_time=run.ended,
        artifact_uri=places.told(run.artifact_uri),
        artifacts_served=found.artifacts is not None,
        params=dict(run.params),
        tags=dict(run.tags),
        note=marked(note) if note else [],
        metrics=[_latest(metric) for _, metric in sorted(run.metrics.items())],
        data=[
            Data(
                name=each.dataset.name,
                digest=each.dataset.digest,
                source=each.dataset.source_type,
                context=each.context,
            )
            for each in run.datasets
        ],
        documents=_kept(found),
        files=len(record["artifacts"]) if record and isinstance(record.get("artifacts"), list) else None,
    )


def _latest(metric: Metric) -> LatestMetric:
    return LatestMetric(key=metric.key, value=wire.shown(metric.value), step=metric.step, time=metric.time)


def _experiment_name(store: Store, run: Run) -> str:
    try:
        return store.experiment(run.experiment_id).name
    except RunnerError:
        return ""


def _kept(found: Documents) -> list[Kept]:
    """Our own documents, by path and size."""
    if found.artifacts is None:
        return []
    with suppress(RunnerError):
        return [Kept(path=item.path, size=item.size) for item in found.artifacts.list("runner")]
    return []


def _shortened(record: dict[str, Any] | None) -> dict[str, Any] | None:
    """Without what may be long: the artifacts have a call of their own."""
    if record is None:
        return None
    short = {key: value for key, value in record.items() if key != "artifacts"}
    return short | {
        key: short[key][:MOST_FILES] for key in ("inputs", "outputs") if isinstance(short.get(key), list)
    }


def _last_line(run: Run, found: Documents) -> str:
    """What a program that failed said last: of a traceback, the error."""
    if not run.status.ended or run.status is RunStatus.FINISHED:
        return ""
    lines = CONTROL.sub(b"", found.printed_last("stderr")).decode(errors="replace").splitlines()
    return next((line.strip()[:LONGEST] for line in reversed(lines) if line.strip()), "")


def _add_kin(answer: RunOverview, store: Store, run: Run) -> None:
    """Runs that have to do with it. Those of a tag are found by an index, however many runs there are."""
    answer.parent = _kin_of(store, run.tags.get(PARENT))
    answer.reproduces = _kin_of(store, run.tags.get(REPRODUCES) or run.tags.get("runner.reruns"))
    if "'" in run.id or "\\" in run.id:
        return
    answer.children = [_kin(each) for each in _search(store, f"tags.`{PARENT}` = '{run.id}'", limit=MOST_KIN)]
    answer.reproductions = [
        _kin(each) for each in _search(store, f"tags.`{REPRODUCES}` = '{run.id}'", limit=MOST_KIN)
    ]
    if (previous := _previous(store, run)) is not None:
        answer.previous = _kin(previous)
        answer.previous_params = dict(previous.params)


def _previous(store: Store, run: Run) -> Run | None:
    """The one before it in its experiment."""
    if run.started is None:
        return None
    before = f"attributes.start_time < {run.started}"
    found = _search(store, before, limit=1, experiment=run.experiment_id)
    return found[0] if found else None


def _kin_of(store: Store, run_id: str | None) -> Kin | None:
    if not run_id:
        return None
    try:
        return _kin(exact(store, run_id))
    except RunnerError:  # it is gone, or not for this caller
        return None


def _kin(run: Run) -> Kin:
    return Kin(
        id=run.id,
        name=run.name,
        status=run.status,
        user=run.user,
        start_time=run.started,
        end_time=run.ended,
        verdict=run.tags.get(VERDICT, ""),
    )


def _search(store: Store, text: str, *, limit: int, experiment: str | None = None) -> Sequence[Run]:
    within = [experiment] if experiment else None
    try:
        return store.search_runs(
            experiment_ids=within, filter=text, limit=limit, lifecycle=Lifecycle.ACTIVE
        ).items
    except RunnerError:
        return ()
