"""The files of a run on its page: each is shown as what it is, and stays where it belongs."""

import hashlib
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.server.ui.conftest import Seeded
from tests.server.ui.samples import samples
from tests.services.browser import axe, settled

FILES = {
    "tables/scores.csv": "Rows 1 to 100 of 120, 3 columns",
    "tables/scores.parquet": "Rows 1 to 100 of 120, 3 columns",
    "tables/scores.jsonl": "Rows 1 to 100 of 120, 3 columns",
    "config/settings.toml": "name: net",
    "config/settings.yaml": "depth: 3",
    "code/train.py": "def train(rate: float) -> float:",
    "notes.md": "Accuracy is 0.97, see plots/curve.png and the page.",
    "explore.ipynb": "A look at the data.",
    "arrays/weights.npy": "float32 [6 × 8]",  # noqa: RUF001 - as the page writes it
    "arrays/all.npz": "weights",
    "blob.bin": "No text: the first 2.0 KB.",
    "names/100%.txt": "found",
    "names/größe.txt": "found",
}


def test_a_file_is_shown_as_what_it_is(page: Page, seeded: Seeded) -> None:
    for path, shown in FILES.items():
        page.goto(f"/r/{seeded.runs['files']}/artifacts?path={path.replace('%', '%25')}")

        expect(page.get_by_role("region", name="File").get_by_text(shown).first).to_be_visible()


def test_a_table_is_sorted_and_paged_by_the_server_and_stays_so(page: Page, seeded: Seeded) -> None:
    page.goto(f"/r/{seeded.runs['files']}/artifacts?path=tables/scores.csv")
    table = page.get_by_role("region", name="Table")

    table.get_by_role("button", name="id").click()
    table.get_by_role("button", name="id ↑").click()
    expect(table.get_by_role("row").nth(1)).to_contain_text("class 9")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Rows 101 to 120 of 120")).to_be_visible()

    page.reload()
    expect(table.get_by_role("row").last).to_contain_text("class 0")


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_is_filtered_and_says_what_its_columns_are_like(
    page: Page, seeded: Seeded, kind: str
) -> None:
    page.goto(f"/r/{seeded.runs['files']}/artifacts?path=tables/scores.{kind}")

    page.get_by_label("Only rows that hold").fill("Class 7")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Rows 1 to 12 of 12")).to_be_visible()
    page.get_by_role("button", name="About the columns").click()

    about = page.get_by_role("region", name="About the columns").get_by_role("row")
    expect(about.filter(has_text="id")).to_have_text("id012762117")
    expect(about.filter(has_text="label")).to_have_text("label01class 7 (12)")
    assert axe(page) == []


def test_a_digest_is_made_when_it_is_asked_for_and_sound_is_drawn(page: Page, seeded: Seeded) -> None:
    page.goto(f"/r/{seeded.runs['files']}/artifacts?path=sound.wav")

    expect(page.get_by_role("img", name="Waveform")).to_be_visible()
    page.get_by_role("button", name="Digest").click()
    digest = hashlib.sha256(samples()["sound.wav"]).hexdigest()
    expect(page.get_by_role("button", name="Copy its digest")).to_have_text(digest[:12])


def test_a_page_of_a_run_finds_the_files_beside_it_and_nothing_else(page: Page, seeded: Seeded) -> None:
    page.goto(f"/r/{seeded.runs['files']}/artifacts?path=report/index.html")

    report = page.frame_locator("iframe")
    expect(report.get_by_role("heading")).to_have_css("color", "rgb(0, 128, 128)")
    expect(report.locator("img")).to_have_js_property("naturalWidth", 96)
    settled(page)
    assert page.frames[1].evaluate("origin") == "null"


def test_pictures_of_steps_are_walked_through_and_seen_at_once(page: Page, seeded: Seeded) -> None:
    artifacts = seeded.store.artifacts(seeded.store.run(seeded.runs["files"]).artifact_uri)
    png = artifacts.read("plots/curve.png")
    run = seeded.store.create_run("0", name="painted")
    kept = seeded.store.artifacts(run.artifact_uri)
    for step in (10, 2, 1):
        kept.put_bytes(png, f"images/digit%step%{step}%timestamp%17000000000{step}%0a1b.png")
    name = quote("images/digit%step%1%timestamp%170000000001%0a1b.png")

    page.goto(f"/r/{run.id}/artifacts?path={name}")
    page.get_by_label("Pictures of this directory").fill("1")
    expect(page.get_by_text("digit, step 2")).to_be_visible()
    page.get_by_role("button", name="All 3").click()

    expect(page.locator("figcaption")).to_have_text(["digit, step 1", "digit, step 2", "digit, step 10"])
