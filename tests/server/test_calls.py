"""The calls one by one, over plain HTTP: shapes, words, limits and errors as MLflow's."""

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from runner.server.loopback import Loopback
from runner.tracking import Store
from runner.tracking.model import Metric, Run, RunStatus
from runner.tracking.sql.store import SqlStore
from tests.server.conftest import API, Caller

INT64 = 2**63


def test_a_run_has_mlflows_shape(store: Store, run: Run, call: Caller) -> None:
    store.log(run.id, metrics=[Metric("loss", math.nan, 5, -1)], tags={"team": "churn"})

    answer = call.get("runs/get", run_id=run.id, run_uuid=run.id)

    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.body == {
        "run": {
            "info": {
                "run_id": run.id,
                "run_uuid": run.id,
                "run_name": "mine",
                "experiment_id": "0",
                "user_id": "ann",
                "status": "RUNNING",
                "artifact_uri": run.artifact_uri,
                "lifecycle_stage": "active",
                "start_time": run.started,
            },
            "data": {
                "metrics": [{"key": "loss", "value": "NaN", "timestamp": 5, "step": -1}],
                "params": [{"key": "given", "value": "1"}],
                "tags": [{"key": "mlflow.runName", "value": "mine"}, {"key": "team", "value": "churn"}],
            },
            "inputs": {},
            "outputs": {},
        }
    }


def test_an_experiment_has_mlflows_shape(store: Store, call: Caller) -> None:
    made = call.post("experiments/create", name="made", tags=[{"key": "team", "value": "a"}])

    answer = call.get("experiments/get-by-name", experiment_name="made")

    kept = store.experiment("made")
    assert made.body == {"experiment_id": kept.id}
    assert answer.body == {
        "experiment": {
            "experiment_id": kept.id,
            "name": "made",
            "artifact_location": kept.artifact_location,
            "lifecycle_stage": "active",
            "creation_time": kept.created,
            "last_update_time": kept.updated,
            "tags": [{"key": "team", "value": "a"}],
        }
    }


@pytest.mark.parametrize("prefix", ["/api/2.0/mlflow", "/ajax-api/2.0/mlflow", "/api/2.0/preview/mlflow"])
def test_every_name_of_the_api_is_the_same_api(prefix: str, run: Run, call: Caller) -> None:
    assert call.send("GET", f"{prefix}/runs/get?run_id={run.id}").body["run"]["info"]["run_id"] == run.id


def test_health_and_version_are_plain_texts(call: Caller) -> None:
    assert call.send("GET", "/health").body == "OK"
    assert call.send("GET", "/version").body[0].isdecimal()


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        (RunStatus.PENDING, "SCHEDULED"),
        (RunStatus.QUEUED, "SCHEDULED"),
        (RunStatus.PREPARING, "RUNNING"),
        (RunStatus.LOST, "FAILED"),
        (RunStatus.KILLED, "KILLED"),
    ],
)
def test_a_state_is_told_in_mlflows_words(
    kept: RunStatus, shown: str, store: Store, run: Run, call: Caller
) -> None:
    store.update_run(run.id, status=kept, ended=9)

    info = call.get("runs/get", run_id=run.id).body["run"]["info"]

    assert (info["status"], info["end_time"]) == (shown, 9)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (0.5, 0.5),
        (3, 3.0),
        ("0.25", 0.25),
        ("-1e-3", -0.001),
        ("NaN", math.nan),
        ("Infinity", 1.7976931348623157e308),
        ("-Infinity", -1.7976931348623157e308),
    ],
)
def test_a_metric_takes_numbers_and_the_texts_that_clients_send_for_them(
    sent: object, kept: float, store: Store, run: Run, call: Caller
) -> None:
    answer = call.post("runs/log-metric", run_id=run.id, key="m", value=sent, timestamp="12", step=-3)

    assert (answer.status, answer.body) == (200, {})
    (point,) = store.metric_history(run.id, "m")
    assert (point.time, point.step) == (12, -3)
    assert point.value == kept or (math.isnan(kept) and math.isnan(point.value))


