"""Answers of MLflow's REST API 2.0, with its names; see wire.py."""

from msgspec import UNSET, Struct, UnsetType

from runner.server.mlflow.wire import Number
from runner.tracking.statuses import Word


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
    model_id: str | UnsetType = UNSET
    dataset_name: str | UnsetType = UNSET
    dataset_digest: str | UnsetType = UNSET


class RunInfo(Answer):
    run_id: str
    run_uuid: str
    run_name: str
    experiment_id: str
    user_id: str
    status: Word
    artifact_uri: str
    lifecycle_stage: str
    start_time: int | UnsetType = UNSET
    end_time: int | UnsetType = UNSET


class RunData(Answer):
    metrics: list[MetricPoint] = []
    params: list[KeyValue] = []
    tags: list[KeyValue] = []


class Dataset(Answer):
    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


class DatasetInput(Answer):
    dataset: Dataset
    tags: list[KeyValue] = []


class ModelInput(Answer):
    model_id: str


class ModelOutput(Answer):
    model_id: str
    step: int


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


class DatasetSummary(Answer):
    experiment_id: str
    name: str
    digest: str
    context: str = ""


class Datasets(Answer):
    dataset_summaries: list[DatasetSummary] = []
