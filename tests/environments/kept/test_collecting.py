import os
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from runner.environments import Environment
from runner.environments.cache import MARKER
from runner.environments.kept.collecting import collect
from runner.environments.kept.listing import entries, entry, remove
from runner.errors import EnvironmentFailed, UsageError
from runner.files import locked
from tests.environments.wheels import Workshop

DAY = 86400


def used(environment: Environment, *, days_ago: float) -> Path:
    assert environment.path
    moment = time.time() - days_ago * DAY
    os.utime(environment.path / MARKER, (moment, moment))
    return environment.path


def keys(workshop: Workshop) -> list[str]:
    return [item.key for item in entries(workshop.settings)]


def test_an_empty_cache_has_no_entries(workshop: Workshop) -> None:
    assert entries(workshop.settings) == []
    assert collect(workshop.settings, older_than=0).entries == ()


def test_entries_say_what_they_hold_the_last_used_first(workshop: Workshop) -> None:
    used(workshop.build("alpha"), days_ago=2)
    used(workshop.build("beta"), days_ago=1)

    first, second = entries(workshop.settings)

    assert first.packages == (("beta", "2.0"),)
    assert second.packages == (("alpha", "1.0"), ("beta", "2.0"))
    assert first.bytes > 0
    assert first.used > second.used


def test_use_is_noted(workshop: Workshop) -> None:
    used(workshop.build("beta"), days_ago=2)

    workshop.build("beta")

    assert entries(workshop.settings)[0].used > time.time() - 60


def test_a_marker_without_the_facts_is_no_entry(workshop: Workshop) -> None:
    environment = workshop.build("beta")
    assert environment.path
    (environment.path / MARKER).write_text("{}")

    assert entries(workshop.settings) == []


def test_an_entry_is_named_by_a_unique_beginning(workshop: Workshop) -> None:
    environment = workshop.build("beta")
    assert environment.key

    assert entry(workshop.settings, environment.key[:6]).key == environment.key
    for key, message in {
        "": "is too short",
        environment.key[:3]: "is too short",
        "zzzz": "no environments begin",
    }.items():
        with pytest.raises(UsageError, match=message):
            entry(workshop.settings, key)


def test_a_removed_environment_is_gone_and_comes_back_when_needed(workshop: Workshop) -> None:
    environment = workshop.build("beta")
    assert environment.key

    remove(workshop.settings, environment.key)

    assert environment.path
    assert not environment.path.exists()
    assert list((workshop.settings.cache / "trash").iterdir()) == []
    assert not workshop.build("beta").reused


def test_an_environment_in_use_stays(workshop: Workshop) -> None:
    environment = workshop.build("beta")
    assert environment.path
    assert environment.key
    program = subprocess.Popen(["sleep", "30"], env={**environment.variables, "PATH": os.environ["PATH"]})
    while b"VIRTUAL_ENV" not in Path(f"/proc/{program.pid}/environ").read_bytes():
        time.sleep(0.001)  # it is there, but the kernel has not laid out its environment yet
    try:
        with pytest.raises(EnvironmentFailed, match="is in use"):
            remove(workshop.settings, environment.key)
        assert collect(workshop.settings, max_bytes=0).entries == ()
    finally:
        program.kill()
        program.wait()

    assert len(collect(workshop.settings, max_bytes=0).entries) == 1


def test_an_environment_that_somebody_activated_as_conda_does_stays(workshop: Workshop) -> None:
    path = workshop.build("beta").path
    program = subprocess.Popen(["sleep", "30"], env={"CONDA_PREFIX": str(path), "PATH": os.environ["PATH"]})
    while b"CONDA_PREFIX" not in Path(f"/proc/{program.pid}/environ").read_bytes():
        time.sleep(0.001)
    try:
        assert collect(workshop.settings, max_bytes=0).entries == ()
    finally:
        program.kill()
        program.wait()


def test_an_environment_that_is_being_built_stays(workshop: Workshop) -> None:
    environment = workshop.build("beta")
    assert environment.path
    assert environment.key
    with locked(environment.path.with_name(f"{environment.key}.lock")):
        with pytest.raises(EnvironmentFailed, match="is being built"):
            remove(workshop.settings, environment.key)
        (environment.path / MARKER).unlink()
        assert collect(workshop.settings).leftovers == ()

    assert collect(workshop.settings).leftovers == (environment.path,)


def test_what_nobody_used_for_long_goes(workshop: Workshop) -> None:
    old = workshop.build("alpha").key
    used(workshop.build("alpha"), days_ago=40)
    young = workshop.build("beta").key
    assert young

    gone = collect(workshop.settings, older_than=30)

    assert [item.key for item in gone.entries] == [old]
    assert keys(workshop) == [young]


def test_the_least_recently_used_go_first_when_there_is_no_room(workshop: Workshop) -> None:
    used(workshop.build("alpha"), days_ago=1)
    used(workshop.build("beta"), days_ago=3)
    used(workshop.build("gamma"), days_ago=2)
    room = sum(item.bytes for item in entries(workshop.settings)[:2]) + 10_000  # for their markers

    gone = collect(workshop.settings, max_bytes=room)

    assert [item.packages[0][0] for item in gone.entries] == ["beta"]
    assert gone.bytes > 0
    assert len(keys(workshop)) == 2


def test_torn_ones_and_leftovers_go_always(workshop: Workshop) -> None:
    torn = workshop.build("alpha").path
    assert torn
    (torn / MARKER).unlink()
    trash = workshop.settings.cache / "trash/half-removed"
    trash.mkdir(parents=True)

    gone = collect(workshop.settings)

    assert set(gone.leftovers) == {torn, trash}
    assert not torn.exists()
    assert not trash.exists()


def test_resolutions_go_when_nobody_used_them(workshop: Workshop) -> None:
    workshop.resolve("beta")
    (record,) = (workshop.settings.cache / "locks").glob("*.json")
    os.utime(record, (0, 0))

    assert collect(workshop.settings, older_than=30).leftovers == (record,)
    assert not record.exists()


def test_a_dry_run_removes_nothing(workshop: Workshop) -> None:
    path = used(workshop.build("alpha"), days_ago=40)
    torn = workshop.build("beta").path
    assert torn
    (torn / MARKER).unlink()

    gone = collect(workshop.settings, older_than=30, dry_run=True)

    assert (len(gone.entries), gone.leftovers) == (1, (torn,))
    assert path.exists()
    assert torn.exists()


def test_the_package_cache_of_our_own_goes_last(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with TemporaryDirectory(
        dir="/dev/shm"
    ) as elsewhere:  # where it is of no use: no hard links lead from there
        monkeypatch.delenv("UV_CACHE_DIR")
        monkeypatch.setenv("XDG_CACHE_HOME", elsewhere)
        if Path(elsewhere).stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("there is no other disk")
        workshop.build("alpha")
        wheels = workshop.settings.cache / "uv"
        held = sum(item.bytes for item in entries(workshop.settings))

        kept = collect(workshop.settings, max_bytes=2 * held + 200_000)
        gone = collect(workshop.settings, max_bytes=0)

    assert kept.packages == ()
    assert len(gone.entries) == 1
    assert gone.packages == (wheels,)
    assert not wheels.exists() or not [*wheels.rglob("*.py")]
