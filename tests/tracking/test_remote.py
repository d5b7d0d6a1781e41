"""The store of a server: what every store keeps to, as far as MLflow's API lets it; its artifacts; who is refused."""

import base64
import hashlib
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from runner.errors import NotFound, TrackingError, Unavailable
from runner.server.access.caller import anybody
from runner.server.app import Tracking, create_app
from runner.server.artifacts.routes import open_files
from runner.server.artifacts.served import ServedArtifacts
from runner.server.places import Places
from runner.server.writer import Writer
from runner.settings import Settings
from runner.tracking import OpenStore, open_store
from runner.tracking.model import Entry, Metric
from tests.server.inprocess import answering
from tests.tracking import test_store as contract

DIFFERENT = {
    # MLflow's API has other codes, fewer words, or no place for it
    "test_the_name_of_an_experiment_is_unique_even_after_its_deletion": "hints are part of the message",
    "test_renaming_keeps_the_id_and_refuses_taken_names": "a taken name is no conflict",
    "test_deleting_an_experiment_deletes_its_runs_and_restoring_restores_them": "that it is deleted is no conflict",
    "test_the_default_experiment_stays": "that is no conflict",
    "test_a_run_comes_back_as_it_was_made": "there is a tag more, see below",
    "test_an_unknown_run_suggests_a_near_name": "that would read all of them",
    "test_whoever_names_an_unknown_run_is_told": "histories and leases of no run are empty",
    "test_a_page_token_that_we_did_not_give_is_refused": "an empty one is none",
    "test_a_run_that_is_deleted_while_it_goes_on_still_ends": "leases",
    "test_a_run_whose_lease_is_over_is_lost": "leases",
    "test_an_ended_or_deleted_run_needs_no_lease": "leases",
    "test_mlflows_words_for_a_status_mean_what_its_clients_see": "fewer states",
}
globals().update(
    {
        name: test
        for name, test in vars(contract).items()
        if name.startswith("test_") and name not in DIFFERENT
    }
)


@pytest.fixture
def server(database: Path, settings: Settings) -> Iterator[str]:
    """A server over this test's database; its address."""
    whole = open_store(settings)
    writer = Writer(whole)
    artifacts = ServedArtifacts(open_files(settings.artifact_root), largest=2**30)
    places = Places(root=settings.artifact_root, proxied=True)
    with answering(create_app(Tracking(whole, places, writer, artifacts), authenticate=anybody)) as uri:
        yield uri
    writer.close()
    whole.close()


@pytest.fixture
def store(server: str, settings: Settings) -> Iterator[OpenStore]:
    store = open_store(settings, server)
    yield store
    store.close()


# what is the server's alone ---------------------------------------------------------------------------------


def test_a_run_made_on_a_server_has_a_tag_by_which_it_is_found_again(store: OpenStore) -> None:
    run = store.create_run("0", name="first", params={"alpha": "0.50"}, tags={"team": "churn"})

    assert {**run.tags, "runner.creation": ""} == {
        "mlflow.runName": "first",
        "team": "churn",
        "runner.creation": "",
    }
    assert run.tags["runner.creation"]
    assert run.params == {"alpha": "0.50"}


def test_artifacts_go_through_the_server(store: OpenStore, tmp_path: Path) -> None:
    run = store.create_run("0")
    artifacts = store.artifacts(run.artifact_uri)
    (tmp_path / "big").write_bytes(b"0123456789" * 2_000_000)

    digests = [artifacts.put_bytes(b"hello", "a/ü b#1%.txt"), artifacts.put_file(tmp_path / "big", "big.bin")]
    artifacts.put_bytes(b"", "a/empty")

    assert digests[0] == f"sha256:{hashlib.sha256(b'hello').hexdigest()}"
    assert [(item.path, item.size) for item in artifacts.list()] == [
        ("a/empty", 0),
        ("a/ü b#1%.txt", 5),
        ("big.bin", 20_000_000),
    ]
    assert artifacts.read("a/ü b#1%.txt") == b"hello"
    assert artifacts.download("big.bin", tmp_path / "got").read_bytes() == (tmp_path / "big").read_bytes()
    with pytest.raises(NotFound):
        artifacts.read("missing")
    with pytest.raises(TrackingError, match="no artifact path"):
        artifacts.put_bytes(b"x", "../out")


def test_thousands_of_points_are_sent_in_batches_that_a_server_takes(
    store: OpenStore, settings: Settings
) -> None:
    run = store.create_run("0")
    points = [Metric("loss", step / 7, step, step) for step in range(2500)]

    store.log(run.id, metrics=points, params={f"p{number}": "x" for number in range(250)})

    assert store.metric_history(run.id, "loss") == points
    with closing(open_store(settings)) as whole:
        assert len(whole.run(run.id).params) == 250


