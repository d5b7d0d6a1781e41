"""What a page costs somebody who stays: its heap after an hour of news, and its frames while a chart is moved.

An hour of news is not an hour. The clock of the page is held and goes on by a second at a time, as fast as the page is done with what
came in that second: points of all runs that go on, as many as in a real hour. Its timers, frames and pauses are those of 3,600 seconds;
the server, the stream and its worker have their own clock. The heap is what is left after a collection.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from playwright.sync_api import Browser, Locator

from benchmarks.visits import Visit, visiting

HOUR = 3600  # seconds
MINUTE = 60
SETTLING = 60  # seconds of the page after which its heap is first looked at
PATIENCE = 30.0  # seconds until the newest value is seen
MOVES = 60
# Times between frames, in milliseconds, from now until they are asked for.
FRAMES = """() => {
  window.frames_seen = [];
  let last = performance.now();
  const look = (now) => { window.frames_seen.push(now - last); last = now; window.looking = requestAnimationFrame(look); };
  window.looking = requestAnimationFrame((now) => { last = now; window.looking = requestAnimationFrame(look); });
}"""
SEEN = "() => { cancelAnimationFrame(window.looking); return window.frames_seen; }"


@dataclass(frozen=True)
class Stay:
    """Heap in MB and nodes of the document when it began, and after the hour."""

    heap: float
    nodes: int
    heap_later: float
    nodes_later: int


def an_hour(
    browser: Browser, origin: str, path: str, log: Callable[[int], str], *, seconds: int = HOUR
) -> Stay:
    """Stay at a page while `log` logs what comes in each second; it tells the text by which that is seen."""
    with visiting(browser, origin) as visit:
        visit.page.clock.install()
        log(0)  # a page shows the metrics that there are when it is opened
        visit.page.goto(origin + path)
        _pass(visit, log, range(SETTLING))
        heap, nodes = visit.figures()
        _pass(visit, log, range(SETTLING, SETTLING + seconds))
        return Stay(heap, nodes, *visit.figures())


def _pass(visit: Visit, log: Callable[[int], str], seconds: range) -> None:
    """Once in a minute of the page it must have shown what came last."""
    for second in seconds:
        seen = log(second)
        visit.page.clock.run_for(1000)
        if second % MINUTE == MINUTE - 1:
            _until_seen(visit, seen)


def _until_seen(visit: Visit, text: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while text not in visit.page.locator("main").inner_text():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the page does not show {text}")
        visit.page.clock.run_for(500)
        time.sleep(0.02)


def frames(visit: Visit, canvas: Locator) -> Sequence[float]:
    """Milliseconds between frames while a pointer goes over a chart, and while it is zoomed in and out by keys."""
    page = visit.page
    box = canvas.bounding_box()
    assert box is not None
    canvas.focus()
    page.evaluate(FRAMES)
    for move in range(MOVES):
        page.mouse.move(box["x"] + box["width"] * (move + 1) / (MOVES + 2), box["y"] + box["height"] / 2)
        if move % 10 == 0:
            page.keyboard.press("+" if move % 20 == 0 else "-")
    found: list[float] = page.evaluate(SEEN)
    return found


def told(times: Sequence[float]) -> tuple[float, float]:
    """The median, and that which 95 of 100 do not exceed."""
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]
