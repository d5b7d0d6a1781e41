"""Names of params, metrics and tags: each is stored once, and the wide tables hold its number."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from runner.tracking import checks
from runner.tracking.database import Connection, upsert

T = TypeVar("T")

BOUND = 500  # values in one IN (...), well below every database's limit
INSERT = upsert("runner_key_names", ("name",), key=("name",))


def numbers(db: Connection, names: Iterable[str]) -> dict[str, int]:
    """The number of each name; new ones are added."""
    wanted = sorted(set(names))
    found = known(db, wanted)
    missing = [name for name in wanted if name not in found]
    if missing:
        db.execute_many(INSERT, [{"name": name} for name in missing])
        found |= known(db, missing)
    return found


def attached(
    db: Connection, table: str, columns: str, *, owner: str, of: Sequence[int]
) -> dict[int, list[tuple[Any, ...]]]:
    """What hangs on the rows `of`: for each the names in order, with `columns` of `table`."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    for marks in bound(of):
        rows = db.execute(
            f"SELECT a.{owner}, k.name, {columns} FROM {table} a JOIN runner_key_names k ON k.id = a.key_id"
            f" WHERE a.{owner} IN ({listed(marks)}) ORDER BY k.name",
            marks,
        )
        for number, *rest in rows:
            found.setdefault(number, []).append(tuple(rest))
    return found


def attach(db: Connection, table: str, values: Mapping[str, str], *, owner: str, number: int) -> None:
    """Hang these on the row `number`; a name that hangs there already gets the new value."""
    columns = (owner, "key_id", "value")
    ids = numbers(db, values)
    if values:
        db.execute_many(
            upsert(table, columns, key=columns[:2], update=columns[2:]),
            [{owner: number, "key_id": ids[name], "value": value} for name, value in values.items()],
        )


def detach(db: Connection, table: str, name: str, *, owner: str, number: int) -> None:
    """Take a name off the row `number`."""
    db.execute(
        f"DELETE FROM {table} WHERE {owner} = :number"
        " AND key_id = (SELECT id FROM runner_key_names WHERE name = :name)",
        {"number": number, "name": checks.text(name)},
    )


def bound(items: Sequence[T]) -> Iterable[dict[str, T]]:
    """The items as parameters, no more at once than a statement takes."""
    for start in range(0, len(items), BOUND):
        yield {f"n{index}": item for index, item in enumerate(items[start : start + BOUND])}


def listed(marks: Mapping[str, object]) -> str:
    """The parameters as they stand in an IN (...)."""
    return ", ".join(f":{name}" for name in marks)


def known(db: Connection, names: Sequence[str]) -> dict[str, int]:
    """The numbers of those names that have one."""
    return {
        name: number
        for marks in bound(names)
        for name, number in db.execute(
            f"SELECT name, id FROM runner_key_names WHERE name IN ({listed(marks)})", marks
        )
    }
