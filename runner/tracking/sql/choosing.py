"""Which runs somebody looks at, as conditions on `runner_runs r`: the filter language of runner.tracking.filters.native."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from runner.tracking import checks
from runner.tracking.database import Connection
from runner.tracking.filters.native import AnyOf, Term, Words, parse
from runner.tracking.filters.parser import Clause, Name
from runner.tracking.filters.vocabulary import Entity
from runner.tracking.sql import experiments, narrowing, searching
from runner.tracking.sql.conditions import ESCAPE, Sql, compared, condition, literal
from runner.tracking.sql.searching import DATASET_COLUMNS, DATASETS, OF_RUN
from runner.tracking.tables import Chosen

FEW = 10_000  # all of them are counted: to look at each run instead takes longer than to sort so many

COLUMNS: Mapping[str, str] = {
    "id": "r.uuid",
    "name": "r.name",
    "status": "r.status",
    "user": "r.user_name",
    "experiment": "(SELECT e.name FROM runner_experiments e WHERE e.id = r.experiment)",
    "started": "r.started",
    "ended": "r.ended",
    "duration": "(r.ended - r.started)",
}
TABLES: Mapping[Entity, str] = searching.SUBJECT.tables
SUBJECT = replace(searching.SUBJECT, columns=COLUMNS, ties="r.started DESC, r.id DESC")


def scope(sql: Sql, chosen: Chosen) -> list[str]:
    """Those on experiments and lifecycle: an index counts what they leave."""
    within = within_experiments(sql, chosen.experiments)
    return [*([f"r.{within}"] if within else []), f"r.lifecycle = {sql.bind(chosen.lifecycle.value)}"]


def within_experiments(sql: Sql, ids: Sequence[str] | None) -> str:
    """The condition on a column `experiment`; "" without one."""
    if ids is None:
        return ""
    return f"experiment IN ({', '.join(map(sql.bind, experiments.numbers(ids)))})"


def fitting(db: Connection, sql: Sql, chosen: Chosen) -> Iterator[str]:
    """Those on each single run; `sql` gets what indexes may be asked for them."""
    if chosen.runs:
        listed = f"uuid IN ({', '.join(map(sql.bind, filter(checks.possible, chosen.runs))) or 'NULL'})"
        sql.rare.append([f"SELECT id FROM runner_runs WHERE {listed}"])
        yield f"r.{listed}"
    within = within_experiments(sql, chosen.experiments)
    for written in parse(chosen.filter):
        term = _meant(db, written, chosen) if isinstance(written, AnyOf) else written
        if selects := _rare(sql, term, within):
            sql.rare.append(selects)
        yield _holds(sql, term)


def among(db: Connection, sql: Sql) -> str:
    """What follows FROM: `runner_runs r`, or those few of them among which all are that fit."""
    return narrowing.few(db, sql.rare, sql.values, most=FEW) or narrowing.ALL


def used(sql: Sql, entity: Entity, chosen: Chosen) -> str:
    """That a run of the experiments has the key `k`; of tags: any run, for no index of theirs knows experiments.

    Each experiment is asked by itself, in the order of an index: else PostgreSQL looks for the key through the whole table.
    """
    if entity == "tag":
        return (
            "(SELECT p.run FROM runner_tags p WHERE p.key_id = k.id ORDER BY p.beginning LIMIT 1) IS NOT NULL"
        )
    within = within_experiments(sql, chosen.experiments).replace("experiment", "e.id")
    first = (
        f"(SELECT p.run FROM {TABLES[entity]} p WHERE p.experiment = e.id AND p.key_id = k.id"
        f" ORDER BY p.{'value' if entity == 'metric' else 'number'} LIMIT 1) IS NOT NULL"
    )
    return f"EXISTS (SELECT 1 FROM runner_experiments e WHERE {within or '1 = 1'} AND {first})"


def _meant(db: Connection, term: AnyOf, chosen: Chosen) -> AnyOf:
    """Without the clauses about a param, metric or tag that no run has: only the others can hold."""
    there = tuple(clause for clause in term.clauses if _is_used(db, clause.name, chosen))
    return AnyOf(there or term.clauses[:1])


def _is_used(db: Connection, name: Name, chosen: Chosen) -> bool:
    sql = Sql()
    known = f"SELECT 1 FROM runner_key_names k WHERE k.name = {sql.bind(name.key)}"
    return bool(db.execute(f"{known} AND {used(sql, name.entity, chosen)}", sql.values))


def _rare(sql: Sql, term: Term, within: str) -> narrowing.Rare:
    """What indexes are asked for the term; nothing unless each of its clauses has one."""
    if isinstance(term, Words):
        return ()
    clauses = term.clauses if isinstance(term, AnyOf) else (term,)
    asked = [narrowing.rare(sql, each, COLUMNS.get(each.name.key, ""), within) for each in clauses]
    selects = [each for each in asked if each]
    return selects if len(selects) == len(clauses) else ()


def _holds(sql: Sql, term: Term) -> str:
    match term:
        case Words():
            return _found(sql, term.text)
        case AnyOf():
            return f"({' OR '.join(_compares(sql, clause) for clause in term.clauses)})"
        case _:
            return _compares(sql, term)


def _compares(sql: Sql, clause: Clause) -> str:
    if clause.name.entity == "dataset":
        return sql.exists(DATASETS, [OF_RUN, compared(sql, DATASET_COLUMNS[clause.name.key], clause)])
    if clause.name.entity == "attribute":
        return compared(sql, COLUMNS[clause.name.key], clause)
    return condition(sql, SUBJECT, clause)


def _found(sql: Sql, text: str) -> str:
    pattern = sql.bind(f"%{literal(text)}%")

    def like(column: str) -> str:
        return f"LOWER({column}) LIKE LOWER({pattern}) ESCAPE '{ESCAPE}'"

    beginning = f"r.uuid LIKE {sql.bind(f'{literal(text)}%')} ESCAPE '{ESCAPE}'"
    tagged = f"EXISTS (SELECT 1 FROM runner_tags t WHERE t.run = r.id AND {like('t.value')})"
    return f"({like('r.name')} OR {beginning} OR {tagged})"
