import json
import subprocess
import sys
import time

import pytest
from msgspec.structs import replace

from runner.environments import Environment, Lock, prepare
from runner.environments.cache import MARKER
from runner.environments.kept.listing import remove
from runner.environments.python.interpreters import find_interpreters, running
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.project.model import PythonEnv, SystemEnv
from tests.environments.sources import write_package
from tests.environments.wheels import Index, Workshop, sha256_of


def imported(environment: Environment, module: str) -> str:
    """The version of a module, as the environment's own interpreter sees it."""
    assert environment.path
    code = f"import {module}; print({module}.version)"
    return subprocess.run(
        [environment.path / "bin/python", "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_the_system_needs_nothing(workshop: Workshop) -> None:
    environment = prepare(
        SystemEnv(), None, directory=workshop.directory, settings=workshop.settings, phase=workshop.phase
    )

    assert environment == Environment(kind="system")
    assert not workshop.settings.cache.exists()


def test_an_environment_has_what_its_lock_lists(workshop: Workshop) -> None:
    environment = workshop.build("alpha", "beta<2")

    assert environment.kind == "virtualenv"
    assert not environment.reused
    assert environment.packages == 2
    assert imported(environment, "beta") == "1.0"
    assert workshop.phase.summary == f"virtualenv, Python {running().version}, 2 packages"
    assert workshop.phase.detail == "locked and built"
    assert "installing 2 packages" in workshop.said


def test_a_program_finds_the_environment_first(workshop: Workshop) -> None:
    environment = workshop.build("beta")

    assert environment.path_entries == (f"{environment.path}/bin",)
    assert environment.variables["VIRTUAL_ENV"] == str(environment.path)
    assert {"PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX"} <= set(environment.unset)
    assert environment.interpreter
    assert environment.interpreter.version == running().version


def test_the_second_time_it_is_reused(workshop: Workshop) -> None:
    first = workshop.build("alpha")

    second = workshop.build("alpha")

    assert second.reused
    assert second.path == first.path
    assert workshop.phase.detail == "cached"


def test_reuse_costs_less_than_a_millisecond(workshop: Workshop) -> None:
    workshop.build("alpha")
    lock, settings, phase = workshop.resolve("alpha"), workshop.settings, Phase("environment")

    def once() -> float:
        started = time.perf_counter()
        prepare(PythonEnv(), lock, directory=workshop.directory, settings=settings, phase=phase)
        return time.perf_counter() - started

    assert min(once() for _ in range(50)) < 0.001


def test_a_torn_environment_is_built_anew(workshop: Workshop) -> None:
    torn = workshop.build("alpha")
    assert torn.path
    (torn.path / MARKER).unlink()
    next(torn.path.glob("lib/*/site-packages/beta/__init__.py")).unlink()

    mended = workshop.build("alpha")

    assert not mended.reused
    assert imported(mended, "beta") == "2.0"


def test_a_marker_that_is_no_json_counts_for_nothing(workshop: Workshop) -> None:
    torn = workshop.build("beta")
    assert torn.path
    (torn.path / MARKER).write_text("{")

    assert not workshop.build("beta").reused


def test_an_environment_whose_interpreter_is_gone_is_built_anew(workshop: Workshop) -> None:
    broken = workshop.build("beta")
    assert broken.path
    (broken.path / "bin/python").unlink()
    (broken.path / "bin/python").symlink_to("/nowhere/python")

    assert not workshop.build("beta").reused


def test_the_marker_says_what_was_built_and_how(workshop: Workshop) -> None:
    lock = workshop.resolve("alpha")
    environment = workshop.prepare(lock)

    assert environment.path
    facts = json.loads((environment.path / MARKER).read_text())

    assert facts["lock"] == lock.digest
    assert facts["packages"] == [["alpha", "1.0"], ["beta", "2.0"]]
    assert facts["bytes"] > 1000
    assert facts["python"] == running().version
    assert set(facts["seconds"]) == {"create", "install"}
    assert facts["tools"]["installer"].startswith("uv ")


def test_an_environment_without_packages_is_an_empty_one(workshop: Workshop) -> None:
    environment = workshop.build()

    assert environment.packages == 0
    assert environment.path
    assert (environment.path / "bin/python").exists()


def test_an_environment_of_another_python(workshop: Workshop) -> None:
    others = [
        item
        for item in find_interpreters(workshop.settings)
        if item.version.split(".")[:2] != running().version.split(".")[:2]
    ]
    if not others:
        pytest.skip("there is only one Python on this machine")
    minor = ".".join(others[0].version.split(".")[:2])

    environment = workshop.build(spec=PythonEnv(python=minor, requirements=("beta",)))

    assert environment.interpreter
    assert environment.interpreter.version.startswith(minor)
    assert imported(environment, "beta") == "2.0"


def test_a_lock_from_elsewhere_finds_its_python_by_version(workshop: Workshop) -> None:
    resolved = workshop.resolve("beta")
    stored = Lock(kind=resolved.kind, text=resolved.text, python=resolved.python, packages=1)

    assert workshop.prepare(stored).key == workshop.prepare(resolved).key


def test_a_wheel_with_another_hash_is_refused_and_leaves_nothing(workshop: Workshop, index: Index) -> None:
    digest = sha256_of(index.path / "beta-2.0-py3-none-any.whl")
    lock = workshop.resolve("beta")
    lock = replace(lock, text=lock.text.replace(digest, "0" * 64))

    with pytest.raises(EnvironmentFailed, match="the packages cannot be installed") as failure:
        workshop.prepare(lock)

    assert "Hash mismatch" in (failure.value.detail or "")
    assert [path.suffix for path in (workshop.settings.cache / "envs").iterdir()] == [".lock"]


def test_an_editable_requirement_stays_live(workshop: Workshop) -> None:
    write_package(workshop.directory, "first")

    lock = workshop.resolve("-e .", "beta")
    environment = workshop.prepare(lock)
    write_package(workshop.directory, "second")

    assert not lock.pinned
    assert imported(environment, "own") == "second"
    assert workshop.build("-e .", "beta").reused


def test_a_local_directory_that_changed_is_built_anew(workshop: Workshop) -> None:
    package = write_package(workshop.directory / "package", "first")
    first = workshop.build("./package")
    assert workshop.build("./package").reused

    write_package(package, "second")
    second = workshop.build("./package")

    assert not second.reused
    assert second.key != first.key
    assert imported(second, "own") == "second"


def test_a_local_wheel_is_pinned_by_its_hash(workshop: Workshop, index: Index) -> None:
    wheel = index.add("local")
    wheel.rename(workshop.directory / wheel.name)

    lock = workshop.resolve(f"./{wheel.name}")

    assert lock.pinned
    assert imported(workshop.prepare(lock), "local") == "1.0"


def test_a_path_in_a_lock_that_is_gone_is_named(workshop: Workshop, index: Index) -> None:
    wheel = index.add("local")
    moved = wheel.rename(workshop.directory / wheel.name)
    lock = workshop.resolve(f"./{wheel.name}")
    moved.unlink()

    with pytest.raises(EnvironmentFailed, match="which does not exist"):
        workshop.prepare(lock)


def test_hashed_requirements_are_installed_as_they_are(workshop: Workshop, index: Index) -> None:
    digest = sha256_of(index.path / "beta-1.0-py3-none-any.whl")
    spec = PythonEnv(requirements=(f"beta==1.0 --hash=sha256:{digest}",))

    lock = workshop.resolve(spec=spec)

    assert lock.kind == "requirements"
    assert lock.pinned
    assert imported(workshop.prepare(lock, spec), "beta") == "1.0"


@pytest.mark.parametrize("kind", ["pylock", "requirements"])
def test_without_uv_virtualenv_and_pip_do_it(
    workshop: Workshop, index: Index, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("RUNNER_UV", "none")
    digest = sha256_of(index.path / "beta-1.0-py3-none-any.whl")
    hashed = f"beta==1.0 --hash=sha256:{digest}"

    environment = workshop.build(*(["alpha", "beta<2"] if kind == "pylock" else [hashed]))

    assert imported(environment, "beta") == "1.0"
    assert workshop.build(*(["alpha", "beta<2"] if kind == "pylock" else [hashed])).reused


def test_without_uv_what_cannot_be_resolved_is_explained_by_pip(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_UV", "none")
    monkeypatch.setenv("RUNNER_OFFLINE", "1")

    with pytest.raises(EnvironmentFailed, match="cannot be resolved") as failure:
        workshop.resolve("nosuch")

    assert "No matching distribution found for nosuch" in (failure.value.detail or "")


def test_without_uv_a_directory_cannot_be_installed(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = Lock(
        kind="pylock",
        text='lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "here"\ndirectory = { path = "." }\n',
        python=sys.version.split()[0],
        packages=1,
        pinned=False,
    )
    monkeypatch.setenv("RUNNER_UV", "none")

    with pytest.raises(EnvironmentFailed, match="without uv it cannot be installed"):
        workshop.prepare(lock)


def test_packages_that_were_downloaded_are_not_asked_for_again(workshop: Workshop, dated: Index) -> None:
    first = workshop.build("alpha")
    remove(workshop.settings, str(first.key))
    for wheel in dated.path.glob("*.whl"):
        wheel.unlink()

    second = workshop.build("alpha")

    assert (second.key, second.reused) == (first.key, False)
    assert imported(second, "beta") == "2.0"
