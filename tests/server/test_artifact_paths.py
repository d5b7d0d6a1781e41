"""Attacks on artifacts, each on the guards as they are, and on none: an attack that then does nothing would test nothing."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlencode

import pytest

from runner.server.access.caller import anybody
from runner.server.app import Tracking, create_app
from runner.server.artifacts import content, directory, paths, upload
from runner.server.artifacts.routes import open_files
from runner.server.artifacts.served import ServedArtifacts
from runner.server.places import Places
from runner.tracking import Store
from runner.tracking.database import Connection
from runner.tracking.model import Run
from runner.tracking.sql import experiments, places
from runner.tracking.sql.trash import SqlTrash
from tests.conftest import Cli

PROXY = "/api/2.0/mlflow-artifacts/artifacts"
SECRET = b"hunter2"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> bytes:
        return dict(self.headers).get(name.encode(), b"")


@dataclass(frozen=True)
class Server:
    """The application in this process, where guards can be taken away. Paths are sent as they are."""

    app: Any
    root: Path
    run: Run

    @property
    def inside(self) -> str:
        return f"1/{self.run.id}/artifacts"

    def send(self, method: str, target: str, body: bytes | None = b"") -> Answer:
        path, _, query = target.partition("?")
        sent: list[Any] = []
        bodies = [] if body is None else [body]
        scope = {
            "type": "http",
            "method": method,
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"localhost:80")],
            "server": ("127.0.0.1", 80),
            "asgi": {"spec_version": "2.4"},
        }

        async def receive() -> dict[str, Any]:
            if not bodies:
                await asyncio.sleep(60)
            return {"type": "http.request", "body": bodies.pop(), "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.app(scope, receive, send))
        return Answer(
            sent[0]["status"], sent[0]["headers"], b"".join(part.get("body", b"") for part in sent[1:])
        )

    def put(self, path: str) -> Answer:
        return self.send("PUT", f"{PROXY}/{path}", b"mine")

    def get(self, path: str) -> Answer:
        return self.send("GET", f"{PROXY}/{path}")


@pytest.fixture
def server(home: Path, store: Store) -> Server:
    run = store.create_run(store.create_experiment("mine").id)
    root = home / "artifacts"
    artifacts = ServedArtifacts(open_files(str(root)), largest=10**6)
    tracking = Tracking(store, Places(root.as_uri(), proxied=True), None, artifacts)
    (home / "secret").write_bytes(SECRET)
    (root / "1" / run.id / "artifacts").mkdir(parents=True)
    (root / "1" / run.id / "artifacts" / "mine").write_text("x")
    return Server(create_app(tracking, authenticate=anybody), root, run)


@pytest.fixture
def unguarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are taken as they come."""
    monkeypatch.setattr(paths, "checked", lambda path: path)
    monkeypatch.setattr(paths, "writable", lambda path: path)
    monkeypatch.setattr(paths, "deletable", lambda path: path)
    monkeypatch.setattr(directory, "contained", lambda root, path: root / path)


# from the artifacts of a run, four up and one more is outside the root: 1/<run>/artifacts
OUT = (
    "../../../../secret",
    "%2e%2e/%2e%2e/%2e%2e/%2e%2e/secret",
    "..%2f..%2f..%2f..%2fsecret",
    "a/../../../../../secret",
    ".//..//..//..//..//secret",
)
ODD = (
    "%252e%252e/%252e%252e/%252e%252e/%252e%252e/secret",  # decoded once it is a name
    "..%5c..%5c..%5c..%5csecret",
    "..;/..;/..;/..;/secret",
    "%c0%ae%c0%ae/secret",
    "a%00b",
    "a%0ab",
    "a%1b[2J",
    "%e2%80%aegpj.exe",
    "C:/secret",
    "//etc/passwd",
    "%ff",
    "x" * 256,
    "/".join(["x"] * 70),
    "/".join(["x" * 200] * 6),
)