MALFORMED: list[tuple[str, dict[str, Any], str]] = [
    ("runs/log-metric", {"key": "m", "timestamp": 1}, "Missing value for required parameter 'value'"),
    ("runs/log-metric", {"key": "m", "value": 1}, "Missing value for required parameter 'timestamp'"),
    ("runs/log-metric", {"value": 1, "timestamp": 1}, "Missing value for required parameter 'key'"),
    ("runs/log-metric", {"key": "m", "value": "nan", "timestamp": 1}, "it is no number"),
    ("runs/log-metric", {"key": "m", "value": "1_0", "timestamp": 1}, "it is no number"),
    ("runs/log-metric", {"key": "m", "value": None, "timestamp": 1}, r"\$.value"),
    ("runs/log-metric", {"key": "m", "value": 1, "timestamp": 1.5}, r"\$.timestamp"),
    ("runs/log-metric", {"key": "m", "value": 1, "timestamp": -1}, "out of range"),
    ("runs/log-metric", {"key": "m", "value": 1, "timestamp": 1, "step": INT64}, r"\$.step"),
    ("runs/log-metric", {"key": "m", "value": 1, "timestamp": 1, "step": 2.5}, r"\$.step"),
    ("runs/log-metric", {"key": "m@x", "value": 1, "timestamp": 1}, "'m@x' is no metric name"),
    ("runs/log-metric", {"key": "", "value": 1, "timestamp": 1}, "'' is no metric name"),
    ("runs/log-metric", {"key": "m", "value": 1, "timestamp": 1, "stpe": 2}, "unknown field `stpe`"),
    ("runs/log-metric", {"run_uuid": "0" * 32, "key": "m", "value": 1, "timestamp": 1}, "not the 'run_id'"),
    ("runs/log-parameter", {"key": "../up", "value": "1"}, "'../up' is no param name"),
    ("runs/log-parameter", {"key": "given", "value": "2"}, "cannot become '2'"),
    ("runs/log-parameter", {"key": "p", "value": 1}, r"\$.value"),
    ("runs/set-tag", {"key": "a\u0000b", "value": "1"}, "is no tag name"),
    ("runs/set-tag", {"key": "a", "value": "\u0000"}, "NUL"),
    ("runs/update", {"status": "BOGUS"}, r"\$.status"),
    ("runs/update", {"run_name": "x" * 251}, "is no name for a run"),
    ("runs/create", {"run_id": "1"}, "unknown field `run_id`"),
    ("runs/log-batch", {"metrics": {"key": "m"}}, r"\$.metrics"),
    ("runs/log-batch", {"params": [{"key": "p", "value": "1"}] * 2}, r"Duplicate parameter keys .*\['p'\]"),
    (
        "runs/log-batch",
        {"tags": [{"key": f"t{i}", "value": ""} for i in range(101)]},
        "at most 100 tags. Got 101",
    ),
    (
        "runs/log-batch",
        {"params": [{"key": f"p{i}", "value": ""} for i in range(101)]},
        "at most 100 params. Got 101",
    ),
    (
        "runs/log-batch",
        {"metrics": [{"key": "m", "value": 1, "timestamp": i} for i in range(1001)]},
        "at most 1000 metrics. Got 1001",
    ),
    (
        "runs/log-batch",
        {
            "metrics": [{"key": "m", "value": 1, "timestamp": i} for i in range(1000)],
            "tags": [{"key": "t", "value": ""}],
        },
        "at most 1000 metrics, params and tags. Got 1001",
    ),
    ("runs/log-inputs", {"datasets": [{"dataset": {"name": "d"}}]}, r"'datasets\[0\].dataset.digest'"),
    (
        "runs/log-inputs",
        {"datasets": [{"dataset": {"name": "d" * 501, "digest": "1", "source_type": "x", "source": ""}}]},
        "the name of a data set has 501 characters",
    ),
]


@pytest.mark.parametrize(("path", "body", "message"), MALFORMED)
def test_what_is_malformed_is_refused_whole_and_with_a_reason(
    path: str, body: dict[str, Any], message: str, run: Run, call: Caller
) -> None:
    answer = call.post(path, **{"run_id": run.id, **body})

    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")
    assert re.search(message, answer.message), answer.message
    unchanged = call.get("runs/get", run_id=run.id).body["run"]
    assert unchanged["data"] == {
        "params": [{"key": "given", "value": "1"}],
        "tags": [{"key": "mlflow.runName", "value": "mine"}],
    }


@pytest.mark.parametrize("body", [b"{", b'{"key": NaN}', b"[]", b'"x"', b"\xff", b"{} {}"])
def test_what_is_no_json_object_is_refused(body: bytes, call: Caller) -> None:
    answer = call.send("POST", f"{API}runs/log-metric", body, {"Content-Type": "application/json"})

    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", ""])
