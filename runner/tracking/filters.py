"""The filter language of MLflow's run search, and more: `params.alpha < 0.1` compares numbers.

    filter   := clause { AND clause }
    clause   := name operator value | name IS [NOT] NULL | name [NOT] IN ( 'text' {, 'text'} )
    name     := [entity .] key          entity: metrics, params, tags, attributes (and MLflow's other words for them)
    key      := bare | `quoted` | "quoted"
    value    := 'text' | "text" | number

Text becomes tokens, tokens become clauses, clauses become SQL with parameters; nothing is evaluated here.
As in MLflow, a run without the param, tag or metric fits no comparison, not even `!=`; NaN fits `!=` only.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, TypeAlias

from runner.errors import TrackingError, did_you_mean
from runner.tracking.model import Lifecycle

Entity: TypeAlias = Literal["metric", "param", "tag", "attribute"]

ENTITIES: Mapping[str, Entity] = {
    **dict.fromkeys(("metric", "metrics"), "metric"),
    **dict.fromkeys(("param", "params", "parameter", "parameters"), "param"),
    **dict.fromkeys(("tag", "tags"), "tag"),
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), "attribute"),
}
TEXT_ATTRIBUTES = {
    "run_id": "uuid",
    "run_name": "name",
    "run name": "name",
    "Run name": "name",
    "Run Name": "name",
    "status": "status",
    "user_id": "user_name",
    "artifact_uri": "artifact_uri",
}
TIME_ATTRIBUTES = {"start_time": "started", "created": "started", "Created": "started", "end_time": "ended"}
ATTRIBUTES = {**TEXT_ATTRIBUTES, **TIME_ATTRIBUTES}
NUMERIC = ("=", "!=", ">", ">=", "<", "<=")
TEXTUAL = ("=", "!=", "LIKE", "ILIKE")

UNREADABLE = {
    **dict.fromkeys("'\"`", "a quote that is never closed?"),
    **dict.fromkeys(
        "-/:", "a key with other characters than letters, digits, _ and . is quoted: metrics.`val/loss`"
    ),
}

TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<text>'[^']*'|"[^"]*")
  | (?P<quoted>`[^`]*`)
  | (?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
  | (?P<word>\w+)
  | (?P<operator><=|>=|!=|==|<>|=|<|>)
  | (?P<mark>[(),.])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the filter. `value` is the text without its quotes, the number, or the word."""

    kind: str
    value: str
    at: int


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
    value: str | float | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Search:
    """A SELECT of run numbers in order, and its parameters."""

    statement: str
    values: Mapping[str, Any]


def compile_search(
    text: str,
    *,
    order_by: Sequence[str] = (),
    experiment_ids: Sequence[str] | None = None,
    lifecycle: Lifecycle | None = Lifecycle.ACTIVE,
) -> Search:
    """A filter and an order as SQL.

    Raises:
        TrackingError: where the filter is wrong, and what was expected there.
    """
    sql = _Sql()
    conditions = list(_scope(sql, experiment_ids, lifecycle))
    conditions += [_condition(sql, clause) for clause in parse(text)]
    order = _order(sql, order_by)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    joins = "".join(sql.joins)
    return Search(f"SELECT r.id FROM runs r{joins}{where} ORDER BY {', '.join(order)}", sql.values)


