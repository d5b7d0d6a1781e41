"""An environment's own path, where it stands in the environment's files, replaced by another one.

In a text it may grow. In a compiled file nothing may move: the string that holds the path is replaced in place, and
zeros fill what is left, or give the room that is missing.
"""

import csv
import hashlib
import io
import json
import mmap
import re
import shlex
from collections.abc import Collection
from pathlib import Path
from typing import Literal

from runner.environments.kept import contents

_LONGEST_FIRST_LINE = 127  # of a script, on Linux

_BY_SHELL = b"#!/bin/sh\n'''exec' %s \"$0\" \"$@\"\n' '''\n"

Kind = Literal["text", "binary"]


def kind(path: Path, prefix: str) -> Kind | None:
    """How the prefix stands in a file; None if it does not."""
    with path.open("rb") as file:
        if not file.seek(0, io.SEEK_END):
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            if content.find(prefix.encode()) < 0:
                return None
            return "text" if content.find(b"\0") < 0 else "binary"


def in_text(content: bytes, old: str, new: str) -> bytes:
    """A text for another prefix; a script whose first line becomes too long for the system gets another one."""
    changed = content.replace(old.encode(), new.encode())
    line, _, rest = changed.partition(b"\n")
    if not line.startswith(b"#!" + new.encode()) or (len(line) <= _LONGEST_FIRST_LINE and " " not in new):
        return changed
    # A shell starts Python, which reads the same lines as a string and goes on below.
    return _BY_SHELL % shlex.quote(line[2:].decode()).encode() + rest


def in_place(content: bytes, old: str, new: str) -> bytes | None:
    """A compiled file for another prefix, of the same length; None where it has no room."""
    changed = bytearray(content)
    for found in re.finditer(re.escape(old.encode()) + rb"[^\0]*", content):
        text = found[0].replace(old.encode(), new.encode())
        end = found.end() + max(len(text) - len(found[0]), 0)
        if any(content[found.end() : end + 1]):  # no filling; one zero ends the string
            return None
        changed[found.start() : end] = text.ljust(end - found.start(), b"\0")
    return bytes(changed)


def listed_anew(prefix: Path, changed: Collection[str]) -> None:
    """Bring what packages say of their files up to date for the changed ones (paths below the prefix)."""
    for facts in contents.distributions(prefix):
        _record_anew(prefix, facts, changed)
    for path, package in contents.conda_packages(prefix):
        items = [item for item in contents.conda_paths(package) if item["_path"] in changed]
        for item in items:
            item["sha256_in_prefix"] = hashlib.sha256((prefix / item["_path"]).read_bytes()).hexdigest()
        if items:
            path.write_text(json.dumps(package, indent=2), encoding="utf-8")


def _record_anew(prefix: Path, facts: Path, changed: Collection[str]) -> None:
    rows = list(contents.record(prefix, facts))
    if not any(path in changed for path, _ in rows):
        return
    with (facts / "RECORD").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for path, row in rows:
            anew = path in changed and len(row) > 1 and row[1]
            writer.writerow(contents.record_row(row, (prefix / path).read_bytes()) if anew else row)
