"""The pieces of a filter, read from left to right, and errors that point at one of them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from runner.errors import TrackingError

SHOWN = 120  # characters of a filter, before and after the place of an error, that the error repeats
QUOTED_KEY = "a key with other characters than letters, digits, _ and . is quoted: metrics.`val/loss`"
UNREADABLE = {
    **dict.fromkeys("'\"`", "a quote that is never closed?"),
    **dict.fromkeys("-/:", QUOTED_KEY),
}

# No two neighbours in it can share the same characters: else a long text would take the square of its length.
TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<text>'[^']*'|"[^"]*")
  | (?P<quoted>`[^`]*`)
  | (?P<number>-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w.]))
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


class Tokens:
    """Gives one after the other; `next` is the one ahead. The last is of kind "end", without end."""

    def __init__(self, text: str, *, what: str) -> None:
        self._text = text
        self._what = what
        self._scan = self._scanned()
        self.next = next(self._scan)

    def take(self) -> Token:
        token, self.next = self.next, next(self._scan)
        return token

    def word(self, word: str) -> bool:
        """Take the word, if it comes next."""
        if self.next.kind == "word" and self.next.value.upper() == word:
            self.take()
            return True
        return False

    def mark(self, mark: str) -> bool:
        """Take the mark, if it comes next."""
        if self.next.kind == "mark" and self.next.value == mark:
            self.take()
            return True
        return False

    def fail(self, expected: str, token: Token | None = None, *, hint: str | None = None) -> NoReturn:
        """Something else was expected in the place of this token (or of the next)."""
        token = token or self.next
        words = self._text[token.at : token.at + SHOWN].split()
        found = "the end" if token.kind == "end" else repr(words[0])
        self.stop(token.at, f"expected {expected}, found {found}", hint=hint)

    def stop(self, at: int, message: str, *, hint: str | None = None) -> NoReturn:
        """Raises the error about what stands there."""
        start = max(0, at - SHOWN)
        shown = self._text[start : at + SHOWN]
        line = "".join(sign if sign.isprintable() else " " for sign in shown)
        raise TrackingError(
            f"{self._what}, character {at + 1}: {message}",
            hint=hint,
            detail=f"{line}\n{' ' * (at - start)}^",
        )

    def _scanned(self) -> Iterator[Token]:
        at = 0
        while at < len(self._text):
            hit = TOKEN.match(self._text, at)
            if hit is None:
                self.stop(at, "this cannot be read", hint=UNREADABLE.get(self._text[at]))
            kind = str(hit.lastgroup)
            if kind != "space":
                yield Token(kind, hit[0][1:-1] if kind in {"text", "quoted"} else hit[0], at)
            at = hit.end()
        end = Token("end", "", len(self._text))
        while True:
            yield end
