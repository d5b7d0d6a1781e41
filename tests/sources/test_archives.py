"""Zip files: what is taken, what is refused, what is downloaded once."""

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.errors import SourceError
from runner.progress import Phase
from runner.settings import Settings
from runner.sources import archive, checkout, parse
from tests.sources.conftest import Look
from tests.sources.servers import answering, basic

Zipped = Callable[..., Path]


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.filename = info.orig_filename = name
    info.external_attr = mode << 16
    info.create_system = 3
    return info


@pytest.fixture
def zipped(tmp_path: Path) -> Zipped:
    """Write a zip file of (entry, content) pairs."""

    def write(*entries: tuple[zipfile.ZipInfo | str, str], name: str = "p.zip") -> Path:
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as file:
            for info, content in entries:
                file.writestr(info, content)
        return tmp_path / name

    return write


def test_an_archive_is_a_fresh_tree_with_its_digest(zipped: Zipped, look: Look) -> None:
    path = zipped(
        ("MLproject", "name: x"),
        ("v1.0/x/", ""),
        (entry("bin/run.sh", stat.S_IFREG | 0o755), "#!/bin/sh"),
        (entry("link", stat.S_IFLNK | 0o777), "bin/run.sh"),
    )

    found = look(f"{path}#v1.0/x")

    assert found.digest == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    assert found.path == found.root / "v1.0/x"
    assert found.root.name == "p"
    assert (found.root / "MLproject").read_text() == "name: x"
    assert os.access(found.root / "bin/run.sh", os.X_OK)
    assert (found.root / "link").read_text() == "#!/bin/sh"
    assert found.commit is None


def test_an_archive_of_one_directory_is_entered(zipped: Zipped, look: Look) -> None:
    found = look(str(zipped(("repo-main/MLproject", "name: x"))))

    assert found.subdirectory == "repo-main"
    assert (found.path / "MLproject").exists()


def test_a_changed_archive_is_another_tree(zipped: Zipped, look: Look) -> None:
    first = look(str(zipped(("a", "1"), ("b", ""))))
    second = look(str(zipped(("a", "2"), ("b", ""))))

    assert first.digest != second.digest
    assert (second.root / "a").read_text() == "2"


@pytest.mark.parametrize(
    "name", ["../x", "a/../../x", "/etc/x", "a\\..\\x", "C:/x", "a\nb", "..", "a/..", "//host/x"]
)
def test_an_entry_that_leads_out_is_refused(zipped: Zipped, look: Look, tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="leads out of it"):
        look(str(zipped((entry(name), "x"))))


def test_a_name_that_is_cut_by_a_nul_is_refused(tmp_path: Path, look: Look, zipped: Zipped) -> None:
    path = zipped(("fine_x", "x"))
    path.write_bytes(path.read_bytes().replace(b"fine_x", b"fin\0_x"))

    with pytest.raises(SourceError, match="leads out of it"):
        look(str(path))


LINK = stat.S_IFLNK | 0o777


@pytest.mark.parametrize(
    "links",
    [
        {"a": "/etc"},
        {"a": "../x"},
        {"d/a": "../../x"},
        {"a": "b/..", "b": "../.."},
        {"a": ".", "b": "a/../.."},
    ],
)
def test_a_link_that_leads_out_is_refused(zipped: Zipped, look: Look, links: Mapping[str, str]) -> None:
    with pytest.raises(SourceError, match=r"link .* leads out of it"):
        look(str(zipped(*((entry(name, LINK), target) for name, target in links.items()))))


def test_nothing_is_written_through_a_link(zipped: Zipped, look: Look, tmp_path: Path) -> None:
    path = zipped((entry("d", LINK), str(tmp_path)), (entry("d/x"), "written"))

    with pytest.raises(SourceError, match="two entries of one name"):
        look(str(path))

    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("mode", [stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_a_device_is_refused(zipped: Zipped, look: Look, mode: int) -> None:
    with pytest.raises(SourceError, match="neither file, directory nor link"):
        look(str(zipped((entry("x", mode | 0o644), ""))))


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("x", "x"), ("x", "x/y"), ("x/y", "x")])
def test_two_entries_of_one_name_are_refused(zipped: Zipped, look: Look, names: tuple[str, str]) -> None:
    with pytest.raises(SourceError, match="two entries of one name"):
        look(str(zipped(*((entry(name), "1") for name in names))))


