"""The output of runs through our own API: read from any place, and sent from other machines."""

import base64
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runner.server.native.output.indexed import START, Position
from runner.server.native.output.reading import Output
from runner.tracking import Artifacts, Store
from runner.tracking.logs import INDEX, STREAMS, LogWriter
from runner.tracking.model import Run, RunStatus
from tests.server.listening import API, call, connected, listening
from tests.server.servers import RunningServer, running_server

PRINTED = "".join(random.Random(7).choices("abcde é€😀\r\n", k=3000)).encode() + b"\xff\xfe not text\n"


@pytest.fixture
def server(store: Store) -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


def write(directory: Path) -> dict[str, bytes]:
    """Output in pieces that end anywhere, both streams in turn; what each has."""
    directory.mkdir(parents=True)
    writer, rest, found = LogWriter(directory), PRINTED, {"stdout": b"", "stderr": b""}
    cut = random.Random(3)
    while rest:
        stream = STREAMS[cut.randrange(2)]
        size = cut.randrange(1, 60)
        writer.write(stream, rest[:size])
        found[stream] += rest[:size]
        rest = rest[size:]
    writer.close()
    return found


def content(line: dict[str, Any]) -> bytes:
    return line["text"].encode() if "text" in line else base64.b64decode(line["base64"])


def of(stream: str, lines: list[dict[str, Any]]) -> bytes:
    """The bytes of a stream; each line must begin where the one before ended."""
    data = b""
    for line in lines:
        if line["stream"] == stream:
            assert line["offset"] == len(data)
            data += content(line)
    return data


def pages(server: RunningServer, run: Run, limit: int) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    after = "0.0"
    while True:
        status, page = call(server.uri, "GET", f"/runs/{run.id}/logs?after={after}&limit={limit}")
        assert status == 200, page
        lines += page["lines"]
        after = page["next"]
        assert len(page["lines"]) <= limit
        if not page["lines"]:
            return lines


def sent(server: RunningServer, run: Run, **piece: object) -> tuple[int, Any]:
    return call(server.uri, "POST", f"/runs/{run.id}/logs", {"stream": "stdout", **piece})


@pytest.mark.parametrize("limit", [7, 10000])
def test_pages_of_any_size_give_every_byte_once(
    server: RunningServer, store: Store, run: Run, home: Path, limit: int
) -> None:
    found = write(home / "live" / run.id)
    store.update_run(run.id, status=RunStatus.FINISHED)

    lines = pages(server, run, limit)

    assert {stream: of(stream, lines) for stream in STREAMS} == found


def test_reading_may_stop_and_go_on_at_every_line(tmp_path: Path) -> None:
    found = write(tmp_path / "live")
    got = {"stdout": b"", "stderr": b""}
    at: Position | None = START

    while at is not None:
        files = {path.name: path.open("rb") for path in (tmp_path / "live").iterdir()}
        output = Output(files, at)
        line = next(output.lines(ended=True), None)
        if line is not None:
            got[line.stream] += line.data
        at = output.position if line is not None else None
        for file in files.values():
            file.close()

    assert got == found


def test_letters_are_not_torn_while_a_program_writes(server: RunningServer, run: Run, home: Path) -> None:
    (home / "live" / run.id).mkdir(parents=True)
    writer = LogWriter(home / "live" / run.id)
    text = "smörgås 😀\n" * 20
    with listening(server.uri, f"logs:{run.id}") as listener:
        for byte in text.encode():
            writer.write("stdout", bytes([byte]))
            time.sleep(0.002)
        lines = [
            line
            for event in listener.until(
                lambda events: events and events[-1].data["next"] == f"{len(text.encode())}.0"
            )
            for line in event.data["lines"]
        ]
    writer.close()

    assert "".join(line["text"] for line in lines) == text


def test_output_that_is_an_artifact_is_read_there(
    server: RunningServer, store: Store, run: Run, tmp_path: Path
) -> None:
    found = write(tmp_path / "logs")
    artifacts = Artifacts(run.artifact_uri)
    for name in (INDEX, *(f"{stream}.txt" for stream in STREAMS)):
        artifacts.put_file(tmp_path / "logs" / name, f"logs/{name}")
    store.update_run(run.id, status=RunStatus.FINISHED)

    lines = pages(server, run, 500)

    assert {stream: of(stream, lines) for stream in STREAMS} == found


def test_lines_of_any_length_are_told_in_parts(server: RunningServer, run: Run, home: Path) -> None:
    (home / "live" / run.id).mkdir(parents=True)
    writer = LogWriter(home / "live" / run.id)
    writer.write("stdout", b"x" * 3_000_000)
    writer.close()

    _, page = call(server.uri, "GET", f"/runs/{run.id}/logs?limit=10000")

    assert sum(len(line["text"]) for line in page["lines"]) < 2_000_000
    assert of("stdout", pages(server, run, 10000)) == b"x" * 3_000_000


