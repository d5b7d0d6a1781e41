"""`--in-image`: an environment inside of a container image, made for the image's Python."""

import json
import os
from pathlib import Path

import pytest

from runner.containers import images, layers
from runner.containers.engine import connect
from runner.environments import Environment, Wishes
from runner.environments.python.interpreters import running
from runner.errors import EnvironmentFailed
from runner.project.model import PythonEnv, SystemEnv
from tests.environments.images.conftest import Yard
from tests.environments.wheels import Index, sha256_of
from tests.services.docker import Daemon

BETA = PythonEnv(requirements=("beta<2",))
HERE = Wishes(image="tests/python:1")


def said(engine: Daemon, environment: Environment, *argv: str) -> str:
    """What a program says in the image, started as a run starts it: by its name, as somebody without rights."""
    path = ":".join((*environment.path_entries, "/usr/local/bin:/usr/bin:/bin"))
    shown = engine.client.containers.run(
        environment.image,
        list(argv),
        environment={"PATH": path, **environment.variables},
        remove=True,
        network_mode="none",
        user="1000:1000",
    )
    return str(shown.decode().strip())


def test_an_environment_is_made_inside_of_an_image_which_stays_else_as_it_was(
    yard: Yard, engine: Daemon, index: Index, tmp_path: Path
) -> None:
    environment = yard.have(BETA, HERE)

    asked = "import beta, sys; print(beta.version, sys.prefix)"
    assert said(engine, environment, "python", "-c", asked) == "1.0 /opt/runner"
    assert (environment.kind, environment.packages, environment.reused) == ("docker", 1, False)
    assert environment.interpreter
    assert environment.interpreter.version == running().version
    assert yard.phase.summary.startswith("docker, tests/python:1 (")
    assert yard.phase.summary.endswith(f"Python {running().version}, 1 package")
    base, made = (
        engine.client.images.get(name).attrs["Config"] for name in (engine.image, environment.image)
    )
    different = {name for name in base if base[name] != made[name]}
    assert different <= {"Hostname", "Image", "Labels"}
    compiled = "ls /opt/runner/lib/python*/site-packages/beta/__pycache__; ls -a /opt /"
    listed = said(engine, environment, "bash", "-c", compiled).split()
    assert any(name.startswith("__init__.cpython-") for name in listed)
    assert not {name for name in listed if "runner" in name} - {"runner"}
    traces = said(
        engine, environment, "bash", "-c", f"grep -rl {tmp_path} /opt/runner/bin /opt/runner/*.cfg; true"
    )
    assert traces == ""
    assert engine.containers() == []
    assert list((yard.settings.cache / "trash").iterdir()) == []


def test_its_programs_run(yard: Yard, engine: Daemon, index: Index) -> None:
    index.add(
        "tool", files={"../tool-1.0.dist-info/entry_points.txt": b"[console_scripts]\ntool=tool:main\n"}
    )
    # the wheel's module knows its version only: the script fails in it, and says so
    environment = yard.have(PythonEnv(requirements=("tool",)), HERE)

    shown = said(engine, environment, "bash", "-c", "tool 2>&1; true")
    assert "/opt/runner/bin/tool" in shown
    assert "cannot import name 'main' from 'tool'" in shown


def test_the_lock_holds_the_image_and_the_packages(yard: Yard, engine: Daemon, index: Index) -> None:
    lock = yard.resolve(BETA, HERE)

    document = json.loads(lock.text)
    assert document["image"]["id"] == engine.client.images.get(engine.image).id
    assert document["inside"]["kind"] == "pylock"
    assert 'name = "beta"' in document["inside"]["text"]
    assert (lock.packages, lock.python) == (1, running().version)


def test_equal_wishes_make_equal_locks(yard: Yard, index: Index) -> None:
    assert yard.resolve(BETA, HERE).text == yard.resolve(BETA, HERE).text


def test_other_requirements_build_another_one(yard: Yard, index: Index) -> None:
    locks = [yard.resolve(BETA, HERE), yard.resolve(PythonEnv(requirements=("beta",)), HERE)]

    environments = [yard.prepare(lock, BETA) for lock in locks]

    assert len({environment.key for environment in environments}) == 2