# 1: reading and listing -----------------------------------------------------------------------------------
@pytest.mark.parametrize("path", OUT + ODD)
def test_1_no_path_reads_or_lists_what_is_outside(server: Server, path: str) -> None:
    assert server.send("GET", f"/get-artifact?run_id={server.run.id}&path=mine").body == b"x"
    for target in (f"{PROXY}/{server.inside}/{path}", f"{PROXY}?path={server.inside}/{path}"):
        answer = server.send("GET", target)

        assert SECRET not in answer.body
        assert answer.status in {400, 404} or json.loads(answer.body) == {}
    for target in ("/get-artifact", "/api/2.0/mlflow/artifacts/list"):
        answer = server.send("GET", f"{target}?run_id={server.run.id}&path={path}")
        assert SECRET not in answer.body
        assert answer.status in {400, 404} or "files" not in json.loads(answer.body)


@pytest.mark.parametrize("path", OUT)
def test_1_without_guards_they_would(server: Server, unguarded: None, path: str) -> None:
    (server.root / server.inside / "a").mkdir()

    assert server.get(f"{server.inside}/{path}").body == SECRET


@pytest.mark.parametrize("path", ["/etc/passwd", "%2fetc%2fpasswd", "1/../../secret", ".", "..", ""])
def test_1_no_path_begins_outside(server: Server, path: str) -> None:
    assert server.get(path).status == 400
    assert server.send("GET", f"{PROXY}?path={path}").status == 400


