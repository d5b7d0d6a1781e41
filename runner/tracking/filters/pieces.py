"""The pieces of a filter as people write it.

Words are all that stands between spaces, quotes, operators and brackets: `val/acc`, `adam-w`, `2026-11-01`, `-1e-3`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from runner.errors import FilterError

QUOTES = {"'": "text", '"': "text", "`": "key"}
PIECE = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<text>'[^']*'|"[^"]*")
  | (?P<key>`[^`]*`)
  | (?P<operator><=|>=|!=|==|<>|=|<|>|~)
  | (?P<mark>[(),])
  | (?P<word>[^\s'"`<>=!~(),]+)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, an operator, a mark, a quoted text or key (`value` without its quotes), or the end."""

    kind: str
    value: str
    start: int
    end: int

    def fail(self, message: str, hint: str | None = None) -> NoReturn:
        raise FilterError(message, (self.start, max(self.end, self.start + 1)), hint=hint)

    def says(self, *words: str) -> bool:
        """Whether it is one of these words, in letters of any size."""
        return self.kind == "word" and self.value.lower() in words


def pieces(text: str) -> list[Piece]:
    """All of them, the last of kind "end".

    Raises:
        FilterError: a quote that is never closed, a sign that means nothing.
    """
    return [*_scanned(text), Piece("end", "", len(text), len(text))]


def _scanned(text: str) -> Iterator[Piece]:
    at = 0
    while at < len(text):
        hit = PIECE.match(text, at)
        if hit is None:
            quote = text[at] in QUOTES
            message = "a quote that is never closed" if quote else f"{text[at]!r} means nothing here"
            raise FilterError(message, (at, len(text) if quote else at + 1))
        kind = str(hit.lastgroup)
        if kind != "space":
            yield Piece(kind, hit[0][1:-1] if kind in {"text", "key"} else hit[0], at, hit.end())
        at = hit.end()
