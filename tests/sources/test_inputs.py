"""Inputs that are somewhere else."""

import email.utils
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

import pytest
from msgspec.structs import replace

from runner.errors import InputError
from runner.progress import Phase
from runner.settings import Settings
from runner.sources import fetch_input, is_remote
from runner.sources.asking import Seen, ask
from tests.sources.servers import answering


def serve_text(request: BaseHTTPRequestHandler) -> None:
    status, body = (200, b"a,b\n1,2\n") if "data" in request.path else (404, b"")
    request.send_response(status)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@pytest.mark.parametrize(
    ("value", "remote"),
    [
        ("http://h/x", True),
        ("s3://b/k", True),
        ("file:///x", True),
        ("gs://b/k", True),
        ("data/x.csv", False),
        ("/data/x.csv", False),
        ("C:\\x", False),
        ("", False),
    ],
)
def test_a_uri_is_remote_and_a_path_is_not(value: str, remote: bool) -> None:
    assert is_remote(value) is remote


def test_an_http_input_becomes_a_file_of_its_name(settings: Settings, phase: Phase) -> None:
    with answering(serve_text) as url:
        path = fetch_input(f"{url}/a/data.csv?x=1", settings=settings, phase=phase)
        again = fetch_input(f"{url}/a/data.csv?x=1", settings=settings, phase=phase)
        unnamed = fetch_input(f"{url}/data/", settings=settings, phase=phase)

    assert path == again
    assert path.name == "data.csv"
    assert path.read_text() == "a,b\n1,2\n"
    assert unnamed.name == "data"
    assert fetch_input(f"{url}/a/data.csv?x=1", settings=replace(settings, offline=True), phase=phase) == path


def test_a_hostile_name_stays_in_the_cache(settings: Settings, phase: Phase) -> None:
    with answering(serve_text) as url:
        path = fetch_input(f"{url}/data/..%2f..%2fx", settings=settings, phase=phase)
        other = fetch_input(f"{url}/data/%2e%2e", settings=settings, phase=phase)

    assert path.is_relative_to(settings.cache / "downloads" / "content")
    assert ".." not in path.parts
    assert other.name == "download"


def test_an_input_that_is_not_there_says_so(settings: Settings, phase: Phase, tmp_path: Path) -> None:
    with answering(serve_text) as url, pytest.raises(InputError, match="answers 404"):
        fetch_input(f"{url}/none", settings=settings, phase=phase)
    for uri in ((tmp_path / "none").as_uri(), "file://other/x", "hdfs://x/y", "plain"):
        with pytest.raises(InputError):
            fetch_input(uri, settings=settings, phase=phase)


def test_a_file_uri_is_used_in_place(settings: Settings, phase: Phase, tmp_path: Path) -> None:
    (tmp_path / "a b").write_text("x")

    assert fetch_input((tmp_path / "a b").as_uri(), settings=settings, phase=phase) == tmp_path / "a b"


# object stores -------------------------------------------------------------------------------------------------
OBJECTS = {"data/train/a.csv": b"1", "data/train/deep/b.csv": b"2", "data/trainer.csv": b"3"}


def serve_bucket(request: BaseHTTPRequestHandler) -> None:
    """As much of S3 as listing and reading take."""
    parts = urlsplit(request.path)
    key = parts.path.removeprefix("/bucket").strip("/")
    headers = {"Last-Modified": email.utils.formatdate(0, usegmt=True)}
    status, body = 404, b"<Error><Code>NoSuchKey</Code></Error>"
    if not key:
        prefix = parse_qs(parts.query).get("prefix", [""])[0]
        contents = "".join(
            f"<Contents><Key>{escape(name)}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified>"
            f"<ETag>&quot;{len(name)}&quot;</ETag><Size>{len(data)}</Size></Contents>"
            for name, data in OBJECTS.items()
            if name.startswith(prefix)
        )
        status, body = (
            200,
            (f"<ListBucketResult><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>".encode()),
        )
    elif key in OBJECTS:
        status, body = 200, OBJECTS[key]
        headers["ETag"] = f'"{len(key)}"'
    request.send_response(status)
    for name, value in {**headers, "Content-Length": str(len(body))}.items():
        request.send_header(name, value)
    request.end_headers()
    if request.command == "GET":
        request.wfile.write(body)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with answering(serve_bucket) as url:
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "x",
            "AWS_SECRET_ACCESS_KEY": "x",
            "AWS_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        yield


@pytest.mark.usefixtures("bucket")
def test_an_object_becomes_a_file(settings: Settings, phase: Phase) -> None:
    path = fetch_input("s3://bucket/data/train/a.csv", settings=settings, phase=phase)

    assert path.name == "a.csv"
    assert path.read_bytes() == b"1"
    assert fetch_input("s3://bucket/data/train/a.csv", settings=settings, phase=phase) == path


@pytest.mark.usefixtures("bucket")
def test_a_prefix_becomes_a_directory(settings: Settings, phase: Phase) -> None:
    path = fetch_input("s3://bucket/data/train", settings=settings, phase=phase)

    assert path.name == "train"
    assert (path / "a.csv").read_bytes() == b"1"
    assert (path / "deep/b.csv").read_bytes() == b"2"
    assert not (path / "trainer.csv").exists()


@pytest.mark.usefixtures("bucket")
def test_an_object_that_is_not_there_says_so(settings: Settings, phase: Phase) -> None:
    with pytest.raises(InputError, match="there is no object"):
        fetch_input("s3://bucket/none", settings=settings, phase=phase)
    with pytest.raises(InputError, match="offline"):
        fetch_input("s3://bucket/data", settings=replace(settings, offline=True), phase=phase)


def test_an_object_store_that_is_not_there_says_so(
    settings: Settings, phase: Phase, monkeypatch: pytest.MonkeyPatch
) -> None:
    for uri in ("s3://", "az://x"):
        with pytest.raises(InputError, match="cannot fetch"):
            fetch_input(uri, settings=settings, phase=phase)


@pytest.mark.usefixtures("bucket")
def test_an_object_is_known_without_fetching_it(settings: Settings) -> None:
    seen = ask("s3://bucket/data/train/a.csv", settings=settings)

    assert seen == Seen(etag='"16"', modified="1970-01-01T00:00:00+00:00", bytes=1)
    assert seen.name == 'etag:"16"'


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(
    "uri", ["s3://bucket/data/none.csv", "s3://bucket", "gopher://host/x", "sqlite:///x.db"]
)
def test_of_what_nobody_says_nothing_is_known(settings: Settings, uri: str) -> None:
    assert ask(uri, settings=settings) is None


@pytest.mark.usefixtures("bucket")
def test_no_server_is_asked_offline(settings: Settings) -> None:
    assert ask("s3://bucket/data/train/a.csv", settings=replace(settings, offline=True)) is None
