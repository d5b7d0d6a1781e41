"""The table of runs: what is written, chosen and pressed, and what is seen then."""

import csv
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from sqlalchemy import create_engine

from runner.tracking.model import Lifecycle, Metric, Run, RunStatus
from tests.server.ui.conftest import Seeded
from tests.services.browser import Watch, axe, settled

MANY = 100_000
WRONG = "400 GET .*/runs/(columns|table)"


def table(page: Page, query: str) -> Locator:
    """The rows of the table that the query asks for, once they are there."""
    page.goto(f"/runs?{query}")
    expect(page.get_by_role("treegrid")).to_be_visible()
    rows = page.locator(".grid-body .grid-row:not(.coming)")
    expect(rows.first).to_be_visible()
    return rows


def digits(seeded: Seeded) -> str:
    return f"exp={seeded.runs['experiment']}"


def row(page: Page, name: str) -> Locator:
    """The row of that run."""
    return page.locator(".grid-body .grid-row").filter(has=page.get_by_role("link", name=name, exact=True))


def heads(page: Page) -> list[str]:
    return [head.split("\n")[0] for head in page.get_by_role("columnheader").all_inner_texts()]


@pytest.fixture
def made(seeded: Seeded) -> Iterator[str]:
    """An experiment of its own with three runs, the last of which goes on."""
    store = seeded.store
    experiment = store.create_experiment(f"made {len(store.experiments(lifecycle=None))}").id
    for number in range(3):
        run = store.create_run(
            experiment,
            name=f"made-{number}",
            params={"lr": f"0.{number}", "seed": str(number), "data": "mnist"},
        )
        store.log(run.id, metrics=[Metric("loss", 1.0 - number / 10, 1, 0)])
        store.update_run(run.id, status=RunStatus.RUNNING if number == 2 else RunStatus.FINISHED)
    yield experiment
    store.delete_experiment(experiment)


def test_what_is_wrong_in_a_filter_is_underlined_and_the_rows_stay(
    page: Page, seeded: Seeded, watch: Watch
) -> None:
    watch.expect(WRONG)
    rows = table(page, digits(seeded))

    page.keyboard.press("/")
    page.keyboard.insert_text("depth = 2 and val/acc > high")  # at once: its beginning is a filter, too

    expect(page.locator(".mirror mark")).to_have_text("high")
    expect(page.locator("#filter-wrong")).to_contain_text("'high' is no number")
    expect(rows.first).to_be_visible()
    expect(page.get_by_text("300 runs")).to_be_visible()
    assert axe(page) == []

    page.keyboard.press("Control+Backspace")
    page.keyboard.type("0.9 ")

    expect(page.locator(".mirror mark")).to_have_count(0)
    expect(page.get_by_text("300 runs")).to_have_count(0)
    assert "q=depth" in page.url


