"""Runs side by side: what changed, in how many requests, and what the URL keeps."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from runner.tracking.model import Metric, RunStatus
from tests.server.servers import running_server
from tests.server.ui.conftest import Seeded
from tests.server.ui.seeding import environment
from tests.services.browser import Watch, axe, settled, watched

MOST_REQUESTS = 5  # of a tab; *What changed* asks for more kinds of things, also once each
MOST_OF_CHANGED = 8


@contextmanager
def few_requests(page: Page, most: int = MOST_REQUESTS) -> Iterator[None]:
    """What is done in the block may ask the server so many times."""
    asked: list[str] = []

    def heard(request: Request) -> None:
        if "/api/" in request.url and "/events" not in request.url:
            asked.append(request.url)

    page.on("request", heard)
    yield
    page.remove_listener("request", heard)
    assert 0 < len(asked) <= most, asked


def searched(seeded: Seeded, count: int) -> str:
    """A URL of the best runs of the search."""
    return (
        f"/compare?q=status+%3D+finished&experiment={seeded.runs['experiment']}&top={count}:metrics.val/acc"
    )


def test_what_changed_between_two_runs_is_told_by_kind_with_the_runs_that_would_tell_more(
    page: Page, seeded: Seeded
) -> None:
    first, second = (seeded.runs[name] for name in ("first", "second"))

    with few_requests(page, MOST_OF_CHANGED):
        page.goto(f"/compare?runs={first},{second}")
        expect(page.get_by_role("heading", name="Which change did it?")).to_be_visible()

    kinds = {
        name: re.sub("[0-9]+ ", "", page.locator(f"[data-kind={name}] .chip").inner_text().rstrip("s"))
        for name in ("parameters", "code", "environment", "data", "machine")
    }
    assert kinds == {
        "parameters": "difference",
        "code": "difference",
        "environment": "difference",
        "data": "same",
        "machine": "same",
    }
    expect(page.locator("[data-kind=parameters] tbody tr")).to_contain_text("lr0.010.02")
    expect(page.locator(".diff-line.added", has_text="- 0.4")).to_be_visible()
    results = page.get_by_role("region", name="Results")
    expect(results.get_by_role("row", name="val/acc")).to_contain_text("over 10 like runsreal")
    expect(page.locator("[data-kind=environment] tbody tr")).to_contain_text(
        "numpy2.1.32.2.0upgradedasked for"
    )
    expect(page.get_by_text(f"runner rerun {first[:8]} -P lr=0.02")).to_be_visible()
    expect(page.get_by_text(f"runner bisect {first[:8]} {second[:8]} --metric val/acc")).to_be_visible()
    assert axe(page) == []


@pytest.fixture
def allowing(seeded: Seeded, template: Path) -> Iterator[str]:
    """A server over the same store that starts runs; its address."""
    with running_server("--allow-run", environ=environment(seeded.home, template / "home")) as server:
        yield server.uri


def test_where_the_server_starts_runs_a_missing_one_comes_back_as_a_step_with_its_share(
    browser: Browser, seeded: Seeded, allowing: str
) -> None:
    with watched(browser, Watch(allowing)) as context:
        page = context.new_page()
        page.goto(f"/compare?runs={seeded.runs['first']},{seeded.runs['second']}")
        first, second = (seeded.store.run(seeded.runs[each]).name for each in ("first", "second"))

        page.get_by_role("button", name=f"Run: {first} with only the parameters of {second}").click()

        step = page.get_by_role("region", name="Steps between them").get_by_role(
            "row", name="parameter lr: 0.02"
        )
        expect(step).to_contain_text(re.compile(r"\d+ %"), timeout=60_000)
        share = int(str(re.search(r"(\d+) %", step.inner_text().replace("\n", " "))[1]))  # type: ignore[index]
        assert 0 <= share <= 10  # the code did most of it
        assert axe(page) == []


def test_a_change_is_held_against_what_seeds_do(page: Page, seeded: Seeded) -> None:
    store = seeded.store
    experiment = store.create_experiment("seeds").id
    runs = []
    for rate, values in (("0.1", (0.50, 0.51, 0.49, 0.50)), ("0.2", (0.70,))):
        for seed, value in enumerate(values):
            run = store.create_run(experiment, params={"lr": rate, "seed": str(seed)})
            store.log(run.id, metrics=[Metric("acc", value, 1)])
            store.update_run(run.id, status=RunStatus.FINISHED)
            runs.append(run.id)

    page.goto(f"/compare?runs={runs[0]},{runs[-1]}")
    row = page.get_by_role("region", name="Results").get_by_role("row", name="acc")
    expect(row).to_contain_text("over 4 like runs")
    expect(row).to_contain_text("real")
    page.goto(f"/compare?runs={runs[0]},{runs[1]}")
    expect(row).to_contain_text("no more than seeds do")


def test_more_than_two_runs_are_a_matrix_in_which_equal_digests_are_one_letter(
    page: Page, seeded: Seeded
) -> None:
    names = ("first", "second", "diverged")

    page.goto("/compare?runs=" + ",".join(seeded.runs[name] for name in names))
    rows = page.locator(".compare-matrix tbody tr")
    expect(rows).to_have_count(3)

    letters = [[cell.strip() for cell in row.locator("td strong").all_inner_texts()] for row in rows.all()]
    assert [row[0] for row in letters] == ["A", "B", "C"]  # parameters
    assert {row[4] for row in letters} == {"A"}  # one machine


def test_the_table_shows_differences_only_and_is_copied_as_it_is_seen(page: Page, seeded: Seeded) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    runs = ",".join(seeded.runs[name] for name in ("searched", "other"))

    with few_requests(page):
        page.goto(f"/compare?runs={runs}&tab=table")
        expect(page.get_by_role("row", name="val/acc")).to_be_visible()

    expect(page.get_by_role("row", name=re.compile("^data "))).to_have_count(0)
    page.get_by_label("all values").check()
    expect(page.get_by_role("row", name=re.compile("^data "))).to_be_visible()
    assert "same=1" in page.url
    page.get_by_role("button", name="Copy as Markdown").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines()[0] == "|  | digits-299 | digits-298 |"
    assert any(line.startswith("| data | mnist | mnist |") for line in copied.splitlines())


def test_runs_are_added_by_name_removed_and_made_the_baseline(page: Page, seeded: Seeded) -> None:
    first, second = (seeded.store.run(seeded.runs[each]) for each in ("first", "second"))
    page.goto(f"/compare?runs={first.id},{second.id}&tab=table")
    chips = page.locator(".compare-chip")
    expect(chips).to_have_count(2)

    page.get_by_label("Add a run by name or id").fill("diverged")
    page.keyboard.press("Enter")
    expect(chips).to_have_count(3)
    page.get_by_role("button", name=f"Make it the baseline: {second.name}").click()
    expect(chips.first).to_contain_text(second.name)
    page.get_by_role("button", name=f"Remove: {first.name}").click()
    expect(chips).to_have_count(2)

    page.go_back()
    expect(chips).to_have_count(3)


def test_charts_of_many_runs_come_in_one_answer_and_zoom_together(page: Page, seeded: Seeded) -> None:
    with few_requests(page):
        page.goto(f"{searched(seeded, 20)}&tab=charts")
        charts = page.get_by_role("img", name="line chart")
        expect(charts).to_have_count(3)
        settled(page)

    charts.first.focus()
    page.keyboard.press("+")
    page.wait_for_url(re.compile(r"zoom=\d"))
    settled(page)
    page.get_by_label("Lines", exact=True).select_option(label="Mean by depth")
    expect(page.get_by_role("img", name=re.compile("line chart, [2-4] lines")).first).to_be_visible()
    assert "lines=by" in page.url
    assert axe(page) == []


def test_brushed_runs_are_opened_in_the_table_of_runs(page: Page, seeded: Seeded) -> None:
    with few_requests(page):
        page.goto(f"{searched(seeded, 20)}&tab=parallel")
        title = page.locator(".axis-title", has_text="lr")
        expect(title).to_be_visible()

    title.focus()
    page.keyboard.press("ArrowDown")
    count = page.locator(".compare-bar [role=status]")
    expect(count).not_to_have_text(re.compile(r"^(\d+) of \1 runs"))
    found = re.match(r"\d+", count.inner_text())
    assert found is not None
    link = page.get_by_role("link", name=f"Open these {found[0]} in Runs")
    page.goto(str(link.get_attribute("href")))

    expect(page.get_by_text(re.compile(rf"\b{found[0]}\b.*runs?")).first).to_be_visible()


@pytest.mark.parametrize("tab", ["relations", "artifacts", "logs"])
def test_other_tabs_ask_little_and_can_be_used_by_all(tab: str, page: Page, seeded: Seeded) -> None:
    runs = ",".join(seeded.runs[name] for name in ("first", "second", "diverged"))

    with few_requests(page):
        page.goto(f"/compare?runs={runs}&tab={tab}")
        settled(page)

    expect(page.get_by_role("tab", selected=True)).to_have_text(tab.capitalize())
    assert axe(page) == []


def test_nothing_to_compare_says_what_to_do(page: Page) -> None:
    page.goto("/compare")

    expect(page.get_by_text("No runs to compare")).to_be_visible()
    expect(page.get_by_text("runner runs compare")).to_be_visible()
