"""Registered models on a server."""

from collections.abc import Mapping, Sequence

from runner.tracking.access import Reader
from runner.tracking.model import Page
from runner.tracking.registry import ModelVersion, RegisteredModel, Stage
from runner.tracking.remote import shapes
from runner.tracking.remote.client import Client
from runner.tracking.remote.requests import pairs

MODELS, VERSIONS = "registered-models", "model-versions"


class RemoteRegistry:
    """See `store.Registry`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self, name: str, *, description: str = "", tags: Mapping[str, str] = {}) -> RegisteredModel:
        body = {"name": name, "description": description or None, "tags": pairs(tags)}
        return shapes.registered(self._client.post(f"{MODELS}/create", body)["registered_model"])

    def get(self, name: str) -> RegisteredModel:
        return shapes.registered(self._client.get(f"{MODELS}/get", {"name": name})["registered_model"])

    def describe(self, name: str, description: str) -> RegisteredModel:
        body = {"name": name, "description": description}
        return shapes.registered(self._client.call("PATCH", f"{MODELS}/update", body)["registered_model"])

    def rename(self, name: str, new_name: str) -> RegisteredModel:
        body = {"name": name, "new_name": new_name}
        return shapes.registered(self._client.post(f"{MODELS}/rename", body)["registered_model"])

    def delete(self, name: str) -> None:
        self._client.call("DELETE", f"{MODELS}/delete", {"name": name})

    def search(
        self,
        *,
        filter: str = "",  # noqa: A002
        order_by: Sequence[str] = (),
        limit: int = 100,
        page_token: str | None = None,
        reader: Reader | None = None,  # noqa: ARG002 - the server knows who asks
    ) -> Page[RegisteredModel]:
        asked = _search(filter, order_by, limit, page_token)
        answer = self._client.get(f"{MODELS}/search", asked)
        return shapes.page(answer, "registered_models", shapes.registered)

    def tag(self, name: str, tags: Mapping[str, str]) -> None:
        for tag in pairs(tags):
            self._client.post(f"{MODELS}/set-tag", {"name": name, **tag})

    def delete_tag(self, name: str, key: str) -> None:
        self._client.call("DELETE", f"{MODELS}/delete-tag", {"name": name, "key": key})

    def set_alias(self, name: str, alias: str, version: int) -> None:
        self._client.post(f"{MODELS}/alias", {"name": name, "alias": alias, "version": str(version)})

    def delete_alias(self, name: str, alias: str) -> None:
        self._client.call("DELETE", f"{MODELS}/alias", {"name": name, "alias": alias})

    def create_version(
        self,
        name: str,
        source: str,
        *,
        run_id: str = "",
        run_link: str = "",
        model_id: str = "",
        description: str = "",
        user: str = "",  # noqa: ARG002 - the server knows who asks
        tags: Mapping[str, str] = {},
    ) -> ModelVersion:
        body = {
            "name": name,
            "source": source,
            "run_id": run_id or None,
            "run_link": run_link or None,
            "model_id": model_id or None,
            "description": description or None,
            "tags": pairs(tags),
        }
        return shapes.version(self._client.post(f"{VERSIONS}/create", body)["model_version"])

    def version(self, name: str, version: int) -> ModelVersion:
        return shapes.version(self._client.get(f"{VERSIONS}/get", _named(name, version))["model_version"])

    def aliased(self, name: str, alias: str) -> ModelVersion:
        answer = self._client.get(f"{MODELS}/alias", {"name": name, "alias": alias})
        return shapes.version(answer["model_version"])

    def latest(self, name: str, stages: Sequence[Stage] = ()) -> Sequence[ModelVersion]:
        body = {"name": name, "stages": [stage.value for stage in stages]}
        answer = self._client.post(f"{MODELS}/get-latest-versions", body)
        return [shapes.version(item) for item in answer.get("model_versions", [])]

    def describe_version(self, name: str, version: int, description: str) -> ModelVersion:
        body = {**_named(name, version), "description": description}
        return shapes.version(self._client.call("PATCH", f"{VERSIONS}/update", body)["model_version"])

    def move_version(
        self, name: str, version: int, stage: Stage, *, archive_others: bool = False
    ) -> ModelVersion:
        body = {
            **_named(name, version),
            "stage": stage.value,
            "archive_existing_versions": archive_others,
        }
        return shapes.version(self._client.post(f"{VERSIONS}/transition-stage", body)["model_version"])

    def delete_version(self, name: str, version: int) -> None:
        self._client.call("DELETE", f"{VERSIONS}/delete", _named(name, version))

    def tag_version(self, name: str, version: int, tags: Mapping[str, str]) -> None:
        for tag in pairs(tags):
            self._client.post(f"{VERSIONS}/set-tag", {**_named(name, version), **tag})

    def delete_version_tag(self, name: str, version: int, key: str) -> None:
        self._client.call("DELETE", f"{VERSIONS}/delete-tag", {**_named(name, version), "key": key})

    def search_versions(
        self,
        *,
        filter: str = "",  # noqa: A002
        order_by: Sequence[str] = (),
        limit: int = 100,
        page_token: str | None = None,
        reader: Reader | None = None,  # noqa: ARG002
    ) -> Page[ModelVersion]:
        asked = _search(filter, order_by, limit, page_token)
        return shapes.page(self._client.get(f"{VERSIONS}/search", asked), "model_versions", shapes.version)


def _named(name: str, version: int) -> dict[str, object]:
    return {"name": name, "version": str(version)}


def _search(filter_: str, order_by: Sequence[str], limit: int, page_token: str | None) -> dict[str, object]:
    return {
        "filter": filter_ or None,
        "order_by": list(order_by) or None,
        "max_results": limit,
        "page_token": page_token,
    }
