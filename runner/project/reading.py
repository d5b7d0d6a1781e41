"""Small steps shared by the readers of project files: typed access to located values, unknown keys, relative paths."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from runner.errors import ProjectError, did_you_mean
from runner.project.document import Items, Node, Scalar, Table
from runner.project.model import Notice

LONGEST_NAME = 255  # bytes of a file name, on every usual file system


def refused(message: str, node: Node, *, hint: str | None = None) -> ProjectError:
    """An error at the node's place."""
    return ProjectError(message, where=node.where, hint=hint)


def text_of(table: Table, key: str, *, what: str) -> str | None:
    """A text under `key` (a number or a date counts, as YAML reads it); None where absent or null."""
    match table.get(key):
        case None:
            return None
        case Scalar(value=value):
            return str(value)
        case node:
            raise refused(f"{what} must be a text, not {node}", node)


def truth_of(table: Table, key: str, *, what: str) -> bool:
    """A truth under `key`; False where absent or null."""
    match table.get(key):
        case None:
            return False
        case Scalar(value=bool(value)):
            return value
        case node:
            raise refused(f"{what} must be true or false, not {node}", node)


def items_of(table: Table, key: str, *, what: str) -> tuple[Node, ...]:
    """A list under `key`; empty where absent or null."""
    match table.get(key):
        case None:
            return ()
        case Items(values=values):
            return values
        case node:
            raise refused(f"{what} must be a list, not {node}", node, hint=f"write `{key}: [...]`")


def texts_of(table: Table, key: str, *, what: str) -> tuple[str, ...]:
    """A list of texts under `key`; empty where absent or null."""
    match table.get(key):
        case None:
            return ()
        case Items(values=values):
            return tuple(_plain_text(value, what) for value in values)
        case node:
            raise refused(f"{what} must be a list of texts, not {node}", node, hint=f"write `{key}: [...]`")


def _plain_text(node: Node, what: str) -> str:
    match node:
        case Scalar(value=str(value)):
            return value
        case _:
            raise refused(f"{what} must be a list of texts; this is {node}", node, hint="put it in quotes")


def globs_of(table: Table, key: str) -> tuple[str, ...]:
    """One or more file patterns below the project directory."""
    found = table.get(key)
    nodes: Sequence[Node] = found.values if isinstance(found, Items) else [found] if found else []
    return tuple(_glob(node, key) for node in nodes)


def _glob(node: Node, key: str) -> str:
    match node:
        case Scalar(value=str(text)) if text:
            path = PurePosixPath(text)
            if path.is_absolute() or ".." in path.parts:
                raise refused(f"'{key}' names files below the project directory, not {text!r}", node)
            if objection := _objection(path):
                raise refused(f"'{key}': {node} is no file pattern: {objection}", node)
            return text
        case _:
            raise refused(f"'{key}' must be a file pattern or a list of them; this is {node}", node)


def _objection(pattern: PurePosixPath) -> str | None:
    """What Python's `Path.glob` of some version, or the file system, would refuse; None for a good pattern."""
    if not pattern.parts:
        return "it names the project directory itself"
    if "\0" in str(pattern):
        return "no file name holds a NUL character"
    if any("**" in part and part != "**" for part in pattern.parts):
        return "`**` stands alone between slashes"
    if any(len(part.encode(errors="replace")) > LONGEST_NAME for part in pattern.parts):
        return f"no file name is longer than {LONGEST_NAME} bytes"
    return None


def without_nul(text: str, node: Node, *, what: str) -> str:
    """The text, which is to stand on a command line."""
    if "\0" in text:
        raise refused(f"{what} holds a NUL character, which no command line can", node)
    return text


def check_keys(table: Table, known: Iterable[str], notices: list[Notice], *, place: str) -> None:
    """Note each key which means nothing, with what was probably meant."""
    known = tuple(known)
    notices.extend(
        Notice(f"unknown key {entry.key!r} in {place}", entry.where, _meant(entry.key, known))
        for entry in table
        if entry.key not in known
    )


def _meant(key: str, known: tuple[str, ...]) -> str | None:
    """`default:10` and `type str` are keys without a value: the space or the colon is missing."""
    if (hit := re.match(r"\w+(?=[:\s=])", key)) and hit[0] in known:
        return f"did you mean '{hit[0]}: {key[hit.end() :].lstrip(': =')}'?"
    return did_you_mean(key, known)
