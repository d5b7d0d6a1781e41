"""Files and logs of two runs against each other: pictures by their pixels, tables by a key, texts and logs line by line."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from runner.tracking.logs import INDEX
from runner.tracking.model import RunStatus
from tests.server.ui.conftest import Seeded
from tests.services.browser import axe


def picture(*, marked: bool) -> bytes:
    made = Image.new("RGB", (40, 20), "white")
    if marked:
        made.paste((255, 0, 0), (0, 0, 10, 8))
    file = io.BytesIO()
    made.save(file, "PNG")
    return file.getvalue()


def log(loss: float) -> bytes:
    lines = [
        b"begin",
        *(b"step %d: loss %.3f" % (step, 1 / step if step < 30 else loss) for step in range(1, 41)),
        b"end",
    ]
    return b"\n".join(lines) + b"\n"


FILES = (
    {
        "curve.png": picture(marked=False),
        "scores.csv": b"name,score\na,1\nb,2\nc,3\n",
        "train.py": b"one\ntwo\nthree\n",
        "logs/stdout.txt": log(0.5),
    },
    {
        "curve.png": picture(marked=True),
        "scores.csv": b"name,score\nc,3\nb,4\nd,5\n",
        "train.py": b"one\n2\nthree\n",
        "logs/stdout.txt": b"only here\n" + log(0.25),
    },
)


@pytest.fixture(scope="module")
def pair(seeded: Seeded) -> str:
    """The runs as an address has them."""
    runs = []
    for name, files in zip(("before", "after"), FILES, strict=True):
        run = seeded.store.create_run("0", name=name)
        kept = seeded.store.artifacts(run.artifact_uri)
        for path, content in files.items():
            kept.put_bytes(content, path)
        kept.put_bytes(b"1700000000000\tstdout\t%d\n" % len(files["logs/stdout.txt"]), f"logs/{INDEX}")
        seeded.store.update_run(run.id, status=RunStatus.FINISHED)
        runs.append(run.id)
    return ",".join(runs)


def test_pictures_are_held_against_each_other_by_a_slider_and_by_their_pixels(page: Page, pair: str) -> None:
    page.goto(f"/compare?runs={pair}&tab=artifacts")
    page.get_by_role("button", name="curve.png").click()
    expect(page.locator(".compare-images img")).to_have_count(2)

    page.get_by_label("Show").select_option("slider")
    page.get_by_label("How much of after is seen").fill("20")
    assert page.locator(".picture-over").evaluate("each => each.style.getPropertyValue('--part')") == "20%"
    page.get_by_label("Show").select_option("difference")

    expect(page.get_by_text("10.0 % of the pixels differ, by 255 of 255 at most.")).to_be_visible()
    assert axe(page) == []


def test_rows_of_tables_are_held_against_each_other_by_a_key(page: Page, pair: str) -> None:
    page.goto(f"/compare?runs={pair}&tab=artifacts&path=scores.csv")

    rows = page.get_by_role("region", name="Rows that differ").locator("tbody tr")
    expect(rows).to_have_text(["- aa1", re.compile(r"^~ bb2\s*4$"), "+ dd5"])


def test_lines_of_texts_are_held_against_each_other(page: Page, pair: str) -> None:
    page.goto(f"/compare?runs={pair}&tab=artifacts&path=train.py")

    expect(page.locator(".diff-line.removed")).to_contain_text("two")
    expect(page.locator(".diff-line.added")).to_contain_text("2")


def test_logs_stand_side_by_side_by_their_steps(page: Page, pair: str) -> None:
    page.goto(f"/compare?runs={pair}&tab=logs")

    expect(page.get_by_text("12 lines of 43 lines differ.")).to_be_visible()
    rows = page.locator(".sides-row.differs")
    expect(rows).to_have_count(12)
    expect(rows.nth(1)).to_have_text(re.compile(r"step 30: loss 0\.500.*step 30: loss 0\.250"))
    assert axe(page) == []
    page.get_by_label("Layout").select_option("below")
    expect(page.locator(".diff-line.added").first).to_contain_text("only here")
