"""Columns of a table, and what it is sorted by.

column := attribute | params.key | tags.key | metrics.key | which ( metrics.key ) | mean ( metrics.key , n )
which  := last | first | min | max | mean            of the points of a metric; without: the last
order  := column | - column | column asc | column desc
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast, get_args

from runner.errors import FilterError, did_you_mean
from runner.tracking.filters.meaning import ATTRIBUTES, ENTITIES
from runner.tracking.filters.vocabulary import Entity

Which: TypeAlias = Literal["last", "first", "min", "max", "mean"]
WHICH = get_args(Which)
CALL = re.compile(r"(\w+)\(\s*(.+?)\s*(?:,\s*([0-9]{1,6})\s*)?\)", re.DOTALL)
DIRECTION = re.compile(r"(.*\S)\s+(asc|desc)", re.DOTALL | re.IGNORECASE)
LONGEST, MOST_SORTED = 400, 8


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in it; of a metric `which` value, of the last `count` points if it is not 0."""

    entity: Entity
    key: str
    which: Which = "last"
    count: int = 0


@dataclass(frozen=True, slots=True)
class Sorted:
    """A column that decides an order."""

    column: Column
    descending: bool


def column(text: str) -> Column:
    """A column by its name.

    Raises:
        FilterError: there can be none of that name.
    """
    return _column(text, text, "column")


def order(texts: Sequence[str]) -> list[Sorted]:
    """What decides first, second...

    Raises:
        FilterError: one of them is no column.
    """
    if len(texts) > MOST_SORTED:
        raise FilterError(f"more than {MOST_SORTED} columns", (0, len(texts[0])), what="sort")
    return [_sorted(text) for text in texts]


def _sorted(text: str) -> Sorted:
    body = text.strip()
    descending = body.startswith("-")
    body = body.removeprefix("-")
    if found := DIRECTION.fullmatch(body):
        body, descending = found[1], found[2].lower() == "desc"
    return Sorted(_column(body, text, "sort"), descending)


def _column(body: str, text: str, what: str) -> Column:
    if len(text) > LONGEST:
        raise FilterError(f"more than {LONGEST} characters", (LONGEST, len(text)), what=what)
    if (found := CALL.fullmatch(body.strip())) and found[1].lower() in WHICH:
        inner = _column(found[2], text, what)
        which = cast("Which", found[1].lower())
        if inner.entity != "metric" or (found[3] and which != "mean"):
            example = "mean(metrics.loss, 10)" if found[3] else f"{which}(metrics.loss)"
            raise FilterError(
                f"{which} is of a metric", (0, len(text)), what=what, hint=f"for example {example}"
            )
        return Column("metric", inner.key, which, int(found[3] or 0))
    word, dot, key = body.strip().partition(".")
    entity = ENTITIES.get(word)
    if dot and key and entity not in {None, "dataset", "attribute"}:
        return Column(entity, key.strip("`") if key.startswith("`") else key)
    name = key if dot and entity == "attribute" else body.strip()
    if name in ATTRIBUTES:
        return Column("attribute", ATTRIBUTES[name])
    known = did_you_mean(name, ATTRIBUTES) or f"metrics.{name}, params.{name} or tags.{name}?"
    raise FilterError(f"there is no column {name!r}", (0, max(len(text), 1)), what=what, hint=known)
