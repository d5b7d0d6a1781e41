"""Models, schedules and environments, in the browser."""

from playwright.sync_api import Page, expect

from tests.server.ui.conftest import Seeded


def test_a_version_tells_where_it_comes_from_and_a_moved_alias_can_be_moved_back(
    page: Page, seeded: Seeded
) -> None:
    page.goto("/models")
    page.get_by_role("link", name="digits", exact=True).click()
    rows = page.get_by_role("row")
    expect(rows.nth(1)).to_contain_text("version 3")
    rows.nth(1).get_by_role("link", name="version 3").click()

    expect(page.locator(".lineage")).to_contain_text("second")
    page.get_by_role("button", name="Move an alias here").click()
    page.get_by_role("combobox", name="Alias").fill("trial")
    page.get_by_role("textbox", name="Why").fill("it is better")
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator("dl")).to_contain_text("@trial")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("dl")).not_to_contain_text("@trial")

    page.goto("/models/digits")
    expect(page.locator(".moves")).to_contain_text("it is better")


def test_a_model_is_found_by_a_part_of_its_name_and_the_search_is_in_the_url(
    page: Page, seeded: Seeded
) -> None:
    page.goto("/models")
    page.get_by_role("searchbox", name="Find a model").fill("DIGI")
    expect(page.get_by_role("row")).to_have_count(2)
    page.reload()
    expect(page.get_by_role("searchbox", name="Find a model")).to_have_value("DIGI")
    expect(page.get_by_role("row")).to_have_count(2)


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
