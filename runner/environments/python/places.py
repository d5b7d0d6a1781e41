"""Where interpreters lie on a machine: version managers' directories (their shims may lead nowhere), conda prefixes, PATH."""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

_VISIBLE = re.compile(r"[^.].*")
_ON_PATH = re.compile(r"python3?(\.\d+)?")
_IN_NAME = re.compile(r"(?:^|[-@])(\d+\.\d+\.\d+)(?:$|[-+])")


class Candidate(Struct, frozen=True):
    """Perhaps an interpreter. `version` is what its directory's or its own name promises, "" where that is silent."""

    path: Path
    origin: str
    version: str = ""


def candidates(environ: Mapping[str, str]) -> Iterator[Candidate]:
    """What may be an interpreter, each executable once, in the order of preference."""
    seen: set[Path] = set()
    for candidate in (*_managed(environ), *_conda(environ), *_on_path(environ)):
        with suppress(OSError):
            real = candidate.path.resolve(strict=True)
            if real not in seen:
                seen.add(real)
                yield candidate


def _managed(environ: Mapping[str, str]) -> Iterator[Candidate]:
    home = _home(environ)
    data = Path(environ.get("XDG_DATA_HOME") or home / ".local/share")
    places = (
        ("pyenv", Path(environ.get("PYENV_ROOT") or home / ".pyenv") / "versions"),
        ("asdf", Path(environ.get("ASDF_DATA_DIR") or home / ".asdf") / "installs/python"),
        ("mise", Path(environ.get("MISE_DATA_DIR") or data / "mise") / "installs/python"),
        ("rye", Path(environ.get("RYE_HOME") or home / ".rye") / "py"),
        ("uv", Path(environ.get("UV_PYTHON_INSTALL_DIR") or data / "uv/python")),
    )
    for origin, place in places:
        for entry in _listing(place):
            named = _IN_NAME.search(entry.name)
            yield Candidate(entry / "bin/python3", origin, named[1] if named else "")


def _conda(environ: Mapping[str, str]) -> Iterator[Candidate]:
    home = _home(environ)
    roots = [Path(environ[name]) for name in ("CONDA_PREFIX", "MAMBA_ROOT_PREFIX") if environ.get(name)]
    if environ.get("CONDA_EXE"):
        roots.append(Path(environ["CONDA_EXE"]).parent.parent)
    names = ("miniconda3", "miniforge3", "mambaforge", "anaconda3", "micromamba")
    for root in (*roots, *(home / name for name in names), Path("/opt/conda")):
        for prefix in (root, *_listing(root / "envs")):
            yield Candidate(prefix / "bin/python3", "conda")


def _on_path(environ: Mapping[str, str]) -> Iterator[Candidate]:
    system = ("/usr/local/bin", "/usr/bin", "/opt/homebrew/bin")
    for directory in dict.fromkeys((*environ.get("PATH", "").split(os.pathsep), *system)):
        if not Path(directory).is_absolute() or Path(directory).name == "shims":
            continue
        for entry in _listing(Path(directory), _ON_PATH):
            named = _ON_PATH.fullmatch(entry.name)
            assert named
            yield Candidate(entry, "PATH", f"3{named[1]}" if named[1] else "")


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or Path.home())


def _listing(directory: Path, names: re.Pattern[str] = _VISIBLE) -> list[Path]:
    try:
        return [directory / name for name in sorted(os.listdir(directory)) if names.fullmatch(name)]  # noqa: PTH208
    except OSError:
        return []
