"""What can be written next in a filter: keys and values that runs have."""

from collections.abc import Sequence

from runner.tracking.database import Connection
from runner.tracking.filters.parser import Name
from runner.tracking.filters.vocabulary import Entity
from runner.tracking.sql.choosing import scope, within_experiments
from runner.tracking.sql.conditions import ESCAPE, Sql, literal
from runner.tracking.tables import Chosen, Found

NAMED = 200  # keys that hold the text, of which the best are offered
LOOKED_AT = 20_000  # rows in which values are counted
TABLES: Sequence[tuple[Entity, str]] = (
    ("metric", "runner_latest_metrics"),
    ("param", "runner_params"),
    ("tag", "runner_tags"),
)
ATTRIBUTES = {"name": "r.name", "user": "r.user_name"}


def keys(db: Connection, chosen: Chosen, text: str, *, limit: int) -> list[Found]:
    """See `Tables.keys`."""
    found: list[Found] = []
    for entity, table in TABLES:
        sql = Sql()
        used = _used(sql, table, chosen)
        pattern = f"LOWER(k.name) LIKE LOWER({sql.bind(f'%{literal(text)}%')}) ESCAPE '{ESCAPE}'"
        statement = (
            f"SELECT k.name FROM runner_key_names k WHERE {pattern} AND {used}"
            f" ORDER BY LENGTH(k.name), k.name LIMIT {NAMED}"
        )
        found += [Found(name, entity) for (name,) in db.execute(statement, sql.values)]
    # MLflow's own tags and ours are seldom meant.
    found.sort(key=lambda each: (each.text.startswith(("mlflow.", "runner.")), not _begins(each.text, text)))
    return found[:limit]


def values(db: Connection, chosen: Chosen, name: Name, text: str, *, limit: int) -> list[Found]:
    """See `Tables.values`."""
    sql = Sql()
    table = dict(TABLES).get(name.entity)
    if name.entity == "metric" or (table is None and name.key not in {*ATTRIBUTES, "experiment"}):
        return []
    if name.key == "experiment" and table is None:
        source, column = "runner_experiments e", "e.name"
        within = within_experiments(sql, chosen.experiments).replace("experiment", "e.id")
        conditions = [within] if within else []
    else:
        conditions = scope(sql, chosen)
        source, column = "runner_runs r", ATTRIBUTES.get(name.key, "")
    if table is not None:
        source, column = f"{table} v JOIN runner_runs r ON r.id = v.run", "v.value"
        conditions.append(f"v.key_id = {sql.key(name.key)}")
        if name.entity == "param" and chosen.experiments is not None:
            conditions.append(f"v.{within_experiments(sql, chosen.experiments)}")
    conditions.append(f"LOWER({column}) LIKE LOWER({sql.bind(f'%{literal(text)}%')}) ESCAPE '{ESCAPE}'")
    some = f"SELECT {column} AS value FROM {source} WHERE {' AND '.join(conditions)} LIMIT {LOOKED_AT}"
    counted = f"SELECT s.value, COUNT(*) FROM ({some}) s GROUP BY s.value ORDER BY COUNT(*) DESC, s.value LIMIT {NAMED}"
    found = [Found(value, None, count) for value, count in db.execute(counted, sql.values)]
    found.sort(key=lambda each: not _begins(each.text, text))
    return found[:limit]


def _used(sql: Sql, table: str, chosen: Chosen) -> str:
    """That a run of the experiments has the key `k`."""
    within = within_experiments(sql, chosen.experiments)
    if not within:
        return f"EXISTS (SELECT 1 FROM {table} p WHERE p.key_id = k.id)"
    if table == "runner_tags":
        # SQLite takes the tables of a CROSS JOIN in this order: few tags are of the key, many runs of the experiment.
        tagged = "SELECT 1 FROM runner_tags p CROSS JOIN runner_runs r WHERE p.key_id = k.id AND r.id = p.run"
        return f"EXISTS ({tagged} AND r.{within})"
    return f"EXISTS (SELECT 1 FROM {table} p WHERE p.{within} AND p.key_id = k.id)"


def _begins(text: str, beginning: str) -> bool:
    return text.lower().startswith(beginning.lower())