def test_a_bomb_is_refused_before_it_is_opened(zipped: Zipped, look: Look) -> None:
    bomb = zipped(("zeros", "\0" * (80 << 20)))

    with pytest.raises(SourceError, match="would become 80 MB from 0 MB") as caught:
        look(str(bomb))

    assert "unpack it yourself" in str(caught.value.hint)


def test_a_bomb_that_lies_about_its_size_is_damaged(zipped: Zipped, look: Look) -> None:
    path = zipped(("zeros", "\0" * (1 << 20)))
    size = (1 << 20).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (10).to_bytes(4, "little")))

    with pytest.raises(SourceError, match="no zip file, or damaged"):
        look(str(path))


@pytest.mark.parametrize("limits", [archive.Limits(entries=2), archive.Limits(size=2)])
def test_too_many_or_too_large_entries_are_refused(
    zipped: Zipped, tmp_path: Path, limits: archive.Limits
) -> None:
    with pytest.raises(SourceError):
        archive.extract(zipped(("a", "1"), ("b", "2"), ("c", "3")), tmp_path, limits=limits)


def test_an_encrypted_archive_is_refused(zipped: Zipped, look: Look) -> None:
    path = zipped(("x", "secret"))
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)

    with pytest.raises(SourceError, match="encrypted"):
        look(str(path))


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 neither"])
def test_what_is_no_zip_file_says_so_and_leaves_nothing(
    tmp_path: Path, look: Look, settings: Settings, content: bytes
) -> None:
    (tmp_path / "x.zip").write_bytes(content)

    with pytest.raises(SourceError, match="no zip file, or damaged"):
        look(str(tmp_path / "x.zip"))

    assert not list(settings.cache.glob("archives/*/pristine*"))


def test_a_disk_or_name_that_will_not_do_is_explained(zipped: Zipped, look: Look) -> None:
    with pytest.raises(SourceError, match=r"cannot extract p.zip: File name too long"):
        look(str(zipped((entry("x" * 300), "1"))))


def test_an_archive_that_went_away_says_so(zipped: Zipped, settings: Settings, phase: Phase) -> None:
    path = zipped(("a", "1"))
    source = parse(str(path), cwd=Path("/"))
    path.unlink()

    with (
        pytest.raises(SourceError, match="cannot read"),
        checkout(source, settings=settings, phase=phase),
    ):
        pass


# over http -----------------------------------------------------------------------------------------------------
@dataclass
class Site:
    """A server of one file that remembers what it was asked, and can be told to misbehave."""

    content: bytes = b""
    etag: str | None = '"1"'
    status: int = 200
    login: tuple[str, str] | None = None
    length: int | None = None
    location: str = ""
    asked: list[str] = field(default_factory=list)

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        matching = request.headers.get("If-None-Match") or request.headers.get("If-Modified-Since")
        status = self.status
        if self.login and request.headers.get("Authorization") != basic(*self.login):
            status = 401
        elif status == 200 and matching and matching in {self.etag, "yesterday"}:
            status = 304
        self.asked.append(f"{status}")
        request.send_response(status)
        if self.location:
            request.send_header("Location", self.location)
        request.send_header("ETag", self.etag) if self.etag else request.send_header(
            "Last-Modified", "yesterday"
        )
        if self.length != -1:
            body = len(self.content) if status == 200 else 0
            request.send_header("Content-Length", str(body if self.length is None else self.length))
        request.end_headers()
        if status == 200:
            request.wfile.write(self.content)

    @contextmanager
    def open(self) -> Iterator[str]:
        with answering(self) as url:
            yield url


@pytest.fixture
def site(zipped: Zipped) -> Site:
    return Site(zipped(("MLproject", "name: x"), ("data", "1" * 1000)).read_bytes())


