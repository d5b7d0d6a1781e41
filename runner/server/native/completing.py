"""What can be written next in a filter."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from runner.server.native.operation import Operation
from runner.server.native.table_shapes import Complete, Completion, Completions
from runner.server.native.tables import answering
from runner.tracking.filters.completing import Place, place
from runner.tracking.filters.meaning import ATTRIBUTES, SHORT, STATUSES
from runner.tracking.filters.parser import Name
from runner.tracking.tables import Chosen, Found, Tables

MOST = 20  # that are offered
OPERATORS = {
    "<": "is less", ">": "is greater", "=": "is", "!=": "is not", "~": "holds", "<=": "", ">=": "", "in (": "is one of",
    "is null": "is missing", "and": "go on",
}  # fmt: skip
MOMENTS = {"24h": "a day", "7d": "a week", "30d": "a month"}
LENGTHS = {"60s": "a minute", "1h": "an hour", "1d": "a day"}
WORDS = {"metric": "metrics", "param": "params", "tag": "tags"}
PLAIN = re.compile(r"[^\s'\"`<>=!~(),]+")
TAKEN = {*ATTRIBUTES, *SHORT, "since", "and", "or", "not"}  # what a bare word means before it is a key


def complete(tables: Tables, asked: Complete) -> Completions:
    """What can stand where the caret is."""
    here = place(asked.text, asked.at)
    chosen = Chosen(experiments=asked.experiment or None)
    match here.kind:
        case "operator":
            items: Iterator[Completion] = (
                Completion(text=sign, soft=soft) for sign, soft in OPERATORS.items()
            )
        case "value":
            items = _values(tables, chosen, here)
        case _:
            items = _names(tables, chosen, here)
    return Completions(kind=here.kind, start=here.start, end=here.end, items=list(islice(items, MOST)))


def _names(tables: Tables, chosen: Chosen, here: Place) -> Iterator[Completion]:
    begun = here.begun.lower()
    if here.entity in {None, "attribute"}:
        words = {**dict.fromkeys(ATTRIBUTES.values(), "attribute"), **SHORT, "since": "started then or later"}
        for word, soft in words.items():
            if begun and word.startswith(begun):
                yield Completion(text=word, soft=soft)
    found = tables.keys(chosen, here.begun, limit=MOST) if here.entity != "attribute" else ()
    times = Counter(each.text for each in found)
    for each in found:
        if here.entity in {None, each.entity}:
            said = here.entity is not None or times[each.text] > 1 or each.text in TAKEN
            yield Completion(text=_spelled(each, said=said), soft=each.entity or "")


def _spelled(key: Found, *, said: bool) -> str:
    """The key as it is written: with what it is of, where it could mean something else; quoted, where it must be."""
    text = key.text if PLAIN.fullmatch(key.text) else f"`{key.text}`"
    first = key.text.partition(".")[0]
    return f"{WORDS[key.entity]}.{text}" if key.entity and (said or first in WORDS.values()) else text


def _values(tables: Tables, chosen: Chosen, here: Place) -> Iterator[Completion]:
    for name in here.names:
        for word, soft in _known(name).items():
            if word.startswith(here.begun.lower()):
                yield Completion(text=word, soft=soft)
        for each in tables.values(chosen, name, here.begun, limit=MOST):
            yield Completion(
                text=_quoted(each.text), soft=f"{each.count} runs" if each.count != 1 else "1 run"
            )


def _known(name: Name) -> dict[str, str]:
    """Values that need no run."""
    if name.entity != "attribute":
        return {}
    moments = dict.fromkeys(("started", "ended"), MOMENTS)
    known = {"status": dict.fromkeys(STATUSES, ""), "duration": LENGTHS, **moments}
    return known.get(name.key, {})


def _quoted(text: str) -> str:
    if PLAIN.fullmatch(text):
        return text
    return f"'{text}'" if "'" not in text else f'"{text}"'


OPERATIONS: Sequence[Operation] = (
    Operation(
        "GET", "/runs/complete", "complete", "What can be written next in a filter",
        answering(Complete, complete), Completions, Complete,
    ),
)  # fmt: skip
