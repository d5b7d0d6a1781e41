"""The page of a run: what it says, what it shows of files, and that it lives."""

import re

from playwright.sync_api import Page, expect

from runner.tracking.clock import now
from runner.tracking.model import Metric, RunStatus
from tests.server.ui.conftest import Seeded
from tests.server.ui.printing import going_on, printed
from tests.services.browser import settled


def test_a_run_is_found_by_its_name_and_tells_why_it_failed(page: Page, seeded: Seeded) -> None:
    page.goto("/r/diverged")

    expect(page).to_have_url(re.compile(f"/r/{seeded.runs['diverged']}$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("diverged")
    expect(page.get_by_role("group", name="Why it did not finish")).to_contain_text(
        "diverged: lr is too large (exit code 1)"
    )
    expect(page).to_have_title("✗ diverged failed · runner")


def test_parameters_that_the_run_before_had_otherwise_come_first(page: Page, seeded: Seeded) -> None:
    page.goto(f"/r/{seeded.runs['second']}")

    rows = page.get_by_role("table").first.get_by_role("row")
    expect(rows.filter(has_text="was 0.01")).to_have_count(1)
    expect(page.get_by_role("list", name="Parameters").get_by_role("listitem").first).to_have_text("lr 0.02")


def test_the_code_shows_what_was_not_committed(page: Page, seeded: Seeded) -> None:
    page.goto(f"/r/{seeded.runs['diverged']}/code")

    changes = page.get_by_role("region", name="Changes of train.py")
    expect(changes.locator(".diff-line.added").first).to_contain_text("0.99 -")
    expect(changes.locator(".diff-line.removed").first).to_contain_text("0.98 -")


def test_the_code_shows_what_changed_since_the_run_before(page: Page, seeded: Seeded) -> None:
    page.goto(f"/r/{seeded.runs['second']}/code")

    expect(page.get_by_text("None: the code was as committed.")).to_be_visible()
    changes = page.get_by_role("region", name="Changes of train.py")
    expect(changes.locator(".diff-line.added")).to_contain_text("0.98 - 0.4")


def test_metrics_share_a_cursor_and_are_drawn_along_another_one(page: Page, seeded: Seeded) -> None:
    page.goto(f"/r/{seeded.runs['searched']}/metrics")
    charts = page.locator(".metric").get_by_role("img")
    charts.first.focus()
    page.keyboard.press("End")
    expect(page.locator(".at-cursor")).to_contain_text(re.compile("step 59.*val/acc.*train/loss", re.DOTALL))

    page.get_by_role("combobox", name="Along").select_option("train/loss")
    panel = page.locator(".metric", has_text="val/acc")
    panel.get_by_text("Values").click()

    expect(panel.get_by_role("columnheader").first).to_have_text("train/loss")
    expect(page).to_have_url(re.compile("x=metric:train/loss"))


def test_a_pinned_metric_stays_first(page: Page, seeded: Seeded) -> None:
    page.goto(f"/r/{seeded.runs['searched']}/metrics")
    first = page.locator(".metric").first
    expect(first).to_contain_text("val/acc")

    page.get_by_role("button", name="Pin train/loss").click()

    expect(first).to_contain_text("train/loss")
    page.goto(f"/r/{seeded.runs['other']}/metrics")
    expect(first).to_contain_text("train/loss")


def test_news_of_a_run_come_without_a_reload(page: Page, seeded: Seeded) -> None:
    run = going_on(seeded, "followed")
    seeded.store.log(run.id, metrics=[Metric("loss", 0.5, now(), 0)])
    page.goto(f"/r/{run.id}/metrics")
    chart = page.locator(".metric", has_text="loss")
    expect(chart.get_by_role("img")).to_be_visible()

    seeded.store.log(run.id, metrics=[Metric("loss", 0.25, now(), 1), Metric("acc", 0.75, now(), 1)])
    expect(chart.locator(".metric-value")).to_have_text("0.25")
    expect(page.locator(".metric", has_text="acc")).to_contain_text("0.75")

    page.keyboard.press("l")
    expect(page.get_by_text("followed begins")).to_be_visible()
    printed(seeded, run, ("stdout", b"a line that comes late\n"))
    expect(page.get_by_text("a line that comes late")).to_be_visible()

    seeded.store.log(run.id, tags={"runner.error": "the disk is full"})
    seeded.store.update_run(run.id, status=RunStatus.FAILED, ended=now())
    expect(page.get_by_text("the disk is full").first).to_be_visible()
    expect(page).to_have_title("✗ followed failed · runner")
    icon = page.locator("link[rel=icon]").get_attribute("href")
    assert icon is not None
    assert icon.startswith("data:image/svg+xml")


def test_news_disturb_neither_the_focus_nor_an_open_menu(page: Page, seeded: Seeded) -> None:
    run = going_on(seeded, "undisturbed")
    seeded.store.log(run.id, metrics=[Metric("loss", 0.5, now(), 0), Metric("loss", 0.25, now(), 1)])
    page.goto(f"/r/{run.id}")
    tile, menu = page.locator(".tile"), page.get_by_role("menu")
    expect(tile).to_contain_text("best so far")
    tile.focus()

    seeded.store.log(run.id, metrics=[Metric("loss", 0.75, now(), 2)])
    expect(tile).to_contain_text("best 0.25 at step 1")
    expect(tile).to_be_focused()

    page.get_by_role("button", name="More").click()
    seeded.store.update_run(run.id, status=RunStatus.FAILED, ended=now())
    expect(page).to_have_title("✗ undisturbed failed · runner")
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".status")).to_have_text("failed")


def test_news_take_no_click(page: Page, seeded: Seeded) -> None:
    run = going_on(seeded, "pressed")
    page.goto(f"/r/{run.id}")
    settled(page)
    more = page.get_by_role("button", name="More")
    more.hover()
    page.mouse.down()

    seeded.store.log(run.id, metrics=[Metric("loss", 0.5, now(), 0)])  # its first: the header is drawn anew
    expect(page.get_by_role("link", name="Metrics")).to_be_visible()
    page.mouse.up()

    expect(page.get_by_role("menu")).to_be_visible()


def test_a_note_is_written_in_markdown_and_tags_are_set(page: Page, seeded: Seeded) -> None:
    run = going_on(seeded, "noted")
    page.goto(f"/r/{run.id}")

    page.get_by_role("button", name="Add a note").click()
    page.get_by_label("Note, in Markdown").fill("It is **good**, <script>really</script>")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".marked strong")).to_have_text("good")
    expect(page.locator(".marked")).to_contain_text("<script>really</script>")

    page.get_by_label("Name of a tag").fill("team")
    page.get_by_label("Value of the tag").fill("vision")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("button", name="Remove the tag team")).to_be_visible()
    assert seeded.store.run(run.id).tags["team"] == "vision"
