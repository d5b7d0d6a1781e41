"""Logged models, data sets, and metrics about them: by plain HTTP, and by the mlflow client."""

import json
import os
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runner.tracking import Artifacts, Store
from runner.tracking.model import ModelOutput, Run
from tests.clients.comparing import differences
from tests.server.conftest import API, Caller, Open, Program
from tests.server.servers import running_server
from tests.services.mlflows import CURRENT, mlflow_server

WINE = {"name": "wine", "digest": "1a", "source_type": "http", "source": "{}", "schema": "s"}
TRAIN = {"key": "mlflow.data.context", "value": "train"}


def made(call: Caller, **more: object) -> dict[str, Any]:
    """What is told of a new model."""
    answer = call.post("logged-models", experiment_id="0", **more)
    assert answer.status == 200, answer.body
    info: dict[str, Any] = answer.body["model"]["info"]
    return info


def test_data_sets_and_models_that_a_run_uses_come_back_as_they_were(
    store: Store, run: Run, call: Caller
) -> None:
    large = {"name": "big", "digest": "2b", "source_type": "code", "source": "{}", "profile": "p" * 9000}
    model = made(call)["model_id"]

    for datasets in ([{"dataset": WINE, "tags": [TRAIN]}], [{"dataset": WINE}, {"dataset": large}]):
        assert call.post("runs/log-inputs", run_id=run.id, datasets=datasets).status == 200
    call.post("runs/log-inputs", run_id=run.id, models=[{"model_id": model}])

    shown = call.get("runs/get", run_id=run.id).body["run"]
    assert shown["inputs"]["dataset_inputs"] == [{"dataset": WINE, "tags": [TRAIN]}, {"dataset": large}]
    assert shown["inputs"]["model_inputs"] == [{"model_id": model}]
    assert [tag["key"] for tag in shown["data"]["tags"]] == ["mlflow.runName"]


def test_data_sets_of_experiments_are_told_with_their_contexts(store: Store, run: Run, call: Caller) -> None:
    inputs = [{"dataset": WINE, "tags": [TRAIN]}, {"dataset": {**WINE, "name": "beer"}}]
    call.post("runs/log-inputs", run_id=run.id, datasets=inputs)

    def told(*experiments: str) -> Any:
        return call.post("experiments/search-datasets", experiment_ids=list(experiments))

    assert told("0", "7").body["dataset_summaries"] == [
        {"experiment_id": "0", "name": "wine", "digest": "1a", "context": "train"},
        {"experiment_id": "0", "name": "beer", "digest": "1a"},
    ]
    assert told("7").body == {}
    assert told().status == told(*["0"] * 21).status == 400
    found = call.post("runs/search", experiment_ids=["0"], filter="datasets.name = 'beer'").body["runs"]
    assert [one["info"]["run_id"] for one in found] == [run.id]


def test_a_logged_model_belongs_to_the_run_and_lies_beside_the_runs(
    store: Store, run: Run, call: Caller
) -> None:
    params = [{"key": f"p{number}", "value": "v" * 100} for number in range(200)]

    info = made(call, name="net", model_type="mlp", params=params[:100])
    path = f"logged-models/{info['model_id']}"
    assert call.post(f"{path}/params", params=params[100:]).body == {}
    ready = call.json("PATCH", API + path, {"model_id": info["model_id"], "status": "LOGGED_MODEL_READY"})
    call.post("runs/outputs", run_id=run.id, models=[{"model_id": info["model_id"], "step": 7}])

    assert (info["source_run_id"], info["status"]) == (run.id, "LOGGED_MODEL_PENDING")
    location = store.experiment("0").artifact_location
    assert info["artifact_uri"] == f"{location}/models/{info['model_id']}/artifacts"
    assert ready.body["model"]["info"]["status"] == "LOGGED_MODEL_READY"
    assert len(call.get(path).body["model"]["data"]["params"]) == 200
    outputs = call.get("runs/get", run_id=run.id).body["run"]["outputs"]
    assert outputs == {"model_outputs": [{"model_id": info["model_id"], "step": 7}]}


def test_a_model_is_tagged_and_deleted(store: Store, call: Caller) -> None:
    info = made(call, tags=[{"key": "a/b", "value": "1"}])
    path = f"{API}logged-models/{info['model_id']}"

    assert call.json("PATCH", f"{path}/tags", {"tags": [{"key": "c", "value": "2"}]}).body == {}
    assert call.json("DELETE", f"{path}/tags/a/b", {}).body == {}
    shown = call.send("GET", path).body["model"]["info"]
    assert shown["tags"] == [{"key": "c", "value": "2"}]
    assert call.send("DELETE", path).body == {}

    assert call.send("GET", path).code == "RESOURCE_DOES_NOT_EXIST"
    assert (
        call.send("GET", f"{path}?allow_deleted=true").body["model"]["info"]["model_id"] == info["model_id"]
    )
    assert call.post("logged-models/search", experiment_ids=["0"]).body == {}


