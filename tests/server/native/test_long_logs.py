"""The output of a run from its end, and found in: each byte once, each line by its number, whatever was written in whatever pieces."""

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from runner.server.native.output.backwards import before
from runner.server.native.output.files import files_of
from runner.server.native.output.indexed import START, Mark, Position
from runner.server.native.output.reading import Output
from runner.server.places import Places
from runner.tracking import Store
from runner.tracking.logs import INDEX, STREAMS, LogWriter
from runner.tracking.model import Run, RunStatus
from tests.server.listening import call, connected
from tests.server.servers import RunningServer, running_server
from tests.server.test_logs import content, of, pages, write

LINES = 10_000_000
SLOWEST = 0.5  # seconds until the end of a log is there


@pytest.fixture
def server(store: Store) -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


def asked(server: RunningServer, run: Run, path: str = "", /, **query: Any) -> Any:
    status, answer = call(server.uri, "GET", f"/runs/{run.id}/logs{path}?{urlencode(query)}")
    assert status == 200, answer
    return answer


def placed(server: RunningServer, run: Run, **query: Any) -> Any:
    """The place, however often one has to ask for it."""
    while (answer := asked(server, run, "/place", **query)).get("progress", 1) < 1:
        pass
    return answer


def searched(server: RunningServer, run: Run, **query: Any) -> list[Any]:
    found, after, over = [], "0.0", False
    while not over:
        answer = asked(server, run, "/search", after=after, **query)
        found += answer["matches"]
        after, over = answer["next"], answer["over"]
    return found


def backwards(server: RunningServer, run: Run, limit: int) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    before = "end"
    while before != "0.0":
        page = asked(server, run, before=before, limit=limit)
        lines = page["lines"] + lines
        assert page["previous"] != before
        before = page["previous"]
    return lines


@pytest.mark.parametrize("limit", [7, 500])
def test_from_the_end_to_the_beginning_every_byte_comes_once(
    server: RunningServer, store: Store, run: Run, home: Path, limit: int
) -> None:
    found = write(home / "live" / run.id)
    with (home / "live" / run.id / "stderr.txt").open("ab") as file:
        file.write(b"killed before it was told")
    store.update_run(run.id, status=RunStatus.FAILED)

    lines = backwards(server, run, limit)

    assert {stream: of(stream, lines) for stream in STREAMS} == {
        **found, "stderr": found["stderr"] + b"killed before it was told",
    }  # fmt: skip
    assert asked(server, run, before="end")["ended"]


def test_the_end_of_a_growing_output_goes_on_where_it_was_left(
    server: RunningServer, run: Run, home: Path
) -> None:
    found = write(home / "live" / run.id)

    page = asked(server, run, before="end", limit=10)
    assert not page["ended"]
    writer = LogWriter(home / "live" / run.id)
    writer.write("stdout", b"more\n")
    writer.close()
    rest = asked(server, run, after=page["next"])["lines"]

    assert b"".join(map(content, rest)).endswith(b"more\n")
    assert page["next"] == f"{len(found['stdout'])}.{len(found['stderr'])}"


def test_each_line_has_its_number_and_is_found_by_it(server: RunningServer, run: Run, home: Path) -> None:
    directory = home / "live" / run.id
    directory.mkdir(parents=True)
    writer, chance = LogWriter(directory), random.Random(5)
    for number in range(1, 401):  # whole lines, in pieces of several; those of each stream say which they are
        stream = STREAMS[chance.randrange(2)]
        writer.write(stream, f"{number} {'x' * chance.randrange(300)}\n".encode())
    writer.close()

    for number in (1, 2, 57, 200, 399, 400):
        place = placed(server, run, line=number)
        assert place["line"] == number
        (line,) = asked(server, run, after=place["at"], limit=1)["lines"]
        assert line["text"].startswith(f"{number} ")
        asked(server, run, before=place["at"], limit=3)
        assert asked(server, run, after=place["at"], limit=1)["lines"] == [line]
        there = placed(server, run, stream=line["stream"], offset=line["offset"] + 1)
        assert (there["line"], placed(server, run, at=there["at"])["line"]) == (number, number)
        assert placed(server, run, time=line["time"])["line"] <= number


def test_a_text_is_found_whatever_colours_and_bars_are_in_it(
    server: RunningServer, run: Run, home: Path
) -> None:
    directory = home / "live" / run.id
    directory.mkdir(parents=True)
    writer = LogWriter(directory)
    writer.write("stdout", b"step 1\n\x1b[31mst\x1b[0mep 2\n 10%|step|\r100%|done|\nST")
    writer.write("stderr", b"a step of stderr\n")
    writer.write("stdout", b"EP 3\nsmorg\xc3\xa5s \xff\n")
    writer.close()

    def texts(**query: object) -> list[str]:
        return [match["text"] for match in searched(server, run, **query)]

    assert texts(text="step") == ["step 1", "\x1b[31mst\x1b[0mep 2", "STEP 3", "a step of stderr"]
    assert texts(text="step", limit=1) == texts(text="step")
    assert texts(text="step", stream="stderr") == ["a step of stderr"]
    assert len(texts(text="gås")) == 1
    assert texts(text="none") == []
    (found,) = searched(server, run, text="of stderr")
    assert asked(server, run, after=found["at"], stream="stderr")["lines"][0]["text"] == "a step of stderr\n"


