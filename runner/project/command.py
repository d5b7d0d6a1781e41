"""From a command with placeholders to the line for the shell.

"train --alpha {alpha} > ${HOME}/log"  --parse-->  literal, placeholder, literal  --render-->  "train --alpha 0.5 > ..."

`{name}` of a declared parameter becomes its value, quoted for the shell; `{{` and `}}` become single braces; all other
braces (shell variables, awk, JSON) stay as they are. Nothing else happens: no attributes, indices, format specs.
For every command that MLflow renders from plain placeholders the result is the same, byte for byte.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from runner.errors import did_you_mean
from runner.project.binding import Bound, secret_names
from runner.project.model import EntryPoint, Notice, Parameter
from runner.project.values import is_true

# What stands directly before a placeholder, in the same line, that renders as nothing, and goes with it: `--name {x}` and `name={x}`.
WORD_START = r"(?:^|[ \t]+|(?<=[\s\"'(]))"
OPTION_BEFORE = re.compile(WORD_START + r"(?P<option>--?[A-Za-z0-9][\w.-]*)[ \t]+$")
ASSIGNMENT_BEFORE = re.compile(WORD_START + r"[\w.+~/-]+=$")
BLANKS_BEFORE = re.compile(r"[ \t]+$")
WORD_ENDS = frozenset(" \t\r\n;|&)\"'`")
LONGEST_OPTION = 200  # characters looked at, so that a hostile command costs nothing

BRACE = re.compile(r"[{}]")
FIELD = re.compile(r"\{([^{}]*)\}")
UNDECLARED = re.compile(r"(?<![${])\{([A-Za-z_][\w-]*)\}(?!\})")
FORMATTED = re.compile(r"(?<![${])(\{([^{}.\[!:]+)[.\[!:][^{}]*\})(?!\})")
SHELL_VARIABLE = re.compile(r"\$\{([^{}]+)\}")


class Piece(Struct, frozen=True):
    """A literal text, or a placeholder of the parameter `text`; `start` and `end` are its place in the template."""

    kind: Literal["literal", "placeholder"]
    text: str
    start: int
    end: int


def parse(template: str, names: Mapping[str, object]) -> Iterator[Piece]:
    """Take a command apart. A doubled brace is an escape unless it closes braces that are not ours.

    >>> [piece.text for piece in parse("{a} {{}} ${b:-{c}}", {"a": 1})]
    ['a', ' ', '{', '}', ' ${b:-{c}}']
    """
    literal, at = 0, 0
    foreign: list[bool] = []  # the open braces: ours (escaped) or foreign
    while brace := BRACE.search(template, at):
        at = brace.start()
        field = FIELD.match(template, at)
        pair = template[at : at + 2]
        if pair == "{{" or (pair == "}}" and not (foreign and foreign[-1])):
            yield from _literal(template, literal, at)
            yield Piece("literal", pair[0], at, at + 2)
            if pair == "{{":
                foreign.append(False)
            elif foreign:
                foreign.pop()
            literal = at = at + 2
        elif field and field[1] in names:
            yield from _literal(template, literal, at)
            yield Piece("placeholder", field[1], at, field.end())
            literal = at = field.end()
        else:
            if template[at] == "{":
                foreign.append(True)
            elif foreign and foreign[-1]:
                foreign.pop()
            at += 1
    yield from _literal(template, literal, len(template))


def _literal(template: str, start: int, end: int) -> Iterator[Piece]:
    if start < end:
        yield Piece("literal", template[start:end], start, end)


def render(entry_point: EntryPoint, bound: Bound, *, replaced: Mapping[str, str] | None = None) -> str:
    """The command for the shell.

    Args:
        entry_point: the command and its parameters.
        bound: their values.
        replaced: texts to put in place of a value, without changing the record: the local path of an input.

    A parameter without a value renders as nothing, and so do an option word (`--name {x}`) or an assignment
    (`name={x}`) directly before it. A flag renders as that option word (or `--name` where there is none) or as
    nothing. A secret renders as a reference to an environment variable; see `secret_variables`.
    """
    template, texts = entry_point.command, {**bound.values, **(replaced or {})}
    variables = secret_names(entry_point)
    rendered: list[str] = []
    for piece in parse(template, entry_point.parameters):
        if piece.kind == "literal":
            rendered.append(piece.text)
            continue
        parameter = entry_point.parameters[piece.text]
        before = _word_before(template, piece)
        if parameter.flag:
            _cut(rendered, before)
            rendered.append(_flag(parameter, texts, before))
        elif piece.text not in texts:
            _cut(rendered, before)
        elif parameter.secret:
            rendered.append(_reference(variables[piece.text], template[: piece.start]))
        else:
            rendered.append(shlex.quote(texts[piece.text]))
    return _with_extra("".join(rendered), bound.extra)


def _with_extra(command: str, extra: Mapping[str, str]) -> str:
    if extra and command.endswith("\n") and not command.endswith("\\\n"):
        command = command.rstrip("\n")  # on a line of its own the shell would take `--name` for a program
    return " ".join(
        (command, *(f"--{shlex.quote(name)} {shlex.quote(value)}" for name, value in extra.items()))
    )


def _word_before(template: str, piece: Piece) -> re.Match[str] | None:
    """What goes with the placeholder when it renders as nothing, if it ends a word."""
    if piece.end < len(template) and template[piece.end] not in WORD_ENDS:
        return None
    text = template[max(0, piece.start - LONGEST_OPTION) : piece.start]
    return OPTION_BEFORE.search(text) or ASSIGNMENT_BEFORE.search(text) or BLANKS_BEFORE.search(text)


def _cut(rendered: list[str], before: re.Match[str] | None) -> None:
    """Take the word off the last literal; it holds no braces, so it is there as it was in the template."""
    if before and rendered:
        rendered[-1] = rendered[-1].removesuffix(before[0])


def _flag(parameter: Parameter, texts: Mapping[str, str], before: re.Match[str] | None) -> str:
    if not is_true(texts.get(parameter.name, "")):
        return ""
    if before is None:
        return shlex.quote(f"--{parameter.name}")
    option = before.groupdict().get("option") or shlex.quote(f"--{parameter.name}")
    blanks = before[0][: len(before[0]) - len(before[0].lstrip(" \t"))]
    return f"{blanks}{option}"


def _reference(variable: str, before: str) -> str:
    """The variable, so that the shell expands it to exactly one text, whatever quotes surround the placeholder."""
    match _open_quote(before):
        case "'":
            return f"'\"${variable}\"'"
        case '"':
            return f"${{{variable}}}"
        case _:
            return f'"${variable}"'


def _open_quote(text: str) -> str:
    quote, skip = "", False
    for character in text:
        if skip:
            skip = False
        elif character == "\\" and quote != "'":
            skip = True
        elif character in "'\"" and quote in ("", character):
            quote = "" if quote else character
    return quote


def review(entry_point: EntryPoint) -> list[Notice]:
    """What is odd about a command: placeholders that nothing fills, parameters that nothing uses."""
    names = entry_point.parameters
    used = {piece.text for piece in parse(entry_point.command, names) if piece.kind == "placeholder"}
    notices = []
    for name in dict.fromkeys(UNDECLARED.findall(entry_point.command)):
        if name not in names:
            message = (
                f"entry point {entry_point.name!r}: {{{name}}} is no declared parameter and stays as it is"
            )
            hint = did_you_mean(name, names) or f"declare {name!r}, or write {{{{{name}}}}} for the text"
            notices.append(Notice(message, entry_point.where, hint))
    for name in dict.fromkeys(SHELL_VARIABLE.findall(entry_point.command)):
        if name in names:
            message = f"entry point {entry_point.name!r}: ${{{name}}} is the parameter after a `$`"
            notices.append(
                Notice(message, entry_point.where, f"write {{{name}}}, or ${name} for the variable")
            )
    for text, name in dict.fromkeys(FORMATTED.findall(entry_point.command)):
        if name in names and text[1:-1] not in names:
            message = f"entry point {entry_point.name!r}: {text} is not formatted and stays as it is"
            notices.append(Notice(message, entry_point.where, f"write {{{name}}}"))
    for name, parameter in names.items():
        if name not in used and not parameter.secret:
            message = f"entry point {entry_point.name!r} does not use its parameter {name!r}"
            notices.append(Notice(message, parameter.where))
    return notices
