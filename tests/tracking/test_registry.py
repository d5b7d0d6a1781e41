"""Registered models and their versions, in each database."""

import contextlib
import json

import pytest

from runner.errors import Conflict, NotFound, RunnerError, TrackingError
from runner.tracking import Store
from runner.tracking.registry import ModelVersion, RegisteredModel, Registry, Stage

SOURCE = "s3://bucket/model"


@pytest.fixture
def registry(store: Store) -> Registry:
    return store.registry


def test_a_model_is_registered_described_and_found_again(registry: Registry) -> None:
    made = registry.create("churn", description="who leaves", tags={"team": "growth"})

    assert made == registry.get("churn")
    assert (made.name, made.description, made.tags) == ("churn", "who leaves", {"team": "growth"})
    assert made.created == made.updated > 0
    assert registry.describe("churn", "who stays").description == "who stays"


def test_a_name_is_taken_once(registry: Registry) -> None:
    registry.create("churn")
    registry.create("other")

    with pytest.raises(Conflict, match="already exists"):
        registry.create("churn")
    with pytest.raises(Conflict, match="already exists"):
        registry.rename("other", "churn")
    assert registry.rename("other", "other").name == "other"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "a/b",
        "a:b",
        "..",
        "a%2fb",
        "a#b",
        "a\0b",
        "a\nb",
        "\u202eabc",
        " a",
        "a\u00a0",
        "\ufb01sh",
        "\uff41",
        "x" * 501,
    ],
)
def test_a_name_that_could_be_taken_for_another_is_refused(registry: Registry, name: str) -> None:
    registry.create("plain")

    with pytest.raises(TrackingError, match="is no name for a registered model"):
        registry.create(name)
    with pytest.raises(TrackingError, match="is no name for a registered model"):
        registry.rename("plain", name)
    assert [model.name for model in registry.search().items] == ["plain"]


@pytest.mark.parametrize("name", ["a b", "é", "模型", "a.b", "A_-1", "x" * 500, 'it\'s "one"'])
def test_other_names_are_kept_as_they_are(registry: Registry, name: str) -> None:
    registry.create(name)
    registry.create_version(name, SOURCE)

    assert registry.get(name).latest[0].model == name
    assert registry.version(name, 1).model == name


def test_what_is_not_there_is_said_with_a_near_name(registry: Registry) -> None:
    registry.create("churn")

    with pytest.raises(NotFound, match="Registered Model with name=churm not found") as missing:
        registry.get("churm")
    assert missing.value.hint == "did you mean 'churn'?"
    for version in (1, 0, -1, 2**31, 2**70):
        with pytest.raises(NotFound, match=rf"Model Version \(name=churn, version={version}\) not found"):
            registry.version("churn", version)


def test_versions_count_up_and_a_number_is_never_used_again(registry: Registry) -> None:
    registry.create("churn")

    made = [registry.create_version("churn", SOURCE, description=text) for text in "abc"]
    registry.delete_version("churn", 3)
    last = registry.create_version("churn", SOURCE)

    assert [version.version for version in (*made, last)] == [1, 2, 3, 4]
    assert registry.version("churn", 2).description == "b"
    with pytest.raises(NotFound):
        registry.version("churn", 3)


def test_a_version_keeps_all_that_is_said_of_it(registry: Registry) -> None:
    registry.create("churn")

    made = registry.create_version(
        "churn", SOURCE, run_id="abc", run_link="https://ci/7", description="d", user="ann", tags={"a": "b"}
    )

    assert made == registry.version("churn", 1)
    assert made == ModelVersion(
        model="churn",
        version=1,
        created=made.created,
        updated=made.created,
        source=SOURCE,
        location=SOURCE,
        description="d",
        run_id="abc",
        run_link="https://ci/7",
        user="ann",
        tags={"a": "b"},
    )
    assert registry.describe_version("churn", 1, "e").description == "e"


