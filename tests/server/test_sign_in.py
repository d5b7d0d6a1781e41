"""Who one is: passwords and tokens, as clients send them."""

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from runner.errors import TrackingError
from runner.server.access import authentication, guard, passwords
from runner.server.access.attempts import FREE, LONGEST, Attempts
from runner.server.access.caller import ANYBODY
from runner.server.access.passwords import hashed, new_token
from runner.server.access.rights import Rights
from runner.tracking.access import Kind, Permission
from runner.tracking.clock import now
from tests.server.conftest import API
from tests.server.roles import PASSWORD, Answer, Server, serving

READ = f"{API}experiments/get?experiment_id=0"
each = pytest.mark.parametrize


@pytest.fixture
def server(tmp_path: Path, new_database: bytes) -> Iterator[Server]:
    with serving(tmp_path, new_database) as (server, _):
        server.store.users.add("ann", password_hash=hashed(PASSWORD))
        yield server


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was verified is looked at again by the next request."""
    monkeypatch.setattr(authentication, "FRESH", 0.0)


def token(server: Server, user: str = "ann", name: str = "t", expires: int | None = None) -> str:
    made = new_token()
    server.store.users.add_token(user, name, digest=made.digest, ending=made.ending, expires=expires)
    return made.text


def basic(user: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


def read(server: Server, authorization: str) -> Answer:
    return server.send(None, "GET", READ, headers={"Authorization": authorization})


def test_a_password_and_a_token_in_both_forms_are_taken(server: Server) -> None:
    own = token(server)

    for authorization in (basic("ann", PASSWORD), basic("ann", own), f"Bearer {own}"):
        assert read(server, authorization).status == 200


@each("authorization", ["", "Basic", "Basic !", "Bearer", "Bearer rnr_", "Digest x", "Basic " + "A" * 9000])
def test_what_is_no_credentials_is_nobody(authorization: str, server: Server) -> None:
    assert read(server, authorization).status == 401


def test_the_token_of_somebody_else_is_no_password(server: Server) -> None:
    server.store.users.add("bob", password_hash=hashed(PASSWORD))

    assert read(server, basic("bob", token(server))).status == 401


def test_who_does_not_exist_is_told_the_same_as_who_mistypes(server: Server) -> None:
    wrong = read(server, basic("ann", "wrong horse battery staple"))
    nobody = read(server, basic("nobody", "wrong horse battery staple"))

    assert (wrong.status, wrong.text) == (nobody.status, nobody.text) == (401, nobody.text)


def test_who_does_not_exist_costs_a_verification_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []
    monkeypatch.setattr(
        passwords._hasher.__class__, "verify", lambda _self, kept, _password: seen.append(kept)
    )

    assert read(server, basic("nobody", "wrong horse battery staple")).status == 401
    assert len(seen) == 1


def test_a_password_is_verified_once_and_not_with_each_request(
    server: Server, at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def counted(password: str, kept: str | None) -> bool:
        seen.append(password)
        return passwords.fits(password, kept)

    monkeypatch.setattr(authentication, "fits", counted)

    for _ in range(5):
        assert read(server, basic("ann", PASSWORD)).status == 200

    assert seen == [PASSWORD]


def test_a_changed_password_counts_for_those_who_are_signed_in(server: Server, at_once: None) -> None:
    assert read(server, basic("ann", PASSWORD)).status == 200

    server.store.users.set_password("ann", hashed(PASSWORD + " two"))

    assert read(server, basic("ann", PASSWORD)).status == 401
    assert read(server, basic("ann", PASSWORD + " two")).status == 200


def test_a_removed_user_a_revoked_and_an_expired_token_are_nobody(server: Server, at_once: None) -> None:
    own, old = token(server), token(server, name="old", expires=now() - 1)
    assert read(server, f"Bearer {own}").status == 200
    assert read(server, f"Bearer {old}").status == 401

    server.store.users.revoke_token("ann", "t")
    assert read(server, f"Bearer {own}").status == 401
    server.store.users.remove("ann")
    assert read(server, basic("ann", PASSWORD)).status == 401


def test_what_was_verified_is_looked_at_again_after_a_moment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = token(server)
    assert read(server, f"Bearer {own}").status == 200
    server.store.users.revoke_token("ann", "t")

    assert authentication.FRESH <= 5.0
    moment = monotonic()
    monkeypatch.setattr(authentication, "monotonic", lambda: moment + authentication.FRESH)

    assert read(server, f"Bearer {own}").status == 401


def test_permissions_count_with_the_next_request(server: Server) -> None:
    world = server.world()
    assert server.send("reader", "GET", f"{API}runs/get", {"run_id": world.names["run"]}).status == 200

    server.store.users.grant("reader", Kind.EXPERIMENT, world.names["experiment"], Permission.NONE)

    assert server.send("reader", "GET", f"{API}runs/get", {"run_id": world.names["run"]}).status == 404


def test_who_guesses_must_wait(server: Server) -> None:
    answers = [read(server, basic("ann", f"wrong horse battery {n}")) for n in range(FREE + 1)]

    assert [answer.status for answer in answers] == [401] * FREE + [429]
    assert answers[-1].headers["Retry-After"] == "1"
    assert answers[-1].body["error_code"] == "REQUEST_LIMIT_EXCEEDED"
    assert read(server, f"Bearer {token(server)}").status == 200  # a token is not guessed


def test_waits_grow_end_and_are_by_user_and_address() -> None:
    moment = 0.0
    attempts = Attempts(lambda: moment)
    for _ in range(FREE):
        attempts.failed("ann", "a")
    assert (attempts.wait("ann", "a"), attempts.wait("ann", "b"), attempts.wait("bob", "a")) == (1, 0, 0)
    for _ in range(50):
        attempts.failed("ann", "a")
    assert attempts.wait("ann", "a") == LONGEST
    moment = 61.0
    assert attempts.wait("ann", "a") == 0
    attempts.succeeded("ann", "a")
    attempts.failed("ann", "a")
    assert attempts.wait("ann", "a") == 0


def test_failures_of_ever_new_users_take_no_more_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runner.server.access.attempts.MOST", 10)
    attempts = Attempts(lambda: 0.0)

    for number in range(100):
        attempts.failed(str(number), "a")

    assert len(attempts._failures) == 10


CLIENT = """
import json, mlflow
mlflow.set_experiment("made")
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("hello", "a.txt")
client = mlflow.MlflowClient()
found = client.get_run(run.info.run_id)
client.create_registered_model("net")
client.create_model_version("net", found.info.artifact_uri, run_id=found.info.run_id)
refused = []
for call in (lambda: client.get_experiment("{hidden}"), lambda: client.set_experiment_tag("0", "a", "b")):
    try:
        call()
    except mlflow.MlflowException as error:
        refused.append(error.error_code)
