"""Calls about logged models. Their files are clients' and the artifacts' business; see server/artifacts."""

from collections.abc import Mapping

from runner.server.errors import Malformed
from runner.server.mlflow import models_wire as wire
from runner.server.mlflow import shown
from runner.server.mlflow.call import Call, Served, reading
from runner.server.mlflow.experiments import number
from runner.server.places import Places
from runner.tracking.logged_models import LoggedModel, ModelOrder, ModelStatus

PAGE = 100  # models, if a search does not say
STATUS: Mapping[wire.Status, ModelStatus] = {
    "LOGGED_MODEL_PENDING": ModelStatus.PENDING,
    "LOGGED_MODEL_READY": ModelStatus.READY,
    "LOGGED_MODEL_UPLOAD_FAILED": ModelStatus.FAILED,
}
SHOWN = {status: word for word, status in STATUS.items()}


def create(on: Served, request: wire.CreateModel) -> wire.OneModel:
    made = on.store.models.create(
        number(request.experiment_id),
        name=request.name or None,
        type=request.model_type or "",
        source_run_id=request.source_run_id or "",
        params={param.key: param.value for param in request.params},
        tags={tag.key: tag.value for tag in request.tags},
    )
    return wire.OneModel(model=_shown(made, on.places))


def get(on: Served, request: wire.GetModel) -> wire.OneModel:
    found = on.store.models.get(request.model_id, deleted=request.allow_deleted)
    return wire.OneModel(model=_shown(found, on.places))


def finalize(on: Served, request: wire.FinalizeModel) -> wire.OneModel:
    found = on.store.models.set_status(request.model_id, STATUS[request.status])
    return wire.OneModel(model=_shown(found, on.places))


def delete(on: Served, request: wire.OfModel) -> None:
    on.store.models.delete(request.model_id)


def log_params(on: Served, request: wire.LogParams) -> None:
    on.store.models.log_params(request.model_id, {param.key: param.value for param in request.params})


def set_tags(on: Served, request: wire.SetTags) -> None:
    on.store.models.tag(request.model_id, {tag.key: tag.value for tag in request.tags})


def delete_tag(on: Served, request: wire.DeleteTag) -> None:
    on.store.models.delete_tag(request.model_id, request.tag_key)


def search(on: Served, request: wire.SearchModels) -> wire.Models:
    if not all(dataset.dataset_name for dataset in request.datasets):
        raise Malformed("`dataset_name` in the `datasets` clause must be specified.")
    page = on.store.models.search(
        request.experiment_ids,
        filter=request.filter,
        datasets=[(one.dataset_name, one.dataset_digest or None) for one in request.datasets],
        order_by=[_order(order) for order in request.order_by],
        limit=request.max_results or PAGE,
        page_token=request.page_token or None,
    )
    return wire.Models(
        models=[_shown(found, on.places) for found in page.items], next_page_token=page.next_token
    )


def _order(order: wire.OrderBy) -> ModelOrder:
    return ModelOrder(
        field=order.field_name,
        ascending=order.ascending,
        dataset_name=order.dataset_name or None,
        dataset_digest=order.dataset_digest or None,
    )


def _shown(found: LoggedModel, places: Places) -> wire.LoggedModel:
    return wire.LoggedModel(
        info=wire.ModelInfo(
            model_id=found.id,
            experiment_id=found.experiment_id,
            name=found.name,
            creation_timestamp_ms=found.created,
            last_updated_timestamp_ms=found.updated,
            artifact_uri=places.told(found.artifact_uri),
            status=SHOWN[found.status],
            model_type=found.type,
            source_run_id=found.source_run_id,
            tags=shown.pairs(found.tags),
            registrations=[
                wire.Registration(name=one.name, version=str(one.version)) for one in found.registrations
            ],
        ),
        data=wire.ModelData(
            params=shown.pairs(found.params),
            metrics=[shown.point(one.metric, run_id=one.run_id) for one in found.metrics],
        ),
    )


MODEL = "logged-models/{model_id}"
CALLS = (
    Call("logged-models", wire.CreateModel, create),
    reading("logged-models/search", wire.SearchModels, search, ("POST",)),
    reading(MODEL, wire.GetModel, get),
    Call(MODEL, wire.FinalizeModel, finalize, ("PATCH",)),
    Call(MODEL, wire.OfModel, delete, ("DELETE",)),
    Call(f"{MODEL}/params", wire.LogParams, log_params),
    Call(f"{MODEL}/tags", wire.SetTags, set_tags, ("PATCH",)),
    Call(f"{MODEL}/tags/{{tag_key:path}}", wire.DeleteTag, delete_tag, ("DELETE",)),
)