def test_a_form_that_any_page_can_send_is_refused(kind: str, run: Run, call: Caller) -> None:
    body = json.dumps({"run_id": run.id, "key": "a", "value": "b"})

    answer = call.send("POST", f"{API}runs/set-tag", body, {"Content-Type": kind})

    assert (answer.status, answer.code) == (400, "INVALID_PARAMETER_VALUE")


QUERIES: list[tuple[str, dict[str, object], tuple[int, str]]] = [
    ("runs/get", {}, (400, "INVALID_PARAMETER_VALUE")),
    ("runs/get", {"run_id": "0" * 32}, (404, "RESOURCE_DOES_NOT_EXIST")),
    ("runs/get", {"run_id": "mine"}, (404, "RESOURCE_DOES_NOT_EXIST")),  # a name is no id
    ("runs/get", {"run_id": "-1"}, (404, "RESOURCE_DOES_NOT_EXIST")),
    ("runs/get", {"run_id": ["a", "b"]}, (400, "INVALID_PARAMETER_VALUE")),
    ("runs/get", {"run": "a"}, (400, "INVALID_PARAMETER_VALUE")),
    ("experiments/get", {"experiment_id": "Default"}, (404, "RESOURCE_DOES_NOT_EXIST")),
    ("experiments/get", {"experiment_id": "99"}, (404, "RESOURCE_DOES_NOT_EXIST")),
    ("experiments/get", {"experiment_id": "7"}, (404, "RESOURCE_DOES_NOT_EXIST")),  # is a name here
    ("experiments/get-by-name", {"experiment_name": "none"}, (404, "RESOURCE_DOES_NOT_EXIST")),
    ("experiments/search", {"max_results": 0}, (400, "INVALID_PARAMETER_VALUE")),
    ("experiments/search", {"order_by": "nothing"}, (400, "INVALID_PARAMETER_VALUE")),
    ("experiments/search", {"page_token": "x"}, (400, "INVALID_PARAMETER_VALUE")),
    ("experiments/search", {"filter": "user = 'a'"}, (400, "INVALID_PARAMETER_VALUE")),
    (
        "metrics/get-history",
        {"run_id": "x", "metric_key": "m", "max_results": 0},
        (400, "INVALID_PARAMETER_VALUE"),
    ),
    ("metrics/get-history-bulk-interval", {"metric_key": "m"}, (400, "INVALID_PARAMETER_VALUE")),
    (
        "metrics/get-history-bulk-interval",
        {"run_ids": ["x"] * 101, "metric_key": "m"},
        (400, "INVALID_PARAMETER_VALUE"),
    ),
    (
        "metrics/get-history-bulk-interval",
        {"run_ids": "x", "metric_key": "m", "max_results": 2501},
        (400, "INVALID_PARAMETER_VALUE"),
    ),
    (
        "metrics/get-history-bulk-interval",
        {"run_ids": "x", "metric_key": "m", "start_step": 1},
        (400, "INVALID_PARAMETER_VALUE"),
    ),
    (
        "metrics/get-history-bulk-interval",
        {"run_ids": "x", "metric_key": "m", "start_step": 2, "end_step": 1},
        (400, "INVALID_PARAMETER_VALUE"),
    ),
    ("logged-models/m-1", {}, (404, "RESOURCE_DOES_NOT_EXIST")),
    (f"logged-models/m-{'0' * 32}", {}, (404, "RESOURCE_DOES_NOT_EXIST")),
]


@pytest.mark.parametrize(("path", "query", "refusal"), QUERIES)
def test_a_query_for_what_is_not_there_or_makes_no_sense_says_so(
    path: str, query: dict[str, object], refusal: tuple[int, str], store: Store, call: Caller
) -> None:
    store.create_experiment("7")

    answer = call.get(path, **query)

    assert (answer.status, answer.code) == refusal