def test_a_copy_has_the_files_of_the_version_it_was_made_of_whatever_becomes_of_that(
    registry: Registry,
) -> None:
    registry.create("churn")
    registry.create("production")
    registry.create_version("churn", SOURCE, run_id="abc")

    copy = registry.create_version("production", "models:/churn/1")
    registry.delete("churn")
    again = registry.create_version("production", "models:/production/1")

    assert (copy.source, copy.location, copy.run_id) == ("models:/churn/1", SOURCE, "abc")
    assert (again.location, again.run_id) == (SOURCE, "abc")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("models:/none/1", "not found"),
        ("models:/churn/9", "not found"),
        (f"models:/m-{'0' * 32}", "not found"),
        ("models:/churn/latest", "names no model"),
        ("models:churn", "names no model"),
    ],
)
def test_a_version_of_a_model_that_does_not_exist_is_refused(
    registry: Registry, source: str, message: str
) -> None:
    registry.create("churn")

    with pytest.raises(TrackingError, match=message):
        registry.create_version("churn", source)
    assert registry.get("churn").latest == ()
    assert registry.create_version("churn", SOURCE).version == 1


def test_a_logged_model_knows_the_versions_that_were_made_of_it(store: Store, registry: Registry) -> None:
    run = store.create_run("0")
    model = store.models.create("0", name="net", source_run_id=run.id)
    registry.create("churn")

    first = registry.create_version("churn", f"models:/{model.id}")
    second = registry.create_version("churn", "models:/churn/1")

    for version in (first, second):
        assert (version.location, version.run_id, version.model_id) == (model.artifact_uri, run.id, model.id)
    assert json.loads(store.models.get(model.id).tags["mlflow.modelVersions"]) == [
        {"name": "churn", "version": 1},
        {"name": "churn", "version": 2},
    ]
    with pytest.raises(TrackingError, match="is not the model"):
        registry.create_version("churn", f"models:/{model.id}", model_id=f"m-{'0' * 32}")


def test_the_latest_versions_are_one_for_each_stage(registry: Registry) -> None:
    registry.create("churn")
    for _ in range(4):
        registry.create_version("churn", SOURCE)
    registry.move_version("churn", 1, Stage.PRODUCTION)
    registry.move_version("churn", 2, Stage.STAGING)

    assert [one.version for one in registry.latest("churn")] == [1, 2, 4]
    assert [one.version for one in registry.latest("churn", [Stage.STAGING, Stage.ARCHIVED])] == [2]
    assert registry.get("churn").latest == tuple(registry.latest("churn"))


def test_a_version_takes_the_place_of_those_in_its_stage(registry: Registry) -> None:
    registry.create("churn")
    for version in (1, 2, 3):
        registry.create_version("churn", SOURCE)
        registry.move_version("churn", version, Stage.PRODUCTION)

    moved = registry.move_version("churn", 3, Stage.PRODUCTION, archive_others=True)

    assert moved.stage is Stage.PRODUCTION
    assert [registry.version("churn", number).stage for number in (1, 2, 3)] == [
        Stage.ARCHIVED,
        Stage.ARCHIVED,
        Stage.PRODUCTION,
    ]
    with pytest.raises(TrackingError, match="not archived when one goes to Archived"):
        registry.move_version("churn", 3, Stage.ARCHIVED, archive_others=True)


def test_an_alias_names_one_version_at_a_time(registry: Registry) -> None:
    registry.create("churn")
    for _ in range(2):
        registry.create_version("churn", SOURCE)

    registry.set_alias("churn", "champion", 1)
    registry.set_alias("churn", "fallback", 1)
    registry.set_alias("churn", "champion", 2)

    assert registry.aliased("churn", "champion").version == 2
    assert registry.get("churn").aliases == {"champion": 2, "fallback": 1}
    assert registry.version("churn", 2).aliases == ("champion",)
    assert registry.aliased("churn", "latest").version == 2
    registry.delete_alias("churn", "champion")
    registry.delete_alias("churn", "champion")  # as in MLflow, no error
    registry.delete_version("churn", 1)
    assert registry.get("churn").aliases == {}


