"""The calls about what a run printed: read from either end, found in, counted, downloaded."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from time import monotonic

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from runner.errors import NotFound
from runner.server.artifacts.content import disposition
from runner.server.errors import Malformed
from runner.server.mlflow.runs import exact
from runner.server.native.operation import Operation, json, query, sent, view
from runner.server.native.output import backwards
from runner.server.native.output.counting import Files, Ledger, sizes_of
from runner.server.native.output.files import files_of
from runner.server.native.output.finding import SHOWN, Match, Search, errors, saying
from runner.server.native.output.indexed import BEGINNING, START, Mark, Position, position
from runner.server.native.output.lines import shown
from runner.server.native.output.locating import Late, Locating
from runner.server.native.output.reading import LEDGERS, MARKS, Line, Opened, mark_of
from runner.server.native.output.shapes import (
    FindPlace,
    LogMatch,
    LogMatches,
    LogPage,
    LogPlace,
    ReadLogs,
    SearchLogs,
)
from runner.server.native.shapes import Appended, AppendLogs, StreamName
from runner.tracking.logs import STREAMS
from runner.tracking.model import Run

AWHILE = 0.4  # seconds for which a call searches or counts
PIECE = 1024 * 1024  # bytes of a download in memory at once
TEXT = "text/plain"


@dataclass(frozen=True, slots=True)
class Printed:
    """The output of a run while a call looks at it."""

    run: Run
    files: Files
    ledger: Ledger


async def read(request: Request) -> Response:
    """GET /runs/{run_id}/logs."""
    asked = query(request, ReadLogs)
    return await run_in_threadpool(lambda: json(_read(request, asked)))


async def place(request: Request) -> Response:
    """GET /runs/{run_id}/logs/place."""
    asked = query(request, FindPlace)
    return await run_in_threadpool(lambda: json(_place(request, asked)))


async def search(request: Request) -> Response:
    """GET /runs/{run_id}/logs/search."""
    asked = query(request, SearchLogs)
    if bool(asked.text) == asked.errors:
        raise Malformed("either `text` or `errors` is required")
    return await run_in_threadpool(lambda: json(_search(request, asked)))


async def download(request: Request) -> Response:
    """GET /runs/{run_id}/logs/{stream}."""
    stream = request.path_params["stream"]
    if stream not in STREAMS:
        raise NotFound(f"a run has no stream {stream!r}", hint="stdout or stderr")
    stack = ExitStack()
    run, files = await run_in_threadpool(lambda: _opened(request, stack))
    return StreamingResponse(
        _bytes(stack, files, f"{stream}.txt"),
        media_type=TEXT,
        headers={
            "Content-Disposition": disposition("attachment", f"{run.name}-{stream}.txt"),
            "Cache-Control": "no-store",
        },
    )


async def append(request: Request) -> Response:
    """POST /runs/{run_id}/logs."""
    pieces = await sent(request, AppendLogs)
    return await run_in_threadpool(lambda: json(_append(request, pieces)))


def _read(request: Request, asked: ReadLogs) -> LogPage:
    if asked.before is not None:
        return _read_back(request, asked, asked.before)
    run = _run(request)
    at = position(asked.after)
    tracking = request.app.state.tracking
    with Opened(tracking.native.home, tracking.places, at) as output:
        lines, over = output.read(run, ended=run.status.ended, most=asked.limit)
        return _page(lines, asked.stream, str(at), str(output.at), ended=over)


def _read_back(request: Request, asked: ReadLogs, before: str) -> LogPage:
    with _printed(request) as printed:
        run, ended = printed.run, printed.run.status.ended
        if not printed.files:
            return _page([], None, str(START), str(START), ended=ended)
        if before == "end":
            mark, at = backwards.end(printed.files, printed.ledger, ended=ended)
        else:
            at = _there(position(before), printed.files)
            mark = mark_of(printed.files, run.id, at)
        found = backwards.before(printed.files, at, mark, most=asked.limit, ended=ended)
        MARKS.keep(run.id, found.start, found.start_mark)
        MARKS.keep(run.id, found.end, found.end_mark)
        over = ended and found.end.covers(sizes_of(printed.files))
        return _page(found.lines, asked.stream, str(found.start), str(found.end), ended=over)


def _page(
    lines: Sequence[Line], stream: StreamName | None, previous: str, behind: str, *, ended: bool
) -> LogPage:
    wanted = [line for line in lines if stream in {None, line.stream}]
    return LogPage(lines=shown(wanted), previous=previous, next=behind, ended=ended)


def _place(request: Request, asked: FindPlace) -> LogPlace:
    with _printed(request) as printed:
        if not printed.files:
            return LogPlace(at=str(START), line=1)
        locating = Locating(printed.files, printed.ledger, monotonic() + AWHILE)
        try:
            at, mark = _located(locating, asked, printed)
            MARKS.keep(printed.run.id, at, mark)
            return LogPlace(at=str(at), line=locating.number(at))
        except Late:
            return LogPlace(progress=locating.progress)


def _located(locating: Locating, asked: FindPlace, printed: Printed) -> tuple[Position, Mark]:
    match asked:
        case FindPlace(line=int(line)):
            return locating.line(line)
        case FindPlace(time=int(time)):
            return locating.moment(time)
        case FindPlace(offset=int(offset)):
            return locating.byte(asked.stream, offset)
        case FindPlace(at=str(at)):
            there = _there(position(at), printed.files)
            return there, mark_of(printed.files, printed.run.id, there)
    raise Malformed("one of `at`, `line`, `time` and `offset` is required")


def _there(at: Position, files: Files) -> Position:
    """The position, or the end."""
    return Position(*map(min, at, sizes_of(files)))


def _search(request: Request, asked: SearchLogs) -> LogMatches:
    at = position(asked.after)
    with _printed(request) as printed:
        if not printed.files:
            return LogMatches(matches=[], next=asked.after, over=True, progress=1.0)
        mark = mark_of(printed.files, printed.run.id, at) if at != START else BEGINNING
        looked_for = errors() if asked.errors else saying(asked.text)
        searching = Search(printed.files, at, mark, looked_for, ended=printed.run.status.ended)
        streams = (asked.stream,) if asked.stream else STREAMS
        found, over = searching.run(streams, most=asked.limit, until=monotonic() + AWHILE)
        MARKS.keep(printed.run.id, searching.at, searching.mark)
        return LogMatches(
            matches=[_match(each) for each in found],
            next=str(searching.at),
            over=over,
            progress=1.0 if over else _part(searching.at, sizes_of(printed.files)),
        )


def _match(found: Match) -> LogMatch:
    text = found.data[:SHOWN].decode(errors="replace")
    offset = found.at.of(found.stream)
    return LogMatch(stream=found.stream, offset=offset, time=found.time, at=str(found.at), text=text)


def _part(at: Position, whole: Position) -> float:
    return min(0.99, sum(at) / max(1, sum(whole)))


def _append(request: Request, pieces: AppendLogs) -> Appended:
    run, tracking = _run(request), request.app.state.tracking
    native = tracking.native
    view(request).check_artifacts(f"{run.experiment_id}/{run.id}", write=True)
    if not (native.home / "received" / run.id).exists():
        native.received.tidy(tracking.store, tracking.places)
    return Appended(next=native.received.append(run, pieces))


@contextmanager
def _printed(request: Request) -> Iterator[Printed]:
    with ExitStack() as stack:
        run, files = _opened(request, stack)
        yield Printed(run, files, LEDGERS.of(run.id))


def _opened(request: Request, stack: ExitStack) -> tuple[Run, Files]:
    run, tracking = _run(request), request.app.state.tracking
    return run, files_of(stack, tracking.native.home, tracking.places, run, ended=run.status.ended)


async def _bytes(stack: ExitStack, files: Files, name: str) -> AsyncIterator[bytes]:
    """What is there by now, piece by piece."""
    with stack:
        while (file := files.get(name)) and (data := await run_in_threadpool(file.read, PIECE)):
            yield data


def _run(request: Request) -> Run:
    return exact(view(request), request.path_params["run_id"])


OPERATIONS: Sequence[Operation] = (
    Operation("GET", "/runs/{run_id}/logs", "readLogs", "What a run printed", read, LogPage, ReadLogs),
    Operation("POST", "/runs/{run_id}/logs", "appendLogs", "Keep what a run elsewhere printed", append, Appended, AppendLogs),
    Operation("GET", "/runs/{run_id}/logs/place", "findPlace", "Where a line is in an output", place, LogPlace, FindPlace),
    Operation("GET", "/runs/{run_id}/logs/search", "searchLogs", "Search what a run printed", search, LogMatches, SearchLogs),
    Operation("GET", "/runs/{run_id}/logs/{stream}", "downloadLogs", "A stream of a run as a file", download, TEXT),
)  # fmt: skip
