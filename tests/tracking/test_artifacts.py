"""Files of a run, in a directory and in an object store."""

import hashlib
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from runner.errors import NotFound, TrackingError
from runner.tracking import Artifact, Artifacts
from runner.tracking.artifacts import PIECE, contained, safe
from tests.services.ceph import ObjectStore

HARD_NAME = "with space/a#b?c%20d+e&f=ü~[1]*.txt"


@pytest.fixture(params=["uri", "path", "memory", pytest.param("s3", marks=pytest.mark.slow)])
def artifacts(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Artifacts:
    if request.param == "s3":
        server: ObjectStore = request.getfixturevalue("object_store")
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        return Artifacts(f"{server.new_bucket()}/a prefix/artifacts")
    place = tmp_path / "run #1 %20 ü" / "artifacts"
    return Artifacts(
        {"uri": place.as_uri(), "path": str(place), "memory": f"memory://{tmp_path}"}[request.param]
    )


def test_what_is_put_is_listed_and_read(artifacts: Artifacts) -> None:
    artifacts.put_bytes(b"two", "b/two.txt")
    artifacts.put_bytes(b"", "b/empty")
    artifacts.put_bytes(b"one", "a.txt")
    artifacts.put_bytes(b"other", "bb/other.txt")

    assert artifacts.list() == [
        Artifact("a.txt", 3),
        Artifact("b/empty", 0),
        Artifact("b/two.txt", 3),
        Artifact("bb/other.txt", 5),
    ]
    assert artifacts.list("b") == [Artifact("b/empty", 0), Artifact("b/two.txt", 3)]
    assert artifacts.list("none") == []
    assert artifacts.read("b/two.txt") == b"two"


@pytest.mark.parametrize("end", ["1/%2e%2e/7", "1/.%2E/7", "1/../7", "7?x=", "7#", "1//7", "1/.\n./7"])
def test_an_address_in_an_object_store_that_leads_elsewhere_is_refused(end: str) -> None:
    with pytest.raises(TrackingError, match="no empty names"):
        Artifacts(f"s3://bucket/root/{end}/run/artifacts")


def test_another_object_of_the_same_uri_sees_the_same(artifacts: Artifacts) -> None:
    artifacts.put_bytes(b"one", "a.txt")

    assert Artifacts(artifacts.uri).read("a.txt") == b"one"


def test_names_with_signs_that_mean_something_in_a_url_are_kept(artifacts: Artifacts, tmp_path: Path) -> None:
    artifacts.put_bytes(b"x", HARD_NAME)

    assert [item.path for item in artifacts.list()] == [HARD_NAME]
    assert artifacts.read(HARD_NAME) == b"x"
    assert artifacts.download(HARD_NAME, tmp_path / "out") == tmp_path / "out" / HARD_NAME


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])
def test_a_file_of_any_size_comes_back_with_its_digest(
    artifacts: Artifacts, tmp_path: Path, size: int
) -> None:
    local = tmp_path / "local"
    local.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))

    digest = artifacts.put_file(local, "m/model.bin")

    assert digest == f"sha256:{hashlib.sha256(local.read_bytes()).hexdigest()}"
    assert artifacts.download("m/model.bin", tmp_path / "out").read_bytes() == local.read_bytes()
    assert artifacts.put_bytes(local.read_bytes(), "again") == digest


def test_an_artifact_is_replaced_as_a_whole(artifacts: Artifacts) -> None:
    artifacts.put_bytes(b"longer than", "a")
    artifacts.put_bytes(b"short", "a")

    assert artifacts.read("a") == b"short"


def test_what_is_not_there_is_not_found(artifacts: Artifacts, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no artifact 'none'"):
        artifacts.read("none")
    with pytest.raises(NotFound, match="no artifact 'none'"):
        artifacts.download("none", tmp_path)
    assert not (tmp_path / "none").exists()


def test_all_artifacts_can_be_deleted(artifacts: Artifacts) -> None:
    artifacts.put_bytes(b"1", "a/b/c")
    artifacts.put_bytes(b"1", "d")

    artifacts.delete_all()

    assert artifacts.list() == []
    artifacts.put_bytes(b"2", "d")
    assert artifacts.read("d") == b"2"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/etc/passwd",
        "..",
        "../x",
        "a/../../x",
        "a//b",
        "a/",
        "./a",
        "a\\b",
        "C:/x",
        "a\0b",
        "a\nb",
        "\x1b",
    ],
)
def test_a_path_that_leads_out_or_is_malformed_is_refused(
    artifacts: Artifacts, tmp_path: Path, path: str
) -> None:
    for use in (
        lambda: artifacts.put_bytes(b"x", path),
        lambda: artifacts.read(path),
        lambda: artifacts.download(path, tmp_path),
    ):
        with pytest.raises(TrackingError, match="no artifact path"):
            use()


def test_links_that_lead_out_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key").write_text("hunter2")
    place = tmp_path / "artifacts"
    place.mkdir()
    (place / "link").symlink_to(secret / "key")
    (place / "directory").symlink_to(secret)
    artifacts = Artifacts(str(place))

    for path in ("link", "directory/key"):
        with pytest.raises(TrackingError, match="leads out"):
            artifacts.read(path)
        with pytest.raises(TrackingError, match="leads out"):
            artifacts.put_bytes(b"x", path)
    artifacts.delete_all()

    assert (secret / "key").read_text() == "hunter2"


