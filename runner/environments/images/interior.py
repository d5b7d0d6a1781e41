"""What is in an image: its Python and its C library, found out once for each image."""

import json
import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import Struct

from runner.containers import layers
from runner.containers.engine import Engine
from runner.containers.images import Image
from runner.environments.images import keeping
from runner.environments.images.having import short
from runner.environments.model import Interpreter
from runner.environments.python.versions import PythonRequest, release_of
from runner.errors import EnvironmentFailed
from runner.settings import Settings

_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}  # an engine's word -> uv's
_FACTS = (
    r"\d+\.\d+[\w.+]*",
    r"\w+",
    r"/[^\x00-\x1f]+",
    r"musl|glibc \d+\.\d+",
)  # of a Python, as _ASK prints them
_GLIBC = (*range(40, 30, -1), 28, 17)  # minor versions that uv knows, the newest first
_NAMES = " ".join(["python3", "python", *(f"python3.{minor}" for minor in range(20, 6, -1))])
_ASK = """
import sys, os, json
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION") or "glibc 2.17"
except (ValueError, OSError, AttributeError):
    libc = "musl"
path = getattr(sys, "_base_executable", None) or sys.executable
print(json.dumps(["runner", sys.version.split()[0], sys.implementation.name, path, libc]))
"""
_SCRIPT = f"""
PATH="$PATH:/usr/local/bin:/usr/bin:/bin:/opt/conda/bin"
for name in {_NAMES}; do
  path=$(command -v $name) && "$path" -IS -c "$1" 2>/dev/null
done
exit 0
"""


class Interior(Struct, frozen=True):
    """Interpreters of an image; `platform` of each is uv's name of where it runs."""

    pythons: tuple[Interpreter, ...]

    def python(self, request: str | None, *, image: str) -> Interpreter:
        """The newest that will do.

        Raises:
            EnvironmentFailed: there is none.
        """
        wanted = PythonRequest.parse(request)
        mine = [python for python in self.pythons if python.implementation == "cpython"]
        fitting = [python for python in mine if wanted.admits(python.version)]
        if not fitting:
            there = ", ".join(sorted({python.version for python in mine})) or "none"
            raise EnvironmentFailed(
                f"image {image} has no {wanted if request else 'Python'}; it has {there}",
                hint=f"take an image that brings it, for example python:{_minor(request)}-slim;"
                " a conda environment brings its own",
            )
        return max(fitting, key=lambda python: release_of(python.version))


def look(engine: Engine, image: Image, *, settings: Settings) -> Interior:
    """What is in the image; asked once, for an image never changes.

    Raises:
        EnvironmentFailed: nothing can be started in it.
    """
    name = f"interior-{short(image.id)}"
    known = keeping.remembered(settings, name)
    if known is None or known.get("id") != image.id:
        known = {"id": image.id, "found": _ask(engine, image)}
        keeping.remember(settings, name, known)
    else:
        keeping.use(settings, name)
    found: Any = known["found"]
    pythons = {facts[2]: _interpreter(facts, image) for facts in found}
    return Interior(tuple(pythons.values()))


def _ask(engine: Engine, image: Image) -> list[list[str]]:
    try:
        done = layers.output(engine, image, ["/bin/sh", "-c", _SCRIPT, "sh", _ASK])
    except EnvironmentFailed as error:
        if "/bin/sh" not in f"{error} {error.detail}":
            raise
        raise EnvironmentFailed(
            f"image {short(image.id)} has no shell: no environment can be made in it",
            hint="take an image of an ordinary distribution, for example python:3.12-slim",
            detail=error.detail or str(error),
        ) from error
    rows = (_row(line) for line in done.text.splitlines())
    return [row for row in rows if row]


def _row(line: str) -> list[str]:
    """What a Python said of itself; nothing where the line is another one's, for the image prints what it likes."""
    with suppress(ValueError, RecursionError):
        row = json.loads(line)
        if isinstance(row, list) and len(row) == 1 + len(_FACTS) and row[0] == "runner":
            facts = [str(fact) for fact in row[1:]]
            if all(re.fullmatch(pattern, fact) for pattern, fact in zip(_FACTS, facts, strict=True)):
                return facts
    return []


def _interpreter(facts: list[str], image: Image) -> Interpreter:
    version, implementation, path, libc = facts
    return Interpreter(
        path=Path(path),
        version=version,
        implementation=implementation,
        origin="image",
        platform=_platform(image.platform, libc),
    )


def refuse_other_machines(image: Image) -> None:
    """What is made for this machine must run in the image, too.

    Raises:
        EnvironmentFailed: the image is for another one.
    """
    here = os.uname()
    architecture = image.platform.rpartition("/")[2]
    if sys.platform != "linux" or _MACHINES.get(architecture) != here.machine:
        raise EnvironmentFailed(
            f"a conda environment of this machine ({here.sysname} {here.machine}) does not run in an image for {image.platform}",
            hint="take an image for this machine's platform, or a Python environment",
        )


def _platform(platform: str, libc: str) -> str:
    """As uv names it: "x86_64-manylinux_2_36"."""
    architecture = platform.rpartition("/")[2]
    machine = _MACHINES.get(architecture)
    if machine is None:
        raise EnvironmentFailed(f"no environment can be made in an image for {platform}")
    if libc == "musl":
        return f"{machine}-unknown-linux-musl"
    minor = int(libc.rpartition(".")[2])
    return f"{machine}-manylinux_2_{next((known for known in _GLIBC if known <= minor), 17)}"


def _minor(request: str | None) -> str:
    numbers = release_of((request or "").lstrip("=<>~! "))[:2] or (3, 12)
    return ".".join(map(str, numbers))
