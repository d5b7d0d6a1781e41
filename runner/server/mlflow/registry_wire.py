"""Requests and answers about the model registry; see wire.py and answers.py."""

from runner.server.mlflow.answers import Answer, KeyValue
from runner.server.mlflow.wire import Int64, Pair, Request

# requests -------------------------------------------------------------------------------------------------


class OfModel(Request):
    name: str


class CreateModel(OfModel):
    tags: list[Pair] = []
    description: str = ""
    deployment_job_id: str = ""  # means something only in other products


class UpdateModel(OfModel):
    description: str = ""
    deployment_job_id: str = ""


class RenameModel(OfModel):
    new_name: str = ""


class SearchModels(Request):
    filter: str = ""
    max_results: Int64 = 100
    order_by: list[str] = []
    page_token: str | None = None


class ListModels(Request):
    max_results: Int64 = 100
    page_token: str | None = None


class GetLatest(OfModel):
    stages: list[str] = []


class SetModelTag(OfModel):
    key: str
    value: str = ""


class DeleteModelTag(OfModel):
    key: str


class OfAlias(OfModel):
    alias: str


class SetAlias(OfAlias):
    version: Int64


class CreateVersion(OfModel):
    source: str
    run_id: str = ""
    run_link: str = ""
    model_id: str = ""
    description: str = ""
    tags: list[Pair] = []


class OfVersion(OfModel):
    version: Int64


class UpdateVersion(OfVersion):
    description: str = ""


class MoveVersion(OfVersion):
    stage: str
    archive_existing_versions: bool = False


class SearchVersions(Request):
    filter: str = ""
    max_results: Int64 = 10_000
    order_by: list[str] = []
    page_token: str | None = None


class SetVersionTag(OfVersion):
    key: str
    value: str = ""


class DeleteVersionTag(OfVersion):
    key: str


# answers --------------------------------------------------------------------------------------------------


class Alias(Answer):
    alias: str
    version: str


class Version(Answer):
    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    current_stage: str
    description: str
    source: str
    run_id: str
    run_link: str
    status: str
    model_id: str = ""
    user_id: str = ""
    tags: list[KeyValue] = []
    aliases: list[str] = []


class Model(Answer):
    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str = ""
    latest_versions: list[Version] = []
    tags: list[KeyValue] = []
    aliases: list[Alias] = []


class OneModel(Answer):
    registered_model: Model


class Models(Answer):
    registered_models: list[Model] = []
    next_page_token: str | None = None


class OneVersion(Answer):
    model_version: Version


class Versions(Answer):
    model_versions: list[Version] = []
    next_page_token: str | None = None


class DownloadUri(Answer):
    artifact_uri: str
