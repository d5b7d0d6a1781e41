"""Reports of runs where people sign in: they have the files beside them, by an address that is theirs alone and ends."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, expect

from runner.server.access.passwords import hashed
from runner.settings import Settings
from runner.tracking import open_database_store
from runner.tracking.access import Kind, Permission
from runner.tracking.clock import now
from runner.tracking.sql.store import SqlStore
from tests.server.servers import running_server
from tests.server.ui.samples import samples
from tests.server.ui.seeding import environment
from tests.services.browser import Watch, watched

PASSWORD = "correct horse battery staple"
REPORT = b"<!doctype html><link rel=stylesheet href=style.css><h1>Report</h1><img src=../curve.png><script src=draw.js></script>"


class World:
    """A server with sign-in, and a run that ann may read."""

    def __init__(self, uri: str, store: SqlStore) -> None:
        self.uri = uri
        self.store = store
        self.experiment = store.create_experiment("reports").id
        self.run = store.create_run(self.experiment, name="reported").id
        other = store.create_run(self.experiment, name="other")
        store.artifacts(other.artifact_uri).put_bytes(b"secret", "secret.txt")
        files = store.artifacts(store.run(self.run).artifact_uri)
        for path, content in {
            "report/index.html": REPORT,
            "report/style.css": b"h1 { color: teal }",
            "report/draw.js": b"document.querySelector('h1').textContent += ' drawn'",
            "curve.png": samples()["plots/curve.png"],
        }.items():
            files.put_bytes(content, path)
        store.users.add("ann", password_hash=hashed(PASSWORD))
        store.users.grant("ann", Kind.EXPERIMENT, self.experiment, Permission.READ)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("boxed") / "home"
    environ = environment(home)
    with closing(open_database_store(Settings.from_environ(environ))) as store:
        store.users.add("root", password_hash=None, admin=True)
        with running_server("--auth", "--default-permission", "NONE", environ=environ) as server:
            yield World(server.uri, store)


@pytest.fixture
def person(browser: Browser, world: World) -> Iterator[Page]:
    """Ann, signed in."""
    with signed_in(browser, world) as page:
        yield page


@contextmanager
def signed_in(browser: Browser, world: World) -> Iterator[Page]:
    watch = Watch(world.uri)
    watch.expect("403 GET .*/(cache|schedules)")  # what Home asks for is for administrators
    with watched(browser, watch) as context:
        page = context.new_page()
        page.goto("/sign-in")
        page.get_by_label("Name").fill("ann")
        page.get_by_label("Password or token").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{world.uri}/")
        yield page


def status(url: str, **headers: str) -> int:
    try:
        with urlopen(Request(url, headers=headers)) as answer:
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return refused.code


def test_a_report_has_its_style_picture_and_script_and_no_session(person: Page, world: World) -> None:
    person.goto(f"/r/{world.run}/artifacts?path=report/index.html")

    report = person.frame_locator("iframe")
    expect(report.get_by_role("heading")).to_have_text("Report drawn")
    expect(report.get_by_role("heading")).to_have_css("color", "rgb(0, 128, 128)")
    expect(report.locator("img")).to_have_js_property("naturalWidth", 96)
    assert person.frames[1].evaluate("origin") == "null"
    with person.expect_popup() as popup:
        person.get_by_role("link", name="Open alone").click()
    expect(popup.value.get_by_role("heading")).to_have_text("Report drawn")
    assert popup.value.evaluate("origin") == "null"


def test_the_address_gives_the_files_of_that_run_to_read_as_long_as_the_person_may(
    person: Page, world: World
) -> None:
    person.goto(f"/r/{world.run}/artifacts?path=report/index.html")
    expect(person.frame_locator("iframe").get_by_role("heading")).to_be_visible()
    report = person.frames[1].url
    top = report.removesuffix("report/index.html")

    assert status(report) == 200  # by nobody in particular
    for path in ("../../api/runner/1/me", "%2e%2e/secret.txt", "..%2fsecret.txt", "secret.txt"):
        assert status(top + path) in {400, 401, 404}, path
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(report, data=b"x", method="POST"))
    with refused.value:
        assert refused.value.code in {403, 405}
    assert status(f"{world.uri}/boxed/none/report/index.html") == 401
    world.store.users.grant("ann", Kind.EXPERIMENT, world.experiment, Permission.NONE)
    try:
        assert status(report) == 404
    finally:
        world.store.users.grant("ann", Kind.EXPERIMENT, world.experiment, Permission.READ)
    assert status(report) == 200


def test_the_address_ends_with_the_session(browser: Browser, world: World) -> None:
    with signed_in(browser, world) as page:
        page.goto(f"/r/{world.run}/artifacts?path=report/index.html")
        expect(page.frame_locator("iframe").get_by_role("heading")).to_be_visible()
        report = page.frames[1].url
        for token in world.store.users.tokens("ann"):
            world.store.users.revoke_token("ann", token.name)
        ends = now() + 10_000
        while status(report) == 200 and now() < ends:  # it is remembered for two seconds
            page.wait_for_timeout(100)

    assert status(report) == 401
