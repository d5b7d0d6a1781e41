"""Statements for which databases have different words; all others are plain text."""

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct


class Spelled(Struct, frozen=True):
    """One statement in the words of each kind of database; MariaDB's are MySQL's.

    `rows` is PostgreSQL's for many rows at once, which are `:rows` as JSON; "" if they go one by one.
    """

    sqlite: str
    postgresql: str
    mysql: str
    rows: str = ""


Statement: TypeAlias = str | Spelled


def upsert(
    table: str,
    columns: Sequence[str],
    *,
    key: Sequence[str],
    update: Sequence[str] = (),
    newest: Sequence[str] = (),
) -> Spelled:
    """INSERT that updates the row when its key is there already; without `update` the row stays as it is.

    With `newest` it is updated only where the new values of those columns, the first one deciding first, are not less.
    """
    names, values = ", ".join(columns), ", ".join(f":{column}" for column in columns)
    insert = f"INSERT INTO {table} ({names}) VALUES ({values})"
    conflict = f"ON CONFLICT ({', '.join(key)}) DO {_standard_change(table, update, newest)}"
    standard = f"{insert} {conflict}"
    # A third of the time that rows take one by one. A statement cannot update the same row twice.
    rows = f"INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_recordset(NULL::{table}, :rows) {conflict}"
    return Spelled(
        standard,
        standard,
        f"{insert} ON DUPLICATE KEY UPDATE {_mysql_change(key, update, newest)}",
        rows="" if update else rows,
    )


def for_update(statement: str) -> Spelled:
    """A SELECT whose rows nobody else changes until the transaction ends. SQLite has one writer at a time anyhow."""
    locking = f"{statement} FOR UPDATE"
    return Spelled(statement, locking, locking)


def free_for_update(statement: str) -> Spelled:
    """The same, without those that somebody else has for update just now."""
    locking = f"{statement} FOR UPDATE SKIP LOCKED"
    return Spelled(statement, locking, locking)


def _standard_change(table: str, update: Sequence[str], newest: Sequence[str]) -> str:
    if not update:
        return "NOTHING"
    change = ", ".join(f"{column} = excluded.{column}" for column in update)
    if not newest:
        return f"UPDATE SET {change}"
    new, old = (", ".join(f"{row}.{column}" for column in newest) for row in ("excluded", table))
    return f"UPDATE SET {change} WHERE ({new}) >= ({old})"


def _mysql_change(key: Sequence[str], update: Sequence[str], newest: Sequence[str]) -> str:
    if not update:
        return f"{key[0]} = {key[0]}"  # IGNORE would hide other mistakes, too
    if not newest:
        return ", ".join(f"{column} = VALUES({column})" for column in update)
    # Assignments are made from left to right, and later ones see what earlier ones have made. So the columns that decide
    # come last, the one that decides first last of all: until then the comparison comes out as it did at the start.
    new, old = ", ".join(f"VALUES({column})" for column in newest), ", ".join(newest)
    order = [*(column for column in update if column not in newest), *reversed(newest)]
    return ", ".join(f"{column} = IF(({new}) >= ({old}), VALUES({column}), {column})" for column in order)
