"""Logged models on a server."""

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from runner.tracking.logged_models import LoggedModel, ModelOrder, ModelStatus
from runner.tracking.model import Page
from runner.tracking.remote import shapes
from runner.tracking.remote.client import Client
from runner.tracking.remote.requests import pairs

AT_CREATION = 100  # params, as MLflow's client sends them


class RemoteModels:
    """See `store.LoggedModels`."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def create(
        self,
        experiment_id: str,
        *,
        name: str | None = None,
        type: str = "",  # noqa: A002
        source_run_id: str = "",
        params: Mapping[str, str] = {},
        tags: Mapping[str, str] = {},
    ) -> LoggedModel:
        given = pairs(params)
        body = {
            "experiment_id": experiment_id,
            "name": name,
            "model_type": type or None,
            "source_run_id": source_run_id or None,
            "params": given[:AT_CREATION],
            "tags": pairs(tags),
        }
        made = shapes.model(self._client.post("logged-models", body)["model"])
        if given[AT_CREATION:]:
            self.log_params(made.id, {item["key"]: item["value"] for item in given[AT_CREATION:]})
            return self.get(made.id)
        return made

    def get(self, model_id: str, *, deleted: bool = False) -> LoggedModel:
        query = {"allow_deleted": "true" if deleted else None}
        return shapes.model(self._client.get(_path(model_id), query)["model"])

    def set_status(self, model_id: str, status: ModelStatus) -> LoggedModel:
        body = {"model_id": model_id, "status": f"{shapes.MODEL_STATUS}{status.value}"}
        return shapes.model(self._client.call("PATCH", _path(model_id), body)["model"])

    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        given = pairs(params)
        for start in range(0, len(given), AT_CREATION):
            body = {"model_id": model_id, "params": given[start : start + AT_CREATION]}
            self._client.post(f"{_path(model_id)}/params", body)

    def tag(self, model_id: str, tags: Mapping[str, str]) -> LoggedModel:
        body = {"model_id": model_id, "tags": pairs(tags)}
        return shapes.model(self._client.call("PATCH", f"{_path(model_id)}/tags", body)["model"])

    def delete_tag(self, model_id: str, key: str) -> None:
        self._client.call("DELETE", f"{_path(model_id)}/tags/{quote(key)}")

    def delete(self, model_id: str) -> None:
        self._client.call("DELETE", _path(model_id))

    def search(
        self,
        experiment_ids: Sequence[str],
        *,
        filter: str = "",  # noqa: A002
        datasets: Sequence[tuple[str, str | None]] = (),
        order_by: Sequence[ModelOrder] = (),
        limit: int = 100,
        page_token: str | None = None,
    ) -> Page[LoggedModel]:
        body = {
            "experiment_ids": list(experiment_ids),
            "filter": filter or None,
            "datasets": [_dataset(name, digest) for name, digest in datasets] or None,
            "order_by": [_order(order) for order in order_by] or None,
            "max_results": limit,
            "page_token": page_token,
        }
        return shapes.page(self._client.post("logged-models/search", body), "models", shapes.model)


def _path(model_id: str) -> str:
    return f"logged-models/{quote(model_id, safe='')}"


def _dataset(name: str, digest: str | None) -> dict[str, str]:
    return {"dataset_name": name} | ({"dataset_digest": digest} if digest is not None else {})


def _order(order: ModelOrder) -> dict[str, object]:
    given = {
        "field_name": order.field,
        "ascending": order.ascending,
        "dataset_name": order.dataset_name,
        "dataset_digest": order.dataset_digest,
    }
    return {name: value for name, value in given.items() if value is not None}
