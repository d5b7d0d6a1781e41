"""Registered models in the browser: what a version is, aliases that move and move back, descriptions, two that are compared."""

from collections.abc import Mapping

import pytest
from playwright.sync_api import Page, expect

from runner.tracking.model import Run
from tests.server.ui.conftest import Seeded
from tests.server.ui.models import CLASSIFIER, NETWORK
from tests.services.browser import Watch, axe, settled

PHONE = (360, 740)
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def classifier(seeded: Seeded) -> str:
    """A model with two versions: files of a logged model, and files among the artifacts of a run."""
    store, name = seeded.store, "classifier"
    store.registry.create(name, description="# Classifier\n\nOf *small* things.")
    run = store.run(seeded.runs["searched"])
    model = store.models.create(run.experiment_id, name="network", type="torch", source_run_id=run.id)
    keep(seeded, model.artifact_uri, NETWORK)
    store.registry.create_version(name, f"models:/{model.id}", user="ann", description="Attempt 1")
    run = store.run(seeded.runs["second"])
    keep(seeded, f"{run.artifact_uri}/classifier", CLASSIFIER)
    store.registry.create_version(name, f"runs:/{run.id}/classifier", run_id=run.id, user="bob")
    store.registry.set_alias(name, "champion", 1)
    return name


def keep(seeded: Seeded, uri: str, files: Mapping[str, str]) -> None:
    artifacts = seeded.store.artifacts(uri)
    for path, text in files.items():
        artifacts.put_bytes(text.encode(), path)


def test_a_version_shows_what_it_takes_where_it_comes_from_and_how_it_is_loaded(
    page: Page, seeded: Seeded, classifier: str
) -> None:
    page.goto(f"/models/{classifier}/2")

    expect(page.locator(".lineage")).to_contain_text(seeded.store.run(seeded.runs["second"]).name)
    inputs = page.get_by_role("region", name="Inputs").get_by_role("row")
    expect(inputs).to_contain_text(["Name", "age", "height", "marks", "label", "weight"])
    expect(page.get_by_role("region", name="Sample input")).to_contain_text("1.5")
    expect(page.locator(".marked").get_by_text("<script>alert(1)</script>")).to_be_visible()
    for part in ("sklearn.load_model", "mlflow models serve", '{"dataframe_split"', "scikit-learn==1.9.1"):
        expect(page.locator(".snippet").filter(has_text=part).first).to_be_visible()
    expect(page.get_by_text("apache-2.0").first).to_be_visible()
    page.get_by_role("link", name="MLmodel").click()
    expect(page.get_by_role("heading", name="classifier/MLmodel")).to_be_visible()
    assert axe_free(page, f"/models/{classifier}/2")


def axe_free(page: Page, address: str) -> bool:
    """Nor is anything wrong in the dark, or wider than a phone."""
    page.goto(address)
    settled(page)
    found = axe(page)
    page.emulate_media(color_scheme="dark")
    found += axe(page, colours_only=True)
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    assert not found, "\n".join(found)
    return bool(page.evaluate(SIDEWAYS) <= 0)


def test_files_of_a_logged_model_can_be_had(page: Page, classifier: str) -> None:
    page.goto(f"/models/{classifier}/1")
    expect(page.get_by_role("region", name="Inputs")).to_contain_text("(any, 28, 28)")

    with page.expect_download() as download:
        page.get_by_role("link", name="data/pickle_module_info.txt").click()

    assert download.value.path().read_text() == NETWORK["data/pickle_module_info.txt"]


def test_an_alias_is_moved_with_a_reason_and_moved_back(page: Page, classifier: str) -> None:
    page.goto(f"/models/{classifier}/2")
    page.get_by_role("button", name="Move an alias here").click()
    page.get_by_role("combobox", name="Alias").fill("champion")
    told = page.locator(".difference")
    expect(told).to_contain_text("from version 1 to version 2")
    expect(told.get_by_role("row").filter(has_text="val/acc")).to_contain_text("better")
    expect(told).to_contain_text("parameters differ")
    page.get_by_role("textbox", name="Why").fill("it is better")
    page.get_by_role("button", name="Move", exact=True).click()
    aliases = page.locator(".head .chip")
    expect(aliases).to_have_text(["@champion"])
    page.get_by_role("button", name="Undo").click()
    expect(aliases).to_have_count(0)

    page.goto(f"/models/{classifier}")
    expect(page.locator(".moves li")).to_contain_text(["undone: it is better", "it is better"])
    page.get_by_role("button", name="Undo the move of @champion").click()
    expect(page.get_by_role("row").filter(has_text="@champion")).to_contain_text("version 2")