def test_two_runs_that_begin_alike_are_not_told_apart_by_that(store: Store, call: Caller) -> None:
    seen: set[str] = set()
    twice = ""
    while not twice:
        beginning = store.create_run("0").id[:4]
        twice = beginning if beginning in seen else ""
        seen.add(beginning)

    assert call.get("runs/get", run_id=twice).status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/ajax-api/2.0/mlflow/webhooks"),
        ("DELETE", "/api/2.0/mlflow/logged-models/m-1/artifacts"),
        ("POST", "/api/3.0/mlflow/traces"),
        ("GET", "/api/3.0/mlflow/server-info"),
        ("GET", "/api/2.0/mlflow/artifacts/list?run_id=x"),
        ("PUT", "/api/2.0/mlflow-artifacts/artifacts/x"),
        ("POST", "/v1/traces"),
        ("POST", "/graphql"),
        ("GET", "/get-artifact?path=../x"),
    ],
)
def test_what_we_do_not_have_says_so_at_once(method: str, path: str, call: Caller) -> None:
    answer = call.send(method, path, b"" if method == "GET" else b"{}")

    assert (answer.status, answer.code) == (501, "NOT_IMPLEMENTED")
    assert path.partition("?")[0] in answer.message


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "runs/create", "POST"),
        ("POST", "runs/get", "GET"),
        ("PATCH", "registered-models/get", "GET"),
        ("PUT", "logged-models/m-1", "DELETE, GET, PATCH"),
        ("OPTIONS", "runs/search", "POST"),
    ],
)
def test_a_call_that_is_made_in_another_way_says_in_which(
    method: str, path: str, allowed: str, call: Caller
) -> None:
    answer = call.send(method, f"/api/2.0/mlflow/{path}")

    assert (answer.status, answer.headers["allow"]) == (405, allowed)
    assert (answer.code, answer.message) == ("BAD_REQUEST", f"{method} is not allowed here: {allowed}")


def test_what_is_nobodys_is_not_found_in_mlflows_shape(call: Caller) -> None:
    assert [(a.status, a.code) for a in (call.send("GET", "/"), call.send("GET", "/../etc/passwd"))] == [
        (404, "ENDPOINT_NOT_FOUND")
    ] * 2
    assert call.send("DELETE", "/health").status == 405


def test_values_too_long_are_cut_as_mlflow_cuts_them_but_not_silently(
    store: Store, run: Run, call: Caller
) -> None:
    long = [{"key": "long", "value": "x" * 9000}]

    answer = call.post("runs/log-batch", run_id=run.id, params=long, tags=long)

    assert answer.status == 200
    recorded = store.run(run.id)
    assert (len(recorded.params["long"]), len(recorded.tags["long"])) == (6000, 8000)
    assert recorded.tags["runner.cut"] == "long, long"


def test_deleted_things_are_readable_and_not_writable(store: Store, call: Caller) -> None:
    made = call.post("experiments/create", name="made").body["experiment_id"]
    call.post("runs/update", run_id=store.run("mine").id, status="RUNNING")
    child = call.post("runs/create", experiment_id=made).body["run"]["info"]["run_id"]
    call.post("runs/delete", run_id=child)

    assert call.get("runs/get", run_id=child).body["run"]["info"]["lifecycle_stage"] == "deleted"
    refused = call.post("runs/set-tag", run_id=child, key="a", value="b")
    assert (refused.status, refused.code) == (400, "INVALID_PARAMETER_VALUE")
    assert f"runner runs restore {child}" in refused.message


def test_runs_are_searched_page_by_page(store: Store, run: Run, call: Caller) -> None:
    others = [store.create_run("0", params={"alpha": str(number)}) for number in range(3)]
    search: dict[str, Any] = {
        "experiment_ids": ["0"],
        "filter": "params.alpha >= 1",
        "order_by": ["params.alpha DESC"],
        "max_results": 1,
    }

    first = call.post("runs/search", **search)
    second = call.post("runs/search", **search, page_token=first.body["next_page_token"])

    assert [page.body["runs"][0]["info"]["run_id"] for page in (first, second)] == [
        others[2].id,
        others[1].id,
    ]
    assert "next_page_token" not in second.body
    assert call.post("runs/search", experiment_ids=["0"], run_view_type="DELETED_ONLY").body == {}
    wrong = call.post("runs/search", experiment_ids=["0"], filter="params.alpha >> 1")
    assert wrong.status == 400
    assert "expected" in wrong.message
    assert "^" in wrong.message


