"""The style of a page in one file: what all pages have, then what it imports, then its own; without comments."""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

BASE = "style/base.css"
IMPORT = re.compile(r'^@import (?:url\()?"([\w./-]+)"\)?;\s*', re.MULTILINE)
COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\')|/\*.*?\*/', re.DOTALL)
INDENT = re.compile(r"\s*\n\s*")


def joined(directory: Path, path: str) -> str:
    """The style at a path below the directory."""
    texts = {
        each: (directory / each).read_text() for each in dict.fromkeys((BASE, *_imported(directory, path)))
    }
    return "\n".join(
        INDENT.sub("\n", COMMENT.sub(r"\1", IMPORT.sub("", text))).strip() for text in texts.values()
    )


def _imported(directory: Path, path: str) -> Iterator[str]:
    """What it imports, each before what imports it."""
    for other in IMPORT.findall((directory / path).read_text()):
        yield from _imported(directory, posixpath.normpath(posixpath.join(posixpath.dirname(path), other)))
    yield path
