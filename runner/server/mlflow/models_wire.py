"""Requests and answers about logged models; see wire.py and answers.py."""

from typing import Literal, TypeAlias

from runner.server.mlflow.answers import Answer, KeyValue, MetricPoint
from runner.server.mlflow.wire import Int64, Pair, Request

Status: TypeAlias = Literal["LOGGED_MODEL_PENDING", "LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"]

# requests -------------------------------------------------------------------------------------------------


class CreateModel(Request):
    experiment_id: str
    name: str | None = None
    model_type: str | None = None
    source_run_id: str | None = None
    params: list[Pair] = []
    tags: list[Pair] = []


class OfModel(Request):
    model_id: str = ""


class GetModel(OfModel):
    allow_deleted: bool = False


class FinalizeModel(OfModel, kw_only=True):
    status: Status


class LogParams(OfModel):
    params: list[Pair] = []


class SetTags(OfModel):
    tags: list[Pair] = []


class DeleteTag(OfModel):
    tag_key: str = ""


class OnDataset(Request):
    """A data set by its name, and perhaps its digest."""

    dataset_name: str = ""
    dataset_digest: str | None = None


class OrderBy(OnDataset, kw_only=True):
    field_name: str
    ascending: bool = True


class SearchModels(Request):
    experiment_ids: list[str]
    filter: str = ""
    datasets: list[OnDataset] = []
    max_results: Int64 = 0
    order_by: list[OrderBy] = []
    page_token: str | None = None


# answers --------------------------------------------------------------------------------------------------


class Registration(Answer):
    name: str
    version: str


class ModelInfo(Answer):
    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: Status
    model_type: str
    source_run_id: str
    tags: list[KeyValue] = []
    registrations: list[Registration] = []


class ModelData(Answer):
    params: list[KeyValue] = []
    metrics: list[MetricPoint] = []


class LoggedModel(Answer):
    info: ModelInfo
    data: ModelData


class OneModel(Answer):
    model: LoggedModel


class Models(Answer):
    models: list[LoggedModel] = []
    next_page_token: str | None = None