def test_a_form_of_another_page_is_no_output(server: RunningServer, run: Run) -> None:
    connection = connected(server.uri)
    connection.request(
        "POST", f"{API}/runs/{run.id}/logs", '{"stream": "stdout", "offset": 0, "text": "x"}',
        {"Content-Type": "text/plain"},
    )  # fmt: skip

    assert connection.getresponse().status == 400
    connection.close()


def test_a_run_without_output_has_no_lines(server: RunningServer, store: Store, run: Run) -> None:
    assert call(server.uri, "GET", f"/runs/{run.id}/logs") == (
        200, {"lines": [], "previous": "0.0", "next": "0.0", "ended": False},
    )  # fmt: skip
    store.update_run(run.id, status=RunStatus.FAILED)
    assert call(server.uri, "GET", f"/runs/{run.id}/logs")[1]["ended"]


def test_one_stream_alone_may_be_read(server: RunningServer, run: Run, home: Path) -> None:
    write(home / "live" / run.id)

    _, page = call(server.uri, "GET", f"/runs/{run.id}/logs?stream=stderr&limit=10000")

    assert {line["stream"] for line in page["lines"]} == {"stderr"}


def test_output_of_another_machine_is_kept_once_however_often_it_is_sent(
    server: RunningServer, store: Store, run: Run
) -> None:
    with listening(server.uri, f"logs:{run.id}") as listener:
        assert sent(server, run, offset=0, text="one\n") == (200, {"next": 4})
        assert sent(server, run, offset=0, text="one\n") == (200, {"next": 4})
        assert sent(server, run, offset=0, text="one\ntwo\n", times=[[1000, 4], [2000, 4]]) == (
            200,
            {"next": 8},
        )
        assert sent(server, run, offset=8, base64=base64.b64encode(b"\xff\n").decode()) == (200, {"next": 10})
        assert sent(server, run, offset=0, stream="stderr", text="oh\n") == (200, {"next": 3})
        listener.until(lambda events: sum(len(event.data["lines"]) for event in events) == 4)
        store.update_run(run.id, status=RunStatus.FINISHED)
        listener.until(lambda events: events and events[-1].data["ended"])

    lines = pages(server, run, 100)
    assert [(line["stream"], content(line)) for line in lines] == [
        ("stdout", b"one\n"), ("stdout", b"two\n"), ("stdout", b"\xff\n"), ("stderr", b"oh\n"),
    ]  # fmt: skip
    assert lines[1]["time"] == 2000


def test_what_a_killed_server_had_half_written_is_sent_again(store: Store, run: Run, home: Path) -> None:
    with running_server() as first:
        sent(first, run, offset=0, text="one\n")
    with (home / "received" / run.id / "stdout.txt").open("ab") as file:
        file.write(b"tw")  # not in the index
    with running_server() as second:
        assert sent(second, run, offset=4, text="two\n") == (200, {"next": 8})

        assert of("stdout", pages(second, run, 10)) == b"one\ntwo\n"


def test_a_run_that_has_moved_still_sends_output_and_a_deleted_one_does_not(
    server: RunningServer, store: Store, run: Run
) -> None:
    store.move_run(run.id, store.create_experiment("elsewhere").id)
    assert sent(server, run, offset=0, text="a")[0] == 200

    store.delete_run(run.id)
    status, told = sent(server, run, offset=1, text="b")
    assert (status, "is deleted" in str(told)) == (400, True)


def test_pieces_that_cannot_be_kept_are_refused(server: RunningServer, store: Store, run: Run) -> None:
    for piece in (
        {"offset": 5, "text": "behind a gap"},
        {"offset": -1, "text": "x"},
        {"offset": 0},
        {"offset": 0, "text": "a", "base64": "YQ=="},
        {"offset": 0, "base64": "no base64"},
        {"offset": 0, "text": "abc", "times": [[1, 2]]},
        {"offset": 0, "text": "x", "stream": "stdin"},
        {"offset": 0, "text": "x", "more": 1},
    ):
        assert sent(server, run, **piece)[0] == 400, piece
    assert (
        call(server.uri, "POST", "/runs/nobody/logs", {"stream": "stdout", "offset": 0, "text": ""})[0] == 404
    )
    ended = store.create_run("0", status=RunStatus.FINISHED)
    status, answer = sent(server, ended, offset=0, text="too late")
    assert (status, "has ended" in answer["message"]) == (400, True)


def test_output_of_a_lost_run_becomes_an_artifact(store: Store, run: Run) -> None:
    other = store.create_run("0")
    with running_server() as server:
        sent(server, run, offset=0, text="last words\n")
        store.update_run(run.id, status=RunStatus.LOST, ended=int(time.time() * 1000) - 3_600_000)
        sent(server, other, offset=0, text="x")

        assert of("stdout", pages(server, run, 10)) == b"last words\n"

    assert Artifacts(run.artifact_uri).read("logs/stdout.txt") == b"last words\n"
