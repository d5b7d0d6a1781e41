"""Chromium of the system, driven by playwright: it is never downloaded, reaches this machine only, and what its pages do is watched."""

import asyncio
import importlib.resources
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    sync_playwright,
)

from tests.services.programs import needed

PATIENCE = 30_000  # milliseconds in which whatever is waited for has to come
QUIET = (
    *("--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-sync", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-default-apps"),
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
AS_ROOT = ("--no-sandbox",)
# Each violation is in the console as well, but for those that a page asks to be told of only.
REPORT = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy ${event.effectiveDirective} refuses ${event.blockedURI}`));"""
# What of the page's own requests has not been answered; playwright's "networkidle" never comes, as it counts the worker's script.
COUNT = """(() => {
  const asked = window.fetch;
  window.unanswered = 0;
  window.fetch = (...given) => { window.unanswered += 1; return asked(...given).finally(() => { window.unanswered -= 1; }); };
})();"""
# Looked at frame by frame: what has come is drawn in the next one, for which a busy machine takes its time.
SETTLED = """([patience, shown]) => new Promise((resolve) => {
  const begun = performance.now();
  let since = begun, frames = 0, waits = "", over = false;
  const look = () => {
    const now = performance.now();
    waits = document.readyState !== "complete" ? "it loads" : !document.querySelector(shown) ? "nothing is shown"
      : document.querySelector("[aria-busy=true]") ? "something is busy" : window.unanswered > 0 ? "a request is open" : "";
    [since, frames] = waits ? [now, 0] : [since, frames + 1];
    if (now - since > 150 && frames > 2) resolve("");
    else if (!over) requestAnimationFrame(look);
  };
  look();
  setTimeout(() => { over = true; resolve(waits || "it is never calm, or no frame is drawn"); }, patience);
})"""
OWN = (
    "data:",
    "blob:",
    "about:",
    "chrome:",
    "chrome-extension:",
)  # of the browser itself: its viewer of PDF, for one
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
COLOURS = ("color-contrast", "link-in-text-block")


@contextmanager
def chromium() -> Iterator[Browser]:
    """One browser, whose contexts share nothing."""
    program = needed("chromium")
    arguments = [*QUIET, *(AS_ROOT if os.geteuid() == 0 else ())]
    with _in_loop(None), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        with _in_loop(None):
            yield browser
        browser.close()


@dataclass
class Watch:
    """What went wrong in the pages of a context: told at the end, unless the test `expects` it."""

    origin: str
    troubles: list[str] = field(default_factory=list)
    _expected: list[re.Pattern[str]] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """Whatever has this in it is right here: `watch.expect("404 .*/runs/none")`."""
        self._expected.append(re.compile(pattern))

    def over(self, context: BrowserContext) -> None:
        """Begin to watch."""
        context.add_init_script(REPORT + COUNT)
        context.on("console", self._said)
        context.on("weberror", lambda error: self.troubles.append(f"exception: {error.error}"))
        context.on("request", self._asked)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)

    def found(self) -> list[str]:
        """The troubles that nobody expected."""
        return [each for each in self.troubles if not any(known.search(each) for known in self._expected)]

    def _said(self, message: ConsoleMessage) -> None:
        # what could not be loaded is told below, with its status
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.troubles.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", *OWN)):
            self.troubles.append(f"another host: {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure == "csp":  # it was not sent: what the policy refuses is in the console
            with suppress(ValueError):  # it was for us
                self.troubles.remove(f"another host: {request.url}")
        # what is aborted, the page itself gave up, or was left
        elif request.failure and "ERR_ABORTED" not in request.failure:
            self.troubles.append(f"no answer: {request.failure} {request.method} {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"refused: {response.status} {response.request.method} {response.url}")


@contextmanager
def watched(browser: Browser, watch: Watch, **options: object) -> Iterator[BrowserContext]:
    """A fresh context, where relative addresses are those of the server; fails at its end if something went wrong in it."""
    with context(browser, watch, **options) as opened:
        yield opened
    found = watch.found()
    assert not found, "\n".join(found)


@contextmanager
def context(browser: Browser, watch: Watch, **options: object) -> Iterator[BrowserContext]:
    """The same, where what goes wrong is only noted."""
    with (
        _in_loop(browser._loop),
        closing(browser.new_context(base_url=watch.origin, **options)) as opened,  # type: ignore[arg-type]
    ):
        opened.set_default_timeout(PATIENCE)
        watch.over(opened)
        yield opened


def settled(page: Page, *, within: str = "#main") -> None:
    """Wait until the page is loaded, shows something, is busy with nothing and has asked for nothing for a moment."""
    trouble = page.evaluate(SETTLED, [PATIENCE, f"{within} > *"])
    assert not trouble, f"{page.url} does not come to rest: {trouble}"


def until(page: Page, expression: str) -> object:
    """What the expression gives once that is true; playwright's own `wait_for_function` cannot wait under our policy."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not (found := page.evaluate(expression)):
        assert time.monotonic() < deadline, f"it did not become true: {expression}"
        page.wait_for_timeout(20)
    return found


def axe(page: Page, *, colours_only: bool = False) -> list[str]:
    """What axe-core finds against WCAG 2.2 A and AA on the page as it is now, a line for each element.

    `colours_only` is enough, and quick, for a page that has been looked at in its other theme.
    """
    page.evaluate(_axe())  # by the debugger, which no policy of the page binds
    run = {"type": "rule", "values": COLOURS} if colours_only else {"type": "tag", "values": RULES}
    options = json.dumps({"runOnly": run, "resultTypes": ["violations"], "preload": False})
    found = page.evaluate(f"axe.run(document, {options})")["violations"]
    return [
        f"{each['id']}: {' '.join(map(str, node['target']))}: {' '.join(node['failureSummary'].split())}"
        for each in found
        for node in each["nodes"]
    ]


@cache
def _axe() -> str:
    file = importlib.resources.files("axe_playwright_python") / "axe.min.js"
    return file.read_text()


@contextmanager
def _in_loop(loop: asyncio.AbstractEventLoop | None) -> Iterator[None]:
    """Playwright marks its loop as the running one of this thread, also between its calls: other tests could not have their own."""
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(before)
