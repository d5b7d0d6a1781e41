"""What a page costs a browser that has never seen it: time, bytes, requests, heap; and when something new is seen on it."""

import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession, Error, Locator, Page

from tests.services.browser import Watch, context, settled

PATIENCE = 120_000  # ms: the peer's pages take their time
SIZE = {"width": 1280, "height": 800}
# Resolves, in milliseconds of the page's clock, with the frame after that in which the condition holds.
SEEN = """([condition, act]) => new Promise((resolve) => {
  const holds = CONDITIONS[condition[0]];
  const start = performance.now(), before = holds.state?.();
  ACTS[act[0]]?.(act[1]);
  const look = () => holds.test(condition[1], before)
    ? requestAnimationFrame(() => resolve([performance.now() - start, Date.now()])) : requestAnimationFrame(look);
  look();
})"""
LOOKING = """
const first = () => document.querySelector("[aria-rowindex='2'], [role=rowgroup]:last-child [role=row]")?.textContent;
const CONDITIONS = {
  text: { test: (wanted) => document.body.textContent.includes(wanted) },
  another: { state: first, test: (_, before) => first() && first() !== before && !document.querySelector("[aria-busy=true]") },
  row: { test: (wanted) => document.querySelector(`[aria-rowindex="${wanted}"]`)?.textContent?.includes("run-") },
};
const ACTS = {
  click: (name) => [...document.querySelectorAll("[role=columnheader]")].find((each) => each.textContent.includes(name))
    ?.click(),
  key: (key) => {
    const grid = document.querySelector("[role=grid], [role=treegrid]");
    grid.focus();
    grid.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  },
};
"""


@dataclass(frozen=True)
class Cost:
    """Of a first visit. `seconds` until it showed what was waited for; `heap` in MB after a collection."""

    seconds: float
    requests: int
    bytes: int
    data: int  # bytes of it that were JSON
    heap: float
    nodes: int


class Visit:
    """A page in a browser that knows nothing of the server, and what has come over the wire for it."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.origin = origin
        self._wire: CDPSession = page.context.new_cdp_session(page)
        self._addresses: list[str] = []
        self._kinds: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        for event, heard in (("responseReceived", self._answered), ("loadingFinished", self._loaded)):
            self._wire.on(f"Network.{event}", heard)
        self._wire.send("Network.enable")
        self._wire.send("Performance.enable")

    def open(self, path: str, shows: Locator) -> Cost:
        """Go there; it is there when `shows` is to be seen."""
        start = time.perf_counter()
        self.page.goto(self.origin + path, wait_until="commit")
        shows.first.wait_for(timeout=PATIENCE)
        seconds = time.perf_counter() - start
        with contextlib.suppress(AssertionError):  # one that never comes to rest is taken as it is
            settled(self.page, within="body")
        data = sum(size for asked, size in self._sizes.items() if "json" in self._kinds.get(asked, ""))
        figures = self.figures()
        return Cost(seconds, len(self._kinds), sum(self._sizes.values()), data, *figures)

    def asked(self, prefix: str) -> int:
        """How many requests went to an address that begins so."""
        return sum(address.startswith(prefix) for address in self._addresses)

    def shows(self, text: str) -> bool:
        """Whether the page comes to show it."""
        found = self.page.get_by_text(text).first
        with contextlib.suppress(Error):
            found.wait_for(timeout=5000)
        return found.count() > 0

    def figures(self) -> tuple[float, int]:
        """Heap in MB after a collection, and nodes of the document."""
        self._wire.send("HeapProfiler.collectGarbage")
        found = {each["name"]: each["value"] for each in self._wire.send("Performance.getMetrics")["metrics"]}
        return found["JSHeapUsedSize"] / 1e6, int(found["Nodes"])

    def until(
        self, condition: str, wanted: object = None, *, act: str = "", on: object = None
    ) -> tuple[float, float]:
        """Milliseconds from the act until the condition is seen, and the time (ms since the epoch) at which it was."""
        took, at = self.page.evaluate(f"({LOOKING_AND_SEEN})({json.dumps([[condition, wanted], [act, on]])})")
        return took, at

    def begin(self, condition: str, wanted: object) -> None:
        """Look for it from now on; `seen` tells when it came."""
        arguments = json.dumps([[condition, wanted], ["", None]])
        self.page.evaluate(f"() => {{ window.coming = ({LOOKING_AND_SEEN})({arguments}); }}")

    def seen(self) -> float:
        """When what `begin` looks for was seen, in milliseconds since the epoch."""
        at: float = self.page.evaluate("() => window.coming")[1]
        return at

    def _answered(self, event: dict[str, Any]) -> None:
        place = urlsplit(event["response"]["url"])
        if place.scheme.startswith("http"):
            self._addresses.append(place.path)
            self._kinds[event["requestId"]] = event["response"]["mimeType"]

    def _loaded(self, event: dict[str, Any]) -> None:
        self._sizes[event["requestId"]] = int(event["encodedDataLength"])


LOOKING_AND_SEEN = f"(given) => {{ {LOOKING} return ({SEEN})(given); }}"


@contextmanager
def visiting(browser: Browser, origin: str) -> Iterator[Visit]:
    """A fresh context; nothing that goes wrong in the page is held against it."""
    with context(browser, Watch(origin), viewport=SIZE) as opened:
        opened.set_default_timeout(PATIENCE)
        yield Visit(opened.new_page(), origin)