def test_links_in_circles_pipes_and_names_that_are_no_text_are_in_no_list(tmp_path: Path) -> None:
    here = Artifacts(f"file://{tmp_path}/run")
    here.put_bytes(b"12", "model/weights.bin")
    top = tmp_path / "run"
    (top / "model" / "up").symlink_to("..")
    (top / "latest").symlink_to("model")
    (top / "gone").symlink_to("nowhere")
    (top / "self").symlink_to("self")
    (top / "ping").symlink_to("pong")
    (top / "pong").symlink_to("ping")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "file").touch()
    (top / "out").symlink_to(tmp_path / "outside")
    os.mkfifo(top / "pipe")
    Path(os.fsdecode(bytes(top) + b"/a\xff")).touch()
    Path(os.fsdecode(bytes(top) + b"/d\xff")).mkdir()
    Path(os.fsdecode(bytes(top) + b"/d\xff/file")).touch()

    assert [(item.path, item.size) for item in here.list()] == [
        ("latest/weights.bin", 2),
        ("model/weights.bin", 2),
    ]
    assert [item.path for item in here.list("latest")] == ["latest/weights.bin"]
    assert here.list("model/weights.bin") == []


def test_directories_that_link_to_each_other_are_followed_one_step(tmp_path: Path) -> None:
    here = Artifacts(f"file://{tmp_path}")
    names = [f"d{number:02}" for number in range(12)]
    for name in names:
        here.put_bytes(b"", f"{name}/file")
        for other in names:
            (tmp_path / name / f"to-{other}").symlink_to(f"../{other}")

    found = [item.path for item in here.list()]

    assert len(found) == 12 * 12
    assert found[:3] == ["d00/file", "d00/to-d01/file", "d00/to-d02/file"]
    assert [item.path for item in here.list("d00/to-d01")] == ["d00/to-d01/file"]


def test_a_directory_may_end_in_a_number_as_no_file_may(tmp_path: Path) -> None:
    here = Artifacts(f"file://{tmp_path}")
    (tmp_path / "seed#1").mkdir()
    (tmp_path / "seed#1/kept").write_bytes(b"")
    (tmp_path / "seed#1/unfinished#12").write_bytes(b"")

    assert [item.path for item in here.list()] == ["seed#1/kept"]


def test_a_list_is_as_deep_as_the_directories_and_is_not_lost_with_a_file(tmp_path: Path) -> None:
    here = Artifacts(f"file://{tmp_path}")
    over = threading.Event()
    (tmp_path / "d").mkdir()
    descriptor = os.open(tmp_path / "d", os.O_RDONLY)
    for _ in range(1_499):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)

    def replace() -> None:
        while not over.is_set():
            (tmp_path / "new").write_bytes(b"")
            (tmp_path / "new").rename(tmp_path / "last")

    writer = threading.Thread(target=replace)
    writer.start()
    try:
        lists = [[item.path for item in here.list()] for _ in range(20)]
    finally:
        over.set()
        writer.join()
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # too deep for pytest

    assert all("d/" * 1_500 + "file" in found for found in lists)


def test_a_small_artifact_is_one_request(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Store(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(f"PUT {self.path}")
            self.send_response(200)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_address[1]}")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.setenv(name, "key")
        Artifacts("s3://bucket/run").put_bytes(b"hello", "note.txt")
        server.shutdown()

    assert asked == ["PUT /bucket/run/note.txt"]


def test_a_path_is_contained_where_its_links_lead_no_further(tmp_path: Path) -> None:
    (tmp_path / "root" / "a").mkdir(parents=True)
    (tmp_path / "root" / "inside").symlink_to("a")
    (tmp_path / "root" / "outside").symlink_to(tmp_path)

    assert contained(tmp_path / "root", "inside/new") == tmp_path / "root" / "inside" / "new"
    for path in ("outside", "outside/new", "../x"):
        with pytest.raises(TrackingError, match="leads out"):
            contained(tmp_path / "root", path)


@pytest.mark.parametrize("uri", ["ftp://host/x", "nonsense://x", "s3://"])
def test_a_uri_that_names_no_store_is_refused(uri: str) -> None:
    with pytest.raises(TrackingError, match="cannot be kept"):
        Artifacts(uri)


def test_a_directory_that_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(TrackingError, match="cannot be kept"):
        Artifacts(str(tmp_path / "file" / "artifacts"))


def test_a_directory_in_place_of_an_artifact_is_explained(tmp_path: Path) -> None:
    artifacts = Artifacts(str(tmp_path))
    artifacts.put_bytes(b"x", "logs/stdout.txt")

    with pytest.raises(TrackingError, match="'logs'"):
        artifacts.put_bytes(b"x", "logs")


def test_a_safe_path_is_given_back() -> None:
    assert safe("a/b.txt") == "a/b.txt"


def test_an_object_store_that_is_out_for_a_moment_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Amazon's protocol, as far as writing one object needs it; the first two requests fail."""
    asked: list[tuple[str, str]] = []

    class Bucket(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.command, self.path))
            self.send_response(503 if len(asked) < 3 else 200)
            self.send_header("ETag", '"1"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Bucket) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "me")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_REGION", "us-east-1")

        Artifacts("s3://bucket/0/run/artifacts").put_bytes(b"x", "a b.txt")

        server.shutdown()
    assert asked == [("PUT", "/bucket/0/run/artifacts/a%20b.txt")] * 3
