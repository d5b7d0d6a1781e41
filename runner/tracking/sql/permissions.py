"""Permissions in the database: on experiments, which are those of their runs and logged models, and on registered models."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from runner.errors import NotFound
from runner.tracking import checks
from runner.tracking.access import Kind, Permission, Reader
from runner.tracking.database import Connection, upsert
from runner.tracking.sql import keys
from runner.tracking.sql.conditions import Sql


class Place(NamedTuple):
    """Where rows of a kind are, how they are named, and whose permissions are theirs."""

    rows: str
    key: str
    owner: str
    permissions: str
    owned: str  # the column that names the owner there


def _in_experiment(rows: str, key: str, owner: str) -> Place:
    return Place(rows, key, owner, "runner_experiment_permissions", "experiment")


PLACES: Mapping[Kind, Place] = {
    Kind.EXPERIMENT: _in_experiment("runner_experiments", "id", "id"),
    Kind.RUN: _in_experiment("runner_runs", "uuid", "experiment"),
    Kind.LOGGED_MODEL: _in_experiment("runner_logged_models", "uuid", "experiment"),
    Kind.MODEL: Place("runner_registered_models", "name", "id", "runner_model_permissions", "model"),
}


def grant(db: Connection, user_id: int, kind: Kind, key: str, permission: Permission) -> None:
    """See `Users.grant`."""
    place = PLACES[kind]
    columns = ("user_id", place.owned, "permission")
    values = _row(db, user_id, kind, key) | {"permission": permission.value}
    db.execute(upsert(place.permissions, columns, key=columns[:2], update=columns[2:]), values)


def revoke(db: Connection, user_id: int, kind: Kind, key: str) -> None:
    """See `Users.revoke`."""
    place = PLACES[kind]
    values = _row(db, user_id, kind, key)
    where = f"user_id = :user_id AND {place.owned} = :{place.owned}"
    if not db.execute(f"SELECT 1 FROM {place.permissions} WHERE {where}", values):
        raise NotFound(f"no permission of this user on {kind} {key!r} has been granted")
    db.execute(f"DELETE FROM {place.permissions} WHERE {where}", values)


def granted(db: Connection, user_id: int, kind: Kind) -> Sequence[tuple[str, Permission]]:
    """Names or ids, and permissions of this user on them."""
    place = PLACES[kind]
    rows = db.execute(
        f"SELECT o.{place.key}, p.permission FROM {place.permissions} p JOIN {place.rows} o"
        f" ON o.{place.owner} = p.{place.owned} WHERE p.user_id = :user_id ORDER BY o.{place.key}",
        {"user_id": user_id},
    )
    return [(str(key), Permission(permission)) for key, permission in rows]


def held(db: Connection, user_id: int, kind: Kind, names: Collection[str]) -> Mapping[str, Permission | None]:
    """See `Users.held`."""
    place = PLACES[kind]
    rows = (
        row
        for marks in keys.bound([_key(kind, name) for name in dict.fromkeys(names)])
        for row in db.execute(
            f"SELECT o.{place.key}, p.permission FROM {place.rows} o LEFT JOIN {place.permissions} p"
            f" ON p.{place.owned} = o.{place.owner} AND p.user_id = :user_id"
            f" WHERE o.{place.key} IN ({keys.listed(marks)})",
            {**marks, "user_id": user_id},
        )
    )
    return {str(key): None if permission is None else Permission(permission) for key, permission in rows}


def conditions(sql: Sql, kind: Kind, reader: Reader | None, owner: str) -> list[str]:
    """That the reader may read; `owner` is the column that names the experiment or the registered model."""
    if reader is None:
        return []
    place = PLACES[kind]
    own = (
        f"SELECT 1 FROM {place.permissions} p"
        f" WHERE p.user_id = {sql.bind(reader.user_id)} AND p.{place.owned} = {owner}"
    )
    if reader.default.reaches(Permission.READ):
        return [f"NOT EXISTS ({own} AND p.permission = 'NONE')"]
    return [f"EXISTS ({own} AND p.permission <> 'NONE')"]


def _row(db: Connection, user_id: int, kind: Kind, key: str) -> dict[str, Any]:
    """The key of a row of permissions."""
    place = PLACES[kind]
    rows = db.execute(
        f"SELECT {place.owner} FROM {place.rows} WHERE {place.key} = :key", {"key": _key(kind, key)}
    )
    if not rows:
        raise NotFound(f"there is no {kind} {key!r}")
    return {"user_id": user_id, place.owned: rows[0][0]}


def _key(kind: Kind, key: str) -> Any:
    """As the database has it; -1 or "", which none has, for what cannot be an experiment's id, or any other's id or name."""
    if kind is not Kind.EXPERIMENT:
        return key if checks.possible(key) else ""
    return int(key) if key.isascii() and key.isdecimal() and len(key) < 19 else -1  # noqa: PLR2004 - 64 bits