def test_a_filter_completes_keys_and_values(page: Page, seeded: Seeded, watch: Watch) -> None:
    watch.expect(WRONG)
    table(page, digits(seeded))

    page.keyboard.press("/")
    page.keyboard.type("opti")
    expect(page.get_by_role("option", name="optimizer")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.type("= ")
    page.get_by_role("option", name="adam").click()

    expect(page.get_by_role("combobox")).to_have_value("optimizer = adam ")
    expect(page.get_by_text("157 runs")).to_be_visible()


def test_completions_come_though_earlier_ones_were_given_up(page: Page, seeded: Seeded, watch: Watch) -> None:
    watch.expect(WRONG)
    table(page, digits(seeded))
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    page.route(re.compile("/runs/complete"), hold)
    page.keyboard.press("/")
    for number, letters in enumerate(("op", "ti"), 1):
        with page.expect_request(re.compile("/runs/complete")):
            page.keyboard.insert_text(letters)
        while len(asked) < number:
            page.wait_for_timeout(10)
    asked[-1].continue_()

    expect(page.get_by_role("option", name="optimizer")).to_be_visible()


def test_where_nothing_fits_the_condition_too_many_is_named(page: Page, seeded: Seeded) -> None:
    page.goto(f"/runs?{digits(seeded)}&q=optimizer+%3D+adam+and+status+%3D+killed")

    page.get_by_role("button", name="Without status = killed").click()

    expect(page.get_by_text("157 runs")).to_be_visible()
    expect(page.get_by_role("combobox")).to_have_value("optimizer = adam")
    page.go_back()
    expect(page.get_by_text("No run fits all of this")).to_be_visible()


def test_a_click_sorts_by_what_is_best_and_with_shift_by_several(page: Page, seeded: Seeded) -> None:
    rows = table(page, digits(seeded))

    page.get_by_role("button", name="val/acc", exact=True).click()

    expect(page.get_by_role("columnheader", name="val/acc")).to_have_attribute("aria-sort", "descending")
    expect(rows.first.locator(".best")).to_have_count(2)  # val/loss is 1.2 less it
    best = seeded.store.search_runs(
        experiment_ids=[seeded.runs["experiment"]], order_by=["metrics.`val/acc` DESC"], limit=1
    )
    expect(rows.first).to_contain_text(best.items[0].name)

    page.get_by_role("button", name="depth", exact=True).click()
    page.get_by_role("button", name="val/loss", exact=True).click(modifiers=["Shift"])

    expect(page.get_by_role("columnheader", name="val/loss")).to_have_attribute("aria-sort", "ascending")
    assert "sort=params.depth,metrics.val/loss" in page.url
    before = rows.first.inner_text()
    page.reload()
    expect(rows.first).to_have_text(before, use_inner_text=True)


def test_what_is_equal_in_every_row_is_folded(page: Page, seeded: Seeded) -> None:
    table(page, digits(seeded))
    expect(page.get_by_role("button", name="1 same")).to_be_visible()
    assert "data" not in heads(page)

    page.keyboard.press("d")

    expect(page.get_by_role("columnheader", name="data")).to_be_attached()
    assert "same=1" in page.url


@pytest.fixture(scope="module")
def many(seeded: Seeded) -> Iterator[str]:
    """An experiment with very many runs; they are gone afterwards, for other tests look at all runs."""
    experiment = seeded.store.create_experiment("many").id
    insert = f"""WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY - 1})
        INSERT INTO runner_runs (uuid, experiment, name, user_name, status, started, ended, lifecycle, artifact_uri)
        SELECT printf('%032x', i), {experiment}, 'run-' || i, 'me', 'FINISHED', 1700000000000 + i * 1000, 1700000000500 + i * 1000,
            'active', '' FROM n"""
    engine = create_engine(f"sqlite:///{seeded.home / 'runner.db'}")
    with closing(engine.raw_connection()) as connection:
        connection.cursor().execute(insert)
        connection.commit()
        yield experiment
        connection.cursor().execute(f"DELETE FROM runner_runs WHERE experiment = {experiment}")
        connection.commit()
    engine.dispose()
    seeded.store.delete_experiment(experiment)


def test_a_hundred_thousand_runs_are_scrolled_to_the_end(page: Page, many: str) -> None:
    rows = table(page, f"exp={many}")
    grid = page.get_by_role("treegrid")
    expect(page.get_by_text("100,000 runs")).to_be_visible()
    expect(grid).to_have_attribute("aria-rowcount", str(MANY + 1))

    grid.press("End")

    expect(row(page, "run-0")).to_be_in_viewport()
    assert rows.count() < 60
    page.keyboard.press("PageUp")
    expect(row(page, "run-0")).to_be_visible()
    grid.evaluate("grid => { grid.scrollTop = grid.scrollHeight / 2; }")
    expect(page.get_by_role("link", name="run-50000", exact=True)).to_be_visible()


def test_selected_runs_are_compared(page: Page, seeded: Seeded) -> None:
    table(page, f"{digits(seeded)}&q=name+~+digits-29")

    for key in "jxjjx":
        page.keyboard.press(key)

    expect(page.get_by_text("2 selected")).to_be_visible()
    chosen = page.url.partition("sel=")[2].split(",")
    page.reload()
    expect(page.get_by_text("2 selected")).to_be_visible()
    assert axe(page) == []
    page.keyboard.press("c")
    page.wait_for_url(f"**/compare?runs={','.join(chosen)}*")
    assert chosen[0] == seeded.runs["searched"]


def test_ranges_and_all_that_match_are_selected(page: Page, seeded: Seeded) -> None:
    table(page, digits(seeded))

    row(page, "digits-298").get_by_role("checkbox").click()
    row(page, "digits-294").get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.get_by_text("5 selected")).to_be_visible()
    page.get_by_role("button", name="Select all 300 matching").click()
    expect(page.get_by_text("300 selected")).to_be_visible()
    assert "sel=all" in page.url

    page.keyboard.press("Escape")

    expect(page.get_by_role("toolbar")).to_be_hidden()


