"""Artifacts through the server: in a directory, in memory, in a real S3."""

import base64
import hashlib
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from runner.server.artifacts.files import PIECE
from runner.server.artifacts.objects import PART
from tests.conftest import Cli
from tests.server.conftest import Caller
from tests.server.proxy import API, PROXY, Proxy, running_proxy
from tests.services.ceph import ObjectStore

HARD_NAMES = (
    "with space.txt",
    "a#b",
    "a?b=c&d",
    "100%",
    "%41",
    "%2e%2e%2fx",
    "a+b",
    "a;b=c",
    "ünïcödé-日本-😀",
    ".hidden",
    "...",
    "quote\"and'quote",
    "[1]*~$&=,@!()",
    "deep/er/and/deep er/x",
)
ROOTS = ("directory", "memory", pytest.param("s3", marks=pytest.mark.slow))


def environ(home: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RUNNER_", "MLFLOW_", "AWS_"))
    }
    return {**kept, "RUNNER_HOME": str(home)}


@pytest.fixture(scope="module", params=ROOTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    home = tmp_path_factory.mktemp("home")
    variables, arguments = environ(home), ["--artifact-root", str(home / "files #1 %20")]
    if request.param == "memory":
        arguments = ["--artifact-root", "memory:///artifacts"]
    elif request.param == "s3":
        store: ObjectStore = request.getfixturevalue("object_store")
        variables, arguments = (
            {**variables, **store.environ},
            ["--artifact-root", f"{store.new_bucket()}/some/where"],
        )
    with running_proxy(variables, *arguments) as running:
        yield running


@pytest.fixture
def proxy(server: Proxy) -> Proxy:
    """With a run of its own."""
    return Proxy(server.uri, server.pid)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[tuple[Proxy, Path]]:
    """A server of its own, and the root of its artifacts."""
    root = tmp_path / "root"
    with running_proxy(
        {**environ(tmp_path / "home"), "RUNNER_LARGEST_ARTIFACT": "3000000"}, "--artifact-root", str(root)
    ) as running:
        yield running, root


def content(size: int) -> bytes:
    return bytes(range(256)) * (size // 256) + b"x" * (size % 256)


# what is put is had ---------------------------------------------------------------------------------------
def test_names_of_all_kinds_come_back_as_they_were(proxy: Proxy) -> None:
    for name in HARD_NAMES:
        assert proxy.put(name, name.encode()).status == 200, name

    assert {name: proxy.get(name).body for name in HARD_NAMES} == {name: name.encode() for name in HARD_NAMES}
    top = {entry["path"]: entry["is_dir"] for entry in proxy.list()}
    assert top == {name.partition("/")[0]: "/" in name for name in HARD_NAMES}
    assert proxy.list("deep/er/and/deep er") == [{"path": "x", "is_dir": False, "file_size": 21}]


def test_a_question_mark_that_a_client_did_not_escape_is_part_of_the_name(proxy: Proxy) -> None:
    assert proxy.send("PUT", f"{PROXY}/{proxy.root}/what?now=1", b"x").status == 200

    assert [entry["path"] for entry in proxy.list()] == ["what?now=1"]
    assert proxy.send("GET", f"{PROXY}/{proxy.root}/what?now=1").body == b"x"


@pytest.mark.parametrize(
    "size", [0, 1, PIECE - 1, PIECE, PIECE + 1, PART - 1, PART, PART + 1, 2 * PART + PIECE + 7]
)
def test_an_artifact_of_any_size_comes_back(proxy: Proxy, size: int) -> None:
    body = content(size)

    put = proxy.put("m/model.bin", body)
    got = proxy.get("m/model.bin")

    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    assert (put.status, put.json, put.headers["repr-digest"]) == (200, {}, f"sha-256=:{digest}:")
    assert got.body == body
    assert got.headers["content-length"] == str(size)
    assert got.headers["etag"] == put.headers["etag"]
    assert proxy.list("m") == [{"path": "model.bin", "is_dir": False, "file_size": size}]


def test_bodies_without_a_length_are_taken(proxy: Proxy) -> None:
    assert proxy.put("empty", iter(())).status == 200  # as mlflow sends an empty file
    assert proxy.put("parts", iter([b"one", b"two"])).status == 200

    assert (proxy.get("empty").body, proxy.get("parts").body) == (b"", b"onetwo")


def test_an_artifact_is_replaced_as_a_whole(proxy: Proxy) -> None:
    proxy.put("a", b"longer than")
    first = proxy.get("a").headers["etag"]
    proxy.put("a", b"short")

    assert proxy.get("a").body == b"short"
    assert proxy.get("a").headers["etag"] != first


@pytest.mark.parametrize("sent", [100, 3 * PIECE, 2 * PART + 5])
def test_an_upload_that_breaks_off_leaves_what_was_there(proxy: Proxy, sent: int) -> None:
    proxy.put("kept", b"before")
    for name in ("kept", "new"):
        broken_upload(proxy, name, sent)
    time.sleep(0.3)

    assert proxy.get("kept").body == b"before"
    assert proxy.get("new").status == 404
    assert [entry["path"] for entry in proxy.list()] == ["kept"]


def broken_upload(proxy: Proxy, name: str, sent: int) -> None:
    host, port = proxy.address.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        head = f"PUT {proxy.url(name)} HTTP/1.1\r\nHost: {proxy.address}\r\nContent-Length: {sent + 1000}\r\n\r\n"
        connection.sendall(head.encode() + bytes(sent))


def test_an_artifact_under_way_is_not_seen(proxy: Proxy) -> None:
    host, port = proxy.address.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        head = (
            f"PUT {proxy.url('growing')} HTTP/1.1\r\nHost: {proxy.address}\r\nContent-Length: 3000000\r\n\r\n"
        )
        connection.sendall(head.encode() + bytes(2_500_000))
        time.sleep(0.2)
        assert (proxy.list(), proxy.get("growing").status) == ([], 404)
        connection.sendall(bytes(500_000))
        assert connection.recv(100).split()[1] == b"200"
    assert proxy.list() == [{"path": "growing", "is_dir": False, "file_size": 3_000_000}]


# digests --------------------------------------------------------------------------------------------------
def digests(body: bytes) -> list[dict[str, str]]:
    def text(name: str) -> str:
        return base64.b64encode(hashlib.new(name, body).digest()).decode()

    return [
        {"Content_MD5": text("md5")},
        {"Content_Digest": f"sha-256=:{text('sha256')}:"},
        {"Repr_Digest": f"unknown=:AA==:, sha-512=:{text('sha512')}:"},
    ]


@pytest.mark.parametrize("which", range(3))
def test_a_digest_that_the_client_sends_is_compared(proxy: Proxy, which: int) -> None:
    body = content(2 * PIECE + 1)

    right = proxy.put("right", body, **digests(body)[which])
    wrong = proxy.put("wrong", body, **digests(b"other")[which])

    assert right.status == 200
    assert (wrong.status, wrong.json["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert [entry["path"] for entry in proxy.list()] == ["right"]


def test_a_digest_that_is_none_is_refused(proxy: Proxy) -> None:
    assert proxy.put("a", b"x", Content_MD5="not base64!").status == 400


# parts and conditions -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("asked", "status", "body", "told"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=-99", 206, b"0123456789", "bytes 0-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=0-0", 206, b"0", "bytes 0-0/10"),
        ("bytes=10-", 416, None, "bytes */10"),
        ("bytes=5-4", 416, None, "bytes */10"),
        ("bytes=-0", 416, None, "bytes */10"),
        ("bytes=0-1,3-4", 200, b"0123456789", None),
        ("lines=0-1", 200, b"0123456789", None),
    ],
)
def test_a_part_of_an_artifact(
    proxy: Proxy, asked: str, status: int, body: bytes | None, told: str | None
) -> None:
    proxy.put("digits", b"0123456789")

    answer = proxy.get("digits", Range=asked)

    assert (answer.status, answer.headers.get("content-range")) == (status, told)
    if body is not None:
        assert answer.body == body


def test_what_the_caller_has_already_is_not_sent_again(proxy: Proxy) -> None:
    etag = proxy.put("a", b"one").headers["etag"]

    assert proxy.get("a", If_None_Match=etag).status == 304
    assert proxy.get("a", If_None_Match=f'"x", W/{etag}').body == b""
    assert proxy.get("a", If_None_Match='"x"').body == b"one"
    assert proxy.get("a", Range="bytes=1-", If_Range=etag).body == b"ne"
    assert proxy.get("a", Range="bytes=1-", If_Range='"x"').body == b"one"


def test_the_head_of_an_artifact_says_all_but_the_content(proxy: Proxy) -> None:
    proxy.put("a.txt", b"one")

    head, got = proxy.head("a.txt"), proxy.get("a.txt")

    assert (head.status, head.body) == (200, b"")
    assert {**head.headers, "date": ""} == {**got.headers, "date": ""}
    assert got.headers["accept-ranges"] == "bytes"
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", got.headers["last-modified"])


# what is not there ----------------------------------------------------------------------------------------
def test_what_is_missing_is_not_found(proxy: Proxy) -> None:
    proxy.put("dir/file", b"x")

    for missing in ("none", "dir", "dir/file/below", "dir/none"):
        assert (proxy.get(missing).status, proxy.get(missing).json["error_code"]) == (
            404,
            "RESOURCE_DOES_NOT_EXIST",
        )
        assert proxy.head(missing).status == 404
    assert (proxy.list("none"), proxy.list("dir/file")) == ([], [])


def test_files_and_directories_are_deleted_and_again(proxy: Proxy) -> None:
    for name in ("a", "dir/b", "dir/deep/c", "dirt"):
        proxy.put(name, b"x")

    assert [proxy.delete(name).status for name in ("a", "dir", "dir", "never")] == [200] * 4
    assert [entry["path"] for entry in proxy.list()] == ["dirt"]
    assert proxy.delete("").status == 200  # all of the run's, as `mlflow gc` asks
    assert proxy.list() == []


# by owner -------------------------------------------------------------------------------------------------
def test_artifacts_are_listed_and_had_by_their_run(proxy: Proxy) -> None:
    proxy.put("dir/a b.txt", b"one")
    run_id = proxy.run["run_id"]

    top = proxy.send("GET", f"{API}artifacts/list?run_id={run_id}").json
    below = proxy.send("GET", f"{API}artifacts/list?run_uuid={run_id}&path=dir").json
    file = proxy.send("GET", f"/get-artifact?{urlencode({'run_id': run_id, 'path': 'dir/a b.txt'})}")

    assert top == {"root_uri": proxy.run["artifact_uri"], "files": [{"path": "dir", "is_dir": True}]}
    assert below["files"] == [{"path": "dir/a b.txt", "is_dir": False, "file_size": 3}]
    assert file.body == b"one"
    assert proxy.send("GET", "/get-artifact?run_id=none&path=x").status == 404
    assert proxy.send("GET", f"/get-artifact?run_id={run_id}").status == 400
    assert proxy.send("GET", f"/get-artifact?run_id={run_id}&path=..").status == 400


def test_artifacts_of_a_deleted_run_can_be_read(proxy: Proxy) -> None:
    proxy.put("a", b"x")
    proxy.call("runs/delete", run_id=proxy.run["run_id"])

    assert proxy.get("a").body == b"x"


def test_a_deleted_experiment_takes_nothing_more(proxy: Proxy) -> None:
    experiment = proxy.call("experiments/create", name=f"gone {proxy.root}")["experiment_id"]
    proxy.run = proxy.new_run(experiment)
    proxy.put("a", b"x")
    proxy.call("experiments/delete", experiment_id=experiment)

    assert proxy.get("a").body == b"x"
    assert [proxy.put("b", b"x").status, proxy.delete("a").status] == [400, 400]


def test_artifacts_are_taken_for_runs_and_models_that_there_are_alone(proxy: Proxy) -> None:
    run, other = (
        proxy.run["run_id"],
        proxy.call("experiments/create", name=f"o {proxy.root}")["experiment_id"],
    )
    made = proxy.call("logged-models", experiment_id="0", name="m")["model"]["info"]["model_id"]
    gone = proxy.new_run()["run_id"]
    proxy.call("runs/delete", run_id=gone)

    def put(place: str) -> int:
        return proxy.send("PUT", f"{PROXY}/{place}/artifacts/x", b"x").status

    assert [put(f"0/{run}"), put(f"0/models/{made}")] == [200, 200]
    assert [put(f"{other}/{run}"), put(f"{other}/models/{made}")] == [404, 404]
    assert [put("0/norun"), put("0/models/none"), put("0/traces/tr-1"), put(f"0/{made}")] == [404] * 4
    assert put(f"0/{gone}") == 400
    assert proxy.send("DELETE", f"/api/2.0/mlflow/logged-models/{made}").status == 200
    assert put(f"0/models/{made}") == 400


def test_what_was_left_in_a_forgotten_experiment_is_nobody_elses(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its files are made here behind the server's back: it takes none that belong to no run."""
    with running_proxy(environ(tmp_path / "home")) as running:
        first = running.call("experiments/create", name="first")["experiment_id"]
        place = f"{first}/norun/artifacts/secret.txt"
        assert running.send("PUT", f"{PROXY}/{place}", b"secret").status == 404
        left = tmp_path / "home" / "artifacts" / place
        left.parent.mkdir(parents=True)
        left.write_text("secret")
        assert running.send("GET", f"{PROXY}/{place}").body == b"secret"
        running.call("experiments/delete", experiment_id=first)
        monkeypatch.setenv("RUNNER_HOME", str(tmp_path / "home"))
        assert "1 experiments" in cli("gc", "--all").out

        following = running.call("experiments/create", name="second")["experiment_id"]

        assert following != first
        assert running.send("GET", f"{PROXY}/{place}").status == 404
        assert running.send("GET", f"{PROXY}/{following}/norun/artifacts/secret.txt").status == 404
        assert not left.exists()


def test_an_experiment_that_does_not_exist_takes_nothing(proxy: Proxy) -> None:
    for experiment in ("987654", "Default", "00", "-1"):
        assert proxy.send("PUT", f"{PROXY}/{experiment}/r/artifacts/x", b"x").status == 404
        assert proxy.send("GET", f"{PROXY}?path={experiment}").status == 404


def test_what_clients_may_do_is_told(proxy: Proxy) -> None:
    info = proxy.send("GET", "/api/3.0/mlflow/server-info").json

    assert info["multipart_uploads_enabled"] is False
    assert info["multipart_downloads_enabled"] is False
    assert proxy.send("GET", "/ajax-api/3.0/mlflow/server-info").json == info


def test_nothing_is_signed_where_artifacts_go_through_us(proxy: Proxy) -> None:
    proxy.put("a", b"x")

    assert proxy.send("GET", f"/api/2.0/mlflow-artifacts/presigned/{proxy.root}/a").status == 501


def test_the_endpoint_of_a_run_has_none_of_this(call: Caller) -> None:
    """Its program goes to the artifacts by itself."""
    for method, path in (
        ("PUT", f"{PROXY}/0/r/artifacts/x"),
        ("GET", f"{PROXY}?path=0"),
        ("GET", "/get-artifact"),
    ):
        assert call.send(method, path).status == 501


# a directory ----------------------------------------------------------------------------------------------
def test_an_upload_larger_than_the_cap_is_refused(directory: tuple[Proxy, Path]) -> None:
    proxy, root = directory

    announced = proxy.put("a", bytes(3_000_001))
    chunked = proxy.put("b", (bytes(500_000) for _ in range(7)))

    assert (announced.status, chunked.status) == (413, 413)
    assert "3000000 bytes" in announced.json["message"]
    assert proxy.put("c", bytes(3_000_000)).status == 200
    assert [item.name for item in root.rglob("*") if item.is_file()] == ["c"]


def test_what_does_not_fit_on_the_disk_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with running_proxy(environ(tmp_path)) as proxy:
        host, port = proxy.address.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            head = f"PUT {proxy.url('a')} HTTP/1.1\r\nHost: {proxy.address}\r\nContent-Length: {4 * 1024**4}\r\n\r\n"
            connection.sendall(head.encode())
            answer = connection.recv(4000)

    assert b" 507 " in answer.splitlines()[0]
    assert b"has room for" in answer


@pytest.mark.root
@pytest.mark.skipif(os.getuid() != 0, reason="mounts a small file system")
def test_a_disk_that_gets_full_meanwhile_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    root = tmp_path / "small"
    root.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=70m", "tmpfs", root], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with running_proxy(environ(tmp_path), "--artifact-root", str(root)) as proxy:
            answer = proxy.put("a", (bytes(PIECE) for _ in range(80)))
            left = [item for item in root.rglob("*") if item.is_file()]
    finally:
        subprocess.run(["umount", "-l", root], check=True)

    assert (answer.status, answer.json["error_code"]) == (507, "RESOURCE_EXHAUSTED")
    assert left == []


def test_a_file_in_place_of_a_directory_is_explained(directory: tuple[Proxy, Path]) -> None:
    proxy, _ = directory
    proxy.put("dir/a", b"x")

    assert proxy.put("dir", b"x").status == 400
    assert "directory" in proxy.put("dir/a/b", b"x").json["message"]


def test_a_name_that_obstore_keeps_for_itself_is_refused(directory: tuple[Proxy, Path]) -> None:
    answer = directory[0].put("a#1", b"x")

    assert (answer.status, "end in #" in answer.json["message"]) == (400, True)


def test_a_pipe_is_no_artifact(directory: tuple[Proxy, Path]) -> None:
    proxy, root = directory
    proxy.put("a", b"x")
    os.mkfifo(root / proxy.root / "pipe")

    assert proxy.get("pipe").status == 404
    assert [entry["path"] for entry in proxy.list()] == ["a"]


def test_what_runner_records_is_read_through_the_server(directory: tuple[Proxy, Path]) -> None:
    proxy, root = directory
    (root / proxy.root / "logs").mkdir(parents=True)
    (root / proxy.root / "logs" / "stdout.txt").write_text("hello")

    assert proxy.get("logs/stdout.txt").body == b"hello"


def test_uploads_that_broke_off_long_ago_are_removed(tmp_path: Path) -> None:
    aside = tmp_path / "artifacts" / ".uploads"
    aside.mkdir(parents=True)
    for name, age in (("old", 2 * 24 * 3600), ("young", 60)):
        (aside / name).write_text("x")
        os.utime(aside / name, (time.time() - age,) * 2)

    with running_proxy(environ(tmp_path)):
        assert [item.name for item in aside.iterdir()] == ["young"]


def test_a_root_that_cannot_be_had_is_explained(tmp_path: Path) -> None:
    for root, said in (("nonsense://x", "cannot be kept"), (str(tmp_path / "file" / "x"), "cannot be kept")):
        (tmp_path / "file").touch()
        with (
            pytest.raises(AssertionError, match=said),
            running_proxy(environ(tmp_path), "--artifact-root", root),
        ):
            pass


# directly -------------------------------------------------------------------------------------------------
@pytest.mark.slow
def test_clients_that_go_there_themselves_are_told_where_and_get_signed_urls(
    object_store: ObjectStore, tmp_path: Path
) -> None:
    bucket = object_store.new_bucket()
    arguments = ("--artifact-root", bucket, "--artifacts", "direct")
    with running_proxy({**environ(tmp_path), **object_store.environ}, *arguments) as proxy:
        uri: str = proxy.run["artifact_uri"]
        proxy.run = {**proxy.run, "artifact_uri": uri.removeprefix(f"{bucket}/")}
        proxy.put("dir/a b", b"0123456789")
        signed = proxy.send(
            "GET", f"/api/2.0/mlflow-artifacts/presigned/{proxy.root}/{quote('dir/a b')}"
        ).json
        info = proxy.send("GET", "/api/3.0/mlflow/server-info").json
    got = subprocess.run(
        ["curl", "--silent", "--range", "2-4", signed["url"]], capture_output=True, check=True
    )

    assert uri.startswith(f"{bucket}/0/")
    assert (signed["file_size"], got.stdout) == (10, b"234")
    assert info["multipart_downloads_enabled"] is True
