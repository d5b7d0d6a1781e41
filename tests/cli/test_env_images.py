"""`runner env` and the container images that we made."""

import json
from pathlib import Path

import pytest

from tests.conftest import Cli, Files
from tests.services.docker import Daemon


@pytest.fixture
def built(cli: Cli, files: Files, engine: Daemon) -> str:
    """The name of an image that a run has built."""
    project = {"docker_env": {"build": "Dockerfile"}, "entry_points": {"main": {"command": "true"}}}
    demo = files(
        {"MLproject": json.dumps(project), "Dockerfile": f"FROM {engine.image}\nRUN echo made > /made\n"}
    )
    outcome = cli("run", demo)
    assert outcome.code == 0, outcome.err
    (image,) = json.loads(cli("env", "list", "--json").out)
    return str(image["name"])


def test_an_image_is_listed_beside_environments_and_collected_when_it_is_old(
    cli: Cli, built: str, engine: Daemon
) -> None:
    row = cli("env", "list").out.splitlines()[1].split("\t")
    young = cli("env", "gc")

    old = cli("env", "gc", "--older-than", "0")

    assert row[:2] == [built, "image"]
    assert ", 0 images," in young.out
    assert f"{built}  image, " in old.out
    assert ", 1 image," in old.out
    assert json.loads(cli("env", "list", "--json").out) == []


def test_an_engine_that_does_not_answer_is_no_reason_to_show_and_free_nothing(
    cli: Cli, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    trash = home / "cache/trash/left"
    trash.mkdir(parents=True)

    shown, freed = cli("env", "list"), cli("env", "gc")

    assert (shown.code, freed.code) == (0, 0)
    assert "images are not listed: " in shown.err
    assert "images are not collected: " in freed.err
    assert "1 leftover" in freed.out
    assert not trash.exists()


def test_a_project_in_a_container_is_explained_and_not_exported(
    cli: Cli, files: Files, engine: Daemon, tmp_path: Path
) -> None:
    project = {"docker_env": {"image": engine.image}, "entry_points": {"main": {"command": "true"}}}
    demo = files({"MLproject": json.dumps(project)})

    explained = cli("env", "explain", demo)
    exported = cli("env", "export", demo, tmp_path / "environment.zip")

    assert explained.out.startswith("environment  image\nstate        in the container engine, or"), (
        explained.err
    )
    assert exported.code == 3
    assert "docker save" in exported.err