@pytest.mark.parametrize(
    "alias", ["", "a b", "a/b", "a@b", "x" * 256, "a\n", "latest", "LATEST", "v1", "V22"]
)
def test_an_alias_that_looks_like_something_else_is_refused(registry: Registry, alias: str) -> None:
    registry.create("churn")
    registry.create_version("churn", SOURCE)

    with pytest.raises(TrackingError, match="alias"):
        registry.set_alias("churn", alias, 1)
    assert registry.get("churn").aliases == {}


def test_an_alias_that_is_not_there_is_told_with_those_that_are(registry: Registry) -> None:
    registry.create("churn")
    registry.create_version("churn", SOURCE)
    registry.set_alias("churn", "champion", 1)

    with pytest.raises(TrackingError, match="Registered model alias none not found") as missing:
        registry.aliased("churn", "none")

    assert missing.value.hint == "its aliases: champion"
    with pytest.raises(NotFound):
        registry.set_alias("churn", "champion", 2)


def test_tags_are_set_changed_and_taken_away(registry: Registry) -> None:
    registry.create("churn", tags={"a": "1"})
    registry.create_version("churn", SOURCE, tags={"a": "1"})

    registry.tag("churn", {"a": "2", "b": "3"})
    registry.tag_version("churn", 1, {"a": "2", "long": "x" * 100_000})
    registry.delete_tag("churn", "b")
    registry.delete_version_tag("churn", 1, "a")
    registry.delete_tag("churn", "none")  # as in MLflow, no error

    assert registry.get("churn").tags == {"a": "2"}
    assert registry.version("churn", 1).tags == {"long": "x" * 100_000}
    for refused in ({"long": "x" * 100_001}, {"../a": "b"}, {"": "b"}, {"a": "\0"}):
        with pytest.raises(TrackingError):
            registry.tag("churn", refused)
        with pytest.raises(TrackingError):
            registry.tag_version("churn", 1, refused)
    assert registry.get("churn").tags == {"a": "2"}


def test_a_renamed_model_takes_everything_along(registry: Registry) -> None:
    registry.create("churn", tags={"a": "b"})
    registry.create_version("churn", SOURCE)
    registry.set_alias("churn", "champion", 1)

    registry.rename("churn", "leaving")

    assert registry.aliased("leaving", "champion").model == "leaving"
    assert registry.get("leaving").tags == {"a": "b"}
    with pytest.raises(NotFound):
        registry.get("churn")


def test_a_deleted_model_leaves_nothing_and_its_name_is_free(registry: Registry) -> None:
    registry.create("churn", tags={"a": "b"})
    registry.create_version("churn", SOURCE, tags={"a": "b"})
    registry.set_alias("churn", "champion", 1)

    registry.delete("churn")

    assert registry.search().items == ()
    assert registry.search_versions().items == ()
    assert registry.create("churn") == registry.get("churn")
    assert registry.get("churn").aliases == {}
    with pytest.raises(NotFound):
        registry.delete("none")


def test_a_search_goes_page_by_page(registry: Registry) -> None:
    for number in range(5):
        registry.create(f"m{number}")
        registry.create_version(f"m{number}", SOURCE)

    models: list[RegisteredModel] = []
    token = None
    while True:
        page = registry.search(limit=2, page_token=token, order_by=["name DESC"])
        models += page.items
        if (token := page.next_token) is None:
            break
    versions = registry.search_versions(limit=3, page_token="3", order_by=["name"])

    assert [model.name for model in models] == ["m4", "m3", "m2", "m1", "m0"]
    assert [version.model for version in versions.items] == ["m3", "m4"]
    for refused in ({"limit": 0}, {"page_token": "x"}, {"filter": "x"}, {"order_by": ["x"]}):
        with pytest.raises(RunnerError):
            registry.search(**refused)


def test_the_registry_takes_part_in_a_joined_transaction(store: Store) -> None:
    with store.joined() as joined:
        joined.registry.create("churn")
        with pytest.raises(Conflict):
            joined.registry.create("churn")
        joined.registry.create_version("churn", SOURCE)
    with contextlib.suppress(KeyError), store.joined() as joined:
        joined.registry.create("lost")
        raise KeyError

    assert [model.name for model in store.registry.search().items] == ["churn"]
    assert store.registry.version("churn", 1).source == SOURCE
