"""What the caller's environment holds, read from the names of files: nothing is started, and a look costs a millisecond.

PATH ─► python (through pyenv's shim) ─► its prefix ─► metadata directories of packages, conda's records
"""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

from runner.environments.model import Observed

_DIST = re.compile(r"([\w.]+)-([\w.+!]+)(?:-py[\d.]+)?\.(?:dist|egg)-info")
_EGG = re.compile(r"([\w.-]+)()\.egg-info")  # of a package in development: its version is inside
_CONDA = re.compile(r"([\w.-]+)-([\w.+!]+)-([\w.]+)\.json")
_MINOR = re.compile(r"python3\.\d+t?")
_MOST_BYTES = 1 << 12
_SYSTEM_SITES = re.compile(r"^include-system-site-packages\s*=\s*true", re.MULTILINE | re.IGNORECASE)


def observe(environ: Mapping[str, str], directory: Path) -> Observed | None:
    """The packages of the `python` that a program would find there; None where it would find none that we know of.

    Args:
        environ: of the program.
        directory: in which it runs, for version managers look there.
    """
    python = _python(environ, directory)
    if python is None:
        return None
    known: dict[str, str] = {}
    for name, version in chain.from_iterable(map(_listed, _sites(python, environ, directory))):
        known.setdefault(re.sub(r"[-_.]+", "-", name).lower(), f"{name}=={version}" if version else name)
    return Observed(
        python=python, lines=(*sorted(_conda(_prefix(python))), *sorted(known.values(), key=str.lower))
    )


def _python(environ: Mapping[str, str], directory: Path) -> Path | None:
    path = os.pathsep.join(
        part
        for part in environ.get("PATH", os.defpath).split(os.pathsep)
        if os.path.isabs(part)  # noqa: PTH117
    )
    found = shutil.which("python", path=path) or shutil.which("python3", path=path)
    if found is None:
        return None
    return (
        _behind_shim(Path(found), environ, directory) if Path(found).parent.name == "shims" else Path(found)
    )


def _behind_shim(shim: Path, environ: Mapping[str, str], directory: Path) -> Path | None:
    """Where pyenv's shim leads: by PYENV_VERSION, the nearest .python-version, or the global one. Others are not known."""
    root = shim.parent.parent
    files = (place / ".python-version" for place in (directory, *directory.parents))
    named = environ.get("PYENV_VERSION", "") or next(filter(None, map(_text, (*files, root / "version"))), "")
    version = re.split(r"[:\s]", named.strip(), maxsplit=1)[0]
    python = root / "versions" / version / "bin" / shim.name
    return python if re.fullmatch(r"[\w.-]+", version) and python.exists() else None


def _prefix(python: Path) -> Path:
    """A virtual environment's interpreter is a link out of it: it is asked for first."""
    own = python.parent.parent
    return own if (own / "pyvenv.cfg").exists() else python.resolve().parent.parent


def _sites(python: Path, environ: Mapping[str, str], directory: Path) -> Iterator[Path]:
    """Directories of packages in the order in which Python looks, as far as they can be told from outside."""
    yield from (directory / part for part in environ.get("PYTHONPATH", "").split(os.pathsep) if part)
    prefix, real = _prefix(python), python.resolve()
    settings = _text(prefix / "pyvenv.cfg")
    if settings:
        yield from prefix.glob("lib/python3*/site-packages")
        if not _SYSTEM_SITES.search(settings):
            return
    minor = _MINOR.match(real.name)
    version, base = minor[0] if minor else "python3.*", real.parent.parent
    if not environ.get("PYTHONNOUSERSITE"):
        yield from Path(environ.get("HOME") or Path.home()).glob(f".local/lib/{version}/site-packages")
    # the second and third are Debian's
    for place in (
        f"lib/{version}/site-packages",
        f"local/lib/{version}/dist-packages",
        "lib/python3/dist-packages",
    ):
        yield from base.glob(place)


def _listed(site: Path) -> Iterator[tuple[str, str]]:
    for name in _names(site):
        if found := _DIST.fullmatch(name) or _EGG.fullmatch(name):
            yield found[1], found[2]


def _conda(prefix: Path) -> Iterator[str]:
    for name in _names(prefix / "conda-meta"):
        if found := _CONDA.fullmatch(name):
            yield f"{found[1]}={found[2]}={found[3]}"


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)  # noqa: PTH208 - names are all we need
    except OSError:
        return []


def _text(file: Path) -> str:
    """The beginning of a file that is one: a project may hold a pipe of that name."""
    try:
        if not file.is_file():
            return ""
        with file.open("rb") as stream:
            return stream.read(_MOST_BYTES).decode(errors="replace")
    except OSError:
        return ""
