"""What runs use and make: data sets and logged models."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from runner.errors import NotFound
from runner.tracking import checks
from runner.tracking.database import Connection, upsert
from runner.tracking.model import Dataset, DatasetInput, ModelOutput
from runner.tracking.sql import experiments, keys

SUMMARIES = 1000  # data sets at most in one answer, as in MLflow
NAME = ("experiment", "name", "digest")
DESCRIPTION = ("source_type", "source", "schema_text", "profile_text")
INSERT_DATASET = upsert("runner_datasets", (*NAME, *DESCRIPTION), key=NAME)
DESCRIBE = (
    f"UPDATE runner_datasets SET {', '.join(f'{column} = :{column}' for column in DESCRIPTION)}"
    " WHERE experiment = :experiment AND name = :name AND digest = :digest AND source_type = ''"
)
INPUT = ("run", "dataset", "context", "tags_json")
INSERT_INPUT = upsert("runner_inputs", INPUT, key=INPUT[:2])
MODEL = ("run", "model_uuid", "made", "step")
INSERT_MODEL = upsert("runner_run_models", MODEL, key=MODEL[:3], update=MODEL[3:])

Named: TypeAlias = tuple[int, str, str]
"""A data set by its experiment, name and digest."""


class Links(Struct):
    """What one run uses and makes."""

    datasets: list[DatasetInput] = []
    used: list[str] = []
    made: list[ModelOutput] = []


def use_datasets(db: Connection, run: int, experiment: int, inputs: Sequence[DatasetInput]) -> None:
    """Note them; of what is there already the first description stays."""
    first: dict[Named, DatasetInput] = {}
    for given in inputs:
        first.setdefault((experiment, given.dataset.name, given.dataset.digest), given)
    rows = [_row(name, given.dataset) for name, given in first.items()]
    if rows:
        db.execute_many(DESCRIBE, rows)
        numbers = _numbers(db, rows)
        db.execute_many(INSERT_INPUT, [_input(run, numbers[name], first[name]) for name in first])


def use_models(db: Connection, run: int, models: Sequence[str]) -> None:
    """Note logged models, by their ids, as inputs."""
    _link(db, run, [ModelOutput(model_id) for model_id in models], made=False)


def make_models(db: Connection, run: int, models: Sequence[ModelOutput]) -> None:
    """Note logged models as outputs; the step that was told last counts."""
    _link(db, run, models, made=True)


def named(db: Connection, names: Iterable[Named]) -> dict[Named, int]:
    """Numbers of data sets which metrics name, whether or not somebody has described them."""
    return _numbers(
        db, [_row(name, Dataset(name=name[1], digest=name[2], source_type="", source="")) for name in names]
    )


def models(db: Connection, model_ids: Iterable[str]) -> dict[str, int]:
    """Surrogate keys of the logged models with these ids, of those that exist; deleted or not."""
    found: dict[str, int] = {}
    for marks in keys.bound(sorted(set(filter(checks.possible, model_ids)))):
        where = f"uuid IN ({keys.listed(marks)})"
        found |= dict(
            map(tuple, db.execute(f"SELECT uuid, id FROM runner_logged_models WHERE {where}", marks))
        )
    return found


def known(among: Mapping[str, int], model_id: str) -> int:
    """The surrogate key of the logged model with that id.

    Raises:
        NotFound: it is not among them.
    """
    if model_id not in among:
        raise missing(model_id)
    return among[model_id]


def missing(model_id: str) -> NotFound:
    """The error about a logged model that does not exist, or no more."""
    return NotFound(f"Logged model with ID {model_id!r} not found.")


def of_runs(db: Connection, runs: Sequence[int]) -> Mapping[int, Links]:
    """What each of the runs uses and makes: one statement, and one more if there are data sets."""
    found: defaultdict[int, Links] = defaultdict(Links)
    inputs: list[tuple[int, int, str]] = []
    for marks in keys.bound(runs):
        where = f"run IN ({keys.listed(marks)})"
        for run, dataset, tags, model, made, step in db.execute(
            f"SELECT run, dataset, tags_json, '' AS model, FALSE AS made, 0 AS step FROM runner_inputs WHERE {where}"
            f" UNION ALL SELECT run, 0, '', model_uuid, made, step FROM runner_run_models WHERE {where}"
            " ORDER BY dataset, step, model",
            marks,
        ):
            if dataset:
                inputs.append((run, dataset, tags))
            elif made:
                found[run].made.append(ModelOutput(model, step))
            else:
                found[run].used.append(model)
    datasets = _described(db, sorted({dataset for _, dataset, _ in inputs}))
    for run, dataset, tags in inputs:
        found[run].datasets.append(DatasetInput(datasets[dataset], json.loads(tags)))
    return found


def summaries(db: Connection, experiment_ids: Sequence[str]) -> list[tuple[str, Dataset, str]]:
    """See `Store.datasets`."""
    found: list[tuple[str, Dataset, str]] = []
    for marks in keys.bound(experiments.numbers(experiment_ids)):
        rows = db.execute(
            "SELECT DISTINCT d.id, d.experiment, d.name, d.digest, d.source_type, i.context FROM runner_datasets d"
            f" JOIN runner_inputs i ON i.dataset = d.id WHERE d.experiment IN ({keys.listed(marks)})"
            f" ORDER BY d.id, i.context LIMIT {SUMMARIES}",
            marks,
        )
        for _, experiment, name, digest, source_type, context in rows:
            dataset = Dataset(name=name, digest=digest, source_type=source_type, source="")
            found.append((str(experiment), dataset, context))
    return found[:SUMMARIES]


def move(db: Connection, run: int, experiment: int) -> None:
    """The data sets of the run become data sets of the other experiment."""
    for table in ("runner_inputs", "runner_logged_model_metrics"):
        for (old,) in db.execute(
            f"SELECT DISTINCT dataset FROM {table} WHERE run = :run AND dataset <> 0", {"run": run}
        ):
            dataset = _described(db, [old])[old]
            name = (experiment, dataset.name, dataset.digest)
            new = _numbers(db, [_row(name, dataset)])[name]
            db.execute(
                f"UPDATE {table} SET dataset = :new WHERE run = :run AND dataset = :old",
                {"new": new, "run": run, "old": old},
            )


def _link(db: Connection, run: int, given: Sequence[ModelOutput], *, made: bool) -> None:
    existing = models(db, [one.model_id for one in given])
    for one in given:
        known(existing, one.model_id)
    rows = [(run, one.model_id, made, one.step) for one in given]
    if rows:
        db.execute_many(INSERT_MODEL, [dict(zip(MODEL, row, strict=True)) for row in rows])


def _row(name: Named, dataset: Dataset) -> dict[str, object]:
    described = (dataset.source_type, dataset.source, dataset.schema, dataset.profile)
    return dict(zip((*NAME, *DESCRIPTION), (*name, *described), strict=True))


def _numbers(db: Connection, rows: Sequence[Mapping[str, object]]) -> dict[Named, int]:
    """The number of each data set; new ones are added."""
    found: dict[Named, int] = {}
    if rows:
        db.execute_many(INSERT_DATASET, rows)
    for row in rows:
        experiment, name, digest = (row[column] for column in NAME)
        ((number,),) = db.execute(
            "SELECT id FROM runner_datasets WHERE experiment = :experiment AND name = :name AND digest = :digest",
            {"experiment": experiment, "name": name, "digest": digest},
        )
        found[int(str(experiment)), str(name), str(digest)] = number
    return found


def _input(run: int, dataset: int, given: DatasetInput) -> dict[str, object]:
    row = (run, dataset, given.context, json.dumps(dict(given.tags)))
    return dict(zip(INPUT, row, strict=True))


def _described(db: Connection, numbers: Sequence[int]) -> dict[int, Dataset]:
    found: dict[int, Dataset] = {}
    for marks in keys.bound(numbers):
        rows = db.execute(
            "SELECT id, name, digest, source_type, source, schema_text, profile_text FROM runner_datasets"
            f" WHERE id IN ({keys.listed(marks)})",
            marks,
        )
        for number, name, digest, source_type, source, schema, profile in rows:
            found[number] = Dataset(
                name=name,
                digest=digest,
                source_type=source_type,
                source=source,
                schema=schema,
                profile=profile,
            )
    return found
