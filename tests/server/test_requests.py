"""No request is answered by a server's error, whatever it holds: clients repeat those for minutes.

Each call is asked in the thread of the test, through the guard and the application, also by a person who has signed in: then
ids and names pass through permissions first.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as drawing
from hypothesis import strategies as st
from starlette.types import ASGIApp, Message

from runner.server.access.caller import ANYBODY, Caller
from runner.server.access.permitted import PermittedStore
from runner.server.app import CALLS, Tracking, create_app
from runner.server.mlflow.call import AnyCall
from runner.server.places import Places
from runner.server.writer import Writer
from runner.settings import Settings
from runner.tracking.access import Permission
from runner.tracking.database import Database
from runner.tracking.database.sqlite import SqliteDatabase
from runner.tracking.opening import open_store
from runner.tracking.sql.store import SqlStore
from runner.tracking.store import Store
from tests.server import requests
from tests.services.databases import DatabaseServer

View = Callable[[Store], Store]
GONE = ("delete", "rename", "DELETE")  # of these calls, what is known is not there afterwards


@dataclass
class Asked:
    """An application and what is in its store; `ask` gives the status and the body of an answer."""

    store: SqlStore
    app: ASGIApp
    loop: asyncio.AbstractEventLoop
    known: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """One of each thing, new."""
        store, name = self.store, f"known-{next(requests.numbers)}"
        experiment = store.create_experiment(name)
        run = store.create_run(experiment.id)
        store.log(run.id, tags={"a": "1"})
        model = store.models.create(experiment.id, params={"a": "1"}, tags={"a": "1"})
        store.registry.create(name, tags={"a": "1"})
        store.registry.create_version(name, "s3://x/y", tags={"a": "1"})
        store.registry.set_alias(name, "al", 1)
        self.known = {
            "experiment_id": experiment.id,
            "experiment_ids": [experiment.id],
            "model_id": model.id,
            **dict.fromkeys(("run_id", "run_ids"), run.id),
            "name": name,
            "experiment_name": name,
            "alias": "al",
            "version": 1,
            "stage": "Staging",
            "source": "s3://x/y",
            "dataset_name": "a",
            "tag_key": "a",
            "field_name": "name",
        }

    def ask(self, call: AnyCall, method: str, body: Mapping[str, Any]) -> tuple[int, bytes]:
        given = dict(body)
        path = call.path.replace("{tag_key:path}", "{tag_key}")
        for name in ("model_id", "tag_key"):
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", str(given.pop(name)).encode(errors="replace").decode())
        query = urlencode(given, doseq=True, errors="replace") if method == "GET" else ""
        status, content = self.loop.run_until_complete(
            _asked(self.app, method, path, query, b"" if method == "GET" else json.dumps(given).encode())
        )
        if status == 200 and any(word in f"{method} {call.path}" for word in GONE):
            self.renew()
        return status, content

    def failing(self, call: AnyCall, body: Mapping[str, Any]) -> list[str]:
        """What is wrong with the answers: nothing."""
        answers = [(method, *self.ask(call, method, body)) for method in call.methods]
        return [
            f"{status} {method} {call.path} {str(body)[:300]} {content[:200]!r}"
            for method, status, content in answers
            if status >= 500 and status != 501
        ]


async def _asked(app: ASGIApp, method: str, path: str, query: str, body: bytes) -> tuple[int, bytes]:
    sent: list[Message] = []
    scope = {
        "type": "http",
        "method": method,
        "path": f"/api/2.0/mlflow/{path}",
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost:80"), (b"content-type", b"application/json")],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    with suppress(Exception):  # answered by 500, and raised for the log
        await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


@contextmanager
def asking(database: Database, *, signed_in: bool) -> Iterator[Asked]:
    """An application on that database, for anybody or for a user."""
    store = SqlStore(database, uri="sqlite:///", artifact_root="s3://root")
    caller = ANYBODY
    if signed_in:
        user = store.users.add("ann", password_hash=None)
        caller = Caller(lambda store: PermittedStore(store, user, Permission.MANAGE), user="ann")

    async def known(_headers: Mapping[str, str], _address: str) -> Caller:
        return caller

    places = Places(root="s3://root", proxied=False)
    with closing(store), closing(Writer(store)) as writer, closing(asyncio.new_event_loop()) as loop:
        yield Asked(store, create_app(Tracking(store, places, writer), authenticate=known), loop)


@pytest.fixture(params=["sqlite", "postgresql", pytest.param("mariadb", marks=pytest.mark.nightly)])
def database(request: pytest.FixtureRequest, home: Path, new_database: bytes) -> Database:
    if request.param == "sqlite":
        home.mkdir()
        (home / "runner.db").write_bytes(new_database)
        return SqliteDatabase(home / "runner.db")
    from runner.tracking.database.engine import EngineDatabase  # noqa: PLC0415 - SQLite needs none

    server: DatabaseServer = request.getfixturevalue(request.param)
    uri = server.new_database()
    open_store(Settings.from_environ({"RUNNER_HOME": str(home)}), uri).close()
    return EngineDatabase(uri)


@pytest.mark.slow
@pytest.mark.parametrize(
    "signed_in",
    [pytest.param(False, id="anybody"), pytest.param(True, id="a user", marks=pytest.mark.nightly)],
)
def test_no_value_of_a_request_is_answered_by_a_servers_error(database: Database, signed_in: bool) -> None:
    with asking(database, signed_in=signed_in) as asked:
        failing = [line for call, body in requests.hostile(asked.known) for line in asked.failing(call, body)]
    assert not failing, "\n".join(failing)


def test_the_requests_would_be_answered_without_those_values(home: Path, new_database: bytes) -> None:
    """Or only refusals of something else would be looked at."""
    home.mkdir()
    (home / "runner.db").write_bytes(new_database)
    with asking(SqliteDatabase(home / "runner.db"), signed_in=True) as asked:
        statuses = [
            asked.ask(call, method, requests.right(call, asked.known))[0]
            for call in CALLS
            for method in call.methods
        ]
    assert statuses.count(200) > len(statuses) * 3 / 4, statuses


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([*requests.TEXTS, *requests.FILTERS, *requests.INTEGERS]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.slow
@pytest.mark.parametrize("examples", [500, pytest.param(3000, marks=pytest.mark.nightly)])
def test_no_request_with_values_of_any_kind_is_either(home: Path, new_database: bytes, examples: int) -> None:
    home.mkdir()
    (home / "runner.db").write_bytes(new_database)
    with asking(SqliteDatabase(home / "runner.db"), signed_in=False) as asked:

        @given(st.sampled_from(CALLS), st.data())
        @drawing(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def ask(call: AnyCall, data: st.DataObject) -> None:
            body = requests.right(call, asked.known)
            names = st.sampled_from(call.shape.__struct_fields__)
            body |= data.draw(st.dictionaries(names, anything, min_size=1, max_size=3))
            assert not asked.failing(call, body)

        ask()
