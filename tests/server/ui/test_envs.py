"""The page of environments and the tab of a run, in the browser."""

import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from runner.environments.cache import MARKER
from runner.files import locked
from tests.server.servers import running_server
from tests.server.ui.conftest import Seeded
from tests.server.ui.seeding import environment
from tests.server.ui.test_all_pages import PHONE, TOO_WIDE
from tests.services.browser import Watch, axe, settled, watched

OLD, NEW = "0" * 32, "1" * 32
DAY = 86_400


def lock_of(seeded: Seeded, run: str) -> str:
    return seeded.store.run(seeded.runs[run]).tags["runner.lock"]


def short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]


def _is_sound(page: Page) -> None:
    """What every page is, in the views of this one."""
    settled(page)
    assert axe(page) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate(TOO_WIDE) == []


def test_environments_are_the_locks_that_runs_had_those_too_that_come_meanwhile(
    page: Page, seeded: Seeded
) -> None:
    lock = "sha256:" + "5e" * 32
    page.goto("/envs")
    settled(page)

    run = seeded.store.create_run("0", tags={"runner.lock": lock, "mlflow.project.env": "virtualenv"})

    found = page.get_by_role("row").filter(has_text="5e5e5e5e5e5e")
    expect(found).to_contain_text("virtualenv")
    found.get_by_role("link", name="1", exact=True).click()
    expect(page.get_by_role("link", name=run.name)).to_be_visible()


def test_those_that_hold_a_package_are_found_and_the_search_is_in_the_url(page: Page, seeded: Seeded) -> None:
    newer = lock_of(seeded, "second")
    page.goto("/envs")
    page.get_by_role("searchbox").fill("numpy>=2.2")

    rows = page.get_by_role("region", name="Locks of runs").get_by_role("row")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("2.2.0")
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("numpy>=2.2")
    expect(rows.nth(1)).to_contain_text(short(newer))

    page.get_by_role("searchbox").fill("numpy>=9")
    expect(page.get_by_text("No lock of a run holds numpy>=9.")).to_be_visible()


def test_two_locks_are_held_against_each_other_and_both_are_in_the_url(page: Page, seeded: Seeded) -> None:
    older, newer = lock_of(seeded, "first"), lock_of(seeded, "second")
    page.goto("/envs")
    for digest in (newer, older):
        page.get_by_role("checkbox", name=f"Compare {short(digest)}").check()
        expect(page.get_by_role("checkbox", name=f"Compare {short(digest)}")).to_be_focused()

    two = page.get_by_role("region", name="Two environments")
    changed = two.get_by_role("row").filter(has_text="numpy")
    expect(changed).to_contain_text("asked for")
    assert older in page.url
    assert newer in page.url
    page.goto(f"/envs?a={older}&b={newer}")  # whatever runs of other tests have used last
    expect(changed).to_contain_text("2.1.3")
    expect(changed).to_contain_text("upgraded")
    page.reload()
    expect(changed).to_contain_text("2.2.0")
    two.get_by_role("button", name="Turn round").click()
    expect(changed).to_contain_text("downgraded")
    two.get_by_role("button", name="Compare nothing").click()
    expect(two).to_be_empty()


def test_a_lock_shows_its_packages_its_runs_and_how_to_have_it_again(page: Page, seeded: Seeded) -> None:
    page.goto(f"/envs?lock={lock_of(seeded, 'second')}")

    packages = page.get_by_role("region", name="Packages")
    expect(packages.get_by_role("row", name="scikit-learn 1.5.2 asked for")).to_be_visible()
    expect(packages.get_by_role("row", name="joblib 1.4.2 needed by scikit-learn")).to_be_visible()
    page.get_by_role("searchbox", name="Find a package").fill("scipy")
    expect(packages.get_by_role("row")).to_have_count(2)
    assert "package=scipy" in page.url
    expect(page.get_by_role("link", name="second-try").first).to_be_visible()
    expect(page.get_by_text("uv pip sync pylock.toml")).to_be_visible()
    _is_sound(page)


def test_an_environment_says_what_each_step_took_and_what_its_build_has_told(
    page: Page, seeded: Seeded
) -> None:
    page.goto("/envs")
    page.get_by_role("region", name="Environments in the cache").get_by_role("row").nth(1).get_by_role(
        "link"
    ).first.click()

    expect(page.locator(".steps")).to_contain_text("install")
    expect(page.locator(".log")).to_contain_text("+ numpy==2.")
    expect(page.get_by_text("Why it was built")).to_be_visible()
    _is_sound(page)


def test_the_tab_of_a_run_says_whether_it_had_that_of_the_run_before(page: Page, seeded: Seeded) -> None:
    page.goto(f"/r/{seeded.runs['second']}/environment")

    beside = page.locator("section").filter(has=page.get_by_role("heading", name="Beside other runs"))
    expect(beside).to_contain_text("Another one than that of the run before, first-try")
    expect(beside.get_by_role("row").filter(has_text="numpy")).to_contain_text("upgraded")
    page.get_by_role("link", name="all runs with it").click()
    expect(page.get_by_role("heading", name="Have it again")).to_be_visible()


# the cache of a machine -------------------------------------------------------------------------------------
@pytest.fixture
def machine(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A page of a server whose cache holds an environment that nobody used for long, and one that is new."""
    for key, days in ((OLD, 90), (NEW, 1)):
        keep(tmp_path / "cache/envs" / key, days)
    with (
        running_server(environ=environment(tmp_path)) as server,
        watched(browser, Watch(server.uri)) as context,
    ):
        yield context.new_page()


def keep(prefix: Path, days: int) -> None:
    (prefix / "bin").mkdir(parents=True)
    (prefix / "bin/python").symlink_to(sys.executable)
    (prefix / "data").write_bytes(b"x" * 5000)
    facts = {"python": "3.11.7", "packages": [["numpy", "2.2.0"]], "bytes": 5000, "created": 1, "lock": ""}
    (prefix / MARKER).write_text(json.dumps(facts))
    os.utime(prefix / MARKER, times=(time.time() - days * DAY,) * 2)


def test_what_would_go_is_shown_before_it_goes(machine: Page) -> None:
    machine.goto("/envs")
    cached = machine.get_by_role("region", name="Environments in the cache").get_by_role("row")
    expect(cached).to_have_count(3)
    machine.get_by_role("button", name="Free unused…", exact=True).click()
    dialog = machine.get_by_role("dialog")

    expect(dialog).to_contain_text("1 environment would go")
    expect(dialog).to_contain_text(OLD[:12])
    expect(dialog).not_to_contain_text(NEW[:12])
    assert axe(machine) == []
    expect(cached).to_have_count(3)
    dialog.get_by_role("button", name=re.compile("^Free 5")).click()

    expect(cached).to_have_count(2)
    expect(cached.nth(1)).to_contain_text(NEW[:12])


def test_a_build_that_goes_on_is_shown_with_its_steps(machine: Page, tmp_path: Path) -> None:
    lock = tmp_path / "cache/envs" / f"{'2' * 32}.lock"
    with locked(lock):
        lock.write_text(f"begun {time.time() - 5}\n   0.10 s  installing 12 packages\n")
        machine.goto("/envs")
        expect(machine.get_by_text("Building")).to_be_visible()
        expect(machine.get_by_text("installing 12 packages").first).to_be_visible()
        lock.write_text(f"begun {time.time() - 5}\n   4.00 s  Downloading numpy\n")
        expect(machine.get_by_text("Downloading numpy").first).to_be_visible()

    expect(machine.get_by_text("Building")).to_have_count(0)
