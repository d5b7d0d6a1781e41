"""Schedules and environments, in the browser."""

from playwright.sync_api import Page, expect

from tests.server.ui.conftest import Seeded


def test_the_history_of_a_schedule_is_one_click_away_and_in_the_url(page: Page, seeded: Seeded) -> None:
    page.goto("/schedules")
    page.get_by_role("link", name="nightly").click()

    history = page.locator(".detail tbody tr")
    expect(history).to_have_count(7)
    expect(page.locator(".detail")).to_contain_text("the run failed")
    expect(page.locator(".detail")).to_contain_text("no scheduler was running")
    expect(page.locator(".detail")).to_contain_text("runner schedule pause nightly")
    page.reload()
    expect(history).to_have_count(7)
    page.go_back()
    expect(page.locator(".detail")).to_have_count(0)


def test_environments_are_the_locks_that_runs_had(page: Page, seeded: Seeded) -> None:
    lock = "sha256:" + "5e" * 32
    run = seeded.store.create_run("0", tags={"runner.lock": lock, "mlflow.project.env": "virtualenv"})

    page.goto("/envs")

    row = page.get_by_role("row").filter(has_text="5e5e5e5e5e5e")
    expect(row).to_contain_text("virtualenv")
    row.get_by_role("link", name="1").click()
    expect(page.get_by_role("link", name=run.name)).to_be_visible()