def test_the_first_error_is_found_and_what_only_sounds_like_one_is_not(
    server: RunningServer, run: Run, home: Path
) -> None:
    directory = home / "live" / run.id
    directory.mkdir(parents=True)
    writer = LogWriter(directory)
    writer.write("stdout", b"0 errors\nerror rate 0.1\nfine\nValueError: no digit\nKilled\n")
    writer.close()

    assert [match["text"] for match in searched(server, run, errors="true")] == [
        "ValueError: no digit",
        "Killed",
    ]


def test_a_stream_is_downloaded_while_it_grows(server: RunningServer, run: Run, home: Path) -> None:
    found = write(home / "live" / run.id)

    connection = connected(server.uri)
    connection.request("GET", f"/api/runner/1/runs/{run.id}/logs/stdout")
    answer = connection.getresponse()

    assert answer.read() == found["stdout"]
    assert (answer.headers["Content-Disposition"] or "").startswith("attachment; ")
    connection.close()
    assert call(server.uri, "GET", f"/runs/{run.id}/logs/stdin")[0] == 404


def test_what_is_no_index_and_no_place_does_no_harm(server: RunningServer, run: Run, home: Path) -> None:
    directory = home / "live" / run.id
    directory.mkdir(parents=True)
    (directory / INDEX).write_bytes(
        b"x" * 600_000 + b"\n1\tstdout\t99999999999\n\tstderr\t-3\n2\tstderr\t4\n3\tstd"
    )
    (directory / "stdout.txt").write_bytes(b"out\nput")
    (directory / "stderr.txt").write_bytes(b"err\n")

    for query in ({"before": "end"}, {"before": "9999999999999999.9999999999999999"}, {"after": "5.2"}):
        assert len(asked(server, run, **query)["lines"]) <= 3
    for name, value in (("line", 2**53), ("time", 2**53), ("offset", 2**53), ("at", "9999999999999999.1")):
        assert "at" in placed(server, run, **{name: value})
    assert len(searched(server, run, text="put")) <= 1
    for wrong in ("?before=first", "/search", "/search?text=a&errors=true", "/place", "/place?line=0"):
        assert call(server.uri, "GET", f"/runs/{run.id}/logs{wrong}")[0] == 400, wrong


def test_an_index_that_tells_of_nothing_holds_nobody_up(
    store: Store, run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory = home / "live" / run.id
    directory.mkdir(parents=True)
    (directory / "stdout.txt").write_bytes(b"one\ntwo\n")
    (directory / "stderr.txt").touch()
    (directory / INDEX).write_bytes(
        b"1\tstdout\t4\n" + b"1\tstdout\t0\n" * 50_000 + b"x" * 1_000_000 + b"\n1\tstdout\t4\n"
    )
    with ExitStack() as stack:
        files = files_of(stack, home, Places(root="", proxied=False), run, ended=False)
        for patience in (60.0, -1.0):
            monkeypatch.setattr("runner.server.native.output.backwards.PATIENCE", patience)
            found = before(files, Position(8, 0), Mark(0, START), most=10, ended=False)
            assert b"".join(line.data for line in found.lines) == (b"one\ntwo\n" if patience > 0 else b"")

        output = Output(files, START)
        found_late = list(output.lines(ended=True, deadline=0.0))
        assert (found_late, output.late) == ([], True)
        assert [line.data for line in output.lines(ended=True)] == [b"one\n", b"two\n"]


@pytest.mark.nightly
@pytest.mark.parametrize("pieces", [1, LINES], ids=["one piece", "a piece for each line"])
def test_a_log_of_ten_million_lines_is_read_from_its_end_at_once(
    server: RunningServer, run: Run, home: Path, pieces: int
) -> None:
    directory = home / "live" / run.id
    directory.mkdir(parents=True)
    _fill(directory / "stdout.txt", lambda number: b"%08d %s\n" % (number, b"x" * 90))
    (directory / "stderr.txt").touch()
    if pieces == 1:
        (directory / INDEX).write_bytes(b"1700000000000\tstdout\t%d\n" % (100 * LINES))
    else:
        _fill(directory / INDEX, lambda number: b"%d\tstdout\t100\n" % (1_700_000_000_000 + number))
    asked(server, run, before="1.0")  # the first request of a server takes longer
    before = _memory(server)

    begun = time.monotonic()
    page = asked(server, run, before="end", limit=1000)
    took = time.monotonic() - begun

    assert page["lines"][-1]["text"].startswith("09999999 ")
    assert took < SLOWEST
    assert placed(server, run, at=page["previous"])["line"] == LINES - len(page["lines"]) + 1
    (found,) = searched(server, run, text="05000000 ")
    assert placed(server, run, at=found["at"])["line"] == 5_000_001
    assert _memory(server) - before < 64_000_000


def _fill(path: Path, line: Callable[[int], bytes]) -> None:
    with path.open("wb") as file:
        for start in range(0, LINES, 100_000):
            file.write(b"".join(map(line, range(start, start + 100_000))))


def _memory(server: RunningServer) -> int:
    """Bytes."""
    pages_held = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages_held * os.sysconf("SC_PAGE_SIZE")


def test_pages_forwards_and_backwards_tell_the_same(
    server: RunningServer, store: Store, run: Run, home: Path
) -> None:
    write(home / "live" / run.id)
    store.update_run(run.id, status=RunStatus.FINISHED)

    def lines(told: list[dict[str, Any]]) -> bytes:
        return b"".join(content(line) for line in told)

    assert lines(backwards(server, run, 10_000)) == lines(pages(server, run, 10_000))
