"""What can be written next in a filter: keys and values that runs have."""

from runner.tracking.database import Connection
from runner.tracking.filters.parser import Name
from runner.tracking.sql.choosing import TABLES, scope, used, within_experiments
from runner.tracking.sql.conditions import ESCAPE, Sql, literal
from runner.tracking.tables import Chosen, Found

NAMED = 200  # keys that hold the text, of which the best are offered
NEWEST = 1000  # runs whose tags are offered
LOOKED_AT = 10_000  # newest runs in which values are counted
ATTRIBUTES = {"name": "r.name", "user": "r.user_name"}


def keys(db: Connection, chosen: Chosen, text: str, *, limit: int) -> list[Found]:
    """See `Tables.keys`."""
    found: list[Found] = []
    for entity in TABLES:
        sql = Sql()
        pattern = f"LOWER(k.name) LIKE LOWER({sql.bind(f'%{literal(text)}%')}) ESCAPE '{ESCAPE}'"
        some = _tagged(sql, chosen) if entity == "tag" else used(sql, entity, chosen)
        statement = (
            f"SELECT k.name FROM runner_key_names k WHERE {pattern} AND {some}"
            f" ORDER BY LENGTH(k.name), k.name LIMIT {NAMED}"
        )
        found += [Found(name, entity) for (name,) in db.execute(statement, sql.values)]
    # MLflow's own tags and ours are seldom meant.
    found.sort(key=lambda each: (each.text.startswith(("mlflow.", "runner.")), not _begins(each.text, text)))
    return found[:limit]


def values(db: Connection, chosen: Chosen, name: Name, text: str, *, limit: int) -> list[Found]:
    """See `Tables.values`."""
    sql = Sql()
    table = TABLES.get(name.entity)
    if name.entity == "metric" or (table is None and name.key not in {*ATTRIBUTES, "experiment"}):
        return []
    if name.key == "experiment" and table is None:
        source, column = "runner_experiments e", "e.name"
        within = within_experiments(sql, chosen.experiments).replace("experiment", "e.id")
        conditions = [within] if within else []
    else:
        source, column = f"({_newest(sql, chosen, LOOKED_AT)}) r", ATTRIBUTES.get(name.key, "")
        conditions = []
    if table is not None:
        source, column = f"{source} CROSS JOIN {table} v", "v.value"
        conditions = ["v.run = r.id", f"v.key_id = {sql.key(name.key)}"]
    conditions.append(f"LOWER({column}) LIKE LOWER({sql.bind(f'%{literal(text)}%')}) ESCAPE '{ESCAPE}'")
    statement = (
        f"SELECT {column}, COUNT(*) FROM {source} WHERE {' AND '.join(conditions)}"
        f" GROUP BY {column} ORDER BY COUNT(*) DESC, {column} LIMIT {NAMED}"
    )
    found = [Found(value, None, count) for value, count in db.execute(statement, sql.values)]
    found.sort(key=lambda each: not _begins(each.text, text))
    return found[:limit]


def _tagged(sql: Sql, chosen: Chosen) -> str:
    """That one of the newest runs has the tag `k`, or where all experiments are meant any run: no index of tags knows experiments."""
    if chosen.experiments is None:
        return (
            "(SELECT p.run FROM runner_tags p WHERE p.key_id = k.id ORDER BY p.beginning LIMIT 1) IS NOT NULL"
        )
    runs = f"({_newest(sql, chosen, NEWEST)}) r CROSS JOIN runner_tags p WHERE p.run = r.id"
    return f"k.id IN (SELECT p.key_id FROM {runs})"


def _newest(sql: Sql, chosen: Chosen, most: int) -> str:
    where = " AND ".join(scope(sql, chosen))
    return f"SELECT r.id, r.name, r.user_name FROM runner_runs r WHERE {where} ORDER BY r.started DESC LIMIT {most}"


def _begins(text: str, beginning: str) -> bool:
    return text.lower().startswith(beginning.lower())
