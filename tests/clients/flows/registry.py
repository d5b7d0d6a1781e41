"""The model registry."""

from collections.abc import Iterable
from typing import Any

import mlflow
from mlflow.tracking import MlflowClient
from packaging.version import Version

from tests.clients.flows.reading import names, shown_registered, shown_version, tried
from tests.clients.flows.register import VERSION, Read, flow
from tests.clients.flows.training import log_model, predicted


@flow()
def registry(space: str) -> Read:
    client = MlflowClient()
    mlflow.set_experiment(space)
    with mlflow.start_run() as run:
        logged = log_model("model", registered_model_name=space)
    mlflow.register_model(f"runs:/{run.info.run_id}/model", space, tags={"how": "by uri"})
    client.update_registered_model(space, description="a ✓ model")
    client.set_registered_model_tag(space, "team", "a")
    client.update_model_version(space, "1", description="the first")
    client.set_model_version_tag(space, "2", "ok", "yes")
    client.delete_model_version_tag(space, "2", "how")
    stages = [shown_version(client.transition_model_version_stage(space, "1", "Production"))]
    stages += [
        shown_version(
            client.transition_model_version_stage(space, "2", "production", archive_existing_versions=True)
        )
    ]
    stages += [tried(client.transition_model_version_stage, space, "2", "nowhere")]
    result = {
        "uri": logged.model_uri,
        "stages": stages,
        "model": shown_registered(client.get_registered_model(space)),
        "versions": [shown_version(client.get_model_version(space, version)) for version in "12"],
        "latest": [shown_version(version) for version in client.get_latest_versions(space)],
        "production": [shown_version(version) for version in client.get_latest_versions(space, ["Production"])],
        "download": client.get_model_version_download_uri(space, "1"),
        "loaded": [predicted(mlflow.sklearn.load_model(f"models:/{space}/{which}")) for which in ("1", "2", "Production", "latest")],
        "absent": [
            tried(client.get_registered_model, f"{space}-absent"), tried(client.get_model_version, space, "9"),
            tried(client.get_latest_versions, f"{space}-absent"), tried(mlflow.sklearn.load_model, f"models:/{space}/9"),
            tried(client.create_registered_model, space), tried(client.create_registered_model, "a/b"),
            tried(client.create_model_version, f"{space}-absent", "runs:/x/y"),
            tried(client.set_model_version_tag, space, "9", "a", "b"),
        ],
    }  # fmt: skip
    client.delete_registered_model_tag(space, "team")
    client.delete_model_version(space, "2")
    result["after deletion"] = shown_registered(client.get_registered_model(space))
    mlflow.register_model(f"runs:/{run.info.run_id}/model", space)
    client.rename_registered_model(space, f"{space}-new")
    result["renamed"] = (
        shown_registered(client.get_registered_model(f"{space}-new")),
        tried(client.get_registered_model, space),
    )
    client.delete_registered_model(f"{space}-new")
    result["deleted"] = tried(client.get_registered_model, f"{space}-new")
    return result


@flow("2.3")
def aliases(space: str) -> Read:
    client = MlflowClient()
    mlflow.set_experiment(space)
    with mlflow.start_run():
        for _ in range(2):
            log_model("model", registered_model_name=space)
    client.set_registered_model_alias(space, "champion", "1")
    client.set_registered_model_alias(space, "Challenger-2", "2")
    client.set_registered_model_alias(space, "champion", "2")
    result = {
        "model": shown_registered(client.get_registered_model(space)),
        "version": shown_version(client.get_model_version_by_alias(space, "champion")),
        "loaded": predicted(mlflow.sklearn.load_model(f"models:/{space}@champion")),
        "refused": [tried(client.set_registered_model_alias, space, alias, "1") for alias in ("latest", "v1", "a b", "")],
        "absent": [
            tried(client.get_model_version_by_alias, space, "nobody"), tried(client.set_registered_model_alias, space, "a", "9"),
            tried(mlflow.sklearn.load_model, f"models:/{space}@nobody"),
        ],
    }  # fmt: skip
    client.delete_registered_model_alias(space, "champion")
    client.delete_registered_model_alias(space, "nobody")
    result["without"] = shown_version(client.get_model_version(space, "2"))
    return result


