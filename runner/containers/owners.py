"""Whose a container is: each carries its run and the process that started it as labels, so that orphans are known."""

import json
from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import asdict

from runner.containers import trouble
from runner.containers.engine import Engine
from runner.containers.running import Container

RUN, OWNER = "runner.run", "runner.owner"


class Owner(Struct, frozen=True):
    """The process that started a container: where its number means something, the number, when it started, and whose it is."""

    host: str
    pid: int
    started: str
    user: int


def reap(engine: Engine, gone: Callable[[Owner], bool], *, dry_run: bool = False) -> int:
    """Remove the containers whose owner is gone, running or not, unless it is a dry run; how many there were."""
    count = 0
    with trouble.explained("the containers cannot be listed"):
        ours = json.dumps({"label": [OWNER]})
        listed = engine.ask("GET", "/containers/json", all=1, filters=ours)
    for found in listed:
        owner = _owner(found.get("Labels") or {})
        if owner is not None and gone(owner):
            if not dry_run:
                Container(engine, found["Id"]).remove()
            count += 1
    return count


def labels(run_id: str, owner: Owner) -> dict[str, str]:
    """What marks a container as ours."""
    return {RUN: run_id, OWNER: json.dumps(asdict(owner))}


def _owner(labels: Mapping[str, str]) -> Owner | None:
    """As the label says; anybody may have written it."""
    try:
        return Owner(**json.loads(labels[OWNER]))
    except (KeyError, ValueError, TypeError):
        return None
