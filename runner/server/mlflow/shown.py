"""Our experiments and runs in MLflow's shapes and words."""

from collections.abc import Mapping

from msgspec import UNSET, UnsetType

from runner.server.mlflow import answers, wire
from runner.server.places import Places
from runner.tracking import model
from runner.tracking.model import Lifecycle
from runner.tracking.statuses import TOLD

LIFECYCLE: Mapping[wire.View, Lifecycle | None] = {
    "ACTIVE_ONLY": Lifecycle.ACTIVE,
    "DELETED_ONLY": Lifecycle.DELETED,
    "ALL": None,
}


def experiment(found: model.Experiment, places: Places) -> answers.Experiment:
    return answers.Experiment(
        experiment_id=found.id,
        name=found.name,
        artifact_location=places.told(found.artifact_location),
        lifecycle_stage=found.lifecycle.value,
        creation_time=found.created,
        last_update_time=found.updated,
        tags=pairs(found.tags),
    )


def run(found: model.Run, places: Places) -> answers.Run:
    return answers.Run(
        info=info(found, places),
        data=answers.RunData(
            metrics=[point(metric) for metric in found.metrics.values()],
            params=pairs(found.params),
            tags=pairs(found.tags),
        ),
        inputs=answers.Inputs(
            dataset_inputs=[dataset(given) for given in found.datasets],
            model_inputs=[answers.ModelInput(model_id=model_id) for model_id in found.models_used],
        ),
        outputs=answers.Outputs(
            model_outputs=[
                answers.ModelOutput(model_id=made.model_id, step=made.step) for made in found.models_made
            ]
        ),
    )


def info(found: model.Run, places: Places) -> answers.RunInfo:
    return answers.RunInfo(
        run_id=found.id,
        run_uuid=found.id,
        run_name=found.name,
        experiment_id=found.experiment_id,
        user_id=found.user,
        status=TOLD[found.status],
        artifact_uri=places.told(found.artifact_uri),
        lifecycle_stage=found.lifecycle.value,
        start_time=UNSET if found.started is None else found.started,
        end_time=UNSET if found.ended is None else found.ended,
    )


def point(metric: model.Metric, *, run_id: str | UnsetType = UNSET) -> answers.MetricPoint:
    return answers.MetricPoint(
        key=metric.key,
        value=wire.shown(metric.value),
        timestamp=metric.time,
        step=metric.step,
        run_id=run_id,
        model_id=metric.model_id or UNSET,
        dataset_name=metric.dataset_name or UNSET,
        dataset_digest=metric.dataset_digest or UNSET,
    )


def dataset(given: model.DatasetInput) -> answers.DatasetInput:
    known = given.dataset
    return answers.DatasetInput(
        tags=pairs(given.tags),
        dataset=answers.Dataset(
            name=known.name,
            digest=known.digest,
            source_type=known.source_type,
            source=known.source,
            schema=known.schema,
            profile=known.profile,
        ),
    )


def pairs(values: Mapping[str, str]) -> list[answers.KeyValue]:
    """Params or tags."""
    return [answers.KeyValue(key=key, value=value) for key, value in values.items()]
