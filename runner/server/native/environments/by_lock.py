"""Environments that runs had, by their locks: a page of them, those that hold a package, one with all of its packages."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from time import monotonic

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from runner.errors import NotFound, RunnerError
from runner.files import sha256
from runner.server.mlflow.runs import exact
from runner.server.native import documents
from runner.server.native.documents import RECORD
from runner.server.native.environments import locks
from runner.server.native.environments.cached import Cache
from runner.server.native.environments.holding import Contents, Holding
from runner.server.native.environments.locks import KeptLock, count_of, table, text_of
from runner.server.native.environments.shapes import (
    DIGEST,
    EnvironmentsAnswer,
    LockAnswer,
    LockOfRuns,
    ReadEnvironments,
)
from runner.server.native.operation import Operation, json, query, view
from runner.server.native.overview_shapes import Kin
from runner.tracking.model import Run
from runner.tracking.tables import Chosen, Group, Groups, TableRow

LOCK = "tags.runner.lock"
KIND, IMAGE = "mlflow.project.env", "runner.image"
LOCKED = "tags.`runner.lock` LIKE 'sha256:%'"
MOST_LOOKED = 500  # locks, the last used ones, into which is looked for a package
PATIENCE = 5.0  # seconds for that
LAST = 10  # runs that are told of a lock
TRIED = 8  # of them that are asked for the lock itself: its files may be gone


async def environments(request: Request) -> Response:
    asked = query(request, ReadEnvironments)
    return await run_in_threadpool(
        lambda: json(_holding(request, asked) if asked.holding.strip() else _page(request, asked))
    )


async def lock(request: Request) -> Response:
    digest: str = request.path_params["digest"]
    return await run_in_threadpool(lambda: json(_lock(request, digest)))


def _page(request: Request, asked: ReadEnvironments) -> EnvironmentsAnswer:
    found = _groups(request, offset=asked.offset, limit=asked.limit)
    told = [_told(request, group) for group in found.groups]
    return EnvironmentsAnswer(
        total=found.total, runs=found.runs, offset=asked.offset, looked=0, environments=told
    )


def _holding(request: Request, asked: ReadEnvironments) -> EnvironmentsAnswer:
    """A bounded look: into the locks used last, as far as the time goes."""
    holding = Holding.parse(asked.holding)
    contents: Contents = request.app.state.tracking.native.contents
    until, looked, matching = monotonic() + PATIENCE, 0, []
    for group in _groups(request, offset=0, limit=MOST_LOOKED).groups:
        if monotonic() > until:
            break
        looked += 1
        kept = _documented(request, _runs(request, group.runs), str(group.by[0]))
        version = holding.version_in(contents.of(kept[0], kept[1])) if kept else None
        if version is not None:
            matching.append((group, version))
    chosen = islice(matching, asked.offset, asked.offset + asked.limit)
    told = [_told(request, group, version) for group, version in chosen]
    runs = sum(group.count for group, _ in matching)
    return EnvironmentsAnswer(
        total=len(matching), runs=runs, offset=asked.offset, looked=looked, environments=told
    )


def _groups(request: Request, *, offset: int, limit: int) -> Groups:
    return view(request).tables.groups(
        Chosen(filter=LOCKED), by=[LOCK], but=[], columns=[], sort=[], offset=offset, limit=limit
    )


def _told(request: Request, group: Group, holds: str = "") -> LockOfRuns:
    runs = _runs(request, group.runs)
    newest = next(runs)
    kept = _documented(request, chain([newest], runs), str(group.by[0]))
    facts = kept[1].facts if kept else {}
    return LockOfRuns(
        digest=str(group.by[0]),
        runs=group.count,
        newest=newest.id,
        name=newest.name,
        used=group.started,
        kind=newest.tags.get(KIND, ""),
        image=newest.tags.get(IMAGE, ""),
        format=kept[1].format if kept else "",
        python=text_of(facts, "python"),
        packages=count_of(facts, "packages"),
        holds=holds,
    )


def _runs(request: Request, ids: Sequence[str]) -> Iterator[Run]:
    return (exact(view(request), each) for each in ids[:TRIED])


def _documented(request: Request, runs: Iterable[Run], digest: str) -> tuple[Run, KeptLock] | None:
    """The first run whose plan names this lock: a tag says whatever somebody wrote."""
    return next(_all_documented(request, runs, digest), None)


def _all_documented(request: Request, runs: Iterable[Run], digest: str) -> Iterator[tuple[Run, KeptLock]]:
    tracking = request.app.state.tracking
    for run in runs:
        kept = locks.kept(documents.of(run, tracking.places, tracking.native.home))
        if kept.facts.get("digest") == digest:
            yield run, kept


def _lock(request: Request, digest: str) -> LockAnswer:
    none = NotFound(f"no run that you may see had the lock {digest!r}")
    if not re.fullmatch(DIGEST, digest):
        raise none
    found = view(request).tables.table(
        Chosen(filter=f"tags.`runner.lock` = '{digest}'"), sort=[], columns=[], offset=0, limit=LAST
    )
    if not found.rows:
        raise none
    newest = found.rows[0]
    tags = exact(view(request), newest.id).tags
    answer = LockAnswer(
        digest=digest,
        runs=found.total,
        newest=newest.id,
        name=newest.name,
        used=newest.started,
        kind=tags.get(KIND, ""),
        image=tags.get(IMAGE, ""),
        last=[_kin(row) for row in found.rows],
    )
    _add_packages(request, answer, [row.id for row in found.rows])
    return answer


def _add_packages(request: Request, answer: LockAnswer, runs: Sequence[str]) -> None:
    """From the first run that still has the lock, as it was: its text must have the digest."""
    for run, kept in _all_documented(request, _runs(request, runs), answer.digest):
        with suppress(RunnerError):
            if f"sha256:{sha256(kept.text())}" == answer.digest:
                answer.newest, answer.name, answer.path = run.id, run.name, kept.path
                _add_facts(answer, kept)
                _add_listed(answer, kept, request.app.state.tracking.native.cache)
                return
    answer.problem = "its lock is not with this server, or not any more"


def _add_listed(answer: LockAnswer, kept: KeptLock, cache: Cache) -> None:
    try:
        answer.listed = locks.packages(kept, cache)
        answer.links = locks.has_links(answer.listed)
    except (RunnerError, *locks.TROUBLES) as error:
        answer.problem = str(error)


def _add_facts(answer: LockAnswer, kept: KeptLock) -> None:
    facts, record = kept.facts, kept.documents.json(RECORD)
    machine, made = table(record, "machine"), table(table(record, "environment"), "interpreter")
    answer.format = kept.format
    answer.python, answer.packages = text_of(facts, "python"), count_of(facts, "packages")
    answer.as_of, answer.origin = text_of(facts, "as_of"), text_of(facts, "origin")
    answer.pinned = facts.get("pinned") is not False
    words = (text_of(machine, "system"), text_of(machine, "architecture"), text_of(machine, "libc"))
    answer.platform = ", ".join(filter(None, words))
    answer.interpreter = " ".join(filter(None, (text_of(made, "implementation"), text_of(made, "version"))))


def _kin(row: TableRow) -> Kin:
    return Kin(
        id=row.id,
        name=row.name,
        status=row.status,
        user=row.user,
        start_time=row.started,
        end_time=row.ended,
    )


OPERATIONS = (
    Operation(
        "GET", "/environments", "readEnvironments", "Environments that runs had, the last used first",
        environments, EnvironmentsAnswer, ReadEnvironments,
    ),
    Operation("GET", "/environments/{digest}", "readLock", "One of them, with its packages", lock, LockAnswer),
)  # fmt: skip
