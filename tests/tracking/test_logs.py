"""The output of a run: written, read, followed, and what of it survives."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from runner.errors import TrackingError
from runner.tracking import Artifacts
from runner.tracking.logs import LogWriter, Stream, follow, read, salvage

PIECES: list[tuple[Stream, bytes]] = [
    ("stdout", b"one\n"),
    ("stderr", b"\xff\x00 warning\r"),
    ("stdout", b"two, no newline"),
    ("stdout", b"\n" * 100_000),
]


def written(directory: Path, pieces: list[tuple[Stream, bytes]] = PIECES) -> None:
    writer = LogWriter(directory)
    for stream, data in pieces:
        writer.write(stream, data)
    writer.close()


def test_the_output_comes_back_byte_by_byte_in_order(tmp_path: Path) -> None:
    before = time.time() * 1000
    written(tmp_path)

    chunks = list(read(tmp_path))

    assert [(chunk.stream, chunk.data) for chunk in chunks] == PIECES
    assert (tmp_path / "stdout.txt").read_bytes() == b"one\ntwo, no newline" + b"\n" * 100_000
    times = [chunk.time for chunk in chunks]
    assert times == sorted(times)
    assert before - 1 <= times[0] <= times[-1] <= time.time() * 1000


def test_no_output_is_no_chunks(tmp_path: Path) -> None:
    written(tmp_path, [])

    assert list(read(tmp_path)) == []
    assert list(read(tmp_path / "missing")) == []


def test_several_threads_may_write(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path)
    streams: list[Stream] = ["stdout", "stderr"] * 4

    def write(stream: Stream) -> None:
        for _ in range(200):
            writer.write(stream, stream.encode() + b"\n")

    threads = [threading.Thread(target=write, args=(stream,)) for stream in streams]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close()

    chunks = list(read(tmp_path))
    assert len(chunks) == 1600
    assert all(chunk.data == chunk.stream.encode() + b"\n" for chunk in chunks)


def test_what_comes_after_the_end_is_dropped(tmp_path: Path) -> None:
    writer = LogWriter(tmp_path)
    writer.close()

    writer.write("stdout", b"late")

    assert list(read(tmp_path)) == []


def test_a_killed_writer_leaves_all_that_it_wrote(tmp_path: Path) -> None:
    """It wrote bytes and could not finish their line in the index."""
    written(tmp_path)
    with (tmp_path / "index.tsv").open("ab") as index, (tmp_path / "stderr.txt").open("ab") as stderr:
        stderr.write(b"last words")
        index.write(b"17000000")

    chunks = list(read(tmp_path))

    assert [(chunk.stream, chunk.data) for chunk in chunks] == [*PIECES, ("stderr", b"last words")]
    assert abs(chunks[-1].time - time.time() * 1000) < 60_000


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"1\tstdin\t3",
        b"1\tstdout\t-3",
        b"1\tstdout\t" + b"9" * 400,
        b"\xff\t\t",
        b"1\tstdout\t999999",
        "٣\tstdout\t1".encode(),
    ],
)
def test_a_broken_line_of_the_index_loses_no_output(tmp_path: Path, line: bytes) -> None:
    written(tmp_path, [("stdout", b"before\n")])
    with (tmp_path / "index.tsv").open("ab") as index, (tmp_path / "stdout.txt").open("ab") as stdout:
        index.write(line + b"\n1\tstdout\t6\n")
        stdout.write(b"after\n")

    assert b"".join(chunk.data for chunk in read(tmp_path)) == b"before\nafter\n"


def test_a_run_that_goes_on_is_followed_to_its_end(tmp_path: Path) -> None:
    over = threading.Event()
    live = tmp_path / "live"
    live.mkdir()

    def run() -> None:
        time.sleep(0.15)  # the follower is there before the first file
        writer = LogWriter(live)
        for number in range(5):
            writer.write("stdout", f"{number}\n".encode())
            time.sleep(0.03)
        writer.close()
        over.set()

    thread = threading.Thread(target=run)
    thread.start()
    seen = [(chunk.data, over.is_set()) for chunk in follow(live, over.is_set)]
    thread.join()

    assert [data for data, _ in seen] == [f"{number}\n".encode() for number in range(5)]
    assert not seen[0][1]  # it came while the run went on


def test_following_stops_when_a_run_ends_before_it_writes(tmp_path: Path) -> None:
    assert list(follow(tmp_path, lambda: True)) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_ends_the_recording_and_not_the_program(tmp_path: Path) -> None:
    """/dev/full answers every write as a full disk does."""
    (tmp_path / "stderr.txt").symlink_to("/dev/full")
    writer = LogWriter(tmp_path)

    writer.write("stdout", b"kept\n")
    writer.write("stderr", b"lost\n")
    writer.write("stdout", b"not even tried\n")
    writer.close()

    assert writer.failure is not None
    assert "No space left" in str(writer.failure)
    assert (tmp_path / "stdout.txt").read_bytes() == b"kept\n"


def test_the_output_of_a_lost_run_is_salvaged_by_several_at_once(tmp_path: Path) -> None:
    for attempt in range(20):
        live, kept = tmp_path / f"live{attempt}", tmp_path / f"kept{attempt}"
        live.mkdir()
        written(live, [("stdout", b"some"), ("stderr", b"words")])
        before = list(read(live))

        with ThreadPoolExecutor(3) as pool:
            jobs = [pool.submit(salvage, live, Artifacts(str(kept))) for _ in range(3)]
            for job in jobs:
                job.result()

        assert not live.exists()
        assert list(read(kept / "logs")) == before


def test_what_cannot_be_salvaged_stays(tmp_path: Path) -> None:
    live, taken = tmp_path / "live", tmp_path / "kept" / "logs"
    live.mkdir()
    taken.parent.mkdir()
    taken.write_text("in the way")
    written(live, [("stdout", b"words")])

    with pytest.raises(TrackingError):
        salvage(live, Artifacts(str(taken.parent)))

    assert [chunk.data for chunk in read(live)] == [b"words"]