@pytest.mark.parametrize("etag", ['"1"', None])
def test_an_archive_behind_http_is_downloaded_once(site: Site, look: Look, etag: str | None) -> None:
    site.etag = etag
    with site.open() as url:
        first = look(f"{url}/p.zip")
        second = look(f"{url}/p.zip")

    assert first == second
    assert first.uri == f"{url}/p.zip"
    assert site.asked == ["200", "304"]
    assert (first.root / "MLproject").exists()


def test_a_new_archive_at_the_same_address_is_seen(site: Site, look: Look, zipped: Zipped) -> None:
    with site.open() as url:
        first = look(f"{url}/p.zip")
        site.content, site.etag = zipped(("MLproject", "name: y")).read_bytes(), '"2"'

        assert look(f"{url}/p.zip").digest != first.digest


def test_offline_takes_the_archive_from_the_cache(site: Site, look: Look, settings: Settings) -> None:
    offline = replace(settings, offline=True)
    with site.open() as url:
        first = look(f"{url}/p.zip")

    assert look(f"{url}/p.zip", settings=offline) == first
    with pytest.raises(SourceError, match="offline"):
        look(f"{url}/q.zip", settings=offline)


def test_a_login_in_the_address_opens_the_archive_and_is_kept_nowhere(
    site: Site, look: Look, settings: Settings
) -> None:
    site.login = ("me", "s3cret")
    with site.open() as url:
        found = look(f"{url.replace('//', '//me:s3cret@')}/p.zip")
        with pytest.raises(SourceError, match="answers 401"):
            look(f"{url}/p.zip")

    assert found.uri == f"{url}/p.zip"
    assert not [p for p in settings.cache.rglob("*") if p.is_file() and b"s3cret" in p.read_bytes()]


def test_a_redirect_to_another_server_does_not_take_the_login_along(site: Site, look: Look) -> None:
    seen: list[str | None] = []

    def other(request: BaseHTTPRequestHandler) -> None:
        seen.append(request.headers.get("Authorization"))
        Site(site.content)(request)

    site.status, site.login = 302, ("me", "secret")
    with answering(other) as elsewhere, site.open() as url:
        site.location = f"{elsewhere}/p.zip"
        look(f"{url.replace('//', '//me:secret@')}/p.zip")

    assert seen == [None]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_a_redirect_to_anything_but_http_is_refused(site: Site, look: Look, location: str) -> None:
    site.status, site.location = 302, location
    with site.open() as url, pytest.raises(SourceError):
        look(f"{url}/p.zip")


@pytest.mark.parametrize(("status", "hint"), [(404, "check the address"), (500, None)])
def test_a_refusal_is_told(site: Site, look: Look, status: int, hint: str | None) -> None:
    site.status = status
    with site.open() as url, pytest.raises(SourceError, match=f"answers {status}") as caught:
        look(f"{url}/p.zip")

    assert caught.value.hint == hint


def test_a_broken_connection_is_no_archive(site: Site, look: Look, settings: Settings) -> None:
    site.length = len(site.content) + 10
    with site.open() as url, pytest.raises(SourceError, match="the connection broke after"):
        look(f"{url}/p.zip")

    assert not list(settings.cache.rglob("partial-*"))
    assert not list(settings.cache.glob("downloads/content/*"))


@pytest.mark.parametrize("length", [None, -1])
def test_a_download_that_is_too_large_stops(
    site: Site, look: Look, monkeypatch: pytest.MonkeyPatch, length: int | None
) -> None:
    monkeypatch.setattr(archive, "LIMITS", archive.Limits(download=100))
    site.length = length
    with site.open() as url, pytest.raises(SourceError, match="is larger than"):
        look(f"{url}/p.zip")


def test_a_server_that_is_not_there_is_told(look: Look) -> None:
    with pytest.raises(SourceError, match="cannot be reached"):
        look("http://127.0.0.1:1/p.zip")


def test_a_cache_that_cannot_be_written_is_told(site: Site, look: Look, settings: Settings) -> None:
    settings.cache.mkdir(parents=True)
    (settings.cache / "downloads").write_text("a file where the directory should be")
    with site.open() as url, pytest.raises(SourceError, match="cannot keep"):
        look(f"{url}/p.zip")