def test_1_without_guards_an_absolute_path_would(
    server: Server, unguarded: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runner.server.artifacts.proxy.check", allowed)

    assert server.get(f"{server.root.parent}/secret".replace("/", "%2f")).body == SECRET


async def allowed(*_: object, **__: object) -> None: ...


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
@pytest.mark.parametrize("name", ["a%0ab", "a%0a", "%0a", "a%0db"])
def test_1_a_name_with_a_line_feed_is_told_to_be_wrong(server: Server, method: str, name: str) -> None:
    answer = server.send(method, f"{PROXY}/{server.inside}/{name}")

    assert (answer.status, json.loads(answer.body)["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


# 2: writing -----------------------------------------------------------------------------------------------
PLACES = (
    "secret",
    "1/x",
    "1/{run}/x",
    "1/{run}/artifacts",
    "1/models/m/x",
    "1/models/artifacts",
    ".uploads/x/artifacts/y",
)


@pytest.mark.parametrize("path", OUT + ODD)
def test_2_no_path_writes_outside(server: Server, tmp_path: Path, path: str) -> None:
    def outside() -> dict[str, bytes]:
        own = f"home/artifacts/{server.inside}/"
        return {name: text for name, text in files(tmp_path).items() if not name.startswith(own)}

    before = outside()

    assert server.put(f"{server.inside}/{path}").status < 500
    assert outside() == before


@pytest.mark.parametrize("path", PLACES)
def test_2_only_artifacts_of_runs_and_models_are_written(server: Server, tmp_path: Path, path: str) -> None:
    before = files(tmp_path)

    assert server.put(path.format(run=server.run.id)).status in {400, 404}
    assert files(tmp_path) == before


def test_2_without_guards_they_would(server: Server, unguarded: None, tmp_path: Path) -> None:
    for path in OUT:
        (server.root.parent / "secret").write_bytes(SECRET)
        (server.root / server.inside / "a").mkdir(parents=True, exist_ok=True)
        assert server.put(f"{server.inside}/{path}").status == 200
        assert (server.root.parent / "secret").read_bytes() == b"mine"


def test_a_path_decoded_once_stays_as_it_is(server: Server) -> None:
    assert server.put(f"{server.inside}/%252e%252e%252fx").status == 200

    assert (server.root / server.inside / "%2e%2e%2fx").read_bytes() == b"mine"


def test_2_a_run_that_has_moved_takes_artifacts_where_it_keeps_them(server: Server, store: Store) -> None:
    other = store.create_experiment("other").id
    store.move_run(server.run.id, other)

    assert server.put(f"{server.inside}/late").status == 200
    assert server.put(f"{other}/{server.run.id}/artifacts/late").status == 404


def left_to_the_next(server: Server, store: Store, cli: Cli) -> int:
    """Files for no run, in an experiment that is forgotten then: what a reader of the next one is answered."""
    first = store.create_experiment("first").id
    server.put(f"{first}/norun/artifacts/secret")
    store.delete_experiment(first)
    assert "1 experiments" in cli("gc", "--all").out
    following = store.create_experiment("following").id
    return server.get(f"{following}/norun/artifacts/secret").status


def test_2_nothing_is_left_to_the_next_experiment(server: Server, store: Store, cli: Cli) -> None:
    assert left_to_the_next(server, store, cli) == 404


@pytest.mark.parametrize("kept", [None, "owner", "number", "place"])
def test_2_each_of_three_guards_is_enough_for_that_and_without_them_it_would_be(
    server: Server, store: Store, cli: Cli, monkeypatch: pytest.MonkeyPatch, kept: str | None
) -> None:
    def used_again(db: Connection) -> int:
        ((number,),) = db.execute("SELECT MAX(id) + 1 FROM runner_experiments")
        return int(number)

    if kept != "owner":
        monkeypatch.setattr(places, "refuse_unowned", lambda *_arguments, **_options: None)
    if kept != "number":
        monkeypatch.setattr(experiments, "_next_number", used_again)
    if kept != "place":
        monkeypatch.setattr(SqlTrash, "empty", lambda *_arguments: False)

    assert left_to_the_next(server, store, cli) == (404 if kept else 200)


# 3: deleting ----------------------------------------------------------------------------------------------
EVERYTHING = (
    "",
    ".",
    "..",
    "/",
    "1",
    "1/",
    "1/.",
    "1/{run}",
    "1/{run}/",
    "1/{run}/.",
    "1/{run}/artifacts/..",
    "1/{run}/artifacts/../../..",
    "%2e",
    "1/%2e%2e",
    "1/models",
)


@pytest.mark.parametrize("path", EVERYTHING)
def test_3_no_path_deletes_what_belongs_to_others(server: Server, tmp_path: Path, path: str) -> None:
    before = files(tmp_path)

    assert server.send("DELETE", f"{PROXY}/{path.format(run=server.run.id)}").status in {400, 404}
    assert files(tmp_path) == before


@pytest.mark.parametrize("path", ["1", "1/.", "1/{run}", "1/{run}/artifacts/.."])
def test_3_without_guards_they_would(server: Server, unguarded: None, path: str) -> None:
    server.send("DELETE", f"{PROXY}/{path.format(run=server.run.id)}")

    assert not (server.root / server.inside / "mine").exists()


# 5: links -------------------------------------------------------------------------------------------------
@pytest.fixture
def linked(server: Server, tmp_path: Path) -> Server:
    """A program left links among the artifacts of its run."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "key").write_bytes(SECRET)
    own = server.root / server.inside
    (own / "file").symlink_to(tmp_path / "outside" / "key")
    (own / "dir").symlink_to(tmp_path / "outside")
    (own / "good").symlink_to(own / "mine")
    return server


def test_5_links_that_lead_out_are_not_followed(linked: Server, tmp_path: Path) -> None:
    for path in ("file", "dir/key"):
        assert linked.get(f"{linked.inside}/{path}").status == 400
        assert linked.put(f"{linked.inside}/{path}").status == 400
        assert linked.send("DELETE", f"{PROXY}/{linked.inside}/{path}").status == 400
    listed = json.loads(linked.send("GET", f"{PROXY}?path={linked.inside}").body)

    assert linked.send("GET", f"{PROXY}?path={linked.inside}/dir").status == 400
    assert [entry["path"] for entry in listed["files"]] == ["good", "mine"]
    assert linked.get(f"{linked.inside}/good").body == b"x"
    assert (tmp_path / "outside" / "key").read_bytes() == SECRET


def test_5_the_target_of_a_link_outlives_the_artifacts(linked: Server, tmp_path: Path) -> None:
    assert linked.send("DELETE", f"{PROXY}/{linked.inside}").status == 200

    assert not (linked.root / linked.inside).exists()
    assert (tmp_path / "outside" / "key").read_bytes() == SECRET


def test_5_without_guards_they_would(linked: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(directory, "contained", lambda root, path: root / path)

    assert linked.get(f"{linked.inside}/file").body == SECRET
    assert linked.put(f"{linked.inside}/dir/key").status == 200
    assert (tmp_path / "outside" / "key").read_bytes() == b"mine"


# 9: what browsers run -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "name", ["x.html", "x.svg", "x.xhtml", "x.xml", "x.js", "x.htm", "x", "x.mhtml", "x.html.gz", "x.HTML"]
)
def test_9_what_a_browser_would_run_is_downloaded_and_boxed(server: Server, name: str) -> None:
    server.put(f"{server.inside}/{name}")

    answer = server.get(f"{server.inside}/{name}")

    assert answer.header("content-disposition").startswith(b"attachment")
    assert answer.header("content-security-policy").startswith(b"sandbox ")
    assert b"allow-same-origin" not in answer.header("content-security-policy")
    assert answer.header("x-content-type-options") == b"nosniff"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.png", b"image/png"), ("a.txt", b"text/plain; charset=utf-8"), ("a.json", b"application/json")],
)
def test_9_pictures_and_texts_are_shown_but_boxed(server: Server, name: str, kind: bytes) -> None:
    server.put(f"{server.inside}/{name}")

    answer = server.get(f"{server.inside}/{name}")

    assert (answer.header("content-type"), answer.header("content-disposition")[:6]) == (kind, b"inline")
    assert answer.header("content-security-policy").startswith(b"sandbox ")


def test_9_without_guards_a_page_would_run(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "guarding", lambda _: {"Content-Type": "text/html"})
    server.put(f"{server.inside}/x.html")

    answer = server.get(f"{server.inside}/x.html")

    assert answer.header("content-type").startswith(b"text/html")
    assert b"sandbox" not in answer.header("content-disposition") + answer.header("content-security-policy")


# 18: headers ----------------------------------------------------------------------------------------------
INJECTION = "a\r\nSet-Cookie: x=y"


@pytest.mark.parametrize("name", ["a%22;%20filename=b", "a%5c", "ü", "a%27b", "%F0%9F%98%80", "a,b;c=d"])
def test_18_a_name_is_one_value_of_its_header(server: Server, name: str) -> None:
    server.put(f"{server.inside}/{name}")

    told = server.get(f"{server.inside}/{name}").header("content-disposition").decode("ascii")

    assert told.count('"') in {0, 2}  # none: it was refused
    assert "\\" not in told
    if told:
        plain, _, exact = told.partition("; filename*=UTF-8''")
        assert set(plain.split('"')[1]) <= set("ab_cdfilenm =.")
        assert unquote(exact) == unquote(name)


def injected(server: Server) -> Answer:
    """A program can give any name to a file."""
    (server.root / server.inside / INJECTION).touch()
    return server.send("GET", f"/get-artifact?{urlencode({'run_id': server.run.id, 'path': INJECTION})}")


def test_18_a_name_with_a_line_break_is_refused(server: Server) -> None:
    assert injected(server).status == 400
    assert server.put(f"{server.inside}/{quote(INJECTION)}").status in {400, 404}


def test_18_without_guards_it_would_be_a_header(
    server: Server, unguarded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "disposition", lambda how, name: f'{how}; filename="{name}"')

    assert b"\r\nSet-Cookie" in injected(server).header("content-disposition")


# 13: what does not end ------------------------------------------------------------------------------------
def test_13_an_upload_that_does_not_go_on_is_ended(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload, "IDLE", 0.05)

    assert server.send("PUT", f"{PROXY}/{server.inside}/slow", None).status == 408
    assert [item.name for item in server.root.rglob("*") if item.is_file()] == ["mine"]


def files(place: Path) -> dict[str, bytes]:
    return {
        str(item.relative_to(place)): item.read_bytes()
        for item in place.rglob("*")
        if item.is_file() and not item.name.startswith("runner.db")
    }
