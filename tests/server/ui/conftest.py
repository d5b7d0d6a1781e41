"""A browser and a seeded server for each worker, a fresh context for each test.

def test_something(page: Page, seeded: Seeded):        # page.goto("/runs"): addresses are those of the server
    page.goto(f"/r/{seeded.runs['first']}")            # at its end fails: console errors, refused requests, other hosts, policy
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from runner.files import locked
from runner.settings import Settings
from runner.tracking import open_database_store
from runner.tracking.sql.store import SqlStore
from tests.server.servers import running_server
from tests.server.ui.seeding import environment, seed
from tests.services.browser import Watch, chromium, watched

RUNS = "runs.json"
HERE = Path(__file__).parent
expect.set_options(timeout=20_000)  # ms: a machine that tests other things meanwhile takes its time
OpenContext = Callable[..., BrowserContext]


@dataclass(frozen=True)
class Seeded:
    """A server over a store as `seeding` fills it. Change nothing that is there: make runs of your own in `store`.

    `runs` are ids: "searched" and "other" have histories, "failed" is of the same search; "running" goes on; "files" has
    artifacts of all kinds; "first", "second" and "diverged" are real runs of a project; "experiment" is the search's experiment.
    """

    uri: str
    home: Path
    store: SqlStore
    runs: dict[str, str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The directory of a seeded home, which is made once for all workers."""
    base = tmp_path_factory.getbasetemp()
    directory = (base if worker_id == "master" else base.parent) / "template"
    with locked(directory.with_suffix(".lock")):
        if not (directory / RUNS).exists():
            directory.mkdir()
            (directory / RUNS).write_text(json.dumps(seed(directory / "home")))
    return directory


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[Seeded]:
    home = tmp_path_factory.mktemp("seeded") / "home"
    shutil.copytree(
        template / "home", home, ignore=shutil.ignore_patterns("artifacts", "cache", "*.git", "uv-cache")
    )
    environ = environment(home, template / "home")
    with (
        closing(open_database_store(Settings.from_environ(environ))) as store,
        running_server(environ=environ) as server,
    ):
        yield Seeded(server.uri, home, store, json.loads((template / RUNS).read_text()))


@pytest.fixture(autouse=True)
def left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test leaves running is gone before the next one: Home shows a few only."""
    if "seeded" not in request.fixturenames:
        yield
        return
    store: SqlStore = request.getfixturevalue("seeded").store

    def running() -> set[str]:
        return {run.id for run in store.search_runs(filter="attributes.status = 'RUNNING'", limit=1000).items}

    before = running()
    yield
    for run in running() - before:
        store.delete_run(run)


@pytest.fixture
def watch(seeded: Seeded) -> Watch:
    """What goes wrong in the pages of the test; `watch.expect("404 .*/runs/none")` says what is meant to."""
    return Watch(seeded.uri)


@pytest.fixture
def open_context(browser: Browser, watch: Watch) -> Iterator[OpenContext]:
    """Further contexts (another person, a phone, a dark room): `open_context(color_scheme="dark").new_page()`."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(watched(browser, watch, **options))


@pytest.fixture
def context(open_context: OpenContext) -> BrowserContext:
    """Tabs of one browser: `context.new_page()`."""
    return open_context()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()
