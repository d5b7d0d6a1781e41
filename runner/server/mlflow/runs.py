"""Calls about runs."""

from collections import Counter
from collections.abc import Iterable, Sequence

from runner.errors import Conflict, NotFound
from runner.server.errors import Malformed
from runner.server.mlflow import answers, shown, wire
from runner.server.mlflow.call import Call, Served, logging, reading
from runner.server.mlflow.experiments import number
from runner.tracking.checks import PARAM, RUN_TAG
from runner.tracking.model import Entry, Metric, Run, RunStatus
from runner.tracking.statuses import MEANT
from runner.tracking.store import Store

METRICS, PARAMS, TAGS, ITEMS = 1000, 100, 100, 1000  # of one batch, as in MLflow
CUT = "runner.cut"  # tag: keys of params and tags whose values were too long


def create(on: Served, request: wire.CreateRun) -> answers.OneRun:
    made = on.store.create_run(
        number(request.experiment_id),
        name=request.run_name or None,
        user=request.user_id,
        status=RunStatus.RUNNING,
        started=request.start_time,
        tags=_cut({}, request.tags)[1],
    )
    return answers.OneRun(run=shown.run(made, on.places))


def get(on: Served, request: wire.OfRun) -> answers.OneRun:
    return answers.OneRun(run=shown.run(exact(on.store, request.run), on.places))


def update(on: Served, request: wire.UpdateRun) -> answers.UpdatedRun:
    on.store.update_run(
        request.run,
        status=MEANT[request.status] if request.status else None,
        name=request.run_name or None,
        ended=request.end_time,
    )
    return answers.UpdatedRun(run_info=shown.info(exact(on.store, request.run), on.places))


def delete(on: Served, request: wire.OfRun) -> None:
    on.store.delete_run(request.run)


def restore(on: Served, request: wire.OfRun) -> None:
    on.store.restore_run(request.run)


def search(on: Served, request: wire.SearchRuns) -> answers.Runs:
    page = on.store.search_runs(
        experiment_ids=request.experiment_ids,
        filter=request.filter,
        order_by=request.order_by,
        limit=request.max_results,
        page_token=request.page_token or None,
        lifecycle=shown.LIFECYCLE[request.run_view_type],
    )
    return answers.Runs(
        runs=[shown.run(found, on.places) for found in page.items], next_page_token=page.next_token
    )


def metric(request: wire.LogMetric) -> Entry:
    return Entry(request.run, metrics=(_metric(request),))


def parameter(request: wire.SetPair) -> Entry:
    return _entry(request.run, params=[wire.Pair(key=request.key, value=request.value)])


def tag(request: wire.SetPair) -> Entry:
    return _entry(request.run, tags=[wire.Pair(key=request.key, value=request.value)])


def delete_tag(on: Served, request: wire.DeleteTag) -> None:
    on.store.delete_tag(request.run, request.key)


def batch(request: wire.LogBatch) -> Entry:
    _within(request)
    _unique([param.key for param in request.params])
    return _entry(
        request.run,
        metrics=[_metric(point) for point in request.metrics],
        params=request.params,
        tags=request.tags,
    )


def exact(store: Store, run_id: str) -> Run:
    """The run with that id; the store also finds by name and beginning, which clients do not mean."""
    try:
        found = store.run(run_id)
    except Conflict:
        found = None
    if found is None or found.id != run_id:
        raise NotFound(f"Run with id={run_id} not found")
    return found


def _entry(
    run_id: str,
    *,
    metrics: Iterable[Metric] = (),
    params: Iterable[wire.Pair] = (),
    tags: Iterable[wire.Pair] = (),
) -> Entry:
    texts, labels = _cut({param.key: param.value for param in params}, tags)
    return Entry(run_id, texts, tuple(metrics), labels)


def _cut(params: dict[str, str], tags: Iterable[wire.Pair]) -> tuple[dict[str, str], dict[str, str]]:
    """Params and tags, long values cut as MLflow cuts them; a tag says so."""
    labels = {tag.key: tag.value for tag in tags}  # the last of equal keys, as in MLflow
    long = [
        key
        for values, most in ((params, PARAM), (labels, RUN_TAG))
        for key in values
        if len(values[key]) > most
    ]
    params = {key: value[:PARAM] for key, value in params.items()}
    labels = {key: value[:RUN_TAG] for key, value in labels.items()}
    if long:
        labels[CUT] = ", ".join(long)[:RUN_TAG]
    return params, labels


def _metric(point: wire.Point | wire.LogMetric) -> Metric:
    return Metric(
        point.key,
        wire.number(point.value),
        point.timestamp,
        point.step,
        point.model_id or None,
        point.dataset_name or None,
        point.dataset_digest or None,
    )


def _within(request: wire.LogBatch) -> None:
    counts = (
        ("metrics", len(request.metrics), METRICS),
        ("params", len(request.params), PARAMS),
        ("tags", len(request.tags), TAGS),
        ("metrics, params and tags", len(request.metrics + request.params + request.tags), ITEMS),
    )
    for what, count, most in counts:
        if count > most:
            raise Malformed(f"A batch logging request can contain at most {most} {what}. Got {count} {what}.")


def _unique(keys: Sequence[str]) -> None:
    twice = [key for key, count in Counter(keys).items() if count > 1]
    if twice:
        raise Malformed(f"Duplicate parameter keys have been submitted: {twice}")


CALLS = (
    Call("runs/create", wire.CreateRun, create),
    reading("runs/get", wire.OfRun, get),
    Call("runs/update", wire.UpdateRun, update),
    Call("runs/delete", wire.OfRun, delete),
    Call("runs/restore", wire.OfRun, restore),
    reading("runs/search", wire.SearchRuns, search, ("POST",)),
    logging("runs/log-metric", wire.LogMetric, metric),
    logging("runs/log-parameter", wire.SetPair, parameter),
    logging("runs/set-tag", wire.SetPair, tag),
    Call("runs/delete-tag", wire.DeleteTag, delete_tag),
    logging("runs/log-batch", wire.LogBatch, batch),
)
