"""Killed builders, many builders at once, several, full and read-only disks: for conda environments, each for real."""

import json
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from runner.environments import Environment
from runner.environments.cache import MARKER
from runner.environments.kept.listing import entries, remove
from runner.errors import EnvironmentFailed
from runner.files import remove_tree, sha256
from tests.environments.builders import await_, builder, kill, some
from tests.environments.conda.bench import Bench, asking, inside
from tests.environments.test_faults import small_disk
from tests.environments.wheels import noise
from tests.services import packing
from tests.services.channel import LIBRARY, Channel, published, serving
from tests.services.packing import PLACEHOLDER, Member, Package

__all__ = ["small_disk"]

BUILDER = """
import os, sys
from pathlib import Path
from runner.environments import prepare, resolve
from runner.progress import Phase
from runner.settings import Settings
from tests.environments.conda.bench import asking
settings, phase, directory = Settings.from_environ(os.environ), Phase("environment"), Path(sys.argv[1])
spec = asking(*sys.argv[2:])
lock = resolve(spec, directory=directory, settings=settings, phase=phase)
environment = prepare(spec, lock, directory=directory, settings=settings, phase=phase)
print(environment.reused, environment.path)
"""
MANY = 300  # files: enough for an installation to be caught in the act


def start(bench: Bench, *packages: str) -> subprocess.Popen[str]:
    return builder(BUILDER, bench.directory, *packages)


MOMENTS = {
    "the directory is there": "*/",
    "some packages are there": "*/conda-meta/*.json",
    "Python is there": f"*/{LIBRARY}/os.py",
}