def test_a_description_is_markdown_that_is_edited_in_place(page: Page, seeded: Seeded) -> None:
    seeded.store.registry.create("described", description="One *word*.")
    page.goto("/models/described")
    expect(page.locator(".marked em")).to_have_text("word")

    page.get_by_role("button", name="Edit").click()
    page.get_by_role("textbox", name="Description, in Markdown").fill("Two **words**.")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".marked strong")).to_have_text("words")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".marked em")).to_have_text("word")

    page.get_by_role("textbox", name="Name of a tag").fill("team")
    page.get_by_role("textbox", name="Value of the tag").fill("maps")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="team")).to_contain_text("maps")
    page.get_by_role("button", name="Remove the tag team").click()
    expect(page.get_by_role("row").filter(has_text="team")).to_have_count(0)


def test_any_two_versions_can_be_compared_and_the_choice_is_in_the_url(
    page: Page, seeded: Seeded, classifier: str
) -> None:
    page.goto(f"/models/{classifier}")
    for version in (1, 2):
        page.get_by_role("checkbox", name=f"Choose version {version}").check()
    page.reload()
    page.get_by_role("button", name="What changed between these two").click()

    page.wait_for_url(f"**/compare?runs={seeded.runs['searched']},{seeded.runs['second']}")


def test_what_is_deleted_is_asked_for_and_a_new_name_can_be_taken_back(page: Page, seeded: Seeded) -> None:
    registry = seeded.store.registry
    registry.create("doomed")
    registry.create_version("doomed", "s3://elsewhere/model")
    registry.set_alias("doomed", "champion", 1)

    page.goto("/models/doomed/1")
    expect(page.get_by_text("not with this server")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text("@champion will be gone with it")
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    page.wait_for_url("**/models/doomed")
    expect(page.get_by_text("No versions yet")).to_be_visible()

    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name", exact=True).fill("saved")
    page.get_by_role("dialog").get_by_role("button", name="Rename", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models / saved")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models / doomed")

    page.get_by_role("button", name="Delete").click()
    sure = page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True)
    expect(sure).to_be_disabled()
    page.get_by_role("dialog").get_by_role("textbox").fill("doomed")
    sure.click()
    page.wait_for_url("**/models")
    expect(page.get_by_role("link", name="doomed")).to_have_count(0)


def test_models_are_found_sorted_and_paged_and_the_url_says_how(page: Page, seeded: Seeded) -> None:
    with seeded.store.joined() as store:
        for number in range(230):
            store.registry.create(f"many-{number:03}")
    page.goto("/models?q=many&sort=name")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(100)
    expect(rows.first).to_contain_text("many-000")

    rows.last.scroll_into_view_if_needed()
    expect(rows).not_to_have_count(100)
    page.keyboard.press("End")
    page.get_by_role("status").filter(has_text="230 models").wait_for()
    page.get_by_role("columnheader", name="Model").get_by_role("button").click()
    expect(rows.first).to_contain_text("many-229")

    page.get_by_role("button", name="New model").click()
    page.get_by_role("textbox", name="Name").fill("many more")
    page.get_by_role("button", name="Create", exact=True).click()
    page.wait_for_url("**/models/many%20more")
    page.go_back()

    page.get_by_role("searchbox", name="Find a model").fill("DIGI")
    expect(rows.first).to_contain_text("digits")
    page.reload()
    expect(page.get_by_role("searchbox", name="Find a model")).to_have_value("DIGI")
    expect(rows.first).to_contain_text("digits")


def test_a_model_of_a_run_is_registered(page: Page, seeded: Seeded, classifier: str) -> None:
    run: Run = seeded.store.run(seeded.runs["second"])
    page.goto(f"/r/{run.id}")
    settled(page)  # what comes later draws the header anew, and closes the menu
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Register a model").click()
    page.get_by_role("combobox", name="Name").fill("fresh")
    expect(page.get_by_role("dialog")).to_contain_text("There is no such model yet")
    page.get_by_role("dialog").get_by_role("button", name="Register", exact=True).click()
    page.get_by_role("button", name="Open it").click()

    page.wait_for_url("**/models/fresh/1")
    expect(page.locator(".lineage")).to_contain_text(run.name)


def test_what_is_not_there_is_said(page: Page, watch: Watch, classifier: str) -> None:
    watch.expect("404 .*/models/")
    page.goto("/models/none")
    expect(page.get_by_role("alert")).to_contain_text("none not found")
    page.goto(f"/models/{classifier}/99")
    expect(page.get_by_role("alert")).to_contain_text("There is no version 99")
