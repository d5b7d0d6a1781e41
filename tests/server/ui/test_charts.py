"""Our own charts, drawn from known points: what is seen at a pixel, what keys and the pointer do."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from runner.server.ui.files import DIRECTORY
from tests.services.browser import axe, until

SOURCES = "/sources/"  # modules as they are written: pages have them joined
# What is made is kept for the next step.
MODULE = f"""const at = "{SOURCES}", module = await import(at + "charts/" + name);
const main = document.getElementById("main");
main.replaceChildren();
const link = document.createElement("link");
Object.assign(link, {{ rel: "stylesheet", href: at + "style/charts.css" }});
await new Promise((resolve) => {{ link.onload = resolve; document.head.append(link); }});
window.told = [];
window.chart = module[makes](main, {{ label: "loss", ...options,
  ...Object.fromEntries(hears.map((each) => [each, (...given) => window.told.push([each, ...given])])) }});
await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));"""
DRAW = f"async ([name, makes, options, hears]) => {{ {MODULE} }}"
PAINTED = """([x, y]) => {
  const canvas = document.querySelector("#main canvas"), place = window.chart.place(x, y);
  const [left, top] = [place.x, place.y].map((each) => Math.round(each * devicePixelRatio));
  const { data } = canvas.getContext("2d").getImageData(left - 1, top - 1, 3, 3);
  const coloured = (at) => data[at + 3] > 100 && Math.max(...data.slice(at, at + 3)) - Math.min(...data.slice(at, at + 3)) > 40; // grids are grey
  return [0, 4, 8, 12, 16, 20, 24, 28, 32].some(coloured);
}"""
STEPS = 10_000


@pytest.fixture
def blank(page: Page) -> Page:
    page.route(
        f"**{SOURCES}**",
        lambda route: route.fulfill(path=DIRECTORY / route.request.url.partition(SOURCES)[2]),
    )
    page.goto("/settings")
    expect(page.locator("#main > *").first).to_be_visible()
    return page


def draw(page: Page, module: str, makes: str, hears: tuple[str, ...] = (), **options: Any) -> None:
    page.evaluate(DRAW, [module, makes, options, list(hears)])


def line(run: str, values: list[float]) -> dict[str, Any]:
    points = [[step, value] for step, value in enumerate(values)]
    return {"run": run, "name": f"run {run}", "dash": [], "points": points}


def test_a_spike_of_one_point_in_ten_thousand_is_seen_at_its_pixel(blank: Page) -> None:
    flat = [1.0] * STEPS
    spike = [*flat[:4321], 9.0, *flat[4322:]]

    draw(blank, "line.js", "lineChart", series=[line("a", spike)])

    assert blank.evaluate(PAINTED, [4321, 9])
    assert blank.evaluate(PAINTED, [4321, 5])  # the way up
    assert not blank.evaluate(PAINTED, [4150, 9])
    assert not blank.evaluate(PAINTED, [4150, 5])


def test_buckets_show_their_least_and_greatest_values(blank: Page) -> None:
    points = [[0, 1.0], [100, -3.0, 7.0, 1.0, 1.0], [200, 1.0]]

    draw(blank, "line.js", "lineChart", series=[{"run": "a", "name": "a", "points": points}])

    assert all(blank.evaluate(PAINTED, [100, value]) for value in (6.9, -2.9))


def test_points_that_come_later_are_drawn_where_they_are(blank: Page) -> None:
    draw(blank, "line.js", "lineChart", series=[line("a", [0.0, 1.0])])

    blank.evaluate("window.chart.append('a', [[2, 5], [3, 5]])")
    until(blank, "window.chart.place(3, 5).y > 0")  # within the axis as it is drawn then

    assert blank.evaluate(PAINTED, [2.5, 5])


def test_keys_move_a_cursor_that_is_read_out_and_zoom(blank: Page) -> None:
    series = [line("a", [3.0, 2.0, 1.0, 0.5]), line("b", [1.0, 1.0, 1.0, 1.0])]
    draw(blank, "line.js", "lineChart", ("onZoom",), series=series, x={"title": "step"})
    chart, said = blank.get_by_role("img", name="loss: line chart, 2 lines"), blank.get_by_role("status")

    chart.focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowRight"):
        blank.keyboard.press(key)
    expect(said.filter(has_text="run a")).to_have_text("step 2: run a 1")
    blank.keyboard.press("ArrowDown")
    expect(said.filter(has_text="run b")).to_have_text("step 2: run b 1")
    blank.keyboard.press("+")
    blank.keyboard.press("Escape")

    zooms = [zoom for _, zoom in blank.evaluate("window.told")]
    assert zooms[0][0] > 0
    assert zooms[0][1] <= 3
    assert zooms[1] is None


def test_what_is_dragged_over_is_zoomed_and_a_double_click_shows_all_again(blank: Page) -> None:
    draw(
        blank,
        "line.js",
        "lineChart",
        ("onZoom",),
        series=[line("a", [float(step % 7) for step in range(101)])],
    )
    box = blank.locator("#main canvas").bounding_box()
    left, right = (blank.evaluate(f"window.chart.place({x}, 0).x") for x in (20, 40))
    assert box is not None

    blank.mouse.move(box["x"] + left, box["y"] + 60)
    blank.mouse.down()
    blank.mouse.move(box["x"] + right, box["y"] + 80, steps=4)
    blank.mouse.up()
    zoom = blank.evaluate("window.told[0][1]")
    blank.mouse.dblclick(box["x"] + 200, box["y"] + 60)

    assert zoom == pytest.approx([20, 40], abs=0.5)
    assert blank.evaluate("window.told.at(-1)") == ["onZoom", None]


def test_values_can_be_read_as_a_table(blank: Page) -> None:
    draw(blank, "line.js", "lineChart", series=[line("a", [0.25, 0.5])], x={"title": "step"})

    blank.get_by_text("Values").click()

    expect(blank.get_by_role("row").nth(2)).to_have_text("10.5")
    assert axe(blank) == []


@pytest.mark.nightly
def test_twenty_lines_of_ten_thousand_points_are_drawn_in_the_time_of_a_few_frames(blank: Page) -> None:
    series = [line(str(run), [run + (step * 37 % 101) / 50 for step in range(STEPS)]) for run in range(20)]
    draw(blank, "line.js", "lineChart", series=series)

    took = blank.evaluate("""async () => {
      const asked = window.requestAnimationFrame, took = [];
      window.requestAnimationFrame = (frame) => asked((now) => {
        const begun = performance.now();
        frame(now);
        took.push(performance.now() - begun);
      });
      for (let turn = 0; turn < 12; turn += 1) {
        window.chart.light(turn % 2 ? "3" : null);
        await new Promise((resolve) => asked(() => asked(resolve)));
      }
      return Math.min(...took);
    }""")

    assert took < 50  # milliseconds


ROWS = [
    {"id": f"r{number}", "name": f"run {number}", "values": {"lr": number / 10, "opt": "adam" if number % 2 else "sgd", "same": 1}}
    for number in range(1, 11)
]  # fmt: skip
AXES = [{"key": key, "title": key} for key in ("lr", "opt", "same")]


def test_a_brush_over_an_axis_keeps_the_runs_in_it_and_a_click_takes_it_away(blank: Page) -> None:
    draw(blank, "parallel.js", "parallel", ("onBrush",), axes=AXES, rows=ROWS)
    titles, box = blank.locator(".axis-title"), blank.locator("#main canvas").bounding_box()
    first = titles.first.bounding_box()
    assert box is not None
    assert first is not None
    expect(titles).to_have_text(["lr", "opt"])  # `same` tells no run apart
    x = first["x"] + first["width"] / 2

    blank.mouse.move(x, box["y"] + 30)
    blank.mouse.down()
    blank.mouse.move(x, box["y"] + 46 + (box["height"] - 76) * 0.25, steps=4)
    blank.mouse.up()
    _, brushes, kept = blank.evaluate("window.told.at(-1)")
    blank.mouse.click(x, box["y"] + 60)
    _, _, then = blank.evaluate("window.told.at(-1)")

    assert list(brushes) == ["lr"]
    assert kept == ["r8", "r9", "r10"]
    assert len(then) == 10


def test_axes_are_ordered_scaled_and_brushed_by_keys(blank: Page) -> None:
    draw(blank, "parallel.js", "parallel", ("onBrush", "onAxes"), axes=AXES, rows=ROWS)
    lr = blank.get_by_role("button", name="lr, axis 1 of 2")

    lr.focus()
    blank.keyboard.press("Enter")
    blank.keyboard.press("ArrowRight")
    expect(blank.locator(".axis-title")).to_have_text(["opt", "lr (log)"])
    blank.keyboard.press("ArrowDown")
    kept = blank.evaluate("window.told.at(-1)[2]")
    blank.keyboard.press("Delete")

    assert "r10" in kept
    assert "r1" not in kept
    assert len(blank.evaluate("window.told.at(-1)[2]")) == 10


POINTS = [{"id": f"r{x}", "name": f"run {x}", "x": x, "y": x * x} for x in range(1, 6)]


def test_points_of_a_scatter_are_reached_by_keys_and_opened(blank: Page) -> None:
    titles = {"x": {"title": "lr"}, "y": {"title": "acc"}}
    draw(blank, "scatter.js", "scatter", ("onOpen",), points=POINTS, **titles)

    blank.get_by_role("img", name="scatter, 5 points").focus()
    blank.keyboard.press("ArrowRight")
    blank.keyboard.press("ArrowRight")
    expect(blank.get_by_role("status").filter(has_text="run")).to_have_text("run 2: lr 2, acc 4")
    blank.keyboard.press("Enter")

    assert blank.evaluate("window.told.at(-1)") == ["onOpen", "r2"]
