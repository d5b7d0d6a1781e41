"""YAML defects in words: what libyaml says about a broken file, as one clear message with its place."""

import re
from pathlib import Path

import yaml

from runner.errors import Location, ProjectError

QUOTE = "put the text in quotes"
INDENT = "check the indentation, and quote texts that hold `: `"

# what the parser says (its C and Python halves differ in wording): what we say, and what to do
PROBLEMS: tuple[tuple[str, str, str], ...] = (
    ("mapping values are not allowed", "a ':' where no mapping can begin", INDENT),
    ("expected key", "this does not line up with the lines above", INDENT),
    ("expected <block end>", "this does not line up with the lines above", INDENT),
    ("expected '-' indicator", "this does not line up with the list above", INDENT),
    ("could not find expected ':'", "neither a key with a ':' nor part of a text", INDENT),
    ("unknown escape", "a backslash in a double-quoted text which YAML does not know", "use single quotes"),
    ("node content", "a value is missing, or an unquoted text begins with a bracket", QUOTE),
    ("incompatible YAML document", "not a version of YAML that is known", "remove the `%YAML` line"),
)
CONTEXTS: tuple[tuple[str, str, str], ...] = (
    ("quoted scalar", "this quote is never closed", "add the closing quote"),
    ("flow mapping", "this '{' is never closed, or a ',' is missing", "close it, or quote the text"),
    ("flow sequence", "this '[' is never closed, or a ',' is missing", "close it, or quote the text"),
    ("scanning an alias", "an unquoted text cannot begin with '*'", QUOTE),
    ("scanning an anchor", "an unquoted text cannot begin with '&'", QUOTE),
    (
        "block scalar",
        "only an indentation or `-`, `+` may follow `|` and `>`",
        "put the text on the next line",
    ),
    ("simple key", "neither a key with a ':' nor part of a text", INDENT),
)


def yaml_failure(error: yaml.YAMLError, text: str, path: Path) -> ProjectError:
    """The parser's complaint as one of ours."""
    match error:
        case yaml.MarkedYAMLError():
            return _marked(error, text, path)
        case yaml.reader.ReaderError(character=int(code)):
            return ProjectError(
                f"control character U+{code:04X} in a text file",
                where=_place(text.partition(chr(code))[0], path),
                hint="remove it",
            )
        case _:
            return ProjectError(f"not YAML: {error}", where=Location(path))


def _marked(error: yaml.MarkedYAMLError, text: str, path: Path) -> ProjectError:
    problem, context = error.problem or "", error.context or ""
    mark = error.problem_mark or error.context_mark
    where = Location(path, mark.line + 1, mark.column + 1) if mark else Location(path)
    if "cannot start any token" in problem:
        return _bad_start(text, where)
    if "block mapping" in context and _line(text, where)[: (where.column or 1) - 1].strip(" -"):
        return ProjectError("more text after the end of a value", where=where, hint="put all of it in quotes")
    for said, ours, hint in PROBLEMS:
        if said in problem:
            return ProjectError(ours, where=where, hint=hint)
    for said, ours, hint in CONTEXTS:
        if said in context:
            opening = error.context_mark or mark
            return ProjectError(
                ours,
                where=Location(path, opening.line + 1, opening.column + 1) if opening else where,
                hint=hint,
            )
    return ProjectError(f"not YAML: {problem or context}", where=where, hint=QUOTE)


def _bad_start(text: str, where: Location) -> ProjectError:
    character = _line(text, where)[(where.column or 1) - 1 :][:1]
    if character == "\t":
        return ProjectError("a tab cannot indent YAML", where=where, hint="use spaces")
    return ProjectError(f"an unquoted text cannot begin with {character!r}", where=where, hint=QUOTE)


def _line(text: str, where: Location) -> str:
    lines = text.splitlines()
    return lines[where.line - 1] if where.line and where.line <= len(lines) else ""


def no_text(error: UnicodeDecodeError, data: bytes, path: Path) -> ProjectError:
    """The file's bytes are not UTF-8."""
    utf16 = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    before = data[: error.start].decode(errors="replace")
    return ProjectError(
        f"not UTF-8 ({'it looks like UTF-16' if utf16 else f'byte 0x{data[error.start]:02x}'})",
        where=Location(path) if utf16 else _place(before, path),
        hint="save the file as UTF-8",
    )


TEMPLATE_MARK = re.compile(r"^[^#\n]*?(\{\{-?\s*cookiecutter\.|\{%)", re.MULTILINE)


def template_in(text: str, path: Path, *, loaded: bool = False) -> ProjectError | None:
    """The error for a template which was never filled in; None where there are no marks of one.

    `{%` is looked for only where YAML was broken: a command may hold it.
    """
    for hit in TEMPLATE_MARK.finditer(text):
        if loaded and hit[1] == "{%":
            continue
        return ProjectError(
            f"this is a template ({hit[1].strip()!r}), not yet a project",
            where=_place(text[: hit.start(1)], path),
            hint="generate the project first (cookiecutter, copier), then run what it generated",
        )
    return None


def _place(before: str, path: Path) -> Location:
    return Location(path, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
