"""A real `runner run` goes on, and every page follows it without being loaded again; what a page shows outlives a reload."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from runner.server.access.passwords import new_token
from runner.tracking.access import Kind, Permission
from runner.tracking.model import Run
from tests.server.servers import running_server
from tests.server.ui.conftest import Seeded
from tests.server.ui.seeding import environment
from tests.services.browser import Watch, settled, watched

PROJECT = {
    "MLproject": """\
name: live
entry_points:
  main:
    parameters: {signs: string}
    command: "python -u train.py {signs}"
""",
    # It goes on when the test says so, by a file.
    "train.py": """\
import json, os, pathlib, sys, time, urllib.request

signs = pathlib.Path(sys.argv[1])


def log(step, loss):
    point = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": loss, "step": step, "timestamp": int(time.time() * 1000)}
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}
    url = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric"
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(point).encode(), headers)).read()


def wait(sign):
    while not (signs / sign).exists():
        time.sleep(0.05)


log(0, 0.75)
log(1, 0.5)
print("the first line", flush=True)
wait("more")
log(2, 0.125)
print("a line that came later", flush=True)
wait("end")
sys.exit("the disk is full of digits")
""",
}
# What the controls of the page say, and which of its parts there are.
STATE = """() => [...document.querySelectorAll("#main :is(input, select, canvas, h2, h3, [role=tab], [aria-pressed], [aria-sort], [aria-current], [open])")]
  .filter((each) => each.checkVisibility()).map((each) => [each.tagName, each.getAttribute("aria-label") ?? each.getAttribute("data-key") ?? each.textContent.slice(0, 60),
    each.type === "checkbox" ? each.checked : each.value, ...["pressed", "selected", "sort", "current"].map((name) => each.getAttribute("aria-" + name))].join(" "))
  .sort().join("\\n")"""


@contextmanager
def going_on(seeded: Seeded, made: Path, directory: Path) -> Iterator[tuple[Run, Path]]:
    """A run of a program that has logged and printed something, and waits; and where the signs go."""
    for name, text in PROJECT.items():
        (directory / name).write_text(text)
    words = (
        "--env-manager",
        "local",
        "--experiment-name",
        "live",
        "--run-name",
        "alive",
        "-P",
        f"signs={directory}",
    )
    command = [sys.executable, "-m", "runner", "run", str(directory), *words]
    with subprocess.Popen(
        command, env=environment(seeded.home, made), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield _begun(seeded, process), directory
        finally:
            process.terminate()


def _begun(seeded: Seeded, process: "subprocess.Popen[bytes]") -> Run:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        experiment = next((each for each in seeded.store.experiments() if each.name == "live"), None)
        for run in seeded.store.search_runs(experiment_ids=[experiment.id]).items if experiment else ():
            if "loss" in run.metrics and run.metrics["loss"].step == 1:
                return run
        time.sleep(0.05)
    raise AssertionError("the run did not begin")


def test_every_page_follows_a_run_and_tells_how_it_ended(
    context: BrowserContext, seeded: Seeded, template: Path, tmp_path: Path
) -> None:
    with going_on(seeded, template / "home", tmp_path) as (run, signs):
        addresses = {
            "home": "/",
            "runs": f"/runs?exp={run.experiment_id}&open={run.id}&chart=loss",
            "overview": f"/r/{run.id}",
            "metrics": f"/r/{run.id}/metrics",
            "logs": f"/r/{run.id}/logs",
            "charts": f"/compare?runs={run.id},{seeded.runs['running']}&tab=charts",
            "table": f"/compare?runs={run.id},{seeded.runs['running']}&tab=table",
        }
        pages = {name: context.new_page() for name in addresses}
        for name, address in addresses.items():
            pages[name].goto(address)
        drawer = pages["runs"].get_by_role("complementary", name="The active run")
        for page in (pages["logs"], drawer):
            expect(page.get_by_text("the first line")).to_be_visible()
        for name in addresses.keys() - {"logs", "charts"}:
            expect(
                pages[name].get_by_text("0.5", exact=True).or_(pages[name].get_by_text("loss 0.5")).first
            ).to_be_visible()
        charts = pages["charts"].get_by_role("region", name="loss", exact=True)
        charts.get_by_text("Values").click()
        expect(charts.get_by_role("row", name=re.compile("^1 0.5"))).to_be_visible()

        (signs / "more").touch()

        expect(pages["home"].get_by_role("listitem").filter(has_text="alive")).to_contain_text("loss 0.125")
        expect(pages["runs"].locator(".grid-row", has_text="alive")).to_contain_text("0.125")
        expect(drawer.get_by_text("a line that came later")).to_be_visible()
        expect(pages["overview"].get_by_text("0.125").first).to_be_visible()
        expect(pages["metrics"].locator(".metric-value")).to_have_text("0.125")
        expect(pages["logs"].get_by_text("a line that came later")).to_be_visible()
        expect(pages["table"].get_by_role("row", name=re.compile("^loss"))).to_contain_text("0.125")
        expect(charts.get_by_role("row", name=re.compile("^2 0.125"))).to_be_visible()

        (signs / "end").touch()

        reason = "the disk is full of digits"
        for name in ("overview", "metrics", "logs"):
            expect(pages[name]).to_have_title("✗ alive failed · runner")
        expect(pages["overview"].get_by_role("group", name="Why it did not finish")).to_contain_text(reason)
        expect(pages["runs"].locator(".grid-row", has_text="alive")).to_contain_text("failed")
        expect(drawer.locator(".failed")).to_contain_text(reason)
        failed = (
            pages["home"]
            .get_by_role("region", name="Failed lately")
            .get_by_role("listitem")
            .filter(has_text="alive")
        )
        expect(failed).to_contain_text(reason)
        expect(pages["home"]).to_have_title(re.compile("failed"))
        for name in ("charts", "table"):
            expect(pages[name].locator(".compare-chip", has_text="alive")).to_contain_text("failed")


def restored(page: Page) -> None:
    """A reload shows the same."""
    settled(page)
    before, address = page.evaluate(STATE), page.url
    page.reload()
    settled(page)
    expect(page).to_have_url(address)
    assert page.evaluate(STATE) == before


def test_a_reload_restores_the_table_of_runs(page: Page, seeded: Seeded) -> None:
    page.goto(f"/runs?exp={seeded.runs['experiment']}")
    settled(page)
    page.keyboard.press("/")
    page.keyboard.type("depth = 3 ")
    expect(page).to_have_url(re.compile("q=depth"))
    page.keyboard.press("Escape")
    page.get_by_role("button", name="val/loss", exact=True).click()
    settled(page)
    for key in ("j", "x", "p", "d", " "):
        page.keyboard.press(key)
        settled(page)
    page.get_by_role("button", name="Percent").click()
    page.get_by_role("button", name="Charts").click()
    expect(page.get_by_role("complementary", name="Charts of the runs").get_by_role("img")).to_be_visible()
    expect(page.get_by_role("complementary", name="The active run").locator(".tile").first).to_be_visible()

    restored(page)

    assert {"q=", "sort=", "sel=", "pin=", "same=", "open=", "percent=", "chart="} <= set(
        re.findall(r"\w+=", page.url)
    )


def test_a_reload_restores_what_is_compared(page: Page, seeded: Seeded) -> None:
    runs = f"/compare?q=status+%3D+finished&experiment={seeded.runs['experiment']}&top=12:metrics.val/acc"
    page.goto(f"{runs}&tab=charts")
    chart = page.get_by_role("img", name="line chart").first
    expect(chart).to_be_visible()
    chart.focus()
    page.keyboard.press("+")
    page.get_by_label("Lines", exact=True).select_option(label="Mean by depth")
    page.get_by_label("log y").check()
    page.get_by_label("Smoothing").press("ArrowRight")
    restored(page)

    page.get_by_role("tab", name="Charts").press("ArrowRight")
    page.locator(".axis-title", has_text="lr").press("ArrowDown")
    expect(page).to_have_url(re.compile("brush="))
    restored(page)

    page.get_by_role("tab", name="Relations").click()
    page.get_by_label("Colour").select_option(label="depth (parameter)")
    page.get_by_label("log x").check()
    restored(page)

    page.get_by_role("tab", name="Table").click()
    page.get_by_label("runs as rows").check()
    page.get_by_label("against the baseline").uncheck()
    restored(page)
    for tab in ("Relations", "Parallel", "Charts"):
        page.go_back()
        expect(page.get_by_role("tab", selected=True)).to_have_text(tab)
    page.go_forward()
    expect(page.get_by_role("tab", selected=True)).to_have_text("Parallel")


def test_a_reload_restores_the_tabs_of_a_run(page: Page, seeded: Seeded) -> None:
    page.goto(f"/r/{seeded.runs['searched']}/metrics")
    page.get_by_role("img", name="val/acc").focus()
    page.keyboard.press("+")
    page.get_by_label("log scale").check()
    page.get_by_label("Along").select_option("elapsed")
    page.get_by_label("Smoothing").press("ArrowRight")
    restored(page)

    page.goto(f"/r/{seeded.runs['running']}/logs")
    page.get_by_label("Search the output").fill("step 4")
    expect(page).to_have_url(re.compile("find="))
    restored(page)


def test_a_long_address_becomes_a_short_one_that_shows_the_same(
    page: Page, context: BrowserContext, seeded: Seeded
) -> None:
    listed = ", ".join(f"'{number:032x}'" for number in range(80))
    page.goto(f"/runs?exp={seeded.runs['experiment']}&q=id+not+in+({listed})".replace(" ", "+"))

    expect(page).to_have_url(re.compile(r"/v/[0-9a-f]+$"))
    expect(page.get_by_text("300 runs")).to_be_visible()
    page.get_by_role("button", name="val/loss", exact=True).click()
    expect(page).to_have_url(re.compile(r"/v/[0-9a-f]+$"))
    restored(page)
    elsewhere = context.new_page()
    elsewhere.goto(page.url)
    expect(elsewhere.get_by_role("columnheader", name="val/loss")).to_have_attribute("aria-sort", "ascending")
    expect(elsewhere.get_by_role("combobox")).to_have_value(re.compile("^id not in"))


def test_runs_are_found_compared_and_opened_without_a_mouse(page: Page, seeded: Seeded) -> None:
    page.goto("/")
    settled(page)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Go to")).to_be_focused()
    page.keyboard.type("runs")
    expect(page.get_by_role("option", name="Runs").first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs")
    settled(page)

    page.keyboard.press("/")
    page.keyboard.insert_text("name ~ digits-29 and depth > 1 ")  # at once: its beginning finds as many
    expect(page.get_by_text("11 runs", exact=True)).to_be_visible()
    settled(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    for key in "jxjjx":
        page.keyboard.press(key)
    page.keyboard.press("c")
    page.wait_for_url("**/compare?runs=*")
    tab = page.get_by_role("tab", selected=True)
    expect(tab).to_have_text("What changed")
    _tab_to(page, tab.get_attribute("id"))
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("img", name="line chart").first).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('canvas')"):
            break
    page.keyboard.press("+")
    expect(page).to_have_url(re.compile("zoom="))
    page.keyboard.press("Escape")
    expect(page).not_to_have_url(re.compile("zoom="))

    page.go_back()
    page.wait_for_url("**/compare?runs=*")
    page.goto("/runs?q=name+%3D+digits-299")
    expect(page.locator(".grid-body .grid-row")).to_have_count(1)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/r/{seeded.runs['searched']}")
    settled(page)
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile("/metrics$"))


def _tab_to(page: Page, wanted: str | None) -> None:
    for _ in range(40):
        if page.evaluate("document.activeElement.id") == wanted:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {wanted}")


@pytest.fixture(scope="module")
def guarded(seeded: Seeded, template: Path) -> Iterator[tuple[str, str]]:
    """A server over the same store where people sign in, and the token of somebody who may read one experiment."""
    users, token = seeded.store.users, new_token()
    users.add("rita", password_hash=None)
    users.add_token("rita", "browser", digest=token.digest, ending=token.ending, expires=None)
    users.grant("rita", Kind.EXPERIMENT, seeded.runs["experiment"], Permission.READ)
    environ = environment(seeded.home, template / "home")
    with running_server("--auth", "--default-permission", "NONE", environ=environ) as server:
        yield server.uri, token.text


def test_who_may_read_one_experiment_sees_no_other_and_is_told_what_is_refused(
    browser: Browser, seeded: Seeded, guarded: tuple[str, str]
) -> None:
    uri, token = guarded
    watch = Watch(uri)
    watch.expect("403 POST .*/runs/(set-tag|delete)|40[34] GET .*/(overview|executions|schedules|cache)")
    with watched(browser, watch) as context:
        page = context.new_page()
        page.goto("/runs?q=name+%3D+digits-299")
        page.get_by_label("Password or token").fill(token)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_text("1 run", exact=True)).to_be_visible()

        for key in ("j", "x"):
            page.keyboard.press(key)
        page.get_by_role("button", name="Tag…").click()
        page.get_by_label("Tag", exact=True).fill("mine")
        page.get_by_role("button", name="Save", exact=True).click()
        expect(page.locator(".toast.bad")).to_contain_text("Refused for 1 run")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Archive", exact=True).click()
        expect(page.locator(".toast.bad")).to_have_count(2)
        expect(page.locator(".toast", has_text="Undo")).to_have_count(0)

        page.goto("/runs")
        expect(page.get_by_text("300 runs")).to_be_visible()
        page.goto(f"/compare?runs={seeded.runs['searched']},{seeded.runs['second']}")
        expect(page.get_by_text(f"There is no run {seeded.runs['second']}")).to_be_visible()
        page.goto(f"/r/{seeded.runs['second']}")
        expect(page.get_by_role("heading", name="No such run")).to_be_visible()
        page.goto("/")
        expect(page.get_by_role("region", name="Experiments")).to_contain_text("digits")
        expect(page.get_by_text("diverged")).to_have_count(0)
        settled(page)
        page.keyboard.press("Control+k")
        page.get_by_role("combobox", name="Go to").fill("diverged")
        expect(page.get_by_text("Nothing of that name.")).to_be_visible()
        page.goto("/models")
        settled(page)
        expect(page.get_by_role("link", name="letters")).to_have_count(0)