def test_the_active_run_is_looked_at_beside_the_table(page: Page, seeded: Seeded) -> None:
    table(page, f"{digits(seeded)}&q=status+%3D+failed")

    page.keyboard.press("j")
    page.keyboard.press(" ")

    beside = page.get_by_role("complementary")
    expect(beside).to_contain_text("the program was killed: out of memory; exit code 137")
    expect(page.locator(".grid-row.active .state")).to_have_text("failed")
    assert axe(page) == []
    page.keyboard.press("j")
    expect(beside.get_by_role("link", name="digits-261")).to_be_visible()
    page.keyboard.press("Escape")
    expect(beside).to_be_hidden()
    page.keyboard.press("Enter")
    page.wait_for_url("**/r/*")


def test_rows_change_in_place_and_new_ones_wait(page: Page, seeded: Seeded, made: str) -> None:
    table(page, f"exp={made}")
    page.keyboard.press("j")
    going = row(page, "made-2")
    expect(going).to_have_class("grid-row active")
    store = seeded.store
    run = store.run("made-2")

    store.log(run.id, metrics=[Metric("loss", 0.125, 2, 1)])
    expect(going).to_contain_text("0.125")
    store.update_run(run.id, status=RunStatus.FAILED)
    expect(going).to_contain_text("failed")
    store.create_run(made, name="made-later")
    fresh = page.get_by_role("button", name="1 new run")
    expect(fresh).to_be_visible()

    expect(going).to_have_attribute("aria-rowindex", "2")
    fresh.click()
    expect(row(page, "made-later")).to_have_attribute("aria-rowindex", "2")
    expect(fresh).to_have_count(0)


def test_repeats_are_one_row_with_their_mean_and_spread(page: Page, seeded: Seeded, made: str) -> None:
    for seed in (7, 8):
        run = seeded.store.create_run(
            made, name=f"repeat-{seed}", params={"lr": "0.2", "seed": str(seed), "data": "mnist"}
        )
        seeded.store.log(run.id, metrics=[Metric("loss", 0.8 + (seed - 6) / 10, 1, 0)])
    page.goto(f"/runs?exp={made}")

    page.get_by_role("button", name="Group").click()
    assert axe(page) == []
    page.get_by_role("button", name="Everything but the seed").click()

    group = page.locator(".grid-row.group").filter(has_text="lr 0.2")
    expect(group).to_contain_text("0.9")
    expect(group).to_contain_text("±0.1")
    group.get_by_role("button", name="Unfold").click()
    expect(row(page, "repeat-8")).to_be_visible()
    expect(page.get_by_text("3 groups of 5 runs")).to_be_visible()


