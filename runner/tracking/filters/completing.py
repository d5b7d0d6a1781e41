"""What is being written at a place of a filter: a name, an operator or a value, and the characters that stand for it."""

from dataclasses import dataclass
from typing import Literal

from runner.errors import FilterError
from runner.tracking.filters.meaning import ATTRIBUTES, ENTITIES, SHORT
from runner.tracking.filters.parser import Name
from runner.tracking.filters.pieces import QUOTES, Piece, pieces
from runner.tracking.filters.vocabulary import Entity


@dataclass(frozen=True, slots=True)
class Place:
    """`begun` is what stands there from `start` to `end`; `entity` is what a name is said to be, `names` whose value it is."""

    kind: Literal["name", "operator", "value"]
    begun: str
    start: int
    end: int
    entity: Entity | None = None
    names: tuple[Name, ...] = ()


def place(text: str, at: int) -> Place:
    """What is being written where the caret is, `at` characters from the beginning."""
    at = min(at, len(text))
    found, begun = _read(text[:at])
    end = at + len(_rest(text[at:])) if begun.kind == "word" else at
    said = begun.value
    match _state(found):
        case "value":
            return Place("value", said, begun.start, end, names=_names(found))
        case "operator" if begun.kind == "end":
            return Place("operator", "", at, at)
        case _:
            word, dot, key = said.partition(".")
            entity = ENTITIES.get(word) if dot else None
            return Place("name", key if entity else said, begun.start, end, entity)


def _read(text: str) -> tuple[list[Piece], Piece]:
    """The whole pieces before the caret, and the one that is begun there; of kind "end" behind a space."""
    open_quote = len(text)
    try:
        *found, end = pieces(text)
    except FilterError as error:
        open_quote = error.at[0]
        *found, end = (
            pieces(text[:open_quote])
            if text[open_quote : open_quote + 1] in QUOTES
            else [Piece("end", "", 0, 0)]
        )
        return found, Piece("text", text[open_quote + 1 :], open_quote, len(text))
    if found and found[-1].kind == "word" and found[-1].end == len(text):
        return found[:-1], found[-1]
    return found, Piece("end", "", end.start, end.start)


def _rest(text: str) -> str:
    """What follows of the word in which the caret is."""
    try:
        piece = pieces(text)[0]
    except FilterError:
        return ""
    return piece.value if piece.kind == "word" and piece.start == 0 else ""


def _state(found: list[Piece]) -> Literal["name", "operator", "value"]:
    """What comes next: a word is a name as long as nothing says otherwise."""
    last = found[-1] if found else None
    if last is None or last.says("and") or last.value == ")":
        return "name"
    if last.kind == "operator" or last.says("like", "ilike", "since") or last.value in {"(", ","}:
        return "value"
    before = found[-2] if len(found) > 1 else None
    compared = before is not None and (
        before.kind == "operator" or before.says("like", "ilike", "since") or before.value in {"(", ","}
    )
    return "name" if compared or last.says("null") or last.kind == "text" else "operator"


def _names(found: list[Piece]) -> tuple[Name, ...]:
    """Whose value follows."""
    compared = [
        at
        for at, piece in enumerate(found)
        if piece.kind == "operator" or piece.says("like", "ilike", "in", "since")
    ]
    if not compared:
        return ()
    if found[compared[-1]].says("since"):
        return (Name("attribute", "started", found[compared[-1]].start),)
    before = [piece for piece in found[: compared[-1]] if not piece.says("not")]
    return _named(before[-1]) if before else ()


def _named(piece: Piece) -> tuple[Name, ...]:
    word, dot, key = piece.value.partition(".")
    said = ENTITIES.get(word) if dot and piece.kind == "word" else None
    if said is not None:
        return (Name(said, ATTRIBUTES.get(key, key) if said == "attribute" else key, piece.start),)
    if piece.kind == "word" and piece.value in ATTRIBUTES:
        return (Name("attribute", ATTRIBUTES[piece.value], piece.start),)
    if piece.kind == "word" and piece.value in SHORT:
        return (Name("tag", SHORT[piece.value], piece.start),)
    return Name("param", piece.value, piece.start), Name("tag", piece.value, piece.start)