@flow()
def search_registry(space: str) -> Read:
    client = MlflowClient()
    for letter in "abc":
        client.create_registered_model(f"{space}-{letter}", tags={"letter": letter}, description=letter)
    run = client.create_run(client.create_experiment(space))
    for number in range(3):
        source = f"{run.info.artifact_uri}/model{number}" if number else "s3://elsewhere/model0"
        client.create_model_version(
            f"{space}-a", source, run.info.run_id if number else None, tags={"n": str(number)}
        )
    mine = f"name LIKE '{space}-%'"
    texts = [f"name = '{space}-a'", mine, f"name ILIKE '{space.upper()}-%'"]
    if Version("2.0") <= VERSION:
        texts += [f"{mine} AND name != '{space}-a'", f"{mine} AND tags.letter = 'b'", f"{mine} AND tags.letter != 'b'",
                  f"{mine} AND tag.letter LIKE 'b%'", f"{mine} AND tags.letter ILIKE 'B%'", "nothing = 'a'", "name < 'a'"]  # fmt: skip
    found = {text: tried(lambda text=text: names(client.search_registered_models(text))) for text in texts}
    for order in (["name DESC"], ["last_updated_timestamp ASC"], ["timestamp DESC"], ["nothing"]):
        found[str(order)] = tried(
            lambda order=order: names(client.search_registered_models(mine, order_by=order))
        )
    page = client.search_registered_models(mine, max_results=2)
    found["pages"] = (
        names(page),
        names(client.search_registered_models(mine, max_results=2, page_token=page.token)),
    )
    one = f"name = '{space}-a'"
    texts = [one, f"run_id = '{run.info.run_id}'"]
    if Version("2.0") <= VERSION:
        texts += [f"{one} AND run_id = ''", f"{one} AND run_id IN ('{run.info.run_id}')", f"{one} AND tags.n = '1'", f"{one} AND version_number > 1",
                  f"{one} AND version_number = 1", f"{one} AND source_path LIKE '%model2'", f"name LIKE '{space}-%'", "nothing = 'a'"]  # fmt: skip
    for text in texts:
        found[f"versions {text}"] = tried(lambda text=text: versions(client.search_model_versions(text)))
    if Version("2.0") <= VERSION:
        for order in (
            ["version_number DESC"],
            ["creation_timestamp ASC"],
            ["last_updated_timestamp"],
            ["name", "version_number ASC"],
            ["nothing"],
        ):
            found[f"versions {order}"] = tried(
                lambda order=order: versions(client.search_model_versions(one, order_by=order))
            )
    return found


def versions(items: Iterable[Any]) -> list[list[Any]]:
    return [[item.name, str(item.version), item.run_id, dict(item.tags)] for item in items]


@flow("2.8")
def copied_versions(space: str) -> Read:
    mlflow.set_experiment(space)
    with mlflow.start_run():
        log_model("model", registered_model_name=space)
    copy = MlflowClient().copy_model_version(f"models:/{space}/1", f"{space}-copy")
    return {
        "copy": shown_version(copy),
        "predicted": predicted(mlflow.sklearn.load_model(f"models:/{space}-copy/1")),
    }


@flow("1.30")
def lists(space: str) -> Read:
    """Calls that only old clients make."""
    client = MlflowClient()
    if not hasattr(client, "list_experiments"):
        return {}
    client.create_experiment(space)
    client.create_registered_model(space)
    return {
        "experiments": space in names(client.list_experiments()),
        "registered": space in names(client.list_registered_models()),
        "infos": len(client.list_run_infos(client.get_experiment_by_name(space).experiment_id)),
    }