print(json.dumps([found.info.user_id, found.data.metrics, mlflow.artifacts.load_text(found.info.artifact_uri + "/a.txt"), refused]))
"""


@pytest.mark.slow
@each("kind", ["password", "token"])
def test_mlflows_client_signs_in_by_password_and_by_token(
    kind: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = server.store.create_experiment("hidden").id
    server.store.users.grant("ann", Kind.EXPERIMENT, hidden, Permission.NONE)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    if kind == "password":
        monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ann")
        monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PASSWORD)
    else:
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", token(server))
    script = tmp_path / "client.py"
    script.write_text(CLIENT.replace("{hidden}", hidden))

    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 0, done.stderr
    said: Any = json.loads(done.stdout.splitlines()[-1])
    assert said == ["ann", {"loss": 0.5}, "hello", ["RESOURCE_DOES_NOT_EXIST", "PERMISSION_DENIED"]]


# Class 10: passwords that everybody guesses ----------------------------------------------------------------


@each("guess", ["", "a", "admin", "password", "12345678"])
def test_an_easy_password_lets_nobody_in_for_it_cannot_be_had(
    guess: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TrackingError, match="fewer than 12"):
        hashed(guess)
    assert read(server, basic("root", guess)).status == 401

    monkeypatch.setattr(passwords, "SHORTEST", 0)  # weakened
    server.store.users.add("root", password_hash=hashed(guess), admin=True)
    assert read(server, basic("root", guess)).status == 200


# Class 11: calls that nobody asks for permission -----------------------------------------------------------


def test_who_does_not_sign_in_gets_nowhere(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert server.send(None, "GET", READ).status == 401

    async def weakened(*_: object) -> object:
        return ANYBODY

    monkeypatch.setattr(guard.Guard, "_caller", weakened)
    assert server.send(None, "GET", READ).status == 200


@each("method", ["HEAD", "OPTIONS", "TRACE", "PROPFIND"])
def test_no_method_leads_past_the_guard(method: str, server: Server) -> None:
    for path in (READ, f"{API}unknown", "/", "//health/../api", "/health/x", "/graphql"):
        assert server.send(None, method, path).status == 401, path


def test_who_has_no_permission_changes_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    names = server.world().names
    place = f"/api/2.0/mlflow-artifacts/artifacts/{names['path']}/file.txt"
    attack = {"run_id": names["run"], "key": "a", "value": "b"}

    assert server.send("reader", "POST", f"{API}runs/set-tag", body=attack).status == 403
    assert server.send("editor", "DELETE", place).status == 403

    monkeypatch.setattr(Rights, "refusals", lambda _self, _wanted, _kind, keys: [None] * len(keys))
    assert server.send("reader", "POST", f"{API}runs/set-tag", body=attack).status == 200
    assert server.send("editor", "DELETE", place).status == 200


# Class 19: secrets where they do not belong ----------------------------------------------------------------


def test_neither_passwords_nor_tokens_are_kept(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.glob("runner.db*"))

    own = token(server).encode()
    assert own not in kept()
    assert PASSWORD.encode() not in kept()

    monkeypatch.setattr(passwords, "digest", lambda text: text)  # weakened
    assert token(server, name="weak").encode() in kept()


# Class 20: what everybody is told --------------------------------------------------------------------------


def test_who_does_not_sign_in_is_told_nothing_about_anybody(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> list[str]:
        return [server.send(None, "GET", path).text for path in sorted(guard.OPEN)]

    before = told()
    name = server.world().names["name"]
    assert told() == before

    monkeypatch.setattr(guard, "OPEN", guard.OPEN | {f"{API}experiments/search"})  # weakened
    monkeypatch.setattr("starlette.datastructures.State.caller", ANYBODY, raising=False)
    search = server.send(None, "GET", f"{API}experiments/search?max_results=10")
    assert name in search.text


def test_what_a_database_says_of_itself_stays_on_the_server(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = server.world().names["run"]

    def broken(_rights: Rights, *_: object) -> list[None]:
        with server.store._database.reading() as db:
            db.execute("SELECT nothing")
        return []

    monkeypatch.setattr(Rights, "refusals", broken)
    failed = server.send("reader", "GET", f"{API}runs/get", {"run_id": run})

    assert (failed.status, failed.body["error_code"]) == (503, "TEMPORARILY_UNAVAILABLE")
    assert failed.headers["Retry-After"] == "1"
    assert str(tmp_path) not in failed.text
    assert "nothing" not in failed.text
