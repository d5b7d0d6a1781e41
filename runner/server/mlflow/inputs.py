"""Calls about what runs use and make: data sets and models."""

import json

from runner.server.errors import Malformed
from runner.server.mlflow import answers, wire
from runner.server.mlflow.call import Call, Served, reading
from runner.server.mlflow.runs import exact
from runner.tracking.checks import RUN_TAG
from runner.tracking.model import Dataset, DatasetInput, ModelOutput
from runner.tracking.tags import listed

EXPERIMENTS = 20  # at most in one search of data sets, as in MLflow
HISTORY = "mlflow.log-model.history"  # tag of a run: the models that clients before 3.0 logged, as JSON
NEEDED = {"artifact_path", "flavors", "utc_time_created", "run_id"}
KEPT = ("run_id", "artifact_path", "utc_time_created", "model_uuid", "flavors")  # of a model, in that tag


def log_inputs(on: Served, request: wire.LogInputs) -> None:
    on.store.log_inputs(
        request.run,
        datasets=[_dataset(given) for given in request.datasets],
        models=[given.model_id for given in request.models],
    )


def log_outputs(on: Served, request: wire.LogOutputs) -> None:
    on.store.log_outputs(request.run, [ModelOutput(given.model_id, given.step) for given in request.models])


def search_datasets(on: Served, request: wire.SearchDatasets) -> answers.Datasets:
    if not 1 <= len(request.experiment_ids) <= EXPERIMENTS:
        raise Malformed(
            f"SearchDatasets request must specify 1 to {EXPERIMENTS} experiment_ids."
            f" Received {len(request.experiment_ids)} experiment_ids."
        )
    return answers.Datasets(
        dataset_summaries=[
            answers.DatasetSummary(
                experiment_id=experiment_id, name=dataset.name, digest=dataset.digest, context=context
            )
            for experiment_id, dataset, context in on.store.datasets(request.experiment_ids)
        ]
    )


def log_model(on: Served, request: wire.LogModel) -> None:
    """A model among the artifacts of its run. Of many, the tag has the last ones, as many as it holds."""
    run = exact(on.store, request.run)
    models = [*listed(run.tags.get(HISTORY, "[]")), _logged(request.model_json)]
    while len(text := json.dumps(models)) > RUN_TAG:
        del models[0]
    on.store.log(run.id, tags={HISTORY: text})


def _dataset(given: wire.DatasetInput) -> DatasetInput:
    told = given.dataset
    dataset = Dataset(
        name=told.name,
        digest=told.digest,
        source_type=told.source_type,
        source=told.source,
        schema=told.schema,
        profile=told.profile,
    )
    return DatasetInput(dataset, {tag.key: tag.value for tag in given.tags})


def _logged(text: str) -> dict[str, object]:
    """What the tag keeps of a model's description."""
    try:
        described = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed("Malformed model info: it is not a valid JSON.") from error
    missing = NEEDED - set(described) if isinstance(described, dict) else NEEDED
    if missing:
        raise Malformed(f"Model json is missing mandatory fields: {sorted(missing)}")
    return {key: _without_config(described[key]) for key in KEPT if key in described}


def _without_config(value: object) -> object:
    """Flavours without the configuration of their libraries, which may be long."""
    if not isinstance(value, dict):
        return value
    return {
        name: {key: inner for key, inner in flavor.items() if key != "config"}
        if isinstance(flavor, dict)
        else flavor
        for name, flavor in value.items()
    }


CALLS = (
    Call("runs/log-inputs", wire.LogInputs, log_inputs),
    Call("runs/outputs", wire.LogOutputs, log_outputs),
    Call("runs/log-model", wire.LogModel, log_model),
    reading("experiments/search-datasets", wire.SearchDatasets, search_datasets, ("POST",)),
)