def as_number(text: str) -> float | None:
    """The number that a recorded text is, for numeric comparison and order; None for any other text."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


# text to clauses ------------------------------------------------------------------------------------------


def parse(text: str) -> list[Clause]:
    """The clauses of a filter; none for an empty one."""
    if not text.strip():
        return []
    return list(_Parser(text).clauses())


class _Parser:
    """Reads tokens from left to right, one ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._scan()
        self._next = next(self._tokens)

    def clauses(self) -> Iterator[Clause]:
        yield self._clause()
        while self._next.kind != "end":
            if not self._word("AND"):
                hint = (
                    "conditions are joined by AND only" if self._next.value.upper() in {"OR", "NOT"} else None
                )
                self._fail("AND", hint=hint)
            yield self._clause()

    def ordering(self) -> Name:
        name = self._name()
        if self._next.kind != "end":
            self._fail("ASC, DESC or the end")
        return name

    def _scan(self) -> Iterator[Token]:
        at = 0
        while at < len(self._text):
            hit = TOKEN.match(self._text, at)
            if hit is None:
                self._stop(
                    at,
                    "this cannot be read",
                    hint=UNREADABLE.get(self._text[at]),
                )
            kind = str(hit.lastgroup)
            if kind != "space":
                yield Token(kind, hit[0][1:-1] if kind in {"text", "quoted"} else hit[0], at)
            at = hit.end()
        end = Token("end", "", len(self._text))
        while True:
            yield end

    def _take(self) -> Token:
        token, self._next = self._next, next(self._tokens)
        return token

    def _word(self, word: str) -> bool:
        """Take the word, if it comes next."""
        if self._next.kind == "word" and self._next.value.upper() == word:
            self._take()
            return True
        return False

    def _mark(self, mark: str) -> bool:
        if self._next.kind == "mark" and self._next.value == mark:
            self._take()
            return True
        return False

    def _clause(self) -> Clause:
        name = self._name()
        if self._word("IS"):
            operator = "IS NOT NULL" if self._word("NOT") else "IS NULL"
            if not self._word("NULL"):
                self._fail("NULL")
            return self._checked(Clause(name, operator, None))
        if self._word("NOT"):
            if not self._word("IN"):
                self._fail("IN")
            return self._checked(Clause(name, "NOT IN", self._list()))
        if self._word("IN"):
            return self._checked(Clause(name, "IN", self._list()))
        operator = self._operator()
        return self._checked(Clause(name, operator, self._value()))

    def _name(self) -> Name:
        first = self._take()
        if first.kind not in {"word", "quoted", "text"}:
            self._fail("a name such as metrics.loss", first)
        if not self._mark("."):
            return self._attribute(first)
        if first.kind != "word" or first.value not in ENTITIES:
            hint = did_you_mean(first.value, ENTITIES) or "one of metrics, params, tags, attributes"
            self._stop(first.at, f"{first.value!r} is nothing to search in", hint=hint)
        entity, key = ENTITIES[first.value], self._key()
        if entity == "attribute" and key not in ATTRIBUTES:
            self._unknown_attribute(key, first.at)
        return Name(entity, key, first.at)

    def _attribute(self, token: Token) -> Name:
        if token.value not in ATTRIBUTES:
            self._unknown_attribute(token.value, token.at)
        return Name("attribute", token.value, token.at)

    def _unknown_attribute(self, key: str, at: int) -> NoReturn:
        hint = did_you_mean(key, ATTRIBUTES) or f"metrics.{key}, params.{key} or tags.{key}?"
        self._stop(at, f"{key!r} is no attribute of a run", hint=hint)

    def _key(self) -> str:
        token = self._take()
        if token.kind in {"quoted", "text"}:
            return token.value
        if token.kind not in {"word", "number"}:
            self._fail("a key", token)
        parts = [token.value]
        while self._next.value == "." and self._next.kind == "mark":
            self._take()
            token = self._take()
            if token.kind not in {"word", "number"}:
                self._fail("the rest of the key", token)
            parts.append(token.value)
        if self._next.kind in {"mark", "number"} or self._text[self._next.at : self._next.at + 1] in {
            "-",
            "/",
            ":",
        }:
            self._fail(
                "an operator",
                hint=UNREADABLE["/"],
            )
        return ".".join(parts)

    def _operator(self) -> str:
        token = self._take()
        operator = token.value.upper()
        if operator in {"==", "<>"}:
            self._stop(
                token.at,
                f"there is no operator {token.value}",
                hint=f"write {'=' if operator == '==' else '!='}",
            )
        if token.kind != "operator" and operator not in {"LIKE", "ILIKE"}:
            self._fail("an operator: = != < <= > >= LIKE ILIKE IN IS", token)
        return operator

    def _value(self) -> str | float:
        token = self._take()
        if token.kind == "text":
            return token.value
        if token.kind == "number":
            return float(token.value)
        hint = f"texts are quoted: '{token.value}'" if token.kind == "word" else None
        return self._fail("a quoted text or a number", token, hint=hint)

    def _list(self) -> tuple[str, ...]:
        if not self._mark("("):
            self._fail("(")
        found = [self._listed()]
        while self._mark(","):
            found.append(self._listed())
        if not self._mark(")"):
            self._fail(", or )")
        return tuple(found)

    def _listed(self) -> str:
        token = self._take()
        if token.kind != "text":
            self._fail("a quoted text", token)
        return token.value

    def _checked(self, clause: Clause) -> Clause:
        """The clause, if its operator and value suit what is compared."""
        name, value = clause.name, clause.value
        allowed = _operators(name, number=isinstance(value, float))
        if clause.operator not in allowed:
            self._stop(
                name.at,
                f"{name.key} cannot be compared by {clause.operator} with {_kind(value)}",
                hint=f"it takes {' '.join(allowed)}" if allowed else _quoting(name, value),
            )
        return clause

    def _fail(self, expected: str, token: Token | None = None, *, hint: str | None = None) -> NoReturn:
        token = token or self._next
        found = "the end" if token.kind == "end" else repr(self._text[token.at :].split()[0])
        self._stop(token.at, f"expected {expected}, found {found}", hint=hint)

    def _stop(self, at: int, message: str, *, hint: str | None = None) -> NoReturn:
        line = self._text.replace("\n", " ").replace("\t", " ")
        raise TrackingError(
            f"filter, character {at + 1}: {message}", hint=hint, detail=f"{line}\n{' ' * at}^"
        )