def test_metrics_are_told_with_the_model_that_they_are_about(store: Store, run: Run, call: Caller) -> None:
    model = made(call)["model_id"]
    point = {"key": "acc", "value": 0.5, "timestamp": 10, "step": 2, "model_id": model}
    on_wine = {**point, "dataset_name": "wine", "dataset_digest": "1a", "value": 0.75}

    call.post("runs/log-metric", run_id=run.id, **point)
    call.post("runs/log-batch", run_id=run.id, metrics=[on_wine, {**point, "key": "own", "model_id": ""}])

    shown = call.get(f"logged-models/{model}").body["model"]["data"]["metrics"]
    assert shown == [{**point, "run_id": run.id}, {**on_wine, "run_id": run.id}]
    assert set(store.run(run.id).metrics) == {"acc", "own"}
    refused = call.post("runs/log-metric", run_id=run.id, **{**point, "model_id": "m-none"})
    assert refused.code == "RESOURCE_DOES_NOT_EXIST"


def test_models_are_searched_ordered_and_paged(store: Store, run: Run, call: Caller) -> None:
    models = {name: made(call, name=name)["model_id"] for name in "abc"}
    for value, (name, model) in enumerate(models.items()):
        point = {"key": "val/acc", "value": value, "timestamp": 1, "model_id": model}
        call.post("runs/log-metric", run_id=run.id, **point, dataset_name="wine" if name != "c" else "beer")

    def found(text: str = "", **more: object) -> list[str]:
        answer = call.post("logged-models/search", experiment_ids=["0"], filter=text, **more)
        return [one["info"]["name"] for one in answer.body.get("models", [])]

    best = [{"field_name": "metrics.val/acc", "ascending": False, "dataset_name": "wine"}]
    assert found("metrics.`val/acc` > 0.5", order_by=[{"field_name": "name"}]) == ["b", "c"]
    assert found(order_by=best) == ["b", "a", "c"]
    assert found("name != 'a'", datasets=[{"dataset_name": "wine"}]) == ["b"]
    first = call.post("logged-models/search", experiment_ids=["0"], order_by=best, max_results=2).body
    token = first["next_page_token"]
    assert found(order_by=best, max_results=2, page_token=token) == ["c"]
    assert call.post("logged-models/search", experiment_ids=["0"], page_token=token).status == 400
    refusals: list[dict[str, Any]] = [
        {"filter": "colour = 'a'"},
        {"order_by": [{"field_name": "colour"}]},
        {"datasets": [{}]},
    ]
    for refused in refusals:
        assert call.post("logged-models/search", experiment_ids=["0"], **refused).status == 400


def test_a_model_tells_the_versions_that_were_registered_of_it(store: Store, call: Caller) -> None:
    model = made(call)["model_id"]
    store.registry.create("churn")
    store.registry.create_version("churn", f"models:/{model}")

    info = call.get(f"logged-models/{model}").body["model"]["info"]

    assert info["registrations"] == [{"name": "churn", "version": "1"}]
    assert json.loads(info["tags"][0]["value"]) == [{"name": "churn", "version": 1}]


def test_a_model_call_that_makes_no_sense_is_refused(store: Store, run: Run, call: Caller) -> None:
    path = f"{API}logged-models/{made(call, params=[{'key': 'p', 'value': '1'}])['model_id']}"

    assert call.post("logged-models", experiment_id="0", name="a/b").status == 400
    assert call.post("logged-models", experiment_id="Default").status == 404
    assert call.post("logged-models", experiment_id="0", source_run_id="none").status == 404
    assert call.json("PATCH", path, {"model_id": "m-2", "status": "LOGGED_MODEL_READY"}).status == 400
    assert call.json("PATCH", path, {"status": "DONE"}).status == 400
    assert call.json("POST", f"{path}/params", {"params": [{"key": "p", "value": "2"}]}).status == 400
    assert call.json("DELETE", f"{path}/tags/no/tag", {}).status == 404
    assert call.post("runs/outputs", run_id=run.id, models=[{"model_id": "m-none"}]).status == 404


