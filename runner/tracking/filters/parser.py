"""Tokens become clauses and orders, by the vocabulary of what is searched."""

import math
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NoReturn

from runner.errors import TrackingError, did_you_mean
from runner.tracking.filters.tokens import QUOTED_KEY, SHOWN, Token, Tokens
from runner.tracking.filters.vocabulary import DATASET_KEYS, Entity, Vocabulary

# Databases take so many expressions, joins and parameters in one statement, and all of that in less than a second.
MOST_CLAUSES, MOST_ORDERS, MOST_LISTED = 200, 32, 5000
LONGEST, LONGEST_PATTERN = 1_000_000, 10_000  # characters of a whole filter, of a pattern for LIKE


@dataclass(frozen=True, slots=True)
class Name:
    """What is compared."""

    entity: Entity
    key: str
    at: int


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison. `value` is None for IS [NOT] NULL, a tuple for [NOT] IN."""

    name: Name
    operator: str
    value: str | float | tuple[str, ...] | tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Order:
    """One key of an order."""

    name: Name
    direction: Literal["ASC", "DESC"]


def parse(text: str, vocabulary: Vocabulary) -> list[Clause]:
    """The clauses of a filter; none for an empty one.

    Raises:
        TrackingError: where the filter is wrong, and what was expected there.
    """
    _within(text, "filter")
    if not text.strip():
        return []
    return list(_Parser(text, vocabulary).clauses())


def parse_order(texts: Sequence[str], vocabulary: Vocabulary) -> list[Order]:
    """The keys of an order: `metrics.loss`, `metrics.loss DESC`, or `-metrics.loss` for the same.

    Raises:
        TrackingError: what is wrong with which.
    """
    if len(texts) > MOST_ORDERS:
        raise TrackingError(f"order: more than {MOST_ORDERS} keys")
    _within("".join(texts), "order")
    orders = [_order(text, vocabulary) for text in texts]
    seen: set[tuple[Entity, str]] = set()
    for name in (order.name for order in orders):
        if (name.entity, name.key) in seen:
            raise TrackingError(f"order: {name.key!r} is there twice")
        seen.add((name.entity, name.key))
    return orders


def _within(text: str, what: str) -> None:
    if len(text) > LONGEST:
        raise TrackingError(f"{what}: {len(text)} characters, more than {LONGEST}")


def _order(text: str, vocabulary: Vocabulary) -> Order:
    body = text.strip()
    descending = body.startswith("-")
    body = body.removeprefix("-")
    words = body.rsplit(maxsplit=1)
    if len(words) > 1 and words[-1].upper() in {"ASC", "DESC"}:
        body, descending = words[0], words[1].upper() == "DESC"
    if not body:
        example = vocabulary.example
        raise TrackingError(f"order: {text[:SHOWN]!r} names nothing", hint=f"{example} ASC, or -{example}")
    entity, dot, key = body.partition(".")
    if dot and entity in vocabulary.entities and re.fullmatch(r"[\w\-/:.]+", key):
        body = f"{entity}.`{key}`"  # here nothing can follow, so that no key needs quotes
    return Order(_Parser(body, vocabulary, what="order").only_name(), "DESC" if descending else "ASC")


class _Parser:
    def __init__(self, text: str, vocabulary: Vocabulary, *, what: str = "filter") -> None:
        self._text = text
        self._vocabulary = vocabulary
        self._tokens = Tokens(text, what=what)
        self._listed_before = 0  # values in all lists so far

    def clauses(self) -> Iterator[Clause]:
        tokens = self._tokens
        yield self._clause()
        count = 1
        while tokens.next.kind != "end":
            if (count := count + 1) > MOST_CLAUSES:
                tokens.stop(tokens.next.at, f"more than {MOST_CLAUSES} conditions")
            if not tokens.word("AND"):
                other = tokens.next.value.upper() in {"OR", "NOT"}
                tokens.fail("AND", hint="conditions are joined by AND only" if other else None)
            yield self._clause()

    def only_name(self) -> Name:
        name = self._name()
        if self._tokens.next.kind != "end":
            self._tokens.fail("ASC, DESC or the end")
        return name

    def _clause(self) -> Clause:
        tokens, name = self._tokens, self._name()
        if tokens.word("IS"):
            operator = "IS NOT NULL" if tokens.word("NOT") else "IS NULL"
            if not tokens.word("NULL"):
                tokens.fail("NULL")
            return self._checked(Clause(name, operator, None))
        if tokens.word("NOT"):
            if not tokens.word("IN"):
                tokens.fail("IN")
            return self._checked(Clause(name, "NOT IN", self._list()))
        if tokens.word("IN"):
            return self._checked(Clause(name, "IN", self._list()))
        operator = self._operator()
        return self._checked(Clause(name, operator, self._value()))

    def _name(self) -> Name:
        first = self._tokens.take()
        if first.kind not in {"word", "quoted", "text"}:
            self._tokens.fail(f"a name such as {self._vocabulary.example}", first)
        if not self._tokens.mark("."):
            return self._attribute(first.value, first.at)
        entity = self._vocabulary.entities.get(first.value) if first.kind == "word" else None
        if entity is None:
            self._unknown_entity(first)
        key = self._key()
        if entity == "attribute":
            return self._attribute(key, first.at)
        if entity == "dataset" and key not in DATASET_KEYS:
            hint = f"one of {', '.join(DATASET_KEYS)}"
            self._tokens.stop(first.at, f"a dataset has no {key[:SHOWN]!r}", hint=hint)
        return Name(entity, key, first.at)

    def _unknown_entity(self, token: Token) -> NoReturn:
        words, found = self._vocabulary, token.value[:SHOWN]
        hint = did_you_mean(found, words.entities) or f"one of {', '.join(words.usual())}"
        self._tokens.stop(token.at, f"{found!r} is nothing to search in", hint=hint)

    def _attribute(self, key: str, at: int) -> Name:
        known = self._vocabulary.attributes
        if key in known:
            return Name("attribute", key, at)
        key = key[:SHOWN]
        guesses = [f"{word}.{key}" for word in self._vocabulary.keyed()]
        hint = did_you_mean(key, known) or f"{' or '.join(guesses)}?"
        return self._tokens.stop(at, f"{key!r} is no attribute of {self._vocabulary.thing}", hint=hint)

    def _key(self) -> str:
        tokens = self._tokens
        token = tokens.take()
        if token.kind in {"quoted", "text"}:
            return token.value
        if token.kind not in {"word", "number"}:
            tokens.fail("a key", token)
        parts = [token.value]
        while tokens.mark("."):
            token = tokens.take()
            if token.kind not in {"word", "number"}:
                tokens.fail("the rest of the key", token)
            parts.append(token.value)
        after = tokens.next
        if after.kind in {"mark", "number"} or self._text.startswith(("-", "/", ":"), after.at):
            tokens.fail("an operator", hint=QUOTED_KEY)
        return ".".join(parts)

    def _operator(self) -> str:
        token = self._tokens.take()
        operator = token.value.upper()
        if operator in {"==", "<>"}:
            hint = f"write {'=' if operator == '==' else '!='}"
            self._tokens.stop(token.at, f"there is no operator {token.value}", hint=hint)
        if token.kind != "operator" and operator not in {"LIKE", "ILIKE"}:
            self._tokens.fail("an operator: = != < <= > >= LIKE ILIKE IN IS", token)
        return operator

    def _value(self) -> str | float:
        token = self._tokens.take()
        if token.kind == "text":
            return token.value
        if token.kind == "number":
            return float(token.value)
        hint = f"texts are quoted: '{token.value[:SHOWN]}'" if token.kind == "word" else None
        return self._tokens.fail("a quoted text or a number", token, hint=hint)

    def _list(self) -> tuple[str, ...]:
        tokens = self._tokens
        if not tokens.mark("("):
            tokens.fail("(")
        found = [self._listed()]
        while tokens.mark(",") and tokens.next.value != ")":  # MLflow takes a comma at the end
            if self._listed_before + len(found) >= MOST_LISTED:
                message = f"more than {MOST_LISTED} values in lists"
                tokens.stop(tokens.next.at, message, hint="ask in several parts")
            found.append(self._listed())
        if not tokens.mark(")"):
            tokens.fail(", or )")
        self._listed_before += len(found)
        return tuple(found)

    def _listed(self) -> str:
        token = self._tokens.take()
        if token.kind != "text":
            self._tokens.fail("a quoted text", token)
        return token.value

    def _checked(self, clause: Clause) -> Clause:
        """The clause, if its operator and value suit what is compared, and databases take the value."""
        clause = self._unquoted(clause)
        name, value = clause.name, clause.value
        allowed = self._vocabulary.operators(name.entity, name.key, number=isinstance(value, float))
        if clause.operator not in allowed:
            self._tokens.stop(
                name.at,
                f"{name.key[:SHOWN]} cannot be compared by {clause.operator} with {_kind(value)}",
                hint=f"it takes {' '.join(allowed)}" if allowed else _quoting(name, value),
            )
        pattern = clause.operator in {"LIKE", "ILIKE"} and isinstance(value, str)
        if pattern and len(str(value)) > LONGEST_PATTERN:
            self._tokens.stop(name.at, f"a pattern of more than {LONGEST_PATTERN} characters")
        return _bounded(clause)

    def _unquoted(self, clause: Clause) -> Clause:
        """A number, if quotes may be around it."""
        name, value = clause.name, clause.value
        version = name.entity == "attribute" and self._vocabulary.attributes[name.key] == "version"
        if version and isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value):
            return replace(clause, value=float(value))
        return clause


def _bounded(clause: Clause) -> Clause:
    """Infinities as the greatest number, as which they are stored: below infinity is that number, too."""
    if not isinstance(clause.value, float) or math.isfinite(clause.value):
        return clause
    open_end = "<" if clause.value > 0 else ">"
    return replace(
        clause,
        operator=f"{open_end}=" if clause.operator == open_end else clause.operator,
        value=math.copysign(sys.float_info.max, clause.value),
    )


def _kind(value: object) -> str:
    match value:
        case float():
            return "a number"
        case str():
            return "a text"
        case tuple():
            return "a list"
        case _:
            return "NULL"


def _quoting(name: Name, value: object) -> str:
    key = name.key[:SHOWN]
    if isinstance(value, float):
        return f"{key} is a text: quote the value"
    return f"{key} is a number: write it without quotes"