def test_one_bad_record_does_not_take_its_neighbours_along(store: OpenStore, settings: Settings) -> None:
    run = store.create_run("0")
    with closing(open_store(settings)) as whole:
        whole.log(run.id, params={"taken": "by another"})

    store.log_all([Entry(run.id, params={name: "ours"}) for name in ("first", "taken", "last")])

    assert len(store.metric_history(run.id, "none")) == 0  # all that was recorded is there, or refused
    unsent = store.unsent()
    assert unsent is not None
    assert (unsent.records, unsent.refused) == (0, 1)
    with closing(open_store(settings)) as whole:
        assert whole.run(run.id).params == {"first": "ours", "taken": "by another", "last": "ours"}
    (outcome,) = [each for each in store.sync() if each.busy]
    assert outcome.run == run.id


# who is refused ---------------------------------------------------------------------------------------------


@contextmanager
def speaking(status: int, body: str = "", **headers: str) -> Iterator[tuple[str, list[str]]]:
    """Something that answers every request so; its address, and the authorizations that it was shown."""
    shown: list[str] = []

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            shown.append(self.headers.get("Authorization", ""))
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", shown
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body", "headers", "message"),
    [
        (
            404,
            "<html>no</html>",
            {},
            "there is no tracking server at http://127.0.0.1:[0-9]+: it answers 404",
        ),
        (200, "<html>hello</html>", {}, "answered with something else than JSON"),
        (401, '{"error_code": "UNAUTHENTICATED", "message": "who?"}', {}, "does not know us: who[?]"),
        (403, "", {}, "does not permit this: 403 Forbidden"),
        (
            302,
            "",
            {"Location": "https://me:pw@login.example.org/a?b=c"},
            "sends us to https://login.example.org/a$",
        ),
    ],
)
def test_who_is_no_tracking_server_is_told_at_once(
    settings: Settings, status: int, body: str, headers: dict[str, str], message: str
) -> None:
    with (
        speaking(status, body, **headers) as (uri, _),
        pytest.raises(TrackingError, match=message) as refused,
    ):
        open_store(settings, uri)

    assert refused.value.exit_code == 7


def test_a_server_that_is_not_there_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.tracking.remote.opening.FIRST_PATIENCE", 0.5)

    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:1 does not answer: Connection refused"):
        open_store(settings, "http://127.0.0.1:1")


def test_tls_with_a_server_that_speaks_none_is_told(settings: Settings) -> None:
    with speaking(200) as (uri, _), pytest.raises(TrackingError, match="does not speak TLS with us"):
        open_store(settings, uri.replace("http:", "https:"))


@pytest.mark.parametrize(
    "uri",
    ["http://", "http:///x", "http://h:99999", "http://h:x", "http://h/?a=b", "http://h/#x", "http://a b"],
)
def test_odd_addresses_are_no_tracking_uris(settings: Settings, uri: str) -> None:
    with pytest.raises(TrackingError, match="no tracking URI"):
        open_store(settings, uri)


def test_a_password_in_an_address_that_cannot_be_read_is_not_shown(settings: Settings) -> None:
    with pytest.raises(TrackingError) as refused:
        open_store(settings, "http://ann:secret@h:99999")

    assert "secret" not in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize(
    ("userinfo", "environ", "file", "expected"),
    [
        ("", {}, "", ""),
        ("", {"MLFLOW_TRACKING_TOKEN": "t0"}, "", "Bearer t0"),
        ("", {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "pw"}, "", "ann:pw"),
        ("", {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "p", "MLFLOW_TRACKING_TOKEN": "t"}, "", "ann:p"),
        ("", {}, "[mlflow]\nmlflow_tracking_username = bob\nmlflow_tracking_password = 50%\n", "bob:50%"),
        ("", {"MLFLOW_TRACKING_PASSWORD": "new"}, "[mlflow]\nmlflow_tracking_username=bob\nmlflow_tracking_password=x", "bob:new"),
        ("eve:a%40b@", {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "pw"}, "", "eve:a@b"),
    ],
)  # fmt: skip
def test_we_say_who_we_are_as_mlflows_client_does(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    userinfo: str,
    environ: dict[str, str],
    file: str,
    expected: str,
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text(file)
    with speaking(200, "{}") as (uri, shown):
        settings = Settings.from_environ({"RUNNER_HOME": str(tmp_path / "home"), **environ})

        store = open_store(settings, uri.replace("http://", f"http://{userinfo}") + "/team/")
        store.close()

    kind, _, value = shown[0].partition(" ")
    assert (base64.b64decode(value).decode() if kind == "Basic" else shown[0]) == expected
    assert store.uri == f"{uri}/team"
