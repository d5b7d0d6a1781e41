"""Interpreters on this machine, those included which hide behind version managers' inactive shims.

Looked for, in this order; among those that will do the highest version wins, and the first place where it is found:
the one that runs us, pyenv, asdf, mise, rye, uv, conda prefixes, PATH without shims, system directories.
"""

import json
import re
import sys
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from runner.environments.model import DOWNLOADED, Interpreter
from runner.environments.python import places
from runner.environments.python.downloading import download
from runner.environments.python.places import Candidate
from runner.environments.python.versions import PythonRequest, release_of
from runner.environments.trouble import NoInterpreter
from runner.errors import EnvironmentFailed, RunnerError
from runner.files import write_atomically
from runner.process import capture
from runner.progress import Phase
from runner.settings import Settings

# -S and -I: nothing of the caller's may speak. The base executable: a virtual environment is no place to build on.
_PROBE = (
    "import sys, json; print(json.dumps([sys.version.split()[0], sys.implementation.name,"
    " getattr(sys, '_base_executable', None) or sys.executable]))"
)
_PROBE_SECONDS = 10.0


def running() -> Interpreter:
    """The interpreter that runs us; the one below, if that is a virtual environment."""
    path = Path(getattr(sys, "_base_executable", None) or sys.executable)
    return Interpreter(
        path=path, version=sys.version.split()[0], implementation=sys.implementation.name, origin="running"
    )


def find(
    request: str | None, *, settings: Settings, phase: Phase, asked_by: str | None = None
) -> Interpreter:
    """The best interpreter for a request; for no request, the one that runs us.

    Args:
        request: version or range, or the absolute path of an executable.
        asked_by: file that asks, for the message.

    Raises:
        NoInterpreter: there is none, and none could be downloaded.
        EnvironmentFailed: the request cannot be understood, or names a file that is no Python.
    """
    if request and Path(request).is_absolute():
        return _at(Path(request), settings)
    wanted = PythonRequest.parse(request)
    if wanted.admits(running().version):
        return running()
    if wanted.too_old:
        raise NoInterpreter(
            f"{wanted} is too old: virtual environments need Python 3.6 or newer",
            hint="have it in a conda.yaml, for conda still has it; ask for a newer `python:`; or run with --env-manager local",
        )
    phase.update(f"looking for {wanted}")
    if found := _best(wanted, settings):
        return found
    found, why = _downloaded(wanted, settings, phase)
    if not found:
        raise _missing(wanted, settings, asked_by=asked_by, why=why)
    return found


def find_interpreters(settings: Settings) -> list[Interpreter]:
    """Every interpreter that answers, highest version first."""
    return _sorted(_probed(_candidates(settings), settings))


def _best(wanted: PythonRequest, settings: Settings) -> Interpreter | None:
    likely = [item for item in _candidates(settings) if _may_be(wanted, item.version)]
    fitting = [item for item in _probed(likely, settings) if wanted.admits(item.version)]
    return _sorted(fitting)[0] if fitting else None


def _may_be(wanted: PythonRequest, version: str) -> bool:
    """Whether a promised version, perhaps without its patch number, can be what is wanted."""
    if version.count(".") == 1:
        return any(wanted.admits(f"{version}.{patch}") for patch in range(40))
    return not version or wanted.admits(version)


def _sorted(interpreters: list[Interpreter]) -> list[Interpreter]:
    return sorted(
        interpreters, key=lambda found: release_of(found.version), reverse=True
    )  # stable: order of places


def _at(path: Path, settings: Settings) -> Interpreter:
    found = _probed([Candidate(path, "path")], settings)
    if not found:
        raise EnvironmentFailed(
            f"{path} is no Python that can be started", hint="give the path of an interpreter, or a version"
        )
    return found[0]


def _missing(wanted: PythonRequest, settings: Settings, *, asked_by: str | None, why: str) -> NoInterpreter:
    ended = f" (its last release was in {wanted.ended})" if wanted.ended else ""
    asked = f"{asked_by} asks for it; " if asked_by else ""
    found = [f"  {item.version:<10} {item.path} ({item.origin})" for item in find_interpreters(settings)]
    return NoInterpreter(
        f"{wanted}{ended} is not on this machine",
        detail="\n".join([f"{asked}found are:", *found, f"not downloaded: {why}"]),
        hint=_ways_out(wanted),
    )


def _ways_out(wanted: PythonRequest) -> str:
    version = wanted.text if re.fullmatch(r"[\d.]+", wanted.text) else "3.X"
    if wanted.gone:
        return (
            f"conda still has it, and needs none here: have it in a conda.yaml (dependencies: [python={version}, pip,"
            f" {{pip: [...]}}]), and leave --env-manager and --python out; or install it with `pyenv install {version}`,"
            " or choose another with --python VERSION"
        )
    return (
        f"install it with `uv python install {version}` or `pyenv install {version}`, choose another with"
        " --python VERSION, or relax `python:` in the project"
    )


def _downloaded(wanted: PythonRequest, settings: Settings, phase: Phase) -> tuple[Interpreter | None, str]:
    """What uv has installed just now, or why there is none."""
    why = download(wanted, settings=settings, phase=phase)
    found = None if why else _best(wanted, settings)
    return (
        replace(found, origin=DOWNLOADED) if found else None
    ), why or "what uv has installed does not answer"


def _candidates(settings: Settings) -> list[Candidate]:
    own = running()
    return [Candidate(own.path, own.origin, own.version), *places.candidates(settings.environ)]


def _probed(candidates: list[Candidate], settings: Settings) -> list[Interpreter]:
    """Ask each candidate what it is. Answers are kept on disk for as long as the file stays the same."""
    memory = settings.cache / "interpreters.json"
    known = _remembered(memory)
    before = dict(known)
    found = [item for item in (_probe(candidate, known) for candidate in candidates) if item]
    if known != before:
        with suppress(OSError):  # a read-only cache only costs the time to ask again
            write_atomically(memory, json.dumps(known, indent=1))
    return found


def _probe(candidate: Candidate, known: dict[str, list[str]]) -> Interpreter | None:
    try:
        stat = candidate.path.stat()
    except OSError:
        return None
    mark = f"{stat.st_mtime_ns}:{stat.st_size}"
    answer = known.get(str(candidate.path), [])
    if answer[:1] != [mark]:
        answer = [mark, *_ask(candidate.path)]
        known[str(candidate.path)] = answer
    match answer:
        case [_, version, implementation, base]:
            return Interpreter(
                path=Path(base), version=version, implementation=implementation, origin=candidate.origin
            )
        case _:
            return None


def _ask(path: Path) -> list[str]:
    """Version, implementation and base executable; nothing when it does not answer as a Python 3 does."""
    try:
        done = capture([path, "-I", "-S", "-c", _PROBE], env={}, timeout=_PROBE_SECONDS)
        answer = json.loads(done.out)
    except (RunnerError, ValueError):
        return []
    return [str(part) for part in answer]


def _remembered(memory: Path) -> dict[str, list[str]]:
    try:
        known = json.loads(memory.read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