def test_experiments_are_searched_page_by_page(store: Store, call: Caller) -> None:
    for name in ("b", "a"):
        store.create_experiment(name)

    first = call.post("experiments/search", max_results=2, order_by=["name"])
    rest = call.get("experiments/search", max_results="2", order_by="name", page_token="2")

    assert [one["name"] for page in (first, rest) for one in page.body["experiments"]] == [
        "Default",
        "a",
        "b",
    ]
    assert first.body["next_page_token"] == "2"
    assert "next_page_token" not in rest.body


def test_a_history_is_told_in_order_of_time_and_in_pages(store: Store, run: Run, call: Caller) -> None:
    points = [Metric("m", 1.0, 30, 1), Metric("m", math.nan, 20, 2), Metric("m", 3.0, 10, 3)]
    store.log(run.id, metrics=points)

    everything = call.get("metrics/get-history", run_id=run.id, metric_key="m").body["metrics"]
    page = call.get("metrics/get-history", run_id=run.id, metric_key="m", max_results=2).body
    rest = call.get(
        "metrics/get-history",
        run_id=run.id,
        metric_key="m",
        max_results=2,
        page_token=page["next_page_token"],
    ).body

    assert [point["timestamp"] for point in everything] == [10, 20, 30]
    assert page["metrics"] + rest["metrics"] == everything
    assert "next_page_token" not in rest
    assert call.get("metrics/get-history", run_id=run.id, metric_key="none").body == {}
    assert call.get("metrics/get-history", run_id="0" * 32, metric_key="m").body == {}


def test_histories_of_several_runs_are_thinned_evenly_keeping_the_ends(
    store: Store, run: Run, call: Caller
) -> None:
    other = store.create_run("0")
    store.log(run.id, metrics=[Metric("m", step, step, step) for step in range(100)])
    store.log(other.id, metrics=[Metric("m", step, step, step) for step in (50, 99)])

    def steps(**query: object) -> dict[str, list[int]]:
        path = "metrics/get-history-bulk-interval"
        found: dict[str, list[int]] = {}
        for point in call.get(path, run_ids=[run.id, other.id], metric_key="m", **query).body["metrics"]:
            found.setdefault(point["run_id"], []).append(point["step"])
        return found

    assert steps(max_results=4) == {run.id: [0, 25, 50, 99], other.id: [50, 99]}
    assert steps(max_results=1) == {run.id: [99], other.id: [99]}
    assert steps(start_step=90, end_step=92) == {run.id: [90, 91, 92]}


def test_histories_of_several_runs_are_told_run_by_run_up_to_a_number(
    store: Store, run: Run, call: Caller
) -> None:
    other = store.create_run("0")
    store.log(run.id, metrics=[Metric("m", 1.0, 9 - step, step) for step in range(3)])
    store.log(other.id, metrics=[Metric("m", 1.0, 5, 7)])
    first, second = sorted([(run.id, [2, 1, 0]), (other.id, [7])])

    def steps(**query: object) -> list[tuple[str, int]]:
        answer = call.get("metrics/get-history-bulk", metric_key="m", **query).body
        return [(point["run_id"], point["step"]) for point in answer.get("metrics", [])]

    everything = [(run_id, step) for run_id, steps_ in (first, second) for step in steps_]
    assert steps(run_id=[run.id, other.id, "0" * 32]) == everything
    assert steps(run_id=[run.id, other.id], max_results=2) == everything[:2]
    assert steps(run_id=["0" * 32]) == []
    for runs in ([], ["0" * 32] * 101):
        assert call.get("metrics/get-history-bulk", run_id=runs, metric_key="m").status == 400


def test_a_store_that_fails_asks_the_client_to_come_back(
    store: Store, run: Run, call: Caller, home: Path
) -> None:
    call.get("runs/get", run_id=run.id)
    store.close()
    for file in home.glob("runner.db*"):
        file.write_bytes(b"no database" * 1000)

    answer = call.post("runs/set-tag", run_id=run.id, key="a", value="b")

    assert (answer.status, answer.code) == (503, "TEMPORARILY_UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"


def test_an_error_of_our_own_is_logged_once_and_tells_the_client_no_more_than_that(
    endpoint: Loopback, call: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(SqlStore, "metric_page", broken)

    answer = call.get("metrics/get-history", run_id="x", metric_key="m")
    endpoint.close()  # the client is answered first

    assert (answer.status, answer.code) == (500, "INTERNAL_ERROR")
    assert "secret" not in answer.message
    assert caplog.text.count("ZeroDivisionError: a secret") == 1