def test_runs_inside_of_another_fold(page: Page, seeded: Seeded, made: str) -> None:
    inside: Run = seeded.store.create_run(
        made, name="trial", tags={"mlflow.parentRunId": seeded.store.run("made-1").id}
    )
    table(page, f"exp={made}")
    expect(page.get_by_text("3 runs, 1 inside of them")).to_be_visible()
    expect(row(page, inside.name)).to_have_count(0)

    for key in ("j", "j", "ArrowRight"):
        page.get_by_role("treegrid").press(key)

    expect(row(page, inside.name)).to_have_attribute("aria-level", "2")


def test_all_that_are_archived_are_the_runs_that_were_counted(page: Page, seeded: Seeded, made: str) -> None:
    inside = seeded.store.create_run(
        made, name="trial", tags={"mlflow.parentRunId": seeded.store.run("made-1").id}
    )
    table(page, f"exp={made}&sel=all")
    expect(page.get_by_text("3 selected")).to_be_visible()

    page.get_by_role("button", name="Archive", exact=True).click()

    expect(page.get_by_text("Archived 3 runs")).to_be_visible()
    assert seeded.store.run(inside.id).lifecycle is Lifecycle.ACTIVE


def test_a_pinned_baseline_says_how_far_the_others_are(page: Page, seeded: Seeded, made: str) -> None:
    table(page, f"exp={made}&pin={seeded.store.run('made-0').id}")

    expect(row(page, "made-2").locator(".delta.good")).to_have_text("\N{MINUS SIGN}0.2")
    page.get_by_role("button", name="Percent").click()
    expect(row(page, "made-2").locator(".delta.good")).to_have_text("\N{MINUS SIGN}20 %")


def test_archived_runs_come_back(page: Page, seeded: Seeded, made: str) -> None:
    table(page, f"exp={made}")
    row(page, "made-1").get_by_role("checkbox").click()

    page.get_by_role("button", name="Archive", exact=True).click()
    expect(row(page, "made-1")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()

    expect(row(page, "made-1")).to_be_visible()


def test_a_view_is_saved_with_its_experiment(page: Page, seeded: Seeded, made: str) -> None:
    table(page, f"exp={made}&q=loss+%3C+0.95&sort=metrics.loss")

    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="Save this view").click()
    page.get_by_role("textbox", name="Name of the view").fill("good ones")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="good ones")).to_be_visible()

    table(page, f"exp={made}")
    page.get_by_role("button", name="Views").click()
    page.get_by_role("menuitem", name="good ones").click()
    expect(page.get_by_role("combobox")).to_have_value("loss < 0.95")
    expect(page.get_by_text("2 runs")).to_be_visible()
    assert "runner.view.good ones" in seeded.store.experiment(made).tags


def test_columns_are_chosen_ordered_and_kept_in_the_address(page: Page, seeded: Seeded, made: str) -> None:
    table(page, f"exp={made}")

    page.keyboard.press("e")
    chooser = page.get_by_role("dialog", name="Columns")
    chooser.get_by_role("searchbox").fill("da")
    assert axe(page) == []
    chooser.get_by_role("checkbox", name="data").check()
    chooser.get_by_role("button", name="Move params.seed").press("ArrowUp")
    page.keyboard.press("Escape")

    settled(page)
    assert heads(page)[-4:] == ["loss", "seed", "lr", "data"]
    page.reload()
    expect(page.get_by_role("columnheader", name="data")).to_be_visible()
    assert heads(page)[-4:] == ["loss", "seed", "lr", "data"]


def test_what_is_seen_is_exported(page: Page, made: str, tmp_path: Path) -> None:
    table(page, f"exp={made}&sort=metrics.loss")

    with page.expect_download() as saved:
        page.get_by_role("button", name="Export").first.click()
        page.get_by_role("menuitem", name="CSV file").click()
    saved.value.save_as(tmp_path / "runs.csv")

    with (tmp_path / "runs.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [line["Run"] for line in lines] == ["made-2", "made-1", "made-0"]
    assert [line["loss"] for line in lines] == ["0.8", "0.9", "1"]
    assert list(lines[0]) == heads(page)[1:]
