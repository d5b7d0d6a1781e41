"""A server with a user for each role, and things for them to act on."""

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.applications import Starlette
from starlette.types import ASGIApp

from runner.files import sha256
from runner.server.access.authentication import Users
from runner.server.access.passwords import new_token
from runner.server.app import OwnPages, Tracking, create_app
from runner.server.artifacts.routes import open_files
from runner.server.artifacts.served import ServedArtifacts
from runner.server.native.routes import Native
from runner.server.places import Places
from runner.server.starting import Starting
from runner.server.writer import Writer
from runner.tracking.access import Kind, Permission
from runner.tracking.database.sqlite import SqliteDatabase
from runner.tracking.sql.store import SqlStore
from tests.server.conftest import API
from tests.server.decisions import PROXY, Decision
from tests.server.inprocess import answering

ROLES: Mapping[str, Permission | None] = {
    "outsider": Permission.NONE,
    "reader": Permission.READ,
    "editor": Permission.EDIT,
    "owner": Permission.MANAGE,
    "admin": None,
}
PASSWORD = "correct horse battery staple"
PAIRS = [{"key": "tag", "value": "v"}]
fresh = count()


@dataclass(frozen=True)
class Answer:
    """Headers by their names in any letters; no text of what never ends."""

    status: int
    headers: Message
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class World:
    """What a request can be about; each test has one of its own, in which the roles have their permissions."""

    names: Mapping[str, str]

    def filled(self, value: Any) -> Any:
        """The value with the world's names in it."""
        match value:
            case str():
                return value.format_map(self.names)
            case Mapping():
                return {key: self.filled(item) for key, item in value.items()}
            case list():
                return [self.filled(item) for item in value]
            case _:
                return value


