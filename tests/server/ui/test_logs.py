"""The output of a run on its page: its end at once, from there anywhere, however long it is."""

import re

from playwright.sync_api import APIResponse, BrowserContext, Page, Route, expect

from runner.tracking.model import Run
from tests.server.ui.conftest import Seeded
from tests.server.ui.printing import going_on, printed
from tests.services.browser import axe, settled

MANY = 200_000  # lines


def long(seeded: Seeded, name: str) -> Run:
    run = going_on(seeded, name)
    lines = [b"step %d of many\n" % number for number in range(MANY)]
    lines[99_999] = b"ValueError: no such digit\n"
    printed(seeded, run, ("stdout", b"".join(lines)), ("stderr", b"the end\n"))
    return run


def test_output_has_colours_and_only_the_end_of_progress_bars(page: Page, seeded: Seeded) -> None:
    run = going_on(seeded, "colourful")
    printed(
        seeded,
        run,
        ("stdout", b"\x1b[1;32mfine\x1b[0m and \x1b]8;;http://x\x07plain\n"),
        ("stderr", b" 10%|#   |\r 50%|##  |\r100%|####|\n"),
        ("stdout", b"<b>no markup</b>\n"),
    )

    page.goto(f"/r/{run.id}/logs")

    fine = page.locator(".line", has_text="fine")
    expect(fine.locator(".text")).to_have_text("fine and plain")
    expect(fine.locator(".bold.fg-green")).to_have_text("fine")
    expect(page.locator(".line.stderr .text")).to_have_text("100%|####|")
    expect(page.get_by_text("<b>no markup</b>")).to_be_visible()


def test_a_line_is_found_linked_and_shown_again(page: Page, seeded: Seeded) -> None:
    run = going_on(seeded, "findable")
    lines = [f"step {number} of many\n" for number in range(3000)]
    lines[2000] = "ValueError: no such digit\n"
    printed(seeded, run, ("stdout", "".join(lines).encode()), ("stderr", b"a warning\n"))

    page.goto(f"/r/{run.id}/logs?without=stderr")
    page.get_by_label("Search the output").fill("step 29")
    expect(page.get_by_text("1 of 111 matches")).to_be_visible()
    expect(page.get_by_text("a warning")).to_have_count(0)

    page.get_by_role("button", name="First error").click()
    expect(page).to_have_url(re.compile(r"without=stderr.*#(L2001|stdout@\d+)$"))
    expect(page.locator(".line.here")).to_have_text(re.compile("ValueError"))

    page.reload()
    expect(page.locator(".line.here")).to_have_text(re.compile("ValueError"))
    assert page.locator(".line").count() < 100


def test_the_end_of_a_long_output_is_there_first_and_its_lines_are_numbered(
    page: Page, seeded: Seeded
) -> None:
    run = long(seeded, "long")

    page.goto(f"/r/{run.id}/logs")

    expect(page.locator(".line.stderr")).to_have_text(re.compile(f"{MANY + 1}.*the end"))
    held = page.evaluate("document.querySelector('.lines-view').scrollHeight")
    assert held < 19 * 10_000  # not all of them
    printed(seeded, run, ("stdout", b"what comes\n"))
    expect(page.get_by_text("what comes")).to_be_visible()
    assert axe(page) == []


def test_one_goes_to_any_line_of_a_long_output_and_on_from_there(page: Page, seeded: Seeded) -> None:
    run = long(seeded, "walked")
    page.goto(f"/r/{run.id}/logs#L50001")
    here = page.locator(".line.here")
    expect(here).to_have_text(re.compile("50001.*step 50000 of"))

    output = page.get_by_role("region", name="Output")
    output.evaluate("view => { view.scrollTop = 0; }")
    expect(page.get_by_text("lines 47,501 to 52,000")).to_be_visible()
    page.get_by_label("Go to a line or a time").fill("150001")
    page.keyboard.press("Enter")
    expect(here).to_have_text(re.compile("step 150000 of"))

    page.get_by_role("button", name="First error").click()
    expect(here).to_have_text(re.compile("100000.*ValueError"))
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("walked begins")).to_be_visible()
    page.get_by_role("button", name="End", exact=True).click()
    expect(page.get_by_text("the end")).to_be_visible()


def test_matches_far_away_are_gone_to(page: Page, seeded: Seeded) -> None:
    run = long(seeded, "searched-through")
    page.goto(f"/r/{run.id}/logs")

    page.get_by_label("Search the output").fill("STEP 12345 ")
    expect(page.locator(".line.match")).to_have_text(re.compile("12346.*step 12345 of"))
    page.get_by_label("Search the output").fill("step 1")

    expect(page.get_by_text("1 of 10,000 or more matches")).to_be_visible()
    settled(page)


def test_a_search_that_begins_before_the_output_is_there_goes_to_its_match(
    page: Page, seeded: Seeded
) -> None:
    run, held = long(seeded, "searched-at-once"), list[Route]()

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/logs\?.*before=end"), hold)
    page.goto(f"/r/{run.id}/logs")

    page.get_by_label("Search the output").fill("STEP 12345 ")
    match = page.locator(".line.match")
    expect(match).to_have_text(re.compile("12346.*step 12345 of"))
    for route in held:
        route.continue_()
    settled(page)

    expect(match).to_be_visible()
    expect(page.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")


def test_no_line_is_lost_that_another_page_has_heard_before(context: BrowserContext, seeded: Seeded) -> None:
    run = going_on(seeded, "twice")
    printed(seeded, run, ("stdout", b"the first line\n"))
    one, other = context.new_page(), context.new_page()
    one.goto(f"/r/{run.id}/logs")
    expect(one.get_by_text("the first line")).to_be_visible()
    held: list[tuple[Route, APIResponse]] = []
    other.route(re.compile(r"/logs\?before=end"), lambda route: held.append((route, route.fetch())))
    other.goto(f"/r/{run.id}/logs")
    while not held:
        other.wait_for_timeout(10)

    printed(seeded, run, ("stdout", b"a line that comes late\n"))
    expect(one.get_by_text("a line that comes late")).to_be_visible()
    for route, answer in held:
        route.fulfill(response=answer)

    expect(other.get_by_text("a line that comes late")).to_be_visible()
    expect(other.get_by_text("the first line")).to_have_count(1)


def test_each_stream_is_downloaded(page: Page, seeded: Seeded) -> None:
    run = going_on(seeded, "kept")
    printed(seeded, run, ("stdout", b"out\n"), ("stderr", b"err\n"))
    page.goto(f"/r/{run.id}/logs")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download stderr").click()

    assert download.value.suggested_filename == "kept-stderr.txt"
    assert download.value.path().read_bytes() == b"err\n"
