"""Answers of MLflow's REST API 2.0, with its names; see wire.py."""

from msgspec import UNSET, Struct, UnsetType

from runner.server.mlflow.wire import DatasetInput, ModelInput, ModelOutput, ModelStatus, Number, Status


class Answer(Struct, kw_only=True, omit_defaults=True):
    """Any answer; an empty one is {}."""


class KeyValue(Answer):
    key: str
    value: str


class Experiment(Answer):
    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    creation_time: int
    last_update_time: int
    tags: list[KeyValue] = []


class MetricPoint(Answer):
    key: str
    value: Number
    timestamp: int
    step: int
    run_id: str | UnsetType = UNSET


class RunInfo(Answer):
    run_id: str
    run_uuid: str
    run_name: str
    experiment_id: str
    user_id: str
    status: Status
    artifact_uri: str
    lifecycle_stage: str
    start_time: int | UnsetType = UNSET
    end_time: int | UnsetType = UNSET


class RunData(Answer):
    metrics: list[MetricPoint] = []
    params: list[KeyValue] = []
    tags: list[KeyValue] = []


class Inputs(Answer):
    dataset_inputs: list[DatasetInput] = []
    model_inputs: list[ModelInput] = []


class Outputs(Answer):
    model_outputs: list[ModelOutput] = []


class Run(Answer):
    info: RunInfo
    data: RunData
    inputs: Inputs
    outputs: Outputs


class ModelInfo(Answer):
    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: ModelStatus
    model_type: str
    source_run_id: str
    tags: list[KeyValue] = []


class ModelData(Answer):
    params: list[KeyValue] = []


class LoggedModel(Answer):
    info: ModelInfo
    data: ModelData


class OneModel(Answer):
    model: LoggedModel


class Models(Answer):
    models: list[LoggedModel] = []
    next_page_token: str | None = None


class ExperimentId(Answer):
    experiment_id: str


class OneExperiment(Answer):
    experiment: Experiment


class Experiments(Answer):
    experiments: list[Experiment] = []
    next_page_token: str | None = None


class OneRun(Answer):
    run: Run


class Runs(Answer):
    runs: list[Run] = []
    next_page_token: str | None = None


class UpdatedRun(Answer):
    run_info: RunInfo


class History(Answer):
    metrics: list[MetricPoint] = []
    next_page_token: str | None = None
