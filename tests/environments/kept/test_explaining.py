"""Which environment a run would have, and what makes it another one than those in the cache."""

import json

import pytest

from runner.environments.cache import MARKER
from runner.environments.kept import listing
from runner.environments.kept.explaining import Explanation, explain, explain_entry, locked_packages
from runner.files import locked
from runner.project.model import PythonEnv
from tests.environments.wheels import Index, Workshop


def explained(workshop: Workshop, *requirements: str) -> Explanation:
    lock = workshop.resolve(*requirements)
    return explain(
        PythonEnv(requirements=requirements),
        lock,
        directory=workshop.directory,
        settings=workshop.settings,
        phase=workshop.phase,
    )


def differences(found: Explanation) -> dict[str, tuple[object, object]]:
    assert found.nearest
    return {item.name: (item.there, item.here) for item in found.nearest.packages}


def test_the_system_needs_no_explanation(workshop: Workshop) -> None:
    found = explain(
        PythonEnv(), None, directory=workshop.directory, settings=workshop.settings, phase=workshop.phase
    )

    assert (found.kind, found.state, found.key) == ("system", "ready", None)


def test_what_is_there_says_what_it_cost(workshop: Workshop) -> None:
    environment = workshop.build("alpha")

    found = explained(workshop, "alpha")

    assert (found.kind, found.state, found.key) == ("virtualenv", "ready", environment.key)
    assert found.seconds.keys() == {"create", "install"}
    assert found.packages == {"alpha": "1.0", "beta": "2.0"}
    assert found.nearest is None


def test_nothing_is_built(workshop: Workshop) -> None:
    found = explained(workshop, "alpha")

    assert found.state == "missing"
    assert found.nearest is None
    assert found.path
    assert not found.path.exists()


def test_the_nearest_environment_says_which_packages_changed(workshop: Workshop, index: Index) -> None:
    workshop.build("gamma")
    nearest = workshop.build("alpha")
    index.add("beta", "3.0")
    workshop.resolve("alpha", "beta<3")

    found = explained(workshop, "alpha", "beta==3.0")

    assert found.nearest
    assert found.nearest.key == nearest.key
    assert differences(found) == {"beta": ("2.0", "3.0")}
    assert [item.name for item in found.nearest.inputs] == ["lock"]
    assert found.nearest.seconds["install"] > 0


def test_packages_that_are_only_on_one_side_are_named(workshop: Workshop) -> None:
    workshop.build("gamma")

    assert differences(explained(workshop, "alpha")) == {
        "alpha": (None, "1.0"),
        "beta": ("1.0", "2.0"),
        "gamma": ("1.0", None),
    }


def test_a_torn_one_a_broken_one_and_one_in_the_making_are_told_apart(workshop: Workshop) -> None:
    path = workshop.build("beta").path
    assert path
    (path / "bin/python").unlink()
    assert explained(workshop, "beta").state == "broken"

    (path / MARKER).unlink()
    assert explained(workshop, "beta").state == "torn"

    with locked(path.with_name(f"{path.name}.lock")):
        assert explained(workshop, "beta").state == "being built"


@pytest.mark.parametrize(
    ("kind", "text", "packages"),
    [
        ("requirements", "Some_Name==1.0 --hash=sha256:0\nother == 2 ; python_version>'3'\n", {"some-name": "1.0", "other": "2"}),
        ("pylock", 'lock-version = "1.0"\n[[packages]]\nname = "a"\nvcs = {commit-id = "4f2a"}\n', {"a": "4f2a"}),
        ("pylock", 'lock-version = "1.0"\n[[packages]]\nname = "a"\ndirectory = {path = "x"}\n', {"a": "a directory"}),
        ("image", "{}", {}),
    ],
)  # fmt: skip
def test_the_packages_of_a_lock_are_read(kind: str, text: str, packages: dict[str, str]) -> None:
    assert locked_packages(kind, text) == packages


def test_one_that_is_there_says_why_an_older_one_was_not_reused(workshop: Workshop) -> None:
    older = workshop.build("alpha", "beta<2")
    assert older.path
    marker = older.path / MARKER
    marker.write_text(json.dumps({**json.loads(marker.read_text()), "created": 1}))
    newer = workshop.build("alpha")

    entries = {entry.key: entry for entry in listing.entries(workshop.settings)}
    found = explain_entry(entries[str(newer.key)], workshop.settings)

    assert differences(found) == {"beta": ("1.0", "2.0")}
    assert found.nearest
    assert [item.name for item in found.nearest.inputs] == ["lock"]
    assert explain_entry(entries[str(older.key)], workshop.settings).nearest is None
