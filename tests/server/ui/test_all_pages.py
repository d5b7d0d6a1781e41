"""What holds for every page, in both themes, on a phone, and without a mouse. A new page in PAGES is tested by being there."""

import re
import urllib.request
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from runner.server.ui.files import DIRECTORY
from runner.server.ui.pages import PAGES
from runner.settings import Settings
from runner.tracking import open_database_store
from runner.tracking.clock import now
from runner.tracking.model import Metric, RunStatus
from tests.server.servers import running_server
from tests.server.ui.conftest import Seeded
from tests.server.ui.seeding import environment
from tests.services.browser import Watch, axe, settled, watched

# What stands for the places of a path, from what is seeded.
PLACES = {"run": "{first}", "name:path": "digits"}
FURTHER = (
    "/runs?q=metrics.none+%3E+3",
    "/r/{running}/logs",
    "/r/{diverged}",
    "/compare?runs={searched},{other}",
    "/models/digits/2",
    "/schedules?name=nightly",
    *(f"/r/{{first}}/{tab}" for tab in ("metrics", "logs", "code", "environment", "reproduce", "raw")),
    "/r/{searched}/metrics",
    "/r/{files}/artifacts",
    "/r/{files}/artifacts?path=tables/scores.csv",
)
SIGN_IN, REFUSED = "/sign-in?to=/runs", "/sign-in after a wrong password"
DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 360, "height": 740}
# All that can be operated and is seen. What a composite widget holds is reached by its arrow keys; of radio buttons one has the focus.
CONTROLS = """() => {
  const widgets = "[role=grid], [role=treegrid], [role=tree], [role=tablist], [role=menu], [role=listbox], [role=toolbar]";
  const within = (each) => each.tabIndex < 0 && each.closest(widgets);
  window.reached = new Set();
  window.controls = [...document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, [tabindex], [role=button], [role=tab], [role=checkbox]")].filter((each) =>
      each.checkVisibility({ visibilityProperty: true }) && !each.matches(":disabled, [type=radio], main, dialog, dialog *")
      && !within(each) && !each.closest("[inert]"));
  document.addEventListener("focusin", (event) => window.reached.add(event.target));
  return window.controls.length;
}"""
# If the whole page can be scrolled to the side: what sticks out, and is in nothing that can be scrolled by itself.
TOO_WIDE = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  const scrolled = (each) => each && each !== document.body
    && (getComputedStyle(each).overflowX !== "visible" || scrolled(each.parentElement));
  const out = [...document.querySelectorAll("body *")].filter((each) =>
    each.getBoundingClientRect().right > wide + 1 && !scrolled(each.parentElement));
  return [`${document.documentElement.scrollWidth - wide} pixels too wide`, ...out.map((each) => each.outerHTML.slice(0, 120))];
}"""
MISSED = """() => window.controls.filter((each) => each.isConnected && !window.reached.has(each)
  && each.checkVisibility({ visibilityProperty: true })).map((each) => each.outerHTML.slice(0, 200))"""
UNMARKED = """() => [...window.reached].filter((each) => each.isConnected && !each.matches("#main, body")).flatMap((each) => {
  each.focus({ focusVisible: true });
  const drawn = (style) => style.outlineStyle !== "none" || style.boxShadow !== "none";
  return drawn(getComputedStyle(each)) ? [] : [each.outerHTML.slice(0, 200)];
})"""


def _addresses() -> list[str]:
    filled = [re.sub(r"\{([\w:]+)\}", lambda place: PLACES.get(place[1], place[0]), path) for path in PAGES]
    return [path for path in dict.fromkeys([*filled, *FURTHER]) if "{tab}" not in path]


@pytest.fixture(scope="module")
def signing_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server where people sign in."""
    environ = environment(tmp_path_factory.mktemp("signing-in"))
    with closing(open_database_store(Settings.from_environ(environ))) as store:
        store.users.add("ann", password_hash=None)
    with running_server("--auth", environ=environ) as server:
        yield server.uri


@pytest.fixture(scope="module", params=[*_addresses(), SIGN_IN, REFUSED])
def opened(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """Each page, opened once for all tests of it; at the end nothing has gone wrong in it."""
    if request.param in {SIGN_IN, REFUSED}:
        watch, path = Watch(request.getfixturevalue("signing_in")), SIGN_IN
        watch.expect("401 POST .*/sign-in")
    else:
        seeded: Seeded = request.getfixturevalue("seeded")
        watch, path = Watch(seeded.uri), request.param.format(**seeded.runs)
    with watched(browser, watch, viewport=DESK) as context:
        page = context.new_page()
        page.goto(path)
        if request.param == REFUSED:
            page.get_by_label("Password or token").fill("wrong horse battery")
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("alert")).to_be_visible()
        settled(page)
        yield page


def test_it_has_a_title_and_one_heading_of_the_first_level(opened: Page) -> None:
    assert re.fullmatch(r"(?!undefined|null).{2,} · runner", opened.title())
    assert opened.locator("h1").count() == 1


def test_axe_finds_nothing_in_either_theme(opened: Page) -> None:
    light = axe(opened)
    opened.emulate_media(color_scheme="dark")
    dark = axe(opened, colours_only=True)

    assert not light, "\n".join(light)
    assert not dark, "\n".join(["dark:", *dark])


def test_it_fits_a_phone(opened: Page) -> None:
    opened.set_viewport_size(PHONE)
    settled(opened)

    too_wide = opened.evaluate(TOO_WIDE)

    opened.set_viewport_size(DESK)
    assert not too_wide, "\n".join(too_wide)


def test_the_keyboard_alone_reaches_every_control_and_shows_where_it_is(opened: Page) -> None:
    count = opened.evaluate(CONTROLS)

    for _ in range(count + 5):
        opened.keyboard.press("Tab")

    missed, unmarked = opened.evaluate(MISSED), opened.evaluate(UNMARKED)
    assert not missed, "\n".join(["not reached:", *missed])
    assert not unmarked, "\n".join(["it does not show that it has the focus:", *unmarked])


def test_pages_run_under_a_strict_policy_and_have_nothing_inline(seeded: Seeded) -> None:
    for path in _addresses():
        with urllib.request.urlopen(seeded.uri + path.format(**seeded.runs)) as answer:
            policy = dict(
                part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; ")
            )
            html = answer.read().decode()

        assert (policy["default-src"], policy["script-src"], policy["style-src"]) == (
            "'none'",
            "'self'",
            "'self'",
        ), path
        assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", html), path


def test_every_page_has_its_module_and_its_style() -> None:
    missing = [
        name
        for module, _ in PAGES.values()
        for name in (f"pages/{module}.js", f"style/{module}.css")
        if not (DIRECTORY / name).is_file()
    ]

    assert missing == []


def test_nine_tabs_stay_live(context: BrowserContext, seeded: Seeded) -> None:
    """Browsers open six connections to a server: a stream for each tab would leave three without news."""
    run = seeded.store.create_run("0", status=RunStatus.RUNNING, started=now())
    seeded.store.log(run.id, metrics=[Metric("loss", 1.0, now())])
    tabs = [context.new_page() for _ in range(9)]
    for tab in tabs:
        tab.goto(f"/r/{run.id}")
        expect(tab.get_by_text("loss").locator("visible=true").first).to_be_visible()

    seeded.store.log(run.id, metrics=[Metric("loss", 4242.0, now(), step=1)])

    for tab in tabs:
        expect(tab.get_by_text(re.compile("4,?242")).locator("visible=true").first).to_be_visible()
    seeded.store.update_run(run.id, status=RunStatus.FINISHED, ended=now())