def test_a_program_measures_models_of_others_and_changes_its_own_only(
    store: Store, run: Run, call: Caller
) -> None:
    other = store.create_run("0")
    model = store.models.create("0", name="theirs", source_run_id=other.id)
    path = f"{API}logged-models/{model.id}"
    tags = {"tags": [{"key": "mlflow.modelVersions", "value": "[]"}]}  # clients do so when they register it

    for refused in (
        call.post("logged-models", experiment_id="0", source_run_id=other.id),
        call.json("PATCH", path, {"status": "LOGGED_MODEL_READY"}),
        call.json("PATCH", f"{path}/tags", {"tags": [{"key": "a", "value": "b"}]}),
        call.json("DELETE", f"{path}/tags/a", {}),
        call.json("POST", f"{path}/params", {"params": []}),
        call.send("DELETE", path),
    ):
        assert (refused.status, refused.code) == (403, "PERMISSION_DENIED")
    assert call.json("PATCH", f"{path}/tags", tags).status == 200
    call.post("runs/log-metric", run_id=run.id, key="acc", value=1, timestamp=1, model_id=model.id)
    call.post("runs/log-inputs", run_id=run.id, models=[{"model_id": model.id}])

    assert store.models.get(model.id).tags == {}
    assert [one.run_id for one in store.models.get(model.id).metrics] == [run.id]
    assert store.run(run.id).models_used == (model.id,)


def test_a_model_of_a_run_that_has_moved_is_where_the_run_is(
    store: Store, run: Run, call: Caller, open_endpoint: Open
) -> None:
    number = store.create_experiment("other").id
    child = call.post("runs/create", experiment_id=number).body["run"]["info"]["run_id"]

    info = made(call, source_run_id=child)

    assert (info["experiment_id"], info["source_run_id"]) == (number, child)


def test_models_of_old_clients_are_listed_in_a_tag_of_the_run(store: Store, run: Run, call: Caller) -> None:
    config = {"python_function": {"loader": "x", "config": {"long": 1}}}
    model = {"artifact_path": "m", "flavors": config, "utc_time_created": "now", "run_id": run.id, "size": 5}

    def listed() -> list[Any]:
        found: list[Any] = json.loads(store.run(run.id).tags["mlflow.log-model.history"])
        return found

    for name in ("first", "second"):
        told = {**model, "artifact_path": name}
        assert call.post("runs/log-model", run_id=run.id, model_json=json.dumps(told)).body == {}

    assert [one["artifact_path"] for one in listed()] == ["first", "second"]
    assert listed()[0]["flavors"] == {"python_function": {"loader": "x"}}
    assert "size" not in listed()[0]
    for number in range(100):
        told = {**model, "artifact_path": f"{number:0>100}"}
        assert call.post("runs/log-model", run_id=run.id, model_json=json.dumps(told)).status == 200
    assert listed()[-1]["artifact_path"].endswith("99")  # the last ones, as many as a tag holds
    assert 20 < len(listed()) < 100
    for text in (
        "{",
        "[]",
        "{}",
        json.dumps({**model, "run_id": None} | {"flavors": {}}).replace("flavors", "f"),
    ):
        assert call.post("runs/log-model", run_id=run.id, model_json=text).status == 400


# the client -----------------------------------------------------------------------------------------------

EVALUATION = """
    import json, mlflow, pandas
    from mlflow.entities import LoggedModelInput
    from sklearn.linear_model import LogisticRegression

    frame = pandas.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [0, 0, 1, 1]})
    wine = mlflow.data.from_pandas(frame, name="wine", targets="y")
    beer = mlflow.data.from_pandas(frame.head(2), name="beer", targets="y")
    models = []
    with mlflow.start_run() as run:
        mlflow.log_input(wine, context="train")
        for depth in (1, 2):
            fitted = LogisticRegression(C=depth).fit(frame[["x"]], frame["y"])
            options = {"params": {"depth": depth}, "step": depth, "pip_requirements": ["scikit-learn"]}
            made = mlflow.sklearn.log_model(fitted, name=f"model{depth}", **options)
            models.append(made.model_id)
            mlflow.log_metric("acc", depth / 10, dataset=wine, model_id=made.model_id)
            mlflow.log_metric("acc", 1 - depth / 10, dataset=beer, model_id=made.model_id)
        mlflow.log_metrics({"loss": 0.25}, model_id=models[0])
        mlflow.log_input(wine, model=LoggedModelInput(models[0]))
    run = mlflow.get_run(run.info.run_id)

    def names(text=None, **options):
        found = mlflow.search_logged_models(
            experiment_ids=[run.info.experiment_id], filter_string=text, output_format="list", **options
        )
        return [model.name for model in found]

    def best(name, **more):
        return [{"field_name": "metrics.acc", "ascending": False, "dataset_name": name, **more}]

    loaded = [
        mlflow.sklearn.load_model(f"runs:/{run.info.run_id}/model1"),
        mlflow.pyfunc.load_model(f"models:/{models[1]}"),
    ]
    told = {
        "wine": names(order_by=best("wine")), "beer": names(order_by=best("beer", dataset_digest=beer.digest)),
        "good": names("metrics.acc > 0.85"), "good on wine": names("metrics.acc > 0.15", datasets=[{"dataset_name": "wine"}]),
    }
    first = mlflow.get_logged_model(models[0])
    mlflow.MlflowClient().delete_logged_model(models[1])
    print(json.dumps({
        **told, "left": names(), "run": run.info.run_id, "id": first.model_id, "at": first.artifact_location,
        "predicted": [list(map(int, model.predict(frame[["x"]]))) for model in loaded],
        "inputs": [[one.dataset.name, [tag.value for tag in one.tags]] for one in run.inputs.dataset_inputs],
        "used": [one.model_id for one in run.inputs.model_inputs],
        "made": [[one.model_id, one.step] for one in run.outputs.model_outputs], "models": models,
        "metrics": sorted([m.key, m.value, m.dataset_name or ""] for m in first.metrics),
        "depth": first.params["depth"], "status": str(first.status),
    }))
"""


