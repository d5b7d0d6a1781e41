"""The filter language of our own pages: MLflow's, and what people write without having read anything.

    filter  := term { [and] term }
    term    := word | 'text'                      a run whose name, id or tags hold it
             | since when                         started then or later: 7d, 12h, 2026-11-01
             | name operator value | name [not] in ( value {, value} ) | name is [not] null
    name    := [entity .] key                     without entity: an attribute, or else a param, metric or tag of that name
    operator:= = != < <= > >= ~ like ilike        ~: holds that text
    value   := number | word | 'text'

Keys are quoted (`...`) only if they hold spaces or operators. MLflow's strict dialect is parser.py.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from runner.errors import FilterError
from runner.tracking.filters.meaning import ENTITIES, among, comparison, moment, said, unsaid
from runner.tracking.filters.parser import Clause, Name
from runner.tracking.filters.pieces import Piece, pieces

LONGEST, MOST_TERMS, MOST_LISTED = 10_000, 50, 200


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of them holds."""

    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """A text somewhere in the name, the id or the tags of a run."""

    text: str


Term: TypeAlias = Clause | AnyOf | Words


def parse(text: str) -> list[Term]:
    """What must hold, all of it; nothing for an empty filter.

    Raises:
        FilterError: where the filter is wrong, and what to write instead.
    """
    if len(text) > LONGEST:
        raise FilterError(f"more than {LONGEST} characters", (LONGEST, len(text)))
    terms = list(_Parser(pieces(text)).terms())
    if len(terms) > MOST_TERMS:
        raise FilterError(f"more than {MOST_TERMS} conditions", (0, len(text)))
    return terms


class _Parser:
    def __init__(self, found: Sequence[Piece]) -> None:
        self._pieces = found
        self._at = 0

    @property
    def next(self) -> Piece:
        return self._pieces[self._at]

    def _ahead(self, by: int) -> Piece:
        return self._pieces[min(self._at + by, len(self._pieces) - 1)]

    def take(self) -> Piece:
        piece = self.next
        self._at += piece.kind != "end"
        return piece

    def terms(self) -> Iterator[Term]:
        while self.next.kind != "end":
            yield from self._term()
            if self.next.says("and"):
                piece = self.take()
                if self.next.kind == "end":
                    piece.fail("something must follow", "write another condition, or leave it out")

    def _term(self) -> Iterator[Term]:
        piece = self.next
        if piece.says("or", "not", "and"):
            hint = "conditions hold together" if piece.says("or", "and") else "write != after a name"
            piece.fail(f"{piece.value!r} cannot stand here", f"{hint}; quote it to search for the word")
        if piece.kind in {"operator", "mark"}:
            piece.fail(f"a name is missing before {piece.value!r}", "for example lr < 0.01")
        if piece.says("since") and self._ahead(1).kind in {"word", "text"}:
            self.take()
            yield self._since(piece)
        elif self._compares():
            yield from self._comparison(self._name())
        else:
            self.take()
            if piece.value.strip():
                yield Words(piece.value)

    def _compares(self) -> bool:
        """Whether a name stands here, with an operator behind it."""
        joined = self.next.value.endswith(".") and self._ahead(1).kind in {"key", "text"}
        after, later = self._ahead(1 + joined), self._ahead(2 + joined)
        return (
            after.kind == "operator"
            or (after.says("like", "ilike") and later.kind in {"word", "text"})
            or (after.says("in") and later.value == "(")
            or (after.says("not") and later.says("in"))
            or (after.says("is") and later.says("null", "not"))
        )

    def _since(self, at: Piece) -> Clause:
        piece = self.take()
        return Clause(Name("attribute", "started", at.start), ">=", float(moment(piece)))

    # names ------------------------------------------------------------------------------------------------
    def _name(self) -> list[Name]:
        """What the name may mean: one thing, or a param, a metric and a tag."""
        piece = self.take()
        if piece.kind != "word":
            return unsaid(piece.value, piece)
        word, dot, key = piece.value.partition(".")
        if dot and word in ENTITIES:
            if not key and self.next.kind in {"key", "text"}:
                key = self.take().value
            return [said(ENTITIES[word], key, piece)]
        return unsaid(piece.value, piece)

    # comparisons ------------------------------------------------------------------------------------------
    def _comparison(self, names: list[Name]) -> Iterator[Term]:
        if self.next.says("is"):
            yield from self._null(names)
            return
        piece = self.take()
        if piece.says("in", "not"):
            if piece.says("not"):
                self.take()
            yield _any(self._member(names, "NOT IN" if piece.says("not") else "IN"), piece)
            return
        operator = {"==": "=", "<>": "!="}.get(piece.value, piece.value.upper())
        value = self.take()
        if value.kind not in {"word", "text"}:
            value.fail("a value is missing", f"for example {piece.value} 0.01, or {piece.value} 'some text'")
        yield _any(
            [each for name in names if (each := comparison(name, operator, value, alone=len(names) == 1))],
            value,
        )

    def _null(self, names: list[Name]) -> Iterator[Term]:
        at = self.take()
        negated = self.next.says("not") and bool(self.take())
        if not self.take().says("null"):
            at.fail("expected null or not null behind it")
        clauses = [Clause(name, "IS NOT NULL" if negated else "IS NULL", None) for name in names]
        if names[0].entity in {"attribute", "dataset"}:
            at.fail(f"{names[0].key} is always there", "is null is for params, metrics and tags")
        yield from [AnyOf(tuple(clauses))] if negated else clauses

    def _member(self, names: list[Name], operator: str) -> list[Clause]:
        opening = self.take()
        if opening.value != "(":
            opening.fail("expected ( here")
        values = [self._listed()]
        while self.next.value == ",":
            self.take()
            values.append(self._listed())
        if (closing := self.take()).value != ")":
            closing.fail("expected , or )")
        if len(values) > MOST_LISTED:
            opening.fail(f"more than {MOST_LISTED} values")
        return [among(name, operator, values) for name in names if len(names) == 1 or name.entity != "metric"]

    def _listed(self) -> Piece:
        piece = self.take()
        if piece.kind not in {"word", "text"}:
            piece.fail("a value is missing")
        return piece


def _any(clauses: Sequence[Clause], at: Piece) -> Term:
    if not clauses:
        at.fail(f"{at.value!r} is no number", "texts are compared by = != ~ like ilike in")
    return clauses[0] if len(clauses) == 1 else AnyOf(tuple(clauses))
