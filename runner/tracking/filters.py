"""The filter language of MLflow's run search, and more: `params.alpha < 0.1` compares numbers.

    filter   := clause { AND clause }
    clause   := name operator value | name IS [NOT] NULL | name [NOT] IN ( 'text' {, 'text'} )
    name     := [entity .] key          entity: metrics, params, tags, attributes (and MLflow's other words for them)
    key      := bare | `quoted` | "quoted"
    value    := 'text' | "text" | number

Text becomes tokens, tokens become clauses; searching.py makes SQL of them. Nothing is evaluated here.
MLflow also takes clauses without AND between them, and an AND too many: here these are errors.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeAlias

from runner.errors import TrackingError, did_you_mean

Entity: TypeAlias = Literal["metric", "param", "tag", "attribute", "dataset"]

ENTITIES: Mapping[str, Entity] = {
    **dict.fromkeys(("metric", "metrics"), "metric"),
    **dict.fromkeys(("param", "params", "parameter", "parameters"), "param"),
    **dict.fromkeys(("tag", "tags"), "tag"),
    **dict.fromkeys(("attribute", "attributes", "attr", "run"), "attribute"),
    **dict.fromkeys(("dataset", "datasets"), "dataset"),
}
DATASET_KEYS = ("name", "digest", "context")
TEXT_ATTRIBUTES = (
    "run_id",
    "run_name",
    "run name",
    "Run name",
    "Run Name",
    "status",
    "user_id",
    "artifact_uri",
)
TIME_ATTRIBUTES = ("start_time", "created", "Created", "end_time")
ATTRIBUTES = (*TEXT_ATTRIBUTES, *TIME_ATTRIBUTES)
# Databases take so many expressions, joins and parameters in one statement, and all of that in less than a second.
MOST_CLAUSES, MOST_ORDERS, MOST_LISTED = 500, 32, 5000
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
class Order:
    """One key of an order."""

    name: Name
    direction: Literal["ASC", "DESC"]


def parse(text: str) -> list[Clause]:
    """The clauses of a filter; none for an empty one.

    Raises:
        TrackingError: where the filter is wrong, and what was expected there.
    """
    if not text.strip():
        return []
    return list(_Parser(text).clauses())


def parse_order(texts: Sequence[str]) -> list[Order]:
    """The keys of an order: `metrics.loss`, `metrics.loss DESC`, or `-metrics.loss` for the same.

    Raises:
        TrackingError: what is wrong with which.
    """
    orders: list[Order] = []
    if len(texts) > MOST_ORDERS:
        raise TrackingError(f"order: more than {MOST_ORDERS} keys")
    for text in texts:
        order = _order(text)
        if any(
            (order.name.entity, order.name.key) == (other.name.entity, other.name.key) for other in orders
        ):
            raise TrackingError(f"order: {order.name.key!r} is there twice")
        orders.append(order)
    return orders


def _order(text: str) -> Order:
    body = text.strip()
    descending = body.startswith("-")
    body = body.removeprefix("-")
    words = body.rsplit(maxsplit=1)
    if len(words) > 1 and words[-1].upper() in {"ASC", "DESC"}:
        body, descending = words[0], words[1].upper() == "DESC"
    if not body:
        raise TrackingError(f"order: {text!r} names nothing", hint="metrics.loss ASC, or -metrics.loss")
    entity, dot, key = body.partition(".")
    if dot and entity in ENTITIES and re.fullmatch(r"[\w\-/:.]+", key):
        body = f"{entity}.`{key}`"  # here nothing can follow, so that no key needs quotes
    return Order(_Parser(body, what="order").only_name(), "DESC" if descending else "ASC")


class _Parser:
    """Reads tokens from left to right, one ahead."""

    def __init__(self, text: str, *, what: str = "filter") -> None:
        self._text = text
        self._what = what
        self._tokens = self._scan()
        self._next = next(self._tokens)

    def clauses(self) -> Iterator[Clause]:
        yield self._clause()
        count = 1
        while self._next.kind != "end":
            if (count := count + 1) > MOST_CLAUSES:
                self._stop(self._next.at, f"more than {MOST_CLAUSES} conditions")
            if not self._word("AND"):
                hint = (
                    "conditions are joined by AND only" if self._next.value.upper() in {"OR", "NOT"} else None
                )
                self._fail("AND", hint=hint)
            yield self._clause()

    def only_name(self) -> Name:
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
        if entity == "dataset" and key not in DATASET_KEYS:
            self._stop(first.at, f"a dataset has no {key!r}", hint=f"one of {', '.join(DATASET_KEYS)}")
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
        while self._mark(",") and self._next.value != ")":  # MLflow takes a comma at the end
            if len(found) == MOST_LISTED:
                self._stop(
                    self._next.at, f"more than {MOST_LISTED} values in a list", hint="ask in several parts"
                )
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
        line = "".join(sign if sign.isprintable() else " " for sign in self._text)
        raise TrackingError(
            f"{self._what}, character {at + 1}: {message}", hint=hint, detail=f"{line}\n{' ' * at}^"
        )


def _operators(name: Name, *, number: bool) -> tuple[str, ...]:
    """What may stand between this name and a value of this kind."""
    null = ("IS NULL", "IS NOT NULL")
    member = ("IN", "NOT IN")
    match name.entity:
        case "metric":
            return NUMERIC if number else ()
        case "param":
            return NUMERIC if number else (*TEXTUAL, *null)
        case "tag":
            return () if number else (*TEXTUAL, *null)
        case "dataset":
            return () if number else (*TEXTUAL, *member)
        case "attribute" if name.key in TIME_ATTRIBUTES:
            return NUMERIC if number else ()
        case "attribute":
            texts = (*TEXTUAL, *member) if name.key == "run_id" else TEXTUAL
            return () if number else texts


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