def _operators(name: Name, *, number: bool) -> tuple[str, ...]:
    """What may stand between this name and a value of this kind."""
    null = ("IS NULL", "IS NOT NULL")
    numeric, textual = {
        "metric": (NUMERIC, ()),
        "param": (NUMERIC, (*TEXTUAL, *null)),
        "tag": ((), (*TEXTUAL, *null)),
        "attribute": ((), (*TEXTUAL, "IN", "NOT IN") if name.key == "run_id" else TEXTUAL),
        "time": (NUMERIC, ()),
    }["time" if name.entity == "attribute" and name.key in TIME_ATTRIBUTES else name.entity]
    return numeric if number else textual


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
    if isinstance(value, float):
        return f"{name.key} is a text: quote the value"
    return f"{name.key} is a number: write it without quotes"


# clauses to SQL -------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Sql:
    """Collects parameters and joins."""

    values: dict[str, Any] = field(default_factory=dict)
    joins: list[str] = field(default_factory=list)
    experiments: str = ""

    def bind(self, value: object) -> str:
        """The placeholder of a new parameter."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def key(self, name: str) -> str:
        return f"(SELECT id FROM key_names WHERE name = {self.bind(name)})"


def _scope(sql: _Sql, experiment_ids: Sequence[str] | None, lifecycle: Lifecycle | None) -> Iterator[str]:
    if experiment_ids is not None:
        marks = ", ".join(sql.bind(int(id_)) for id_ in experiment_ids if id_.isdecimal())
        sql.experiments = f"experiment IN ({marks})"
        yield f"r.{sql.experiments}"
    if lifecycle is not None:
        yield f"r.lifecycle = {sql.bind(lifecycle.value)}"


def _condition(sql: _Sql, clause: Clause) -> str:
    name = clause.name
    if name.entity == "attribute":
        return _compared(sql, f"r.{ATTRIBUTES[name.key]}", clause)
    table = {"metric": "latest_metrics", "param": "params", "tag": "tags"}[name.entity]
    inner = [f"key_id = {sql.key(name.key)}"]
    if sql.experiments and table != "tags":  # so that the index (experiment, key, number) serves
        inner.append(sql.experiments)
    if clause.value is not None:
        column = "number" if table == "params" and isinstance(clause.value, float) else "value"
        inner.append(_compared(sql, column, clause))
        if table == "latest_metrics":
            inner[-1] = (
                f"({inner[-1]} AND is_nan = FALSE)"
                if clause.operator != "!="
                else f"({inner[-1]} OR is_nan = TRUE)"
            )
    negation = "NOT " if clause.operator == "IS NULL" else ""
    return f"r.id {negation}IN (SELECT run FROM {table} WHERE {' AND '.join(inner)})"


def _compared(sql: _Sql, column: str, clause: Clause) -> str:
    match clause.value:
        case tuple():
            return f"{column} {clause.operator} ({', '.join(sql.bind(item) for item in clause.value)})"
        case str() if clause.operator == "ILIKE":
            return f"LOWER({column}) LIKE LOWER({sql.bind(clause.value)})"
        case _:
            return f"{column} {clause.operator} {sql.bind(clause.value)}"


# order ----------------------------------------------------------------------------------------------------


def _order(sql: _Sql, order_by: Sequence[str]) -> list[str]:
    """Missing values come last in both directions; among metrics NaN stands before them."""
    order: list[str] = []
    seen: set[tuple[str, str]] = set()
    for text in order_by:
        name, direction = _ordering(text)
        if (name.entity, name.key) in seen:
            raise TrackingError(f"order: {text!r} is there twice")
        seen.add((name.entity, name.key))
        order += _terms(sql, name, direction)
    return [*order, "r.started DESC", "r.uuid"]


def _ordering(text: str) -> tuple[Name, str]:
    body = text.strip()
    direction = "DESC" if body.startswith("-") else "ASC"
    body = body.removeprefix("-").strip()
    if hit := re.search(r"\s+(ASC|DESC)$", body, re.IGNORECASE):
        body, direction = body[: hit.start()], hit[1].upper()
    if not body:
        raise TrackingError("order: an empty text", hint="metrics.loss ASC, or attributes.start_time DESC")
    return _Parser(body).ordering(), direction


def _terms(sql: _Sql, name: Name, direction: str) -> list[str]:
    if name.entity == "attribute":
        column = f"r.{ATTRIBUTES[name.key]}"
        return [f"{column} IS NULL", f"{column} {direction}"]
    table = {"metric": "latest_metrics", "param": "params", "tag": "tags"}[name.entity]
    alias = f"o{len(sql.joins)}"
    sql.joins.append(
        f" LEFT JOIN {table} {alias} ON {alias}.run = r.id AND {alias}.key_id = {sql.key(name.key)}"
    )
    missing = f"{alias}.run IS NULL"
    if name.entity == "metric":
        return [missing, f"{alias}.is_nan", f"{alias}.value {direction}"]
    return [missing, f"{alias}.value {direction}"]
