"""Killed builders, many builders at once, full and read-only disks: each for real."""

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from runner.environments.cache import MARKER
from runner.environments.kept.listing import entries, remove
from runner.errors import EnvironmentFailed
from tests.environments.builders import await_, builder, kill, some
from tests.environments.test_building import imported
from tests.environments.wheels import Index, Workshop, noise

BUILDER = """
import os, sys
from pathlib import Path
from runner.environments import prepare, resolve
from runner.progress import Phase
from runner.project.model import PythonEnv
from runner.settings import Settings
settings, phase, directory = Settings.from_environ(os.environ), Phase("environment"), Path(sys.argv[1])
spec = PythonEnv(requirements=tuple(sys.argv[2:]))
lock = resolve(spec, directory=directory, settings=settings, phase=phase)
print("resolved", flush=True)
environment = prepare(spec, lock, directory=directory, settings=settings, phase=phase)
print(environment.reused, environment.path, flush=True)
"""
MANY = 2500  # files: enough for an installation to be caught in the act

Seen = Callable[[Path], bool]


def start(workshop: Workshop, *requirements: str) -> subprocess.Popen[str]:
    return builder(BUILDER, workshop.directory, *requirements)


MOMENTS: dict[str, Seen] = {
    "the turn is taken": lambda envs: some(envs, "*.lock"),
    "the directory is there": lambda envs: some(envs, "*/"),
    "the interpreter is there": lambda envs: some(envs, "*/bin/python"),
    "some packages are there": lambda envs: some(envs, "*/lib/*/site-packages/bulky/*"),
    "all packages are there": lambda envs: some(envs, "*/lib/*/site-packages/bulky-1.0.dist-info/RECORD"),
}