def test_the_python_must_be_in_the_image(yard: Yard, index: Index) -> None:
    with pytest.raises(EnvironmentFailed, match=r"has no Python ==2\.7|has no Python 2\.7") as caught:
        yard.resolve(PythonEnv(python="2.7", requirements=("beta",)), HERE)

    assert running().version in str(caught.value)
    assert "python:2.7-slim" in str(caught.value.hint)


def test_an_image_in_which_nothing_runs_is_told(yard: Yard, engine: Daemon, index: Index) -> None:
    engine.tiny("empty:1")

    with pytest.raises(EnvironmentFailed, match="has no shell"):
        yard.resolve(BETA, Wishes(image="empty:1"))

    assert engine.containers() == []


HOSTILE = (
    '["runner", 1]',
    '["runner", "3.12.1", "cpython", "relative/python", "musl"]',
    '["runner", "3.12.1", "cpython", "/bin/x\\u000ahome = /", "musl"]',
    '["runner", "3.12.1", "cpython", "/bin/x", "glibc x"]',
    '["runner", "x", "cpython", "/bin/x", "musl"]',
    '["runner", ' + "[" * 50_000,
)


def test_what_an_image_says_of_its_python_is_not_believed(
    yard: Yard, engine: Daemon, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = layers.Output(0, "\n".join(HOSTILE))
    monkeypatch.setattr(layers, "output", lambda *_: told)

    with pytest.raises(EnvironmentFailed, match=r"has no Python; it has none"):
        yard.resolve(BETA, HERE)


def test_an_engine_that_fails_is_not_an_image_without_a_shell(
    yard: Yard, engine: Daemon, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    def output(*_: object) -> layers.Output:
        raise EnvironmentFailed("image x cannot be looked into: the engine's disk is full")

    monkeypatch.setattr(layers, "output", output)

    with pytest.raises(EnvironmentFailed, match="disk is full"):
        yard.resolve(BETA, HERE)


def test_an_image_that_says_too_much_is_not_heard_to_the_end(
    yard: Yard, engine: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "_MOST_SAID", 1000)
    with connect(os.environ) as found:
        image = images.find(found, engine.image)
        assert image
        told = layers.output(found, image, ["/bin/sh", "-c", "head -c 100000 /dev/zero"])

    assert len(told.text) == 1000


def test_an_editable_requirement_is_refused(yard: Yard, index: Index) -> None:
    yard.write(
        {
            "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "b"\nbackend-path = ["."]\n'
            '[project]\nname = "mine"\nversion = "1"\n',
            "b.py": "",
        }
    )
    spec = PythonEnv(requirements=("-e .",))

    with pytest.raises(EnvironmentFailed, match="editable"):
        yard.have(spec, HERE)


def test_without_uv_no_package_is_chosen_for_an_image(
    yard: Yard, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_UV", "none")

    with pytest.raises(EnvironmentFailed, match="only uv chooses packages"):
        yard.resolve(BETA, HERE)


def test_requirements_with_hashes_are_a_lock_in_an_image_too(
    yard: Yard, engine: Daemon, index: Index
) -> None:
    wheel = index.add("beta")
    spec = PythonEnv(requirements=(f"beta==1.0 --hash=sha256:{sha256_of(wheel)}",))

    environment = yard.have(spec, HERE)

    assert said(engine, environment, "python", "-c", "import beta; print(beta.version)") == "1.0"


def test_with_no_environment_the_image_is_used_as_it_is(yard: Yard, engine: Daemon) -> None:
    environment = yard.have(SystemEnv(), HERE)

    assert environment.image == engine.client.images.get(engine.image).id
    assert environment.path_entries == ()


def test_nothing_but_the_lock_and_the_image_makes_the_environment(
    yard: Yard, engine: Daemon, index: Index
) -> None:
    lock = yard.resolve(BETA, HERE)
    first = yard.prepare(lock, BETA)
    yard.write({"train.py": "print('other code')"})
    second = yard.have(BETA, HERE)
    how = yard.phase.detail
    engine.clear()

    third = yard.prepare(lock, BETA)

    assert (second.image, second.reused, how) == (first.image, True, "cached")
    assert (third.key, third.reused) == (first.key, False)
    assert said(engine, third, "python", "-c", "import beta; print(beta.version)") == "1.0"