def check_evaluation(said: dict[str, Any]) -> None:
    """What the client read back is what it had written."""
    first, second = said["models"]
    assert (said["wine"], said["beer"]) == (["model2", "model1"], ["model1", "model2"])
    assert (said["good"], said["good on wine"]) == (["model1"], ["model2"])
    assert said["left"] == ["model1"]
    assert said["predicted"] == [[0, 0, 1, 1]] * 2
    assert said["inputs"] == [["wine", ["train"]], ["beer", []]]
    assert said["used"] == [first]
    assert said["made"] == [[first, 1], [second, 2]]
    assert said["metrics"] == [["acc", 0.1, "wine"], ["acc", 0.9, "beer"], ["loss", 0.25, ""]]
    assert (said["depth"], said["status"], said["id"]) == ("1", "READY", first)


@pytest.mark.slow
@pytest.mark.nightly
def test_a_program_logs_models_measures_them_and_finds_the_best(
    store: Store, run: Run, open_endpoint: Open, program: Program
) -> None:
    outcome = program(open_endpoint(), EVALUATION)

    assert outcome.code == 0, outcome.err
    said = outcome.said
    check_evaluation(said)
    assert said["run"] == run.id
    first, second = said["models"]
    assert store.run(run.id).models_made == (ModelOutput(first, 1), ModelOutput(second, 2))
    assert b"sklearn" in Artifacts(said["at"]).read("MLmodel")
    assert not Artifacts(store.run(run.id).artifact_uri).list("models")


