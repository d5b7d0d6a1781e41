"""Where the output of a run is: in files that grow, or among its artifacts."""

import re
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from runner.server.artifacts import owners
from runner.server.native.files import opened
from runner.server.native.output.counting import Files
from runner.server.places import Places
from runner.tracking.artifacts import Artifacts
from runner.tracking.logs import INDEX, STREAMS
from runner.tracking.model import Run

NAMES = (INDEX, *(f"{stream}.txt" for stream in STREAMS))


def files_of(stack: ExitStack, home: Path, known: Places, run: Run, *, ended: bool) -> Files:
    """The files in which the output of a run is, for the life of the stack; none as long as there is no output.

    Raises:
        Malformed: it is kept elsewhere, not with this server.
    """
    for place in places(home, run.id):
        if found := _local(stack, place):
            return found
    return _kept(stack, owners.opened(known, run.artifact_uri)) if ended else {}


def _local(stack: ExitStack, place: Path) -> Files:
    try:
        return {name: stack.enter_context((place / name).open("rb")) for name in NAMES}
    except FileNotFoundError:  # not yet, or no longer: then it is an artifact
        return {}


def _kept(stack: ExitStack, artifacts: Artifacts) -> Files:
    there = {item.path for item in artifacts.list("logs")}
    if f"logs/{INDEX}" not in there:
        return {}
    return {
        name: stack.enter_context(opened(artifacts, f"logs/{name}"))
        for name in NAMES
        if f"logs/{name}" in there
    }


def places(home: Path, run_id: str) -> Sequence[Path]:
    """Where the output of a run may grow: it runs on this machine, or on another one."""
    return (home / "live" / run_id, home / "received" / run_id) if plain(run_id) else ()


def plain(run_id: str) -> bool:
    """Whether an id may be a file's name: those that somebody brought along may be anything."""
    return re.fullmatch("[A-Za-z0-9_-]{1,256}", run_id) is not None
