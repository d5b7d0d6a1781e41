"""ES modules as we write them, taken apart: what a module imports and exports, and its code without comments.

    import { h, fill as filled } from "./dom.js";            first of all, each at the beginning of a line
    import * as view from "./view.js";
    export function|async function|function*|class|const name    at the beginning of a line, one name each
    import("./tab.js")                                       anywhere, of a path that is written there
    import.meta.url                                          anywhere

All else that is made of `import` and `export` (`export let`, `export default`, `export ... from`, an import for its effects),
a name that begins with `$`, a slash that could be read in two ways: an error. Nothing is guessed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

IMPORT = re.compile(
    r'import (?:\{(?P<names>[\w\s,]*)\}|\* as (?P<whole>\w+)) from "(?P<path>\.{1,2}/[\w./-]+\.js)";(?=\s|$)'
)
NAMED = re.compile(r"(\w+)(?: as (\w+))?")
EXPORT = re.compile(r"export (?=(?:function\*?|async function|class|const) (?P<name>\w+))")
LATER = re.compile(r'import\("(?P<path>\.{1,2}/[\w./-]+\.js)"\)')
OWN_URL = re.compile(r"import\.meta\.url\b")
AWAIT = re.compile(r"(?:const [^=\n]+ = )?await\b")
STRING = r"""(?:"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')"""
PLAIN = rf"""[^\s\w$"'`/{{signs}}]++ | (?!(?:import|export)\b)\w++ | {STRING} | [ ](?=[^\s/])"""
SIGN = re.compile(rf"{STRING}|[][(){{}},;]", re.DOTALL)
PIECE = r"(?P<gap>(?:\s++|//[^\n]*+|/\*.*?\*/)+) | (?P<plain>(?:{plain})++) | (?P<word>[\w$]+) | (?P<sign>[`/{{}}])"
CODE = re.compile(PIECE.format(plain=PLAIN.format(signs="")), re.VERBOSE | re.DOTALL)
FILLED = re.compile(PIECE.format(plain=PLAIN.format(signs="{}")), re.VERBOSE | re.DOTALL)  # within a template
TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*+(?:`|\$\{)", re.DOTALL)
PATTERN = re.compile(r"/(?![*/ ])(?:[^\\/\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])++/[a-z]*")
BEFORE_PATTERN = re.compile(r"(?:[(,=:\[!&|?{;+*%^<>~-]|\b(?:return|typeof|case|of|in|await)|^)$")
OPERAND = re.compile(r"[\w)\]\"'`]$")


class NotOurs(Exception):
    """A module is written in a way that is not ours: where, and what is wrong."""


@dataclass(frozen=True, slots=True)
class Import:
    """`names` are those of the other module, each with its name here; none: all of it, under the name `whole`."""

    path: str
    names: Mapping[str, str]
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    """A module that is asked for when the code comes there."""

    path: str


class OwnUrl:
    """Where the code asks for the address of its own file."""


Piece: TypeAlias = str | Later | OwnUrl


@dataclass(frozen=True, slots=True)
class Module:
    """`code` is what is left, without comments and indentation; `waits`: those who import it wait for it."""

    imports: Sequence[Import]
    exports: Sequence[str]
    code: Sequence[Piece]
    waits: bool


def read(name: str, source: str) -> Module:
    """Take a module apart.

    Raises:
        NotOurs: it is not written as above.
    """
    return _Reader(name, source).module()


class _Reader:
    def __init__(self, name: str, source: str) -> None:
        self._name = name
        self._source = source
        self._at = 0
        self._imports: list[Import] = []
        self._exports: list[str] = []
        self._code: list[Piece] = []
        self._before = ""  # the code before this place: it decides what a slash means
        self._braces: list[str] = []  # that are open since a template began
        self._depth: int | None = None  # of brackets in a constant that is exported
        self._waits = False

    def module(self) -> Module:
        while self._at < len(self._source):
            token = (FILLED if self._braces else CODE).match(self._source, self._at)
            if token is None:
                raise self._wrong("a string that does not end")
            if token.lastgroup == "gap":
                self._code.append("\n" if "\n" in token[0] else " ")  # the end of a line may end a statement
                self._at = token.end()
            elif token.lastgroup == "plain":
                self._waits = self._waits or (self._begins_line() and AWAIT.match(token[0]) is not None)
                self._follow("" if self._braces else token[0])
                self._add(token.end())
            elif token.lastgroup == "word":
                self._word(token[0])
            else:
                self._sign(token[0])
        if self._braces:
            raise self._wrong("a template that does not end")
        return Module(self._imports, self._exports, self._code, self._waits)

    def _add(self, end: int) -> None:
        self._before = self._source[self._at : end]
        self._code.append(self._before)
        self._at = end

    def _put(self, piece: Piece, end: int) -> None:
        self._code.append(piece)
        self._before = ")"
        self._at = end

    def _word(self, word: str) -> None:
        if word == "import":
            self._import()
        elif word == "export":
            self._export()
        else:
            raise self._wrong(f"{word}: names that begin with $ are those of joined modules")

    def _import(self) -> None:
        if found := LATER.match(self._source, self._at):
            self._put(Later(found["path"]), found.end())
        elif found := OWN_URL.match(self._source, self._at):
            self._put(OwnUrl(), found.end())
        elif (found := IMPORT.match(self._source, self._at)) and self._begins_line() and not self._before:
            names = {each[1]: each[2] or each[1] for each in NAMED.finditer(found["names"] or "")}
            self._imports.append(Import(found["path"], names, found["whole"] or ""))
            self._at = found.end()
        else:
            raise self._wrong("an import of a form, or in a place, that is not joined")

    def _export(self) -> None:
        found = EXPORT.match(self._source, self._at)
        if found is None or not self._begins_line():
            raise self._wrong("an export of a form that is not joined")
        self._exports.append(found["name"])
        self._at = found.end()
        self._depth = 0 if self._source.startswith("const", self._at) else None

    def _follow(self, code: str) -> None:
        """On to the end of an exported constant: a comma there means that there is another one."""
        for sign in SIGN.findall(code):
            if self._depth is None:
                return
            if not self._depth and sign == ",":
                raise self._wrong("an export of several names")
            self._depth += (sign in "([{") - (sign in ")]}")
            if self._depth < 0 or (not self._depth and sign == ";"):
                self._depth = None

    def _sign(self, sign: str) -> None:
        if sign == "/":
            self._slash()
        elif sign == "`" or (sign == "}" and self._braces.pop() == "${"):
            self._template()
        else:
            if sign == "{":
                self._braces.append(sign)
            self._add(self._at + 1)

    def _template(self) -> None:
        """From a backtick, or from the brace that ends what was filled in, to the next of these."""
        found = TEMPLATE.match(self._source, self._at + 1)
        if found is None:
            raise self._wrong("a template that does not end")
        if found[0].endswith("${"):
            self._braces.append("${")
        self._add(found.end())

    def _slash(self) -> None:
        before, after = self._before[-20:], self._source[self._at + 1 : self._at + 2]
        if BEFORE_PATTERN.search(before):
            found = PATTERN.match(self._source, self._at)
        elif OPERAND.search(before) and after in {" ", "="}:
            return self._add(self._at + 1)
        else:
            found = None
        if found is None:
            raise self._wrong("a slash that may be a division (`a / b`) or begin a pattern (`(/x/)`)")
        return self._add(found.end())

    def _begins_line(self) -> bool:
        return self._at == 0 or self._source[self._at - 1] == "\n"

    def _wrong(self, what: str) -> NotOurs:
        line = self._source.count("\n", 0, self._at) + 1
        return NotOurs(f"{self._name}:{line}: {what}")