@pytest.mark.usefixtures("fetched")
@pytest.mark.parametrize("alone", [True, False], ids=["the builder", "with what it started"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_any_moment_the_next_one_builds_it_whole(bench: Bench, moment: str, alone: bool) -> None:
    bench.lock(asking("polite"))
    envs = bench.settings.cache / "envs"
    first = start(bench, "polite")
    await_(lambda: some(envs, MOMENTS[moment]) or first.poll() is not None)
    kill(first, alone=alone)

    environment = bench.build(asking("polite"))

    assert inside(environment, "python -c 'import greet, polite; print(polite.version)'") == "1.0\n"
    assert [path.parent for path in envs.glob(f"*/{MARKER}")] == [environment.path]


@pytest.fixture(scope="session")
def marked_channel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Channel]:
    """Packages without Python, each of which marks where it is installed: small ones with many files, and large ones."""
    directory = tmp_path_factory.mktemp("marked") / "conda-forge"
    for package in (
        marked("bulky", depends=["beta"]),
        marked("beta", "1.0"),
        marked("beta", "2.0"),
        marked("gamma", depends=["beta <2"]),
        marked("ballast", size=16 << 20),
        marked("heavy", size=16 << 20, depends=["ballast"]),
    ):
        packing.write(package, directory)
    published(directory)
    with serving(directory.parent) as channel:
        yield channel


def marked(name: str, version: str = "1.0", *, depends: list[str] | None = None, size: int = 0) -> Package:
    """`size`: bytes of one file of it, instead of many files."""
    parts = {f"part{number}": Member(f"{name} {version} {number}".encode()) for number in range(MANY)}
    members = {
        "version": Member(version.encode()),
        "prefix": Member(PLACEHOLDER.encode(), placeholder=PLACEHOLDER),
        **({"data": Member(noise(size))} if size else parts),
    }
    return Package(
        name=name,
        version=version,
        depends=depends or [],
        members={f"share/{name}/{path}": member for path, member in members.items()},
    )


@pytest.fixture
def marks(channel: Channel, marked_channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The channel by name is that of marked packages."""
    monkeypatch.setenv("CONDA_CHANNEL_ALIAS", marked_channel.address)


def assert_whole(prefix: Path | None, **versions: str) -> None:
    """These packages are in it and no others, each file as its package says, at the place that is its own."""
    assert prefix
    records = [json.loads(path.read_bytes()) for path in prefix.glob("conda-meta/*.json")]
    assert {record["name"]: record["version"] for record in records} == versions
    listed = {item["_path"]: item for record in records for item in record["paths_data"]["paths"]}
    assert {str(path.relative_to(prefix)) for path in prefix.rglob("share/*/*")} == set(listed)
    for name, item in listed.items():
        assert sha256((prefix / name).read_bytes()) == (item.get("sha256_in_prefix") or item["sha256"]), name
    for name, version in versions.items():
        assert (prefix / f"share/{name}/version").read_text() == version
        assert (prefix / f"share/{name}/prefix").read_text() == str(prefix)
    assert json.loads((prefix / MARKER).read_bytes())["packages"] == sorted(map(list, versions.items()))


ENVIRONMENTS = {
    ("bulky", "beta<2"): {"bulky": "1.0", "beta": "1.0"},
    ("bulky",): {"bulky": "1.0", "beta": "2.0"},
    ("gamma", "bulky"): {"bulky": "1.0", "beta": "1.0", "gamma": "1.0"},
}


@pytest.mark.usefixtures("marks")
def test_the_next_builder_waits_for_what_a_killed_one_left_running(bench: Bench) -> None:
    lock = bench.lock(asking("heavy"))
    first = start(bench, "heavy")
    await_(lambda: works(first))
    kill(first, alone=True)

    environment = bench.prepare(lock, asking("heavy"))

    assert "waiting for another process that builds the same" in bench.said
    assert not environment.reused
    assert_whole(environment.path, heavy="1.0", ballast="1.0")


def works(builder: subprocess.Popen[str]) -> bool:
    """The program that installs packages for it has begun."""
    children = Path(f"/proc/{builder.pid}/task/{builder.pid}/children").read_text().split()
    return any(b"worker.py" in Path(f"/proc/{child}/cmdline").read_bytes() for child in children)


@pytest.mark.slow
@pytest.mark.usefixtures("marks")
def test_sixteen_at_once_build_each_of_three_environments_once(bench: Bench, marked_channel: Channel) -> None:
    marked_channel.asked.clear()
    processes = [(asked, start(bench, *asked)) for asked in [*ENVIRONMENTS] * 5 + [("bulky",)]]
    outputs = [(asked, process, process.communicate()) for asked, process in processes]

    assert [process.returncode for _, process, _ in outputs] == [0] * 16, outputs
    places = {(asked, Path(out.split()[1])) for asked, _, (out, _) in outputs}
    assert len(places) == len({place for _, place in places}) == 3
    assert sorted(out.split()[0] for _, _, (out, _) in outputs) == ["False"] * 3 + ["True"] * 13
    for asked, place in places:
        assert_whole(place, **ENVIRONMENTS[asked])
    fetched = [path for path in marked_channel.asked if path.endswith(".conda")]
    assert len(fetched) == len(set(fetched)) == 4  # all share one package cache
    assert len(list((bench.settings.cache / "locks").glob("*.json"))) == 3


@pytest.mark.slow
@pytest.mark.usefixtures("marks")
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.nightly)])
def test_twenty_builders_killed_at_random_moments_poison_nothing(bench: Bench, seed: int) -> None:
    """Half of them have an empty cache: they are killed while they solve and fetch, too."""
    moments, caught, torn = random.Random(seed), 0, 0
    cache = bench.settings.cache
    started = time.monotonic()
    start(bench, "gamma", "bulky").communicate()
    took = time.monotonic() - started
    for _ in range(20):
        if moments.random() < 0.5:
            remove_tree(cache)
        else:
            remove(bench.settings, entries(bench.settings)[0].key)
        first = start(bench, "gamma", "bulky")
        with suppress(subprocess.TimeoutExpired):
            first.communicate(timeout=moments.uniform(0, took))
        kill(first, alone=moments.random() < 0.5)
        caught += first.returncode == -signal.SIGKILL
        torn += some(cache / "envs", "*/") and not some(cache / "envs", f"*/{MARKER}")

        environment = bench.build(asking("gamma", "bulky"))

        assert_whole(environment.path, **ENVIRONMENTS["gamma", "bulky"])
        assert len(entries(bench.settings)) == 1
    assert caught > 0
    assert torn > 0


def test_a_cache_that_cannot_be_written_is_told(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = bench.lock(asking("tuned"))
    monkeypatch.setenv("RUNNER_CACHE", "/proc/nowhere")

    with pytest.raises(EnvironmentFailed, match="cannot be built there") as failure:
        bench.prepare(lock, asking("tuned"))

    assert "RUNNER_CACHE" in (failure.value.hint or "")


@pytest.mark.root
@pytest.mark.usefixtures("marks")
class TestSmallDisk:
    """The cache lies on a disk of 30 MB, the home on another one."""

    @pytest.fixture(autouse=True)
    def cache(self, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("RUNNER_CACHE", str(small_disk))
        return small_disk

    @pytest.fixture
    def packages_elsewhere(self, cache: Path, tmp_path: Path) -> None:
        (tmp_path / "packages").mkdir()
        (cache / "conda").mkdir()
        (cache / "conda/pkgs").symlink_to(tmp_path / "packages")

    def links(self, environment: Environment) -> int:
        assert environment.path
        return (environment.path / "share/beta/part7").stat().st_nlink

    def test_packages_are_linked_from_the_same_disk(self, bench: Bench, cache: Path) -> None:
        environment = bench.build(asking("bulky"))

        assert environment.path
        assert environment.path.is_relative_to(cache)
        assert_whole(environment.path, bulky="1.0", beta="2.0")
        assert self.links(environment) > 1

    @pytest.mark.usefixtures("packages_elsewhere")
    def test_packages_are_copied_from_another_disk(self, bench: Bench) -> None:
        environment = bench.build(asking("bulky"))

        assert_whole(environment.path, bulky="1.0", beta="2.0")
        assert self.links(environment) == 1
        assert bench.build(asking("bulky")).reused

    def test_one_without_room_for_the_packages_is_said_clearly_and_poisons_nothing(
        self, bench: Bench, cache: Path
    ) -> None:
        self.fails_and_succeeds_with_more_room(bench, cache)

    @pytest.mark.usefixtures("packages_elsewhere")
    def test_one_without_room_for_copies_of_them_is_said_as_clearly(self, bench: Bench, cache: Path) -> None:
        self.fails_and_succeeds_with_more_room(bench, cache)

    def fails_and_succeeds_with_more_room(self, bench: Bench, cache: Path) -> None:
        with pytest.raises(EnvironmentFailed, match="the disk is full") as failure:
            bench.build(asking("heavy"))

        assert "runner env gc" in (failure.value.hint or "")
        assert not some(cache / "envs", "*/")
        subprocess.run(["mount", "-o", "remount,size=100m", cache], check=True)
        assert_whole(bench.build(asking("heavy")).path, heavy="1.0", ballast="1.0")

    def test_one_without_room_for_a_single_file_is_said_as_clearly(self, bench: Bench, cache: Path) -> None:
        with (cache / "filling").open("wb") as file, pytest.raises(OSError, match="No space left"):
            file.write(noise(40 << 20))

        with pytest.raises(EnvironmentFailed, match="the disk is full"):
            bench.build(asking("beta"))

        (cache / "filling").unlink()
        assert_whole(bench.build(asking("beta")).path, beta="2.0")

    def test_of_a_read_only_one_what_is_whole_can_be_used(self, bench: Bench, cache: Path) -> None:
        whole, torn = asking("beta"), asking("beta<2")
        bench.build(whole)
        path = bench.build(torn).path
        assert path
        (path / MARKER).unlink()
        other = bench.lock(asking("gamma"))
        subprocess.run(["mount", "-o", "remount,ro", cache], check=True)

        assert bench.build(whole).reused
        for lock, spec in ((other, asking("gamma")), (bench.lock(torn), torn)):
            with pytest.raises(
                EnvironmentFailed, match="cannot be built there: Read-only file system"
            ) as failure:
                bench.prepare(lock, spec)
            assert "RUNNER_CACHE" in (failure.value.hint or "")
