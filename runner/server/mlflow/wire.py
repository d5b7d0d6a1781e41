"""Requests of MLflow's REST API 2.0, with its names, words and numbers; answers.py has the answers.

A field that we do not know is an error. Numbers may come as texts, NaN and infinities as "NaN", "Infinity", "-Infinity". Some calls send `run_uuid`, the older
word for `run_id`, beside it. Empty lists and unset fields are left out of answers.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta, Struct

from runner.server.errors import Malformed
from runner.tracking.statuses import Word

R = TypeVar("R", bound="Request")

Int64: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Number: TypeAlias = float | str
View: TypeAlias = Literal["ACTIVE_ONLY", "DELETED_ONLY", "ALL"]

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|NaN|[+-]?Infinity")
MISSING = re.compile(r"missing required field `(\w+)`(?: - at `\$\.?(.*)`)?")


def decoded(shape: type[R], body: bytes) -> R:
    """A JSON body; an empty one is an empty object.

    Raises:
        Malformed: no JSON, a field missing, unknown or of another type.
    """
    try:
        return msgspec.json.decode(body or b"{}", type=shape, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(error) from error


def placed(request: R, parameters: Mapping[str, str]) -> R:
    """The request with what its path says.

    Raises:
        Malformed: it says otherwise itself.
    """
    for name, value in parameters.items():
        if getattr(request, name) not in {"", value}:
            raise Malformed(f"Invalid value for parameter {name!r}: the path says {value!r}")
    return msgspec.structs.replace(request, **parameters) if parameters else request


def asked(shape: type[R], parameters: Mapping[str, Sequence[str]]) -> R:
    """The parameters of a query.

    Raises:
        Malformed: as above, or a single value was given twice.
    """
    lists = {field.name for field in msgspec.structs.fields(shape) if _is_list(field.type)}
    values: dict[str, Any] = {}
    for name, given in parameters.items():
        if name not in lists and len(given) != 1:
            raise Malformed(f"Invalid value for parameter {name!r}: it was given {len(given)} times")
        values[name] = list(given) if name in lists else given[0]
    try:
        return msgspec.convert(values, shape, strict=False)
    except msgspec.ValidationError as error:
        raise _malformed(error) from error


def number(value: Number) -> float:
    """The value of a metric."""
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        raise Malformed(f"Invalid value {value!r} for parameter 'value': it is no number")
    return float(value)


def shown(value: float) -> Number:
    """A number as JSON can have it."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def _is_list(type_: object) -> bool:
    return str(type_).removeprefix("typing.Annotated[").startswith("list[")


def _malformed(error: Exception) -> Malformed:
    if missing := MISSING.search(str(error)):
        name = ".".join(part for part in (missing[2], missing[1]) if part)
        return Malformed(
            f"Missing value for required parameter {name!r}."
            " See the API docs for more information about request parameters."
        )
    return Malformed(f"Invalid request: {error}")


# requests -------------------------------------------------------------------------------------------------


class Request(Struct, kw_only=True, forbid_unknown_fields=True):
    """Any request."""


class Pair(Request):
    """A param or tag."""

    key: str
    value: str = ""


class CreateExperiment(Request):
    name: str
    artifact_location: str | None = None
    tags: list[Pair] = []


class SearchExperiments(Request):
    max_results: Int64 = 1000
    page_token: str | None = None
    filter: str = ""
    order_by: list[str] = []
    view_type: View = "ACTIVE_ONLY"


class OfExperiment(Request):
    experiment_id: str


class GetExperimentByName(Request):
    experiment_name: str


class UpdateExperiment(OfExperiment):
    new_name: str | None = None


class SetExperimentTag(OfExperiment):
    key: str
    value: str = ""


class DeleteExperimentTag(OfExperiment):
    key: str


class CreateRun(Request):
    experiment_id: str = "0"
    user_id: str = ""
    run_name: str | None = None
    start_time: Int64 | None = None
    tags: list[Pair] = []


class OfRun(Request):
    run_id: str = ""
    run_uuid: str = ""

    @property
    def run(self) -> str:
        """The id, by either name.

        Raises:
            Malformed: neither, or two different ones.
        """
        given = {self.run_id, self.run_uuid} - {""}
        if not given:
            raise Malformed("Missing value for required parameter 'run_id'.")
        if len(given) > 1:
            raise Malformed("Invalid value for parameter 'run_uuid': it is not the 'run_id'")
        return given.pop()


class UpdateRun(OfRun, kw_only=True):
    status: Word | None = None
    end_time: Int64 | None = None
    run_name: str | None = None


class Point(Request):
    """A point of a metric, perhaps about a logged model, measured on a data set."""

    key: str
    value: Number
    timestamp: Int64
    step: Int64 = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None


class LogMetric(OfRun, kw_only=True):
    key: str
    value: Number
    timestamp: Int64
    step: Int64 = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class SetPair(OfRun, kw_only=True):
    key: str
    value: str = ""


class DeleteTag(OfRun, kw_only=True):
    key: str


class LogBatch(OfRun, kw_only=True):
    metrics: list[Point] = []
    params: list[Pair] = []
    tags: list[Pair] = []


class Dataset(Request):
    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


class DatasetInput(Request):
    dataset: Dataset
    tags: list[Pair] = []


class ModelInput(Request):
    model_id: str


class LogInputs(OfRun, kw_only=True):
    datasets: list[DatasetInput] = []
    models: list[ModelInput] = []


class SearchRuns(Request):
    experiment_ids: list[str] = []
    filter: str = ""
    run_view_type: View = "ACTIVE_ONLY"
    max_results: Int64 = 1000
    order_by: list[str] = []
    page_token: str | None = None


class GetHistory(OfRun, kw_only=True):
    metric_key: str
    page_token: str | None = None
    max_results: Int64 | None = None


class GetHistories(Request):
    run_ids: list[str]
    metric_key: str
    start_step: Int64 | None = None
    end_step: Int64 | None = None
    max_results: Int64 = 2500


class GetHistoryBulk(Request, kw_only=True):
    run_id: list[str] = []
    metric_key: str
    max_results: Int64 = 25_000


class ModelOutput(Request):
    model_id: str
    step: Int64 = 0


class LogOutputs(OfRun):
    models: list[ModelOutput] = []


class LogModel(OfRun, kw_only=True):
    model_json: str


class SearchDatasets(Request):
    experiment_ids: list[str] = []