class Server:
    """The whole application over a store with a user for each role."""

    def __init__(self, uri: str, store: SqlStore) -> None:
        self.store = store
        self.uri = uri
        self._address = urlsplit(uri).netloc
        self._tokens = {name: self._made_user(name) for name in ROLES}

    def token(self, user: str, name: str) -> str:
        """A new one of that user."""
        made = new_token()
        self.store.users.add_token(user, name, digest=made.digest, ending=made.ending, expires=None)
        return made.text

    def form(self, path: str, body: str, headers: Mapping[str, str]) -> Answer:
        """What somebody is answered who sends a form, without signing in otherwise."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        with closing(http.client.HTTPConnection(self._address, timeout=30)) as connection:
            connection.request("POST", path, body, {**kind, **headers})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read().decode())

    def send(
        self,
        role: str | None,
        method: str,
        path: str,
        query: Mapping[str, Any] = {},
        *,
        body: Any = None,
        headers: Mapping[str, str] = {},
    ) -> Answer:
        """What somebody in that role is answered; None: somebody who does not sign in."""
        said = dict(headers)
        if role is not None:
            said["Authorization"] = f"Bearer {self._tokens[role]}"
        if body is not None:
            said.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(self._address, timeout=30)
        with closing(connection):
            sent = None if body is None else json.dumps(body)
            connection.request(
                method, f"{path}?{urlencode(query, doseq=True)}" if query else path, sent, said
            )
            answer = connection.getresponse()
            endless = (answer.headers["Content-Type"] or "").startswith("text/event-stream")
            return Answer(answer.status, answer.headers, "" if endless else answer.read().decode())

    def ask(self, role: str | None, method: str, path: str, decision: Decision, world: World) -> Answer:
        """What somebody in that role is answered to the request of a decision."""
        return self.send(
            role, method, world.filled(path), world.filled(decision.query), body=world.filled(decision.body)
        )

    def world(self) -> World:
        """Another one, made by the administrator."""
        name = f"secret{next(fresh)}x"
        experiment = self._made("experiments/create", name=name, tags=PAIRS)["experiment_id"]
        lock = f"sha256:{sha256(name)}"
        tags = [*PAIRS, {"key": "runner.lock", "value": lock}, {"key": "runner.image", "value": name}]
        run = self._made("runs/create", experiment_id=experiment, run_name=name, tags=tags)["run"]["info"]
        self._made("runs/log-metric", run_id=run["run_id"], key=name, value=1, timestamp=1)
        dataset = {"name": name, "digest": "d", "source_type": "local", "source": "here"}
        self._made("runs/log-inputs", run_id=run["run_id"], datasets=[{"dataset": dataset}])
        logged = {"experiment_id": experiment, "source_run_id": run["run_id"], "name": name, "tags": PAIRS}
        model = self._made("logged-models", **logged)["model"]["info"]
        self._register(name, run)
        for uri in (run["artifact_uri"], model["artifact_uri"]):
            place = f"{PROXY}/artifacts/{below_root(uri, experiment)}/file.txt"
            assert self.send("admin", "PUT", place, body={}).status == 200
        self._grant(experiment, name)
        return World(
            {
                "experiment": experiment,
                "name": name,
                "run": run["run_id"],
                "model": model["model_id"],
                "uri": run["artifact_uri"],
                "path": below_root(run["artifact_uri"], experiment),
                "lock": lock,
                "fresh": f"new{next(fresh)}",
            }
        )

    def _register(self, name: str, run: Mapping[str, str]) -> None:
        self._made("registered-models/create", name=name, tags=PAIRS)
        version = {"source": run["artifact_uri"], "run_id": run["run_id"], "tags": PAIRS}
        self._made("model-versions/create", name=name, **version)
        self._made("registered-models/alias", name=name, alias="best", version="1")

    def _grant(self, experiment: str, model: str) -> None:
        for role, permission in ROLES.items():
            if permission is not None:
                self.store.users.grant(role, Kind.EXPERIMENT, experiment, permission)
                self.store.users.grant(role, Kind.MODEL, model, permission)

    def _made(self, path: str, **body: Any) -> Any:
        answer = self.send("admin", "POST", API + path, body=body)
        assert answer.status == 200, answer.text
        return answer.body

    def _made_user(self, name: str) -> str:
        self.store.users.add(name, password_hash=None, admin=ROLES[name] is None)
        return self.token(name, "t")


def below_root(uri: str, experiment: str) -> str:
    """`mlflow-artifacts:/3/...` as `3/...`."""
    return uri[uri.index(f"/{experiment}/") + 1 :]


# What exists nowhere.
GHOST = World(
    {
        "experiment": "987654",
        "name": "ghost",
        "run": "f" * 32,
        "model": f"m-{'f' * 32}",
        "uri": "mlflow-artifacts:/987654/x/artifacts",
        "path": f"987654/{'f' * 32}/artifacts",
        "lock": f"sha256:{'f' * 64}",
        "fresh": "never",
    }
)


@contextmanager
def serving(
    home: Path,
    database: bytes,
    *,
    default: Permission = Permission.READ,
    around: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    pages: OwnPages | None = None,
    starting: Starting | None = None,
) -> Iterator[tuple[Server, Starlette]]:
    """The whole application, with sign-in, and with something `around` it; `pages`: with the UI."""
    (home / "runner.db").write_bytes(database)
    root = (home / "artifacts").as_uri()
    with ExitStack() as stack:
        sqlite = SqliteDatabase(home / "runner.db")
        store = stack.enter_context(closing(SqlStore(sqlite, uri="sqlite:///", artifact_root=root)))
        users = stack.enter_context(closing(Users(store, default=default)))
        native = Native(store, home)
        writer = stack.enter_context(closing(Writer(store, native.watcher.wake)))
        artifacts = ServedArtifacts(open_files(root), largest=1_000_000)
        tracking = Tracking(
            store, Places(root=root, proxied=True), writer, artifacts, native, pages, starting
        )
        app = create_app(tracking, authenticate=users)
        uri = stack.enter_context(answering(around(app)))
        stack.callback(native.watcher.close)
        yield Server(uri, store), app
