"""What a person types, and what it is taken for."""

import subprocess
import zipfile
from pathlib import Path

import pytest

from runner.errors import SourceError, UsageError
from runner.sources import parse, strip_credentials
from runner.sources.model import ArchiveSource, DirectorySource, GitSource
from tests.sources.conftest import NewRepository

REMOTE = [
    ("https://host/team/x.git", "https://host/team/x.git", ""),
    ("https://host/team/x#examples/train", "https://host/team/x", "examples/train"),
    ("http://host:8080/x#v1.0/x.y", "http://host:8080/x", "v1.0/x.y"),
    ("ssh://git@host:22/x.git#./a//b/", "ssh://git@host:22/x.git", "a/b"),
    ("git://host/x", "git://host/x", ""),
    ("git@host:team/x.git#sub", "git@host:team/x.git", "sub"),
    ("host:team/x", "host:team/x", ""),
    ("git+https://host/x.git", "https://host/x.git", ""),
    ("HTTPS://host/x.git", "https://host/x.git", ""),
]


@pytest.mark.parametrize(("uri", "url", "subdirectory"), REMOTE)
def test_a_git_address_is_split_into_url_and_subdirectory(
    tmp_path: Path, uri: str, url: str, subdirectory: str
) -> None:
    found = parse(uri, version="v1", cwd=tmp_path)

    assert isinstance(found, GitSource)
    assert (found.url, found.ref, found.subdirectory) == (url, "v1", subdirectory)


@pytest.mark.parametrize(
    "uri",
    [
        "ext::sh -c touch% /tmp/x",
        "fd::17/x",
        "https::x",
        "--upload-pack=touch x",
        "-x",
        "",
        "  ",
        "https://host/x\nHost: other",
        "https://host/x\x1b[31m",
        "https://host/x#../../etc",
        "https://host/x#/etc",
        "https://host/x#a\\..\\b",
        "https://host/x#a\x07",
        "https:///x.git",
        "ssh://-oProxyCommand=touch/x.git",
        "ftp://host/x.git",
        "s3://bucket/x",
        "file://otherhost/x",
    ],
)
def test_a_dangerous_or_senseless_address_is_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(UsageError):
        parse(uri, cwd=tmp_path)


@pytest.mark.parametrize(
    "version",
    [
        "-x",
        "--upload-pack=x",
        "a b",
        "main~1",
        "a..b",
        "a:b",
        "x\n",
        "@{u}",
        "a.lock",
        "*",
        "a\\b",
        "/a",
        "a/",
    ],
)
def test_a_version_that_is_no_name_is_refused(tmp_path: Path, version: str) -> None:
    with pytest.raises(UsageError, match="version"):
        parse("https://host/x", version=version, cwd=tmp_path)


def test_an_ssh_host_that_looks_like_an_option_is_no_address(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no directory"):
        parse("x@-oProxyCommand=touch:team/x", cwd=tmp_path)


def test_a_path_that_does_not_exist_says_so_and_names_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "churn").mkdir()

    with pytest.raises(SourceError, match=r"there is no directory .*/chrun") as caught:
        parse("chrun", cwd=tmp_path)

    assert caught.value.hint == "did you mean 'churn'?"


@pytest.mark.parametrize("uri", ["a/b", "~nobody-of-this-name/x", "name:", "file:///no/such/place"])
def test_what_is_not_there_never_becomes_a_git_address(tmp_path: Path, uri: str) -> None:
    with pytest.raises(SourceError):
        parse(uri, cwd=tmp_path)


def test_a_directory_is_found_from_the_place_where_we_are(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()

    assert parse("a#v1.0/x", cwd=tmp_path) == DirectorySource(path=tmp_path / "a", subdirectory="v1.0/x")
    assert parse((tmp_path / "a").as_uri(), cwd=Path("/")) == DirectorySource(path=tmp_path / "a")


def test_a_directory_may_have_a_hash_or_a_colon_in_its_name(tmp_path: Path) -> None:
    for name in ("c#", "git@host:x.git"):
        (tmp_path / name).mkdir()

        assert parse(name, cwd=tmp_path) == DirectorySource(path=tmp_path / name)


def test_the_home_directory_may_be_written_as_a_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "p").mkdir()

    assert parse("~/p", cwd=Path("/")) == DirectorySource(path=tmp_path / "p")


def test_a_working_copy_is_a_directory_and_its_file_url_a_repository(
    tmp_path: Path, repository: NewRepository
) -> None:
    made = repository({"a": "1"})

    assert parse(str(made.work), cwd=tmp_path) == DirectorySource(path=made.work)
    assert parse(made.work.as_uri(), cwd=tmp_path) == GitSource(url=made.work.as_uri())
    assert parse(str(made.bare), cwd=tmp_path) == GitSource(url=made.url)
    assert parse(made.url, version="main", cwd=tmp_path) == GitSource(url=made.url, ref="main")


def test_a_version_of_a_directory_in_a_working_copy_is_that_directory_of_the_repository(
    tmp_path: Path, repository: NewRepository
) -> None:
    made = repository({"a/b/c": "1"})

    source = parse("a#b", version="main", cwd=made.work)

    assert source == GitSource(url=made.work.as_uri(), ref="main", subdirectory="a/b")


def test_a_version_of_something_without_versions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with zipfile.ZipFile(tmp_path / "x.zip", "w"):
        pass

    for uri in ("plain", "x.zip", "https://host/x.zip"):
        with pytest.raises(UsageError, match="has no version"):
            parse(uri, version="v1", cwd=tmp_path)


def test_a_zip_file_is_an_archive_and_another_file_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"")
    (tmp_path / "MLproject").write_text("")

    assert parse("x.zip#a", cwd=tmp_path) == ArchiveSource(url=str(tmp_path / "x.zip"), subdirectory="a")
    assert parse("https://h/x.ZIP?raw=1", cwd=tmp_path) == ArchiveSource(url="https://h/x.ZIP?raw=1")
    with pytest.raises(UsageError, match="is a file"):
        parse("MLproject", cwd=tmp_path)


def test_credentials_leave_the_address_and_show_nowhere(tmp_path: Path) -> None:
    source = parse("https://me:s3cret%40@host:8080/x.git", cwd=tmp_path)

    assert isinstance(source, GitSource)
    assert source.url == "https://host:8080/x.git"
    assert source.login is not None
    assert source.login.password == "s3cret@"
    assert "s3cret" not in repr(source) + repr(source.login)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@host/x", "https://host/x"),
        ("https://token@host/x", "https://host/x"),
        ("ssh://git:secret@host/x", "ssh://git@host/x"),
        ("git@host:x.git", "git@host:x.git"),
        ("/a/b", "/a/b"),
        ("https://host/x", "https://host/x"),
    ],
)
def test_an_address_is_shown_without_what_could_be_a_secret(url: str, shown: str) -> None:
    assert strip_credentials(url) == shown


def test_parsing_starts_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(subprocess, "Popen", refuse)

    parse("https://host/x.git#a", version="v1", cwd=tmp_path)