@pytest.mark.parametrize("alone", [True, False], ids=["the builder", "with what it started"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_the_next_one_builds_it_whole(
    workshop: Workshop, index: Index, moment: str, alone: bool
) -> None:
    index.add("bulky", files={f"part{number}.py": b"" for number in range(MANY)})
    envs = workshop.settings.cache / "envs"
    first = start(workshop, "bulky")
    await_(lambda: MOMENTS[moment](envs) or first.poll() is not None)
    kill(first, alone=alone)

    environment = workshop.build("bulky")

    assert imported(environment, "bulky") == "1.0"
    assert environment.path
    assert len(list(environment.path.glob("lib/*/site-packages/bulky/part*.py"))) == MANY
    assert (environment.path / MARKER).exists()
    assert workshop.build("bulky").reused


def test_the_next_builder_waits_for_what_a_killed_one_left_running(workshop: Workshop, index: Index) -> None:
    index.add_slow_source("sluggish", seconds=1.5)
    first = start(workshop, "sluggish")
    await_(index.building.exists)
    kill(first, alone=True)

    environment = workshop.build("sluggish")

    assert "waiting for another process that builds the same" in workshop.said
    assert not environment.reused
    assert imported(environment, "sluggish") == "1.0"


def test_eight_at_once_build_once(workshop: Workshop, index: Index) -> None:
    index.add("bulky", files={f"part{number}.py": b"" for number in range(MANY)})
    processes = [start(workshop, "bulky", "alpha") for _ in range(8)]
    outputs = [process.communicate() for process in processes]

    assert [process.returncode for process in processes] == [0] * 8, outputs
    assert sorted(out.split()[1] for out, _ in outputs) == ["False"] + ["True"] * 7
    assert len(entries(workshop.settings)) == 1
    assert len(list((workshop.settings.cache / "locks").glob("*.json"))) == 1


@pytest.mark.slow
def test_sixteen_at_once_build_each_of_three_environments_once(workshop: Workshop, index: Index) -> None:
    index.add("bulky", files={f"part{number}.py": b"" for number in range(MANY)})
    asked = {"1.0": ("bulky", "beta<2"), "2.0": ("bulky", "beta"), "gamma": ("gamma", "bulky")}
    processes = [(name, start(workshop, *asked[name])) for name in [*asked] * 5 + ["2.0"]]
    outputs = [(name, process, process.communicate()) for name, process in processes]

    assert [process.returncode for _, process, _ in outputs] == [0] * 16, outputs
    places = {(name, out.split()[2]) for name, _, (out, _) in outputs}
    assert len(places) == len({place for _, place in places}) == 3
    assert sorted(out.split()[1] for _, _, (out, _) in outputs) == ["False"] * 3 + ["True"] * 13
    for name, place in places:
        packages = dict(next(item for item in entries(workshop.settings) if str(item.path) == place).packages)
        assert packages["beta"] == ("2.0" if name == "2.0" else "1.0")
        assert ("gamma" in packages) == (name == "gamma")
        assert len(list(Path(place).glob("lib/*/site-packages/bulky/part*.py"))) == MANY


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))  # with those of conda environments a hundred rounds
def test_twenty_builders_killed_at_random_moments_poison_nothing(
    workshop: Workshop, index: Index, seed: int
) -> None:
    index.add("bulky", files={f"part{number}.py": b"" for number in range(MANY // 5)})
    moments, caught = random.Random(seed), 0
    started = time.monotonic()
    start(workshop, "bulky", "alpha").communicate()
    took = time.monotonic() - started
    for _ in range(20):
        remove(workshop.settings, entries(workshop.settings)[0].key)
        first = start(workshop, "bulky", "alpha")
        with suppress(subprocess.TimeoutExpired):
            first.communicate(timeout=moments.uniform(0, took))
        kill(first, alone=moments.random() < 0.5)
        caught += first.returncode == -signal.SIGKILL

        environment = workshop.build("bulky", "alpha")

        assert environment.path
        assert len(list(environment.path.glob("lib/*/site-packages/bulky/part*.py"))) == MANY // 5
        assert imported(environment, "beta") == "2.0"
    assert caught > 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """30 MB."""
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a file system")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", place], check=True)


@pytest.mark.root
def test_a_full_disk_is_said_clearly_and_poisons_nothing(
    workshop: Workshop, index: Index, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_CACHE", str(small_disk))
    index.add("heavy", files={"data.bin": noise(40 << 20)})

    with pytest.raises(EnvironmentFailed, match="the disk is full") as failure:
        workshop.build("heavy")

    assert "runner env gc" in (failure.value.hint or "")
    assert [path for path in (small_disk / "envs").iterdir() if path.is_dir()] == []
    subprocess.run(["mount", "-o", "remount,size=100m", small_disk], check=True)
    assert imported(workshop.build("heavy"), "heavy") == "1.0"


@pytest.mark.root
def test_a_disk_without_room_for_a_single_file_is_said_as_clearly(
    workshop: Workshop, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_CACHE", str(small_disk))
    with (small_disk / "filling").open("wb") as file, pytest.raises(OSError, match="No space left"):
        file.write(noise(40 << 20))

    with pytest.raises(EnvironmentFailed, match="the disk is full"):
        workshop.build("beta")

    (small_disk / "filling").unlink()
    assert imported(workshop.build("beta"), "beta") == "2.0"


@pytest.mark.root
def test_the_cache_may_lie_on_another_disk_than_the_packages(
    workshop: Workshop, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_CACHE", str(small_disk))

    environment = workshop.build("alpha")

    assert environment.path
    assert environment.path.is_relative_to(small_disk)
    assert imported(environment, "beta") == "2.0"
    assert workshop.build("alpha").reused


@pytest.mark.root
def test_of_a_read_only_cache_what_is_ready_can_be_used(
    workshop: Workshop, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_CACHE", str(small_disk))
    workshop.build("beta")
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    assert workshop.build("beta").reused
    with pytest.raises(EnvironmentFailed, match="cannot be built there: Read-only file system"):
        workshop.build("alpha")


def test_an_interrupted_build_leaves_nothing_and_lets_no_installer_live(
    workshop: Workshop, index: Index
) -> None:
    index.add_slow_source("sluggish", seconds=30)
    envs = workshop.settings.cache / "envs"
    first = start(workshop, "sluggish")
    await_(index.building.exists)

    first.send_signal(signal.SIGINT)
    first.communicate(timeout=10)

    assert [path for path in envs.iterdir() if path.is_dir()] == []


def test_the_marker_is_readable_for_those_who_share_the_cache(workshop: Workshop) -> None:
    environment = workshop.build("beta")

    assert environment.path
    assert (environment.path / MARKER).stat().st_mode & 0o444 == 0o444
    assert json.loads((environment.path / MARKER).read_text())["key"] == environment.key
