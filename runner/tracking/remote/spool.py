"""What a run records, on this machine's disk until the server has it.

<home>/spool/<run>/server.json       the server, and the run that began here
                   records.jsonl     requests, in order         records.done
                   files.jsonl       artifacts, in order        files.done
                   files/<name>      their bytes
                   refused.jsonl     what the server refuses for ever, each with the reason
                   lock              held by the process that sends

Two threads send, so that a large artifact keeps no metric waiting. What is sent twice, after a crash, does no harm.
"""

import hashlib
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from runner.errors import RunnerError, TrackingError, Unavailable
from runner.files import locked, remove_tree, write_atomically
from runner.tracking.model import Run
from runner.tracking.opened import Unsent
from runner.tracking.remote.client import FIRST_PAUSE, LONGEST_PAUSE, Client
from runner.tracking.remote.failures import Away, Denied
from runner.tracking.remote.queue import Item, Queue
from runner.tracking.remote.requests import Request, merged

SCHEMA = 1
GRACE = 2.0  # seconds for a request under way when the spool is closed


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the server refuses, and why."""

    item: Item
    reason: str


class Spool:
    """The spool in a directory, opened by the process that sends. Close it at the end: it goes, if nothing is left."""

    def __init__(self, directory: Path, client: Client) -> None:
        self.directory = directory
        self._client = client
        self._open = ExitStack()
        self._trouble: RunnerError | None = None
        self._threads: list[threading.Thread] = []
        self.passed: dict[str, tuple[int, str]] = {}  # path of each artifact -> its size and digest
        self._open.enter_context(locked(directory / "lock", timeout=0))
        try:
            self.records = self._opened("records")
            self.files = self._opened("files")
        except BaseException:
            self._open.close()
            raise

    @classmethod
    def begin(cls, home: Path, run: Run, client: Client, *, server: str) -> "Spool":
        """A new one for a run of this process.

        Raises:
            TrackingError: there is no room for it.
        """
        directory = home / "spool" / run.id
        about = {"schema": SCHEMA, "server": server, "run": run.id, "artifacts": run.artifact_uri}
        try:
            directory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory.mkdir(mode=0o700)
            (directory / "files").mkdir(mode=0o700)
            spool = cls(directory, client)
            write_atomically(
                directory / "server.json", json.dumps(about)
            )  # now that we hold its lock it is one
            for folder in (directory, directory.parent):
                _sync(folder)
        except OSError as error:
            raise TrackingError(
                f"what the run records cannot be kept at {directory}: {error.strerror}"
            ) from error
        return spool

    def start(self) -> None:
        """Send in the background, from now on."""
        for queue, deliver in ((self.records, self._send_records), (self.files, self._send_files)):
            thread = threading.Thread(target=self._going_on, args=(queue, deliver), name="spool", daemon=True)
            self._threads.append(thread)
            thread.start()

    def send_all(self, going_on: Callable[[], bool] = lambda: True) -> None:
        """Send what waits, in this thread, until the server does not take it or `going_on` says no.

        Raises:
            Unavailable, TrackingError: the server is away, or takes nothing from us.
        """
        for queue, deliver in ((self.records, self._send_records), (self.files, self._send_files)):
            while going_on() and (batch := queue.first()):
                deliver(batch.items)
                queue.done(batch)
                self._forget(batch.items)

    def record(self, requests: Sequence[Request]) -> None:
        """Take them over: durable when it returns.

        Raises:
            Unavailable: the disk does not take them.
        """
        with _kept(self.directory):
            self.records.append(map(_item, requests))

    @contextmanager
    def file(self, path: str) -> Iterator[IO[bytes]]:
        """A file to be written in the block; it is to become the artifact of that path below the root of all artifacts."""
        place = self.directory / "files" / secrets.token_hex(8)
        try:
            with _kept(self.directory), place.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            with _kept(self.directory):
                _sync(place.parent)
                self.passed[path] = _content(place)
                self.files.append([{"put": path, "file": place.name}])
        except BaseException:
            place.unlink(missing_ok=True)
            raise

    def forget(self, path: str) -> None:
        """An artifact, or a directory of some, was deleted."""
        gone = [known for known in self.passed if known == path or known.startswith(f"{path}/")]
        for known in gone:
            del self.passed[known]

    def settled(self, seconds: float) -> bool:
        """Whether the server has all records, within so many seconds."""
        return self.records.emptied(seconds)

    def unsent(self) -> Unsent | None:
        """What is not where it belongs."""
        refused = sum(1 for _ in refusals(self.directory))
        records, files = self.records.waiting, self.files.waiting
        if not (records or files or refused):
            return None
        trouble = self._trouble
        return Unsent(
            records=records,
            files=files,
            refused=refused,
            trouble=str(trouble or ""),
            hopeless=isinstance(trouble, Denied),
        )

    def close(self) -> None:
        """Stop sending; the directory stays only if something is left."""
        for queue in (self.records, self.files):
            queue.stop()
        for thread in self._threads:
            thread.join(GRACE)
        if any(thread.is_alive() for thread in self._threads):
            return  # it waits for a server that is away, and ends with the process
        if self.unsent() is None:
            remove_tree(self.directory)
        self._open.close()

    def _opened(self, name: str) -> Queue:
        queue = Queue(self.directory / f"{name}.jsonl")
        self._open.callback(queue.close)
        return queue

    def _going_on(self, queue: Queue, deliver: Callable[[Sequence[Item]], None]) -> None:
        pause = FIRST_PAUSE
        while not queue.closed and (batch := queue.first(wait=True)):
            try:
                deliver(batch.items)
                queue.done(batch)
                self._trouble, pause = None, FIRST_PAUSE
                self._forget(batch.items)
            except (Unavailable, Denied, OSError) as error:
                self._trouble = error if isinstance(error, RunnerError) else TrackingError(str(error))
                queue.pause(max(pause, error.after if isinstance(error, Away) else 0))
                pause = min(pause * 2, LONGEST_PAUSE)

    def _send_records(self, items: Sequence[Item]) -> None:
        """In as few requests as possible; one that is refused goes again in its parts, so that only the bad one is left out."""
        for together in merged(Request(item["path"], item["body"]) for item in items):
            reason = self._refused(together.request)
            for part in together.parts if reason is not None else ():
                again = self._refused(part) if len(together.parts) > 1 else reason
                if again is not None:
                    self._set_aside(Refusal(_item(part), again))

    def _refused(self, request: Request) -> str | None:
        try:
            self._client.post(request.path, request.body, patience=0)
        except (Unavailable, Denied):
            raise
        except RunnerError as error:
            return str(error)
        return None

    def _send_files(self, items: Sequence[Item]) -> None:
        for item in items:
            file = self.directory / "files" / item["file"]
            try:
                self._client.put_file(item["put"], file, patience=0)
            except FileNotFoundError:
                continue  # sent before a crash, and not yet noted
            except (Unavailable, Denied):
                raise
            except RunnerError as error:
                self._set_aside(Refusal(item, str(error)))

    def _set_aside(self, refusal: Refusal) -> None:
        with (self.directory / "refused.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"reason": refusal.reason, "item": refusal.item}) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def _forget(self, items: Sequence[Item]) -> None:
        """Files that were sent; those that were refused stay."""
        kept = {refusal.item.get("file") for refusal in refusals(self.directory)}
        for item in items:
            if "file" in item and item["file"] not in kept:
                (self.directory / "files" / item["file"]).unlink(missing_ok=True)


def refusals(directory: Path) -> Iterator[Refusal]:
    """What the server has refused of a spool."""
    with suppress(FileNotFoundError), (directory / "refused.jsonl").open(encoding="utf-8") as file:
        for line in file:
            with suppress(ValueError, KeyError):
                found: dict[str, Any] = json.loads(line)
                yield Refusal(found["item"], found["reason"])


def _content(place: Path) -> tuple[int, str]:
    with place.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    return place.stat().st_size, f"sha256:{digest.hexdigest()}"


def _item(request: Request) -> Item:
    return {"path": request.path, "body": request.body}


@contextmanager
def _kept(directory: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"what the run records cannot be kept at {directory}: {error.strerror}",
            hint="make room on the disk",
        ) from error


def _sync(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
