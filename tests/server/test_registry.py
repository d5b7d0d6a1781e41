"""The model registry over HTTP: MLflow's calls, words and refusals, and what its client makes of them."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from runner.server.errors import Malformed
from runner.server.mlflow import sources
from runner.server.mlflow.call import Served
from runner.server.mlflow.registry_wire import CreateVersion
from runner.server.places import Places
from runner.tracking import Store
from runner.tracking.model import Run
from tests.server.conftest import API, Answer, Caller, Program
from tests.server.servers import running_server

SOURCE = "s3://bucket/model"


def register(call: Caller, name: str = "churn", **more: object) -> Answer:
    return call.post("registered-models/create", name=name, **more)


def add(call: Caller, name: str = "churn", **more: object) -> Any:
    answer = call.post("model-versions/create", **{"name": name, "source": SOURCE, **more})
    assert answer.status == 200, answer.body
    return answer.body["model_version"]


def test_a_registered_model_is_told_as_mlflow_tells_it(call: Caller) -> None:
    made = register(call, tags=[{"key": "team", "value": "growth"}], description="who leaves")
    plain = register(call, "plain")

    model = made.body["registered_model"]
    assert model == {
        "name": "churn",
        "creation_timestamp": model["creation_timestamp"],
        "last_updated_timestamp": model["creation_timestamp"],
        "description": "who leaves",
        "tags": [{"key": "team", "value": "growth"}],
    }
    assert set(plain.body["registered_model"]) == {"name", "creation_timestamp", "last_updated_timestamp"}


def test_a_version_is_told_as_mlflow_tells_it_and_is_ready_at_once(call: Caller) -> None:
    register(call)

    version = add(call, run_id="abc", tags=[{"key": "a", "value": "b"}])
    call.post("registered-models/alias", name="churn", alias="champion", version="1")
    model = call.get("registered-models/get", name="churn").body["registered_model"]

    assert version == {
        "name": "churn",
        "version": "1",
        "creation_timestamp": version["creation_timestamp"],
        "last_updated_timestamp": version["creation_timestamp"],
        "current_stage": "None",
        "description": "",
        "source": SOURCE,
        "run_id": "abc",
        "run_link": "",
        "status": "READY",
        "tags": [{"key": "a", "value": "b"}],
    }
    assert model["aliases"] == [{"alias": "champion", "version": "1"}]
    assert model["latest_versions"] == [{**version, "aliases": ["champion"]}]


REFUSALS: list[tuple[str, str, dict[str, object], tuple[int, str]]] = [
    ("POST", "registered-models/create", {}, (400, "INVALID_PARAMETER_VALUE")),
    ("POST", "registered-models/create", {"name": "churn"}, (400, "RESOURCE_ALREADY_EXISTS")),
    ("POST", "registered-models/create", {"name": "a/b"}, (400, "INVALID_PARAMETER_VALUE")),
    ("POST", "registered-models/create", {"name": "a%2fb"}, (400, "INVALID_PARAMETER_VALUE")),
    ("POST", "registered-models/create", {"name": "\u202echurn"}, (400, "INVALID_PARAMETER_VALUE")),
    (
        "POST",
        "registered-models/create",
        {"name": "prompt", "tags": [{"key": "mlflow.prompt.is_prompt", "value": "true"}]},
        (501, "NOT_IMPLEMENTED"),
    ),
    ("GET", "registered-models/get", {"name": "none"}, (404, "RESOURCE_DOES_NOT_EXIST")),
    ("PATCH", "registered-models/update", {"name": "none"}, (404, "RESOURCE_DOES_NOT_EXIST")),
    ("POST", "registered-models/rename", {"name": "churn"}, (400, "INVALID_PARAMETER_VALUE")),
    (
        "POST",
        "registered-models/rename",
        {"name": "churn", "new_name": "other"},
        (400, "RESOURCE_ALREADY_EXISTS"),
    ),
    ("DELETE", "registered-models/delete", {"name": "none"}, (404, "RESOURCE_DOES_NOT_EXIST")),
    ("GET", "registered-models/search", {"max_results": 1001}, (400, "INVALID_PARAMETER_VALUE")),
    ("GET", "registered-models/search", {"filter": "run_id = 'x'"}, (400, "INVALID_PARAMETER_VALUE")),
    ("GET", "registered-models/search", {"order_by": "none"}, (400, "INVALID_PARAMETER_VALUE")),
    ("GET", "registered-models/search", {"page_token": "none"}, (400, "INVALID_PARAMETER_VALUE")),
    ("GET", "model-versions/search", {"max_results": 200_001}, (400, "INVALID_PARAMETER_VALUE")),
    ("GET", "model-versions/get", {"name": "churn", "version": "9"}, (404, "RESOURCE_DOES_NOT_EXIST")),
    ("GET", "model-versions/get", {"name": "churn", "version": "x"}, (400, "INVALID_PARAMETER_VALUE")),
    (
        "GET",
        "model-versions/get-download-uri",
        {"name": "churn", "version": 9},
        (404, "RESOURCE_DOES_NOT_EXIST"),
    ),
    ("PATCH", "model-versions/update", {"name": "churn", "version": "9"}, (404, "RESOURCE_DOES_NOT_EXIST")),
    ("DELETE", "model-versions/delete", {"name": "churn", "version": "9"}, (404, "RESOURCE_DOES_NOT_EXIST")),
    (
        "POST",
        "model-versions/transition-stage",
        {"name": "churn", "version": "1", "stage": "best"},
        (400, "INVALID_PARAMETER_VALUE"),
    ),
    (
        "POST",
        "model-versions/transition-stage",
        {"name": "churn", "version": "1", "stage": "Archived", "archive_existing_versions": True},
        (400, "INVALID_PARAMETER_VALUE"),
    ),
    ("GET", "registered-models/alias", {"name": "churn", "alias": "none"}, (400, "INVALID_PARAMETER_VALUE")),
    (
        "POST",
        "registered-models/alias",
        {"name": "churn", "alias": "v1", "version": "1"},
        (400, "INVALID_PARAMETER_VALUE"),
    ),
    (
        "POST",
        "registered-models/alias",
        {"name": "churn", "alias": "a", "version": "9"},
        (404, "RESOURCE_DOES_NOT_EXIST"),
    ),
]


@pytest.mark.parametrize(("method", "path", "given", "refusal"), REFUSALS)
def test_what_cannot_be_is_refused_in_mlflows_words(
    method: str, path: str, given: dict[str, object], refusal: tuple[int, str], call: Caller
) -> None:
    register(call)
    register(call, "other")
    add(call)

    answer = call.get(path, **given) if method == "GET" else call.json(method, API + path, given)

    assert (answer.status, answer.code) == refusal


@pytest.mark.parametrize(
    "source",
    [
        "/etc",
        "file:///etc",
        "file:/etc/passwd",
        "FILE:///etc",
        "model.pkl",
        "../model",
        "http://169.254.169.254/latest",
        "https://example.org/model",
        "ftp://example.org/model",
        "mlflow-artifacts:/0",
        "mlflow-artifacts://other.host/0/model",
        "s3://bucket/../model",
        "s3://bucket/%2e%2e/model",
        "s3://bucket/%252e%252e%252fmodel",
        "s3://bucket/..\\model",
        "s3://bucket/a\0b",
        "s3://bucket/%00",
        "s3://bucket/a\nb",
        "runs:/{run}/../model",
        "runs:/other/model",
        "runs://host/{run}/model",
        "{artifacts}/../../other",
        "{artifacts}%2f..%2f..%2fother",
        "{artifacts}extra/model",
        "models:/churn",
        "models://host/churn/1",
        "models:/churn/1/more",
        "s3://bucket/" + "x" * 2000,
        "",
    ],
)
def test_a_place_that_a_client_was_not_told_is_no_source(source: str, run: Run, call: Caller) -> None:
    register(call)
    given = source.format(run=run.id, artifacts=run.artifact_uri)

    answer = call.post("model-versions/create", name="churn", source=given, run_id=run.id)

    assert answer.status in {400, 404}
    assert "latest_versions" not in call.get("registered-models/get", name="churn").body["registered_model"]


def test_what_a_run_has_made_can_be_registered(run: Run, call: Caller) -> None:
    register(call)
    inside = f"{run.artifact_uri}/model"

    by_run = add(call, source=f"runs:/{run.id}/model")
    by_place = add(call, source=inside, run_id=run.id)
    by_path = add(call, source=inside.removeprefix("file://"), run_id=run.id)
    copy = add(call, source="models:/churn/2")
    call.post("registered-models/alias", name="churn", alias="champion", version="1")
    promoted = add(call, source="models:/churn@champion")

    assert [made["run_id"] for made in (by_run, by_place, by_path, copy, promoted)] == [run.id] * 5
    assert [made["source"] for made in (by_path, copy, promoted)] == [
        inside,
        "models:/churn/2",
        "models:/churn/1",
    ]
    told = [
        call.get("model-versions/get-download-uri", name="churn", version=number).body["artifact_uri"]
        for number in range(1, 6)
    ]
    assert told == [f"runs:/{run.id}/model", inside, inside, inside, f"runs:/{run.id}/model"]


@pytest.mark.parametrize(
    "source", ["s3://ours/root", "s3://ours/root/0/secret/artifacts", "file:///srv/root/0/x"]
)
def test_the_servers_own_root_is_no_object_store_like_others(source: str, store: Store, run: Run) -> None:
    """Else a version could hand out, through the server, what its creator may not read."""
    root = source.partition("/0")[0]
    served = Served(store, Places(root=root, proxied=True))

    with pytest.raises(Malformed, match="Invalid model version source"):
        sources.kept(served, CreateVersion(name="churn", source=source, run_id=run.id))
    assert sources.kept(served, CreateVersion(name="churn", source="s3://ours/rooted")) == "s3://ours/rooted"


def test_a_place_that_was_told_through_the_server_is_kept_as_it_is(store: Store, run: Run) -> None:
    places = Places(root=run.artifact_uri.removesuffix(f"/0/{run.id}/artifacts"), proxied=True)
    told = places.told(run.artifact_uri)

    request = CreateVersion(name="churn", source=f"{told}/model", run_id=run.id)

    assert told == f"mlflow-artifacts:/0/{run.id}/artifacts"
    assert sources.kept(Served(store, places), request) == f"{run.artifact_uri}/model"


def test_a_place_of_a_run_needs_the_run_to_be_named(run: Run, store: Store, call: Caller) -> None:
    register(call)
    other = store.create_run("0")

    for given in ({}, {"run_id": other.id}, {"run_id": "none"}):
        answer = call.post("model-versions/create", name="churn", source=f"{run.artifact_uri}/m", **given)
        assert answer.status in {400, 404}


def test_clients_before_2_0_find_their_paths(call: Caller) -> None:
    old = "/api/2.0/preview/mlflow/"
    call.json("POST", f"{old}registered-models/create", {"name": "a"})
    call.json("POST", f"{old}registered-models/create", {"name": "b"})
    call.json("POST", f"{old}model-versions/create", {"name": "a", "source": SOURCE, "run_link": ""})

    first = call.send("GET", f"{old}registered-models/list?max_results=1").body
    rest = call.send("GET", f"{old}registered-models/list?page_token={first['next_page_token']}").body
    by_get = call.get("registered-models/get-latest-versions", name="a", stages=["None", "Staging"])
    by_post = call.json(
        "POST", f"{old}registered-models/get-latest-versions", {"name": "a", "stages": ["none"]}
    )

    assert [model["name"] for page in (first, rest) for model in page["registered_models"]] == ["a", "b"]
    assert by_get.body == by_post.body
    assert [version["version"] for version in by_get.body["model_versions"]] == ["1"]


def test_models_and_versions_go_with_a_body_in_the_request(call: Caller) -> None:
    register(call)
    add(call)
    for key in ("a", "b"):
        call.post("registered-models/set-tag", name="churn", key=key, value="1")
        call.post("model-versions/set-tag", name="churn", version="1", key=key, value="1")

    for path, more in (
        ("registered-models/delete-tag", {"key": "a"}),
        ("model-versions/delete-tag", {"version": "1", "key": "a"}),
    ):
        assert call.json("DELETE", API + path, {"name": "churn", **more}).body == {}

    model = call.get("registered-models/get", name="churn").body["registered_model"]
    assert model["tags"] == model["latest_versions"][0]["tags"] == [{"key": "b", "value": "1"}]
    assert call.json("DELETE", f"{API}model-versions/delete", {"name": "churn", "version": "1"}).status == 200
    assert call.json("DELETE", f"{API}registered-models/delete", {"name": "churn"}).status == 200
    assert call.get("registered-models/search").body == {}


def test_a_search_takes_filters_orders_and_pages(call: Caller) -> None:
    for name in ("net-a", "net-b", "tree"):
        register(call, name)
        add(call, name, run_id="r")
    asked = "name LIKE 'net%' AND tag.`mlflow.prompt.is_prompt` != 'true'"

    models = call.get("registered-models/search", filter=asked, order_by=["name DESC"])
    first = call.get("model-versions/search", filter="run_id = 'r'", order_by="name", max_results=2).body
    rest = call.get(
        "model-versions/search", filter="run_id = 'r'", order_by="name", page_token=first["next_page_token"]
    )

    assert [model["name"] for model in models.body["registered_models"]] == ["net-b", "net-a"]
    assert [version["name"] for version in first["model_versions"]] == ["net-a", "net-b"]
    assert [version["name"] for version in rest.body["model_versions"]] == ["tree"]


# what the program of a run may do -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("PATCH", "registered-models/update", {"description": "x"}),
        ("POST", "registered-models/rename", {"new_name": "x"}),
        ("DELETE", "registered-models/delete", {}),
        ("POST", "registered-models/set-tag", {"key": "a", "value": "b"}),
        ("DELETE", "registered-models/delete-tag", {"key": "a"}),
        ("POST", "registered-models/alias", {"alias": "champion", "version": "1"}),
        ("DELETE", "registered-models/alias", {"alias": "best"}),
        ("PATCH", "model-versions/update", {"version": "1", "description": "x"}),
        ("POST", "model-versions/transition-stage", {"version": "1", "stage": "Production"}),
        ("DELETE", "model-versions/delete", {"version": "1"}),
        ("POST", "model-versions/set-tag", {"version": "1", "key": "a", "value": "b"}),
        ("DELETE", "model-versions/delete-tag", {"version": "1", "key": "a"}),
    ],
)
def test_a_model_of_somebody_else_is_read_but_not_changed(
    method: str, path: str, more: dict[str, object], store: Store, call: Caller
) -> None:
    store.registry.create("theirs", tags={"a": "1"})
    store.registry.create_version("theirs", SOURCE, tags={"a": "1"})
    store.registry.set_alias("theirs", "best", 1)
    before = store.registry.get("theirs")

    answer = call.json(method, API + path, {"name": "theirs", **more})

    assert (answer.status, answer.code) == (403, "PERMISSION_DENIED")
    assert store.registry.get("theirs") == before
    assert call.get("registered-models/get", name="theirs").status == 200


def test_a_program_adds_its_version_to_the_model_of_somebody_else_and_promotes_it(
    store: Store, call: Caller
) -> None:
    store.registry.create("theirs")
    store.registry.create_version("theirs", SOURCE)
    store.registry.set_alias("theirs", "champion", 1)

    made = add(call, "theirs")
    call.post("registered-models/alias", name="theirs", alias="champion", version=made["version"])
    call.post("model-versions/transition-stage", name="theirs", version=made["version"], stage="Production")
    call.post("model-versions/set-tag", name="theirs", version=made["version"], key="a", value="b")

    promoted = store.registry.aliased("theirs", "champion")
    assert (promoted.version, promoted.stage.value, promoted.tags) == (2, "Production", {"a": "b"})


def test_a_model_that_a_program_created_is_its_own_until_others_add_to_it(store: Store, call: Caller) -> None:
    register(call, "mine")
    add(call, "mine")
    renamed = call.post("registered-models/rename", name="mine", new_name="ours")
    store.registry.create_version("ours", SOURCE)

    refused = call.json("DELETE", f"{API}registered-models/delete", {"name": "ours"})
    allowed = call.json("DELETE", f"{API}model-versions/delete", {"name": "ours", "version": 1})

    assert (renamed.status, refused.status, allowed.status) == (200, 403, 200)
    assert [version.version for version in store.registry.get("ours").latest] == [2]


# the client -----------------------------------------------------------------------------------------------
FLOW = """
    import json
    import mlflow
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    client = MlflowClient()
    with mlflow.start_run() as run:
        mlflow.log_text("weights", "model/weights.txt")
    run_id = run.info.run_id
    client.create_registered_model("churn", tags={"team": "growth"}, description="who leaves")
    for number in range(3):
        version = client.create_model_version("churn", f"runs:/{run_id}/model", run_id, description=str(number))
    client.create_model_version("churn", f"{run.info.artifact_uri}/model", run_id)
    client.transition_model_version_stage("churn", "1", "Production")
    client.transition_model_version_stage("churn", "2", "Production", archive_existing_versions=True)
    client.set_registered_model_alias("churn", "champion", "2")
    client.set_registered_model_tag("churn", "a", "b")
    client.set_model_version_tag("churn", "2", "c", "d")
    client.update_model_version("churn", "2", "the second")
    copied = client.copy_model_version("models:/churn@champion", "production")
    client.delete_model_version("churn", "3")
    client.rename_registered_model("churn", "leaving")
    client.delete_registered_model_tag("leaving", "team")
    try:
        client.create_registered_model("leaving")
    except MlflowException as error:
        taken = error.error_code
    model = client.get_registered_model("leaving")
    files = {
        name: open(mlflow.artifacts.download_artifacts(uri) + "/weights.txt").read()
        for name, uri in {"alias": "models:/leaving@champion", "stage": "models:/leaving/Production",
                          "latest": "models:/leaving/latest", "copy": "models:/production/1"}.items()
    }
    print(json.dumps({
        "taken": taken,
        "tags": dict(model.tags),
        "aliases": dict(model.aliases),
        "versions": sorted([v.version, v.current_stage] for v in client.search_model_versions("name = 'leaving'")),
        "second": [client.get_model_version_by_alias("leaving", "champion").description, version.status],
        "models": [m.name for m in client.search_registered_models(order_by=["name"])],
        "by_tag": [m.name for m in client.search_registered_models("tags.a = 'b'")],
        "copied": [copied.source, copied.run_id == run_id],
        "files": files,
    }))
"""
SAID = {
    "taken": "RESOURCE_ALREADY_EXISTS",
    "tags": {"a": "b"},
    "aliases": {"champion": "2"},
    "versions": [["1", "Archived"], ["2", "Production"], ["4", "None"]],
    "second": ["the second", "READY"],
    "models": ["leaving", "production"],
    "by_tag": ["leaving"],
    "copied": ["models:/churn/2", True],
    "files": dict.fromkeys(("alias", "stage", "latest", "copy"), "weights"),
}


@pytest.mark.slow
def test_mlflows_client_finds_a_whole_registry_in_a_run(endpoint: Any, program: Program) -> None:
    done = program(endpoint, FLOW)

    assert done.code == 0, done.err
    assert done.said == SAID


@pytest.mark.slow
def test_mlflows_client_finds_a_whole_registry_at_a_server(tmp_path: Path, home: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(textwrap.dedent(FLOW))
    with running_server() as server:
        done = subprocess.run(
            [sys.executable, script],
            cwd=tmp_path,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "MLFLOW_TRACKING_URI": server.uri},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == SAID
