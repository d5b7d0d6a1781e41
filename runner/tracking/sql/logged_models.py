"""Logged models in a relational database: each method is one transaction."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from runner.errors import Conflict, NotFound
from runner.tracking import checks
from runner.tracking.clock import now
from runner.tracking.database import Connection, Database, Row, for_update, upsert
from runner.tracking.logged_models import LoggedModel, ModelOrder, ModelStatus, Registration
from runner.tracking.model import Experiment, Lifecycle, Page
from runner.tracking.names import speakable
from runner.tracking.sql import experiments, inputs, keys, model_metrics, model_search, runs
from runner.tracking.sql.recording import as_number
from runner.tracking.sql.repeating import repeating

PARAMS, TAGS = "runner_logged_model_params", "runner_logged_model_tags"
PARAM = ("model", "key_id", "value", "number")
INSERT_PARAM = upsert(PARAMS, PARAM, key=PARAM[:2])
COLUMNS = (
    "id, uuid, experiment, name, type_name, status, source_run, artifact_uri, created, updated, lifecycle"
)


@repeating
class SqlLoggedModels:
    """See `store.LoggedModels`."""

    def __init__(self, database: Database) -> None:
        self._database = database

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
        name = speakable() if name is None else name
        checks.logged_model_name(name)
        checks.logged_model_type(type)
        _check(params, tags)
        with self._database.transaction() as db:
            experiment = experiments.find(db, experiment_id)
            experiments.refuse_deleted(experiment)
            if source_run_id:
                runs.exact(db, source_run_id)
            number = _insert(db, experiment, name=name, type_=type, source_run=source_run_id)
            _write_params(db, number, params)
            keys.attach(db, TAGS, tags, owner="model", number=number)
            return _one(db, number)

    def get(self, model_id: str, *, deleted: bool = False) -> LoggedModel:
        with self._database.reading() as db:
            found = _one(db, inputs.known(inputs.models(db, [model_id]), model_id))
        if deleted or found.lifecycle is Lifecycle.ACTIVE:
            return found
        raise inputs.missing(model_id)

    def set_status(self, model_id: str, status: ModelStatus) -> LoggedModel:
        with self._database.transaction() as db:
            number = _writable(db, model_id)
            db.execute(
                "UPDATE runner_logged_models SET status = :status, updated = :now WHERE id = :id",
                {"status": status.value, "now": now(), "id": number},
            )
            return _one(db, number)

    def log_params(self, model_id: str, params: Mapping[str, str]) -> None:
        _check(params, {})
        with self._database.transaction() as db:
            number = _writable(db, model_id)
            stored = dict(keys.attached(db, PARAMS, "value", owner="model", of=[number]).get(number, []))
            for key, value in params.items():
                if stored.get(key, value) != value:
                    raise Conflict(f"param {key!r} of model {model_id} is {stored[key]!r} already")
            _write_params(db, number, params)

    def tag(self, model_id: str, tags: Mapping[str, str]) -> LoggedModel:
        _check({}, tags)
        with self._database.transaction() as db:
            number = _writable(db, model_id)
            keys.attach(db, TAGS, tags, owner="model", number=number)
            return _one(db, number)

    def delete_tag(self, model_id: str, key: str) -> None:
        with self._database.transaction() as db:
            number = _writable(db, model_id)
            if key not in _one(db, number).tags:
                raise NotFound(f"No tag with key {key!r} found for model with ID {model_id!r}.")
            keys.detach(db, TAGS, key, owner="model", number=number)

    def delete(self, model_id: str) -> None:
        with self._database.transaction() as db:
            number = inputs.known(inputs.models(db, [model_id]), model_id)
            db.execute(
                "UPDATE runner_logged_models SET lifecycle = :lifecycle, deleted = :now, updated = :now"
                " WHERE id = :id AND lifecycle <> :lifecycle",
                {"lifecycle": Lifecycle.DELETED.value, "now": now(), "id": number},
            )

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
        checks.limit(limit)
        search = model_search.compiled(experiment_ids, filter, datasets, order_by)
        query = model_search.digest(list(experiment_ids), filter, list(datasets), list(order_by))
        place = model_search.bound(page_token, query)
        with self._database.reading() as db:
            page = search.page(db, partial(_read, db), limit=limit, token=place)
        return replace(page, next_token=model_search.token(page.next_token, query))


def _check(params: Mapping[str, str], tags: Mapping[str, str]) -> None:
    checks.params(params, longest=checks.REGISTRY_TAG)
    checks.tags(tags, longest=checks.REGISTRY_TAG)


def _insert(db: Connection, experiment: Experiment, *, name: str, type_: str, source_run: str) -> int:
    uuid, moment = f"m-{secrets.token_hex(16)}", now()
    return db.insert(
        "INSERT INTO runner_logged_models (uuid, experiment, name, type_name, status, source_run, artifact_uri,"
        " created, updated, lifecycle) VALUES (:uuid, :experiment, :name, :type, :status, :source_run, :artifact_uri,"
        " :now, :now, :lifecycle)",
        {
            "uuid": uuid,
            "experiment": int(experiment.id),
            "name": name,
            "type": type_,
            "status": ModelStatus.PENDING.value,
            "source_run": source_run,
            "artifact_uri": f"{experiment.artifact_location.rstrip('/')}/models/{uuid}/artifacts",
            "now": moment,
            "lifecycle": Lifecycle.ACTIVE.value,
        },
    )


def _write_params(db: Connection, number: int, params: Mapping[str, str]) -> None:
    ids = keys.numbers(db, params)
    rows = [(number, ids[key], value, as_number(value)) for key, value in params.items()]
    if rows:
        db.execute_many(INSERT_PARAM, [dict(zip(PARAM, row, strict=True)) for row in rows])


def _writable(db: Connection, model_id: str) -> int:
    """The surrogate key of the model, which nobody else changes until the transaction ends."""
    statement = "SELECT id FROM runner_logged_models WHERE uuid = :uuid AND lifecycle = 'active'"
    for (number,) in db.execute(for_update(statement), {"uuid": checks.text(model_id)}):
        return int(number)
    raise inputs.missing(model_id)


def _one(db: Connection, number: int) -> LoggedModel:
    (found,) = _read(db, [number])
    return found


def _read(db: Connection, numbers: Sequence[int]) -> list[LoggedModel]:
    """The models with these surrogate keys, in this order, with what hangs on them."""
    found: dict[int, LoggedModel] = {}
    for marks in keys.bound(numbers):
        where = f"id IN ({keys.listed(marks)})"
        found |= dict(
            _filled(db, db.execute(f"SELECT {COLUMNS} FROM runner_logged_models WHERE {where}", marks))
        )
    return [found[number] for number in numbers]


def _filled(db: Connection, rows: Sequence[Row]) -> Iterator[tuple[int, LoggedModel]]:
    ids = {row[0]: row[1] for row in rows}
    params = keys.attached(db, PARAMS, "value", owner="model", of=list(ids))
    tags = keys.attached(db, TAGS, "value", owner="model", of=list(ids))
    metrics = model_metrics.latest(db, ids)
    registrations = _registrations(db, list(ids.values()))
    for (
        number,
        uuid,
        experiment,
        name,
        type_,
        status,
        source_run,
        artifact_uri,
        created,
        updated,
        stage,
    ) in rows:
        yield (
            number,
            LoggedModel(
                id=uuid,
                experiment_id=str(experiment),
                name=name,
                artifact_uri=artifact_uri,
                status=ModelStatus(status),
                created=created,
                updated=updated,
                type=type_,
                source_run_id=source_run,
                lifecycle=Lifecycle(stage),
                params=dict(params.get(number, [])),
                tags=dict(tags.get(number, [])),
                metrics=tuple(metrics.get(number, ())),
                registrations=tuple(registrations.get(uuid, ())),
            ),
        )


def _registrations(db: Connection, model_ids: Sequence[str]) -> dict[str, list[Registration]]:
    found: dict[str, list[Registration]] = {}
    for marks in keys.bound(model_ids):
        for uuid, name, version in db.execute(
            "SELECT v.model_uuid, m.name, v.version FROM runner_model_versions v"
            " JOIN runner_registered_models m ON m.id = v.model"
            f" WHERE v.model_uuid IN ({keys.listed(marks)}) ORDER BY m.name, v.version",
            marks,
        ):
            found.setdefault(uuid, []).append(Registration(name, version))
    return found
