"""What can be written next in a filter: keys and values that runs have."""

from collections.abc import Sequence

from runner.tracking.database import Connection, Spelled
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
        pattern = f"LOWER(k.name) LIKE LOWER({sql.bind(f'%{literal(text)}%')}) ESCAPE '{ESCAPE}'"
        used = _tagged(sql, chosen) if entity == "tag" else _used(sql, table, chosen)
        statement = Spelled(
            *(
                f"SELECT k.name FROM runner_key_names k WHERE {pattern} AND {each}"
                f" ORDER BY LENGTH(k.name), k.name LIMIT {NAMED}"
                for each in used
            )
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


def _used(sql: Sql, table: str, chosen: Chosen) -> Sequence[str]:
    """That a run of the experiments has the key `k`.

    The order is that of an index: PostgreSQL would else look for a row of the key through the whole table.
    """
    within = within_experiments(sql, chosen.experiments)
    value = "value" if table == "runner_latest_metrics" else "number"
    conditions = f"p.key_id = k.id{f' AND p.{within}' if within else ''}"
    return [
        f"(SELECT p.run FROM {table} p WHERE {conditions} ORDER BY p.experiment, p.{value} LIMIT 1) IS NOT NULL"
    ] * 3


def _tagged(sql: Sql, chosen: Chosen) -> Sequence[str]:
    """The same for tags, for SQLite, PostgreSQL and MySQL: no index of theirs knows experiments.

    SQLite looks at few rows of each key, as it takes the tables of a CROSS JOIN in their order; the others at all rows, once.
    """
    within = within_experiments(sql, chosen.experiments)
    of = f" AND r.{within}" if within else ""
    runs = f"runner_tags p CROSS JOIN runner_runs r WHERE r.id = p.run{of}"
    every = f"k.id IN (SELECT p.key_id FROM {runs})"
    return f"EXISTS (SELECT 1 FROM {runs} AND p.key_id = k.id)", every, every


def _begins(text: str, beginning: str) -> bool:
    return text.lower().startswith(beginning.lower())
