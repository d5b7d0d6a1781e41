"""The page of schedules: the week, the history of one, and what can be asked of it. With a real scheduler, once."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from runner.scheduling.deciding import upcoming
from runner.settings import Settings
from runner.tracking import open_database_store
from runner.tracking.schedules import Definition
from runner.tracking.sql.store import SqlStore
from tests.cli.schedules import scheduler
from tests.conftest import Files
from tests.server.servers import running_server
from tests.server.ui.conftest import OpenContext
from tests.services.browser import Watch, axe, settled, watched

BERLIN = "Europe/Berlin"
HOUR = "02:00\u201303:00"
SPRING = "/schedules?week=2027-03-22&zone=Europe/Berlin"


@pytest.fixture
def store(settings: Settings) -> Iterator[SqlStore]:
    """One of this test alone."""
    with closing(open_database_store(settings)) as opened:
        assert isinstance(opened, SqlStore)
        yield opened


def add(store: SqlStore, name: str, expression: str, uri: Path | str = "/project", **changes: str) -> None:
    definition = Definition(expression=expression, uri=str(uri), options=("--env-manager=local",), **changes)  # type: ignore[arg-type]
    store.schedules.add(name, definition, upcoming=upcoming(name, definition, store.schedules.now()))


@pytest.fixture
def open_page(browser: Browser, store: SqlStore) -> Iterator[Page]:
    """A page of a server over that store, which may start runs."""
    with running_server("--allow-run") as server, watched(browser, Watch(server.uri)) as context:
        yield context.new_page()


def slots(page: Page, text: str) -> Locator:
    return page.get_by_role("gridcell").filter(has_text=text)


@pytest.mark.usefixtures("seeded")
def test_the_history_of_a_schedule_is_one_click_away_and_in_the_url(page: Page) -> None:
    page.goto("/schedules")
    page.get_by_role("rowheader", name="nightly").get_by_role("link").click()

    expect(page.get_by_role("heading", name="nightly")).to_be_visible()
    history = page.locator(".history tbody tr")
    expect(history).to_have_count(7)
    expect(history.filter(has_text="the run failed")).to_contain_text("failed")
    expect(history.filter(has_text="no scheduler was running")).to_contain_text("missed")
    expect(page.locator(".next tbody tr")).to_have_count(10)
    expect(page.locator(".facts")).to_contain_text("at 03:00 every day")
    expect(page.locator(".actions + div")).to_contain_text("runner schedule run-now nightly")
    expect(page.get_by_role("button", name="Run now")).to_have_count(0)  # this server starts no runs
    page.reload()
    expect(history).to_have_count(7)
    page.go_back()
    expect(page.get_by_role("heading", name="Schedules")).to_be_visible()


@pytest.mark.usefixtures("seeded")
def test_a_week_says_which_hour_does_not_exist_and_arrow_keys_lead_through_it(page: Page) -> None:
    page.goto(SPRING)

    expect(page.locator(".shifts")).to_have_text(
        f"{HOUR} does not exist on Sunday 28 March: clocks go forward (Europe/Berlin)."
    )
    expect(page.get_by_role("rowheader", name="Sun 28 Mar")).to_contain_text(f"{HOUR} does not exist")
    nightly = slots(page, "nightly").get_by_role("link")
    expect(nightly).to_have_count(7)
    nightly.first.focus()
    page.keyboard.press("ArrowRight")
    expect(nightly.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("End")
    page.keyboard.press("[")
    expect(page).to_have_url(re.compile("week=2027-03-15"))
    expect(page.get_by_role("rowheader", name="Mon 15 Mar")).to_be_visible()
    page.get_by_role("combobox", name="Times of").select_option("UTC")
    expect(slots(page, "nightly").first).to_contain_text("02:00")
    page.go_back()
    expect(slots(page, "nightly").first).to_contain_text("03:00")


@pytest.mark.usefixtures("seeded")
def test_on_a_phone_the_week_is_a_list_of_days(open_context: OpenContext) -> None:
    page = open_context(viewport={"width": 360, "height": 740}).new_page()
    page.goto(SPRING)

    first, second = (
        page.get_by_role("row", name=re.compile(day)).bounding_box() for day in ("Mon 22", "Tue 23")
    )
    assert first is not None
    assert second is not None
    assert second["y"] >= first["y"] + first["height"]
    expect(slots(page, "nightly").first.get_by_text("to come")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_run_that_is_asked_for_starts_and_its_outcome_appears_by_itself(
    open_page: Page, store: SqlStore, files: Files
) -> None:
    add(
        store,
        "train",
        "0 3 * * *",
        files({"MLproject": "entry_points: {main: {command: 'echo done'}}"}),
        zone=BERLIN,
    )
    page = open_page
    page.goto("/schedules?name=train")
    page.get_by_role("button", name="Run now", exact=True).click()
    row = page.locator(".history tbody tr")
    expect(row).to_contain_text("waiting")

    with scheduler():
        expect(row).to_contain_text("succeeded")
        row.get_by_role("link").click()
        expect(page).to_have_url(re.compile("/r/[0-9a-f]{32}"))
    (firing,) = store.schedules.history("train", limit=9)
    assert page.url.endswith(firing.run_id)


def test_a_schedule_is_paused_resumed_and_leaves_out_a_time(open_page: Page, store: SqlStore) -> None:
    add(store, "train", "0 3 * * *", zone=BERLIN)
    page = open_page
    page.goto("/schedules?name=train")

    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("train: It rests.")
    assert store.schedules.get("train").paused
    page.get_by_role("button", name="Resume", exact=True).click()
    expect(page.get_by_role("button", name="Skip next", exact=True)).to_be_visible()
    time = store.schedules.get("train").upcoming.time
    page.get_by_role("button", name="Skip next", exact=True).click()
    expect(page.locator(".history")).to_contain_text("left out on demand")

    assert store.schedules.get("train").upcoming.time > time
    store.schedules.change("train", paused=True)  # by somebody else
    expect(page.get_by_role("button", name="Resume", exact=True)).to_be_visible()


def test_a_backfill_says_how_many_runs_it_starts_before_it_does(open_page: Page, store: SqlStore) -> None:
    add(store, "train", "0 3 * * *", zone=BERLIN)
    page = open_page
    page.goto("/schedules?name=train")
    page.get_by_role("button", name="Backfill…").click()
    asked = page.get_by_role("dialog")

    asked.get_by_label("From", exact=True).fill("2026-03-27")
    asked.get_by_label("To", exact=True).fill("2026-03-20")
    expect(asked.get_by_role("status")).to_contain_text("the first one first")
    asked.get_by_label("To", exact=True).fill("2026-03-30")
    expect(asked.get_by_role("status")).to_contain_text("4 runs would start")
    expect(asked).to_contain_text("runner schedule backfill train --from 2026-03-27 --to 2026-03-30")
    assert axe(page) == []
    assert store.schedules.history("train", limit=9) == []
    asked.get_by_role("button", name="Start 4 runs").click()

    expect(page.locator(".history tbody tr")).to_have_count(4)
    assert {each.cause.value for each in store.schedules.history("train", limit=9)} == {"backfill"}


def test_many_times_are_one_band_and_what_nobody_starts_is_loud(open_page: Page, store: SqlStore) -> None:
    definition = Definition(expression="* * * * *", uri="/project")
    now = store.schedules.now()
    for number in range(30):
        store.schedules.add(f"s{number:02}", definition, upcoming=upcoming("", definition, now - 600_000))
    page = open_page
    page.goto("/schedules")
    settled(page)

    expect(page.get_by_role("alert")).to_contain_text("Nothing runs: the scheduler is not started.")
    expect(page.get_by_role("alert")).to_contain_text("runner scheduler")
    page.get_by_role("button", name="Next week").click()
    monday = page.get_by_role("row").filter(has_text=re.compile("^Mon"))
    expect(monday.get_by_role("gridcell").first).to_contain_text("1,440 \u00d7 s00: 1,440 to come")
    expect(monday).to_contain_text("and 24 more schedules: 34,560 times")
    page.get_by_role("searchbox", name="Find a schedule").fill("s01")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page).to_have_url(re.compile("q=s01"))
    assert axe(page) == []
