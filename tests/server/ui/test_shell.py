"""What every page has around its content, Home, Settings, signing in, and Run again."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from runner.tracking.clock import now
from runner.tracking.model import Metric, Run, RunStatus
from tests.server.servers import running_server
from tests.server.ui.conftest import Seeded
from tests.server.ui.seeding import environment
from tests.services.browser import Watch, axe, settled, until, watched

PASSWORD = "correct horse battery staple"


def opened(page: Page, run: str, button: str) -> Locator:
    """The dialog behind a button of a run's page."""
    page.goto(f"/r/{run}")
    page.get_by_role("button", name=button, exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


@pytest.fixture
def new_run(seeded: Seeded) -> Iterator[Run]:
    """A run that goes on until the end of the test."""
    run = seeded.store.create_run("0", name="newcomer", status=RunStatus.RUNNING, started=now())
    yield run
    seeded.store.update_run(run.id, status=RunStatus.FINISHED, ended=now())


def test_a_metric_of_what_runs_is_seen_when_it_comes(page: Page, seeded: Seeded, new_run: Run) -> None:
    page.goto("/")
    row = page.get_by_role("listitem").filter(has_text=new_run.name)
    expect(row).to_be_visible()

    seeded.store.log(new_run.id, metrics=[Metric(key="loss", value=0.125, step=1, time=now())])

    expect(row).to_contain_text("loss 0.125")
    assert "running" in page.title()


def test_a_run_that_failed_says_why(page: Page, seeded: Seeded) -> None:
    run = seeded.store.create_run(
        "0", name="blown-up", started=now(), tags={"runner.error": "loss is not finite"}
    )
    seeded.store.update_run(run.id, status=RunStatus.FAILED, ended=now())
    page.goto("/")

    row = page.get_by_role("region", name="Failed lately").get_by_role("listitem").filter(has_text="blown-up")
    expect(row).to_contain_text("loss is not finite")
    row.get_by_role("link", name="blown-up").click()
    expect(page).to_have_url(f"/r/{run.id}")


def test_what_runs_says_how_far_it_is_by_its_steps_or_by_what_others_took(page: Page, seeded: Seeded) -> None:
    page.goto("/")

    running = page.get_by_role("region", name="Running now").get_by_role("listitem")
    steps, time = (running.filter(has_text=name) for name in ("letters", "street-signs"))
    expect(steps).to_contain_text(re.compile("epoch 20 of 40, (about|the next)"))
    expect(steps.get_by_role("progressbar")).to_have_attribute("value", "0.5")
    expect(time).to_contain_text(re.compile("about [0-9.]+ (min|s) left|about to end"))


def test_home_says_what_environments_take_of_the_disk(page: Page, seeded: Seeded) -> None:
    page.goto("/")

    disk = page.get_by_role("region", name="Disk")
    expect(disk).to_contain_text(re.compile("2 environments.*KB.*Free.*GB", re.DOTALL))
    disk.get_by_role("link").first.click()
    expect(page).to_have_url("/envs")


def test_an_experiment_says_how_its_last_result_compares_and_a_pinned_one_stays_first(
    page: Page, seeded: Seeded
) -> None:
    page.goto("/")
    tiles = page.get_by_role("region", name="Experiments").get_by_role("article")
    digits = tiles.filter(has=page.get_by_role("link", name="digits", exact=True))
    best = max(
        run.metrics["val/acc"].value
        for run in seeded.store.search_runs(experiment_ids=[seeded.runs["experiment"]], limit=1000).items
    )
    expect(digits).to_contain_text("300 runs")
    expect(digits).to_contain_text(f"best {best:.6f}".rstrip("0"))
    expect(tiles.first).not_to_contain_text("300 runs")

    page.get_by_role("button", name="Pin digits", exact=True).click()

    expect(tiles.first).to_contain_text("300 runs")
    page.reload()
    expect(tiles.first).to_contain_text("300 runs")
    page.get_by_role("button", name="Pin digits", exact=True).click()


def test_the_keyboard_goes_to_a_run_a_model_or_a_page(page: Page, seeded: Seeded) -> None:
    page.goto("/settings")
    for text, url in (
        ("digits-299", f"/r/{seeded.runs['searched']}"),
        ("dig", "/models/digits"),
        ("home", "/"),
    ):
        settled(page)  # keys are heard when the modules are there
        page.keyboard.press("Control+k")
        field = page.get_by_role("combobox", name="Go to")
        expect(field).to_be_focused()
        field.press_sequentially(text)
        option = page.get_by_role("option").filter(has_text="model" if url.startswith("/models") else text)
        expect(option.first).to_be_visible()
        while option.first.get_attribute("aria-selected") != "true":
            page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(page).to_have_url(url)


def test_a_page_shows_its_keys_and_leaves_them_to_who_writes(page: Page) -> None:
    page.goto("/settings")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()
    page.keyboard.type("?")
    expect(page.get_by_role("dialog", name="Keys")).to_have_count(0)
    page.keyboard.press("Escape")
    opener = page.get_by_role("button", name="Light or dark")
    opener.focus()

    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Show these keys")
    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(opener).to_be_focused()


def test_a_key_right_after_a_dialog_was_closed_is_one_of_the_page(page: Page) -> None:
    page.goto("/settings")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox")).to_be_focused()

    page.evaluate("""() => {  // before the browser has had time for anything else
        const field = document.activeElement;
        document.querySelector("dialog").close();
        field.dispatchEvent(new KeyboardEvent("keydown", { key: "?", bubbles: true }));
    }""")

    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


@pytest.mark.parametrize(
    ("pointer", "changes", "clicks"),
    [
        ("mouse", {}, 1),
        ("touch", {}, 0),  # the browser clicks by itself
        ("mouse", {"button": {"disabled": True}}, 0),
        ("mouse", {"button": {"textContent": "Stop"}}, 0),
        ("mouse", {"a": {"href": "/r/2"}}, 0),
    ],
)
def test_only_what_was_pressed_is_clicked_in_its_new_form(
    page: Page, pointer: str, changes: dict[str, object], clicks: int
) -> None:
    page.goto("/settings")
    settled(page)

    heard = page.evaluate(
        """([pointerType, changes]) => {
          const item = document.createElement("li"), press = (kind) => {
            const button = item.querySelector("button"), { x, y } = button.getBoundingClientRect();
            button.dispatchEvent(new PointerEvent(kind, { bubbles: true, pointerType, button: 0, clientX: x + 3, clientY: y + 3 }));
          };
          let clicks = 0;
          item.addEventListener("click", () => { clicks += 1; });
          item.append(Object.assign(document.createElement("a"), { href: "/r/1", textContent: "one" }), Object.assign(document.createElement("button"), { textContent: "Pause" }));
          document.getElementById("main").prepend(item);
          press("pointerdown");
          item.replaceChildren(...[...item.children].map((child) => Object.assign(child.cloneNode(true), changes[child.localName])));
          press("pointerup");
          return clicks;
        }""",
        [pointer, changes],
    )

    assert heard == clicks


def test_light_dark_and_density_stay_in_the_browser(page: Page) -> None:
    page.goto("/settings")
    page.get_by_role("radio", name="Dark").check()
    page.get_by_role("radio", name="Compact").check()

    page.goto("/")

    chosen = "[document.documentElement.dataset.theme, document.documentElement.dataset.density]"
    assert page.evaluate(chosen) == ["dark", "compact"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 26)"


def test_without_leave_run_again_shows_the_command_to_copy(
    page: Page, context: BrowserContext, seeded: Seeded
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened(page, seeded.runs["first"], "Run again")

    page.get_by_role("textbox", name="lr").fill("0.5 or so")
    page.get_by_role("button", name="Copy the command").click()

    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f"runner rerun {seeded.runs['first']} -P 'lr=0.5 or so'"


def test_run_again_takes_packages_of_another_run_and_says_what_a_value_was(
    page: Page, seeded: Seeded
) -> None:
    dialog = opened(page, seeded.runs["first"], "Run again")

    page.get_by_role("textbox", name="epochs").fill("many")
    expect(dialog).to_contain_text("was 12, a number")
    page.get_by_role("combobox", name="Packages").select_option("those of the run…")
    page.get_by_role("textbox", name="Packages").fill("second-try")

    expect(dialog.locator(".copyable")).to_contain_text(
        f"runner rerun {seeded.runs['first']} -P epochs=many --env second-try"
    )


@pytest.fixture(scope="module")
def allowing(seeded: Seeded, template: Path) -> Iterator[str]:
    """A server over the same store that starts runs; its address."""
    with running_server("--allow-run", environ=environment(seeded.home, template / "home")) as server:
        yield server.uri


def test_where_it_may_the_server_runs_it_again(browser: Browser, seeded: Seeded, allowing: str) -> None:
    with watched(browser, Watch(allowing)) as context:
        page = context.new_page()
        opened(page, seeded.runs["first"], "Run again")
        page.get_by_role("textbox", name="epochs").fill("2")
        expect(page.locator(".field.changed")).to_have_text("epochswas 12")

        page.get_by_role("button", name="Start").click()

        page.wait_for_url(re.compile(f"/r/(?!{seeded.runs['first']})"), timeout=30_000)
        run = seeded.store.run(page.url.rpartition("/")[2])
        assert run.params == {**seeded.store.run(seeded.runs["first"]).params, "epochs": "2"}


def test_what_was_started_from_the_pages_is_stopped_there(
    browser: Browser, tmp_path: Path, allowing: str
) -> None:
    (tmp_path / "MLproject").write_text("name: long\nentry_points: {main: {command: sleep 60}}\n")
    with watched(browser, Watch(allowing)) as context:
        page = context.new_page()
        started = page.request.post(
            "/api/runner/1/executions", data={"kind": "run", "uri": str(tmp_path)}, timeout=30_000
        ).json()
        page.goto("/")
        running = page.get_by_role("region", name="Running now")
        row = running.get_by_role("listitem").filter(has=page.locator(f"[href='/r/{started['run_id']}']"))

        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/stop" in request.url else None)
        row.get_by_role("button", name="Stop").dblclick()

        expect(row).to_have_count(0, timeout=20_000)
        assert len(asked) == 1  # the second would kill


def test_a_new_store_says_how_to_begin_and_a_lost_server_since_when(browser: Browser, tmp_path: Path) -> None:
    with running_server(environ=environment(tmp_path)) as server:
        watch = Watch(server.uri)
        watch.expect(
            "ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET"
        )
        with watched(browser, watch) as context:
            page = context.new_page()
            page.goto("/")
            expect(page.get_by_text("runner run .")).to_be_visible()
            page.wait_for_timeout(300)  # the stream is up

            server.process.send_signal(signal.SIGINT)
            server.process.wait(20)

            expect(page.locator(".live")).to_contain_text("reconnecting, data from")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_what_opens_over_a_page(
    theme: Literal["light", "dark"], page: Page, seeded: Seeded
) -> None:
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(f"/r/{seeded.runs['first']}")
    settled(page)
    for show in (
        partial(page.keyboard.press, "Control+k"),
        partial(page.keyboard.press, "?"),
        page.get_by_role("button", name="Run again", exact=True).click,
        page.get_by_role("button", name="Reproduce", exact=True).click,
    ):
        show()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert axe(page) == []
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.fixture(scope="module")
def signing_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server where people sign in; its address."""
    environ = environment(tmp_path_factory.mktemp("signing-in"))
    words = [sys.executable, "-m", "runner", "users", "add", "ann", "--admin", "--password-stdin"]
    subprocess.run(words, input=PASSWORD, text=True, check=True, env=environ, capture_output=True)
    with running_server("--auth", environ=environ) as server:
        yield server.uri


def test_where_nobody_signs_in_there_is_no_form(page: Page) -> None:
    page.goto("/sign-in?to=/settings")

    expect(page).to_have_url("/settings")
    expect(page.get_by_text("Nobody signs in at this server")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)


def test_where_nobody_signs_in_nothing_that_somebody_typed_is_kept(page: Page) -> None:
    answer = page.request.post(
        "/sign-in", form={"name": "ann", "secret": "rnr_a\r\nSet-Cookie: a=b", "to": "/runs"}, max_redirects=0
    )

    assert (answer.status, answer.headers["location"]) == (303, "/runs")
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("scripts", [True, False])
def test_people_sign_in_to_the_page_that_they_asked_for_and_out_again(
    scripts: bool, browser: Browser, signing_in: str
) -> None:
    watch = Watch(signing_in)
    watch.expect("401 POST .*/sign-in")
    with watched(browser, watch, java_script_enabled=scripts) as context:
        page = context.new_page()
        page.goto("/settings?a=b")
        assert not scripts or axe(page) == []
        page.get_by_label("Name").fill("ann")
        for secret in ("wrong horse battery staple", PASSWORD):
            page.get_by_label("Password or token").fill(secret)
            page.get_by_role("button", name="Sign in").click()
            if secret != PASSWORD:
                expect(page.get_by_role("alert")).to_contain_text("do not fit together")

        expect(page).to_have_url("/settings?a=b")
        if scripts:
            expect(page.get_by_role("cell", name="this one")).to_be_visible()
        page.get_by_role("button", name="Sign out").first.click()
        expect(page).to_have_url("/sign-in")
        page.goto("/")
        expect(page).to_have_url("/sign-in?to=%2F")


def test_a_session_that_ended_leads_back_to_the_form(browser: Browser, signing_in: str) -> None:
    watch = Watch(signing_in)
    watch.expect("401 GET")
    with watched(browser, watch) as context:
        page = context.new_page()
        page.goto("/")
        page.get_by_label("Name").fill("ann")
        page.get_by_label("Password or token").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="No runs yet")).to_be_visible()

        context.clear_cookies()
        until(
            page,
            "import(document.querySelector(\"script[src*='/lib/']\").src.replace('lib/theme.js', 'lib.js')).then((lib) => lib.$lib_api.own('/me')).catch(() => true)",
        )

        expect(page).to_have_url("/sign-in?to=%2F")