@pytest.mark.slow
def test_a_client_of_a_server_logs_models_measures_them_and_finds_the_best(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(EVALUATION))
    with running_server() as server:
        environ = {**os.environ, "MLFLOW_TRACKING_URI": server.uri, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
        done = subprocess.run(
            [sys.executable, script],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    check_evaluation(said)
    assert said["at"] == f"mlflow-artifacts:/0/models/{said['id']}/artifacts"


# the same requests to MLflow's own server -------------------------------------------------------------------

Ask = Callable[..., Any]


def asking(address: str) -> Ask:
    """Speaks HTTP with a server: `ask("POST", "runs/create", experiment_id="0")` gives status and body."""

    def ask(method: str, path: str, **body: object) -> Any:
        data = None if method == "GET" else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{address}/api/2.0/mlflow/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return [answer.status, json.loads(answer.read())]
        except urllib.error.HTTPError as error:
            return [error.code, {"error_code": json.loads(error.read())["error_code"]}]

    return ask


def conversation(ask: Ask) -> dict[str, Any]:
    """All calls about logged models, and about what runs use and make; answers by what was asked."""
    number = ask("POST", "experiments/create", name="talk")[1]["experiment_id"]
    run = ask("POST", "runs/create", experiment_id=number, run_name="r")[1]["run"]["info"]["run_id"]
    pair = {"key": "a", "value": "1"}
    told: dict[str, Any] = {}
    create = {
        "experiment_id": number,
        "source_run_id": run,
        "model_type": "mlp",
        "params": [pair],
        "tags": [pair],
    }
    told["create"] = ask("POST", "logged-models", name="first", **create)
    first = told["create"][1]["model"]["info"]["model_id"]
    told["bare"] = ask("POST", "logged-models", experiment_id=number, name="second")
    second = told["bare"][1]["model"]["info"]["model_id"]
    path = f"logged-models/{first}"
    told["params"] = ask("POST", f"{path}/params", model_id=first, params=[{"key": "b", "value": "2"}])
    told["tags"] = ask("PATCH", f"{path}/tags", tags=[{"key": "c", "value": "3"}, {"key": "d", "value": "4"}])
    told["untag"] = ask("DELETE", f"{path}/tags/d")
    told["untag again"] = ask("DELETE", f"{path}/tags/c-none")
    told["ready"] = ask("PATCH", path, model_id=first, status="LOGGED_MODEL_READY")
    inputs = [{"dataset": WINE, "tags": [TRAIN]}, {"dataset": {**WINE, "name": "beer", "profile": "p"}}]
    told["inputs"] = ask(
        "POST", "runs/log-inputs", run_id=run, datasets=inputs, models=[{"model_id": second}]
    )
    told["outputs"] = ask("POST", "runs/outputs", run_id=run, models=[{"model_id": first, "step": 3}])
    point = {"timestamp": 5, "step": 1, "model_id": first}
    told["metric"] = ask("POST", "runs/log-metric", run_id=run, key="acc", value=0.5, **point)
    more = {"key": "loss", "value": 2, "dataset_name": "wine", "dataset_digest": "1a"}
    told["metrics"] = ask("POST", "runs/log-batch", run_id=run, metrics=[{**more, **point}])
    told["run"] = ask("GET", f"runs/get?run_id={run}")[1]["run"]["outputs"]
    used = ask("GET", f"runs/get?run_id={run}")[1]["run"]["inputs"]
    told["used"] = [
        used["model_inputs"],
        sorted(used["dataset_inputs"], key=lambda one: str(one["dataset"]["name"])),
    ]
    told["get"] = ask("GET", path)
    for name, body in searches(number).items():
        told[f"search {name}"] = ask("POST", "logged-models/search", **{"experiment_ids": [number], **body})
    page = ask("POST", "logged-models/search", experiment_ids=[number], max_results=1)[1]
    token = page.pop("next_page_token")
    told["page"] = page
    told["next page"] = ask(
        "POST", "logged-models/search", experiment_ids=[number], page_token=token, max_results=1
    )
    told["wrong page"] = ask("POST", "logged-models/search", experiment_ids=["0"], page_token=token)
    told["delete"] = ask("DELETE", path)
    told["deleted"] = ask("GET", path)
    told["allowed"] = ask("GET", f"{path}?allow_deleted=true")
    told["unknown"] = ask("GET", f"logged-models/m-{'0' * 32}")
    told["bad name"] = ask("POST", "logged-models", experiment_id=number, name="a/b")
    told["no experiment"] = ask("POST", "logged-models", experiment_id="123456", name="a")
    return told


def searches(number: str) -> dict[str, dict[str, Any]]:
    """Bodies of searches in the experiment; only searches whose order the bodies say."""
    by_name = {"order_by": [{"field_name": "name", "ascending": False}]}
    by_loss = {"order_by": [{"field_name": "metrics.loss", "dataset_name": "wine", "dataset_digest": "1a"}]}
    filters = (
        *("name = 'first'", "name != 'first'", "name LIKE 'f%'", "name ILIKE 'F%'", "name IN ('first', 'x')"),
        *("model_type = 'mlp'", "params.a = '1'", "tags.`a` = '1'", "tags.a != '1'", "creation_time > 5"),
        *("metrics.acc > 0.4", "metrics.acc > 0.4 AND metrics.loss < 1", "metrics.none = 1", "colour = 'x'"),
    )
    return {
        **{text: {"filter": text, **by_name} for text in filters},
        "all": by_name,
        "by loss": by_loss,
        "on wine": {"datasets": [{"dataset_name": "wine", "dataset_digest": "1a"}]},
        "on beer": {"datasets": [{"dataset_name": "beer", "dataset_digest": "1a"}]},
        "good on wine": {
            "filter": "metrics.loss > 1",
            "datasets": [{"dataset_name": "wine", "dataset_digest": "1a"}],
        },
        "bad order": {"order_by": [{"field_name": "colour"}]},
        "of none": {"experiment_ids": ["123456"]},
    }


@pytest.mark.slow
def test_answers_about_models_are_mlflows_field_by_field(tmp_path: Path) -> None:
    with running_server() as ours, mlflow_server(CURRENT, tmp_path / "mlflow") as theirs:
        pair = [conversation(asking(address)) for address in (ours.uri, theirs)]

    unknown = "search colour = 'x'"  # a mistake of the client's is no error of the server's
    assert [pair[number].pop(unknown)[0] for number in (0, 1)] == [400, 500]
    assert [(one.place, one.ours, one.theirs) for one in differences(*pair)] == []
