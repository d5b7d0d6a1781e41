"""Spools of runs whose process is gone: what they hold is sent by whichever command comes next."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from runner.errors import RunnerError, Unavailable
from runner.files import LockTaken, remove_tree
from runner.tracking import logs
from runner.tracking.artifacts import Artifacts
from runner.tracking.clock import now
from runner.tracking.model import RunStatus
from runner.tracking.opened import ArtifactStore, Synced
from runner.tracking.remote import requests
from runner.tracking.remote.artifacts import SCHEME, RemoteArtifacts
from runner.tracking.remote.client import Client
from runner.tracking.remote.queue import Item, whole_lines
from runner.tracking.remote.spool import Spool, refusals
from runner.tracking.statuses import TOLD

KEYS = 5  # of a record that are told
ENDED = {TOLD[status] for status in RunStatus if status.ended}


@dataclass(frozen=True, slots=True)
class Leftover:
    """A spool that somebody left, or has open just now."""

    directory: Path
    run: str
    server: str
    artifact_uri: str


def found(home: Path) -> Iterator[Leftover]:
    """All spools of this machine."""
    for place in sorted((home / "spool").glob("*/server.json")):
        try:
            about = json.loads(place.read_bytes())
            yield Leftover(place.parent, about["run"], about["server"], about["artifacts"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # it goes just now, or is no spool


def sent(home: Path, client: Client, *, server: str, patience: float) -> list[str]:
    """Send what belongs to that server, for so many seconds; ids of the runs whose process had not ended them.

    Raises:
        Unavailable: the server does not answer.
    """
    end = time.monotonic() + patience
    lost = []
    for leftover in found(home):
        if leftover.server == server and time.monotonic() < end:
            outcome = _sent(leftover, home, client, going_on=lambda: time.monotonic() < end)
            lost += [leftover.run] if outcome.lost else []
            if outcome.trouble:
                raise Unavailable(outcome.trouble)
    return lost


def synced(home: Path, client: Client, *, server: str, forget: bool) -> list[Synced]:
    """Send all that belongs to that server; what became of it, and what there is for others."""
    return [
        _sent(leftover, home, client, forget=forget) if leftover.server == server else _elsewhere(leftover)
        for leftover in found(home)
    ]


def _sent(
    leftover: Leftover,
    home: Path,
    client: Client,
    *,
    going_on: Callable[[], bool] = lambda: True,
    forget: bool = False,
) -> Synced:
    try:
        spool = Spool(leftover.directory, client)
    except LockTaken:
        return Synced(run=leftover.run, busy=True)
    with closing(spool):
        if not (leftover.directory / "server.json").exists():
            remove_tree(
                leftover.directory
            )  # its process has just sent all of it; by looking we have made it anew
            return Synced(run=leftover.run)
        lost, trouble = _end(leftover, spool, home, client), ""
        try:
            spool.send_all(going_on)
        except RunnerError as error:
            trouble = str(error)
        if forget:
            (leftover.directory / "refused.jsonl").unlink(missing_ok=True)
        return Synced(
            run=leftover.run,
            waiting=spool.records.waiting + spool.files.waiting,
            trouble=trouble,
            lost=lost,
            refused=tuple((refusal.reason, _told(refusal.item)) for refusal in refusals(leftover.directory)),
        )


def _elsewhere(leftover: Leftover) -> Synced:
    return Synced(run=leftover.run, elsewhere=leftover.server)


def _told(item: Item) -> str:
    """What a record is about."""
    if "put" in item:
        return f"artifact {item['put']}"
    named = [
        entry.get("key", "") for kind in ("metrics", "params", "tags") for entry in item["body"].get(kind, ())
    ]
    return f"{item['path']} of run {item['body']['run_id']} ({', '.join(named[:KEYS]) or 'no keys'})"


def _end(leftover: Leftover, spool: Spool, home: Path, client: Client) -> bool:
    """Give the runs that were going on their end, and keep the output that lies there; whether there were any."""
    lost = _open_runs(leftover)
    spool.record([requests.updated(run, status=RunStatus.LOST, ended=now()) for run in lost])
    live = home / "live" / leftover.run
    with suppress(OSError, RunnerError):  # what cannot be kept now stays, and is found again
        logs.salvage(live, _artifacts(leftover, spool, client))
    return bool(lost)


def _open_runs(leftover: Leftover) -> list[str]:
    """Runs without an end; one that nothing is known of but its beginning is the process's own."""
    going_on = {leftover.run: True}
    for item in whole_lines(leftover.directory / "records.jsonl"):
        run = item["body"]["run_id"]
        going_on.setdefault(run, True)
        if item["path"] == requests.UPDATE and "status" in item["body"]:
            going_on[run] = item["body"]["status"] not in ENDED
    return [run for run, open_ in going_on.items() if open_]


def _artifacts(leftover: Leftover, spool: Spool, client: Client) -> ArtifactStore:
    if leftover.artifact_uri.startswith(SCHEME):
        return RemoteArtifacts(leftover.artifact_uri, client, spool)
    return Artifacts(leftover.artifact_uri)
