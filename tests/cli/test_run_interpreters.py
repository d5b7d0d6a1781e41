"""Runs that want a Python which this machine does not have, or which has ended."""

import json
import os
from pathlib import Path

import pytest

from runner.environments.python.interpreters import find
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.settings import Settings
from tests.cli.test_run import artifact, shown
from tests.conftest import Cli, Files
from tests.environments.conda.conftest import person
from tests.environments.python.test_interpreters import offered
from tests.environments.wheels import index, uv_cache
from tests.services import packing
from tests.services.channel import index as publish
from tests.services.packing import Member, Package

__all__ = ["index", "offered", "person", "uv_cache"]

SHOW = "entry_points: {main: {command: 'python --version'}}"


@pytest.fixture
def ancient(person: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:  # the person first
    """A channel which has a Python 3.6 still, for somebody who has none; its URL."""
    said = b"#!/bin/sh\necho Python 3.6.15\n"
    members = {f"bin/{name}": Member(said, executable=True) for name in ("python", "python3", "python3.6")}
    package = Package(
        name="python", version="3.6.15", build="h0_0_cpython", subdir="linux-64", members=members
    )
    packing.write(package, tmp_path / "ancient")
    publish(tmp_path / "ancient")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    return (tmp_path / "ancient").as_uri()


def conda_file(channel: str) -> dict[str, str]:
    text = f"channels: ['{channel}']\ndependencies: [python=3.6]\n"
    return {"MLproject": f"conda_env: conda.yaml\n{SHOW}", "conda.yaml": text}


def test_a_conda_file_is_made_a_conda_environment_where_its_python_is_gone(
    cli: Cli, files: Files, ancient: str
) -> None:
    outcome = cli("run", files(conda_file(ancient)))

    assert outcome.out == "Python 3.6.15\n", outcome.err
    assert "note: Python 3.6 (its last release was in 2021-12) is not on this machine" in outcome.err
    assert "conda.yaml is made a conda environment, which brings its own" in outcome.err
    run = shown(cli)
    assert json.loads(artifact(run, "runner/plan.json").read_text())["environment"]["kind"] == "conda"
    assert "python" in artifact(run, "runner/conda-lock.yml").read_text()
    tags = run["tags"]
    assert isinstance(tags, dict)
    assert tags["mlflow.project.env"] == "conda"


@pytest.mark.parametrize(
    "asked", [("--env-manager", "virtualenv"), ("--python", "3.6")], ids=["virtualenv", "python"]
)
def test_somebody_who_asks_for_something_else_gets_no_conda_environment(
    cli: Cli, files: Files, ancient: str, asked: tuple[str, str]
) -> None:
    outcome = cli("run", files(conda_file(ancient)), *asked)

    assert outcome.code == 3
    assert "is not on this machine" in outcome.err
    assert "conda still has it" in outcome.err


def test_its_lock_is_one_for_a_conda_environment(
    cli: Cli, files: Files, ancient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    demo = files(conda_file(ancient))
    monkeypatch.chdir(demo)

    refused = cli("lock")
    made = cli("lock", "--output", "conda-lock.yml")
    locked = cli("run", "--locked")

    assert refused.code == 3
    assert "`runner lock --output conda-lock.yml` makes a lock for a conda environment" in refused.err
    assert made.code == 0, made.err
    assert locked.out == "Python 3.6.15\n", locked.err


def test_a_lock_for_a_python_that_is_gone_is_not_passed_over(cli: Cli, files: Files, ancient: str) -> None:
    contents = {**conda_file(ancient), "pylock.toml": 'lock-version = "1.0"\npackages = []\n'}

    outcome = cli("run", files(contents))

    assert outcome.code == 3
    assert "is not on this machine" in outcome.err


@pytest.mark.usefixtures("ancient")
def test_a_python_env_of_a_python_that_is_gone_says_the_ways_out(cli: Cli, files: Files) -> None:
    outcome = cli("run", files({"MLproject": SHOW, "python_env.yaml": "python: '3.6'\ndependencies: []\n"}))

    assert outcome.code == 3
    assert "Python 3.6 (its last release was in 2021-12) is not on this machine" in outcome.err
    assert "python_env.yaml asks for it; found are:" in outcome.err
    assert "not downloaded: UV_PYTHON_DOWNLOADS=never forbids it" in outcome.err
    for way in ("have it in a conda.yaml", "pyenv install 3.6", "--python VERSION"):
        assert way in outcome.err


@pytest.mark.usefixtures("person", "offered")
def test_a_python_that_was_downloaded_is_named(cli: Cli, files: Files, tmp_path: Path) -> None:
    demo = files({"MLproject": SHOW, "python_env.yaml": "python: '3.97'\n"})

    outcome = cli("run", demo, "--dry-run")

    assert outcome.code == 0, outcome.err
    assert f"note: Python 3.97.3 was installed: {tmp_path}/" in outcome.err


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("version", ["3.6", "3.7", "3.8"])
def test_a_version_that_has_ended_is_used_where_it_is_found(
    cli: Cli, files: Files, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    try:
        find(version, settings=Settings.from_environ(os.environ), phase=Phase("environment"))
    except EnvironmentFailed:
        pytest.skip(f"there is no Python {version} on this machine")
    show = "import alpha, beta, sys; print('%d.%d' % sys.version_info[:2], alpha.version, beta.version)"
    demo = files(
        {
            "MLproject": "entry_points: {main: {command: 'python show.py'}}",
            "python_env.yaml": f"python: '{version}'\ndependencies: [alpha]\n",
            "show.py": show,
        }
    )

    outcome = cli("run", demo)

    assert outcome.out == f"{version} 1.0 2.0\n", outcome.err


@pytest.mark.parametrize("command", ["run", "lock"])
@pytest.mark.parametrize(
    ("python", "said"), [("", "--python is empty"), ("3.11.", "'3.11.' is no Python version")]
)
@pytest.mark.parametrize("declared", ["python_env", "conda_env"])
def test_a_python_that_is_none_is_told_and_nothing_is_run(
    cli: Cli, files: Files, *, command: str, python: str, said: str, declared: str
) -> None:
    demo = files(
        {
            "MLproject": f"{declared}: env.yaml\nentry_points: {{main: {{command: 'echo ran'}}}}",
            "env.yaml": "dependencies: [python, zlib]" if declared == "conda_env" else "python: 3.11",
        }
    )

    outcome = cli(command, demo, "--python", python)

    assert outcome.code != 0
    assert outcome.out == ""
    assert said in outcome.err
