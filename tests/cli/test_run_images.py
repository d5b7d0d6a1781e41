"""Which image a run gets, through the front door, against a real engine."""

import json
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.cli import test_run
from tests.cli.test_run import artifact
from tests.conftest import Cli, Files
from tests.environments.builders import await_
from tests.environments.wheels import Index, index, uv_cache
from tests.services.docker import Daemon
from tests.services.registry import Registry

__all__ = ["index", "uv_cache"]


def project(command: str, **docker: Any) -> dict[str, str]:
    declared = {"docker_env": docker} if docker else {}
    return {
        "MLproject": json.dumps({"name": "demo", **declared, "entry_points": {"main": {"command": command}}})
    }


def test_the_image_is_recorded_and_is_had_again_from_the_record(
    cli: Cli, files: Files, engine: Daemon, image_registry: Registry
) -> None:
    container = engine.client.containers.create("tests/python:1")
    name = image_registry.name("recorded")
    digest = image_registry.push(engine.client, container.commit("theirs", "1").id, "recorded")
    container.remove()
    engine.client.api.remove_image("theirs:1")
    demo = files(project("echo ran", image=name))

    first = cli("run", demo)

    assert (first.code, first.out) == (0, "ran\n"), first.err
    kept = artifact(test_run.shown(cli), "runner/image.json").read_text()
    assert json.loads(kept)["image"]["digest"] == f"{image_registry.address}/recorded@{digest}"
    (demo / "image-lock.json").write_text(kept)
    engine.client.api.remove_image(name, force=True)
    assert cli("run", demo, "--locked").out == "ran\n"


def test_an_image_of_this_machine_only_is_warned_about(cli: Cli, files: Files, engine: Daemon) -> None:
    outcome = cli("run", files(project("true", image=engine.image)))

    assert outcome.code == 0
    assert f"image {engine.image} is on this machine only" in outcome.err


def test_an_environment_inside_of_an_image_runs_the_program(
    cli: Cli, files: Files, engine: Daemon, index: Index
) -> None:
    demo = files(
        {
            **project("python -c 'import beta, sys; print(beta.version, sys.prefix)'"),
            "requirements.txt": "beta<2\n",
        }
    )

    begun = int(time.time())
    first = cli("run", demo, "--in-image", engine.image)
    events = engine.client.api.events(
        since=begun, until=int(time.time()) + 1, filters={"event": "create"}, decode=True
    )
    marks = [event["Actor"]["Attributes"].get("runner.owner") for event in events]
    (demo / "train.py").write_text("")
    second = cli("run", demo, "--in-image", engine.image)

    assert (first.code, first.out) == (0, "1.0 /opt/runner\n"), first.err
    assert second.out == first.out
    record = json.loads(artifact(test_run.shown(cli), "runner/record.json").read_text())
    assert record["environment"]["reused"]
    assert record["environment"]["packages"] == 1
    # Who is killed meanwhile leaves containers that are known to be left; those of the image are others'.
    assert marks
    assert all(json.loads(mark)["pid"] for mark in marks)
    (image,) = (image for image in engine.client.images.list(filters={"label": "runner.image"}))
    assert image.labels["runner.owner"] == ""


def test_a_build_is_given_up_when_the_person_gives_up(cli: Cli, files: Files, engine: Daemon) -> None:
    demo = files(
        {**project("true", build="Dockerfile"), "Dockerfile": f"FROM {engine.image}\nRUN sleep 300\n"}
    )
    runner = subprocess.Popen(
        [sys.executable, "-m", "runner", "run", demo], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        await_(lambda: engine.containers() != [])
        runner.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, err = runner.communicate(timeout=20)
        took = time.monotonic() - began
    finally:
        runner.kill()
        runner.communicate()

    assert runner.returncode == 128 + signal.SIGINT, err
    assert took < 3  # on a busy machine
    assert test_run.shown(cli)["status"] == "KILLED"
    await_(lambda: engine.containers() == [])


@pytest.mark.parametrize("option", ["--relock", "--locked"])
def test_an_engine_that_is_not_there_is_told(
    cli: Cli, files: Files, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")

    outcome = cli("run", files(project("true", image="a:1")), option)

    assert outcome.code == 3
    assert "no container engine can be used (unix:///nowhere/docker.sock): there is no socket" in outcome.err
