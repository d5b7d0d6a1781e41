"""Eight at once on an empty cache, kills in the middle, and what is forgotten."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.errors import SourceError
from runner.files import locked
from runner.progress import Phase
from runner.settings import Settings
from runner.sources import checkout, parse, prune
from runner.sources.mirror import mirror_of
from runner.sources.model import GitSource
from tests.sources.conftest import Look, NewRepository
from tests.sources.servers import smart_http

PROGRAM = """
import os, sys, time
from pathlib import Path
from runner.progress import Phase
from runner.settings import Settings
from runner.sources import checkout, parse
source = parse(sys.argv[1], version=sys.argv[2] or None, cwd=Path.cwd())
with checkout(source, settings=Settings.from_environ(os.environ), phase=Phase("s")) as found:
    (found.path / "mine").open("x").close()
    print(found.path, (found.path / "a").read_text(), flush=True)
    time.sleep(float(sys.argv[3]))
"""


def start(url: str, version: str = "", seconds: float = 0.0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, url, version, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_eight_at_once_on_an_empty_cache_get_a_tree_each(served: Path, repository: NewRepository) -> None:
    made = repository({"a": "content"})
    with smart_http(served) as base:
        versions = ["", "main", made.git("rev-parse", "HEAD"), made.git("rev-parse", "--short", "HEAD")]
        processes = [start(f"{base}/repo.git", version, seconds=1.5) for version in versions * 2]
        outcomes = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0] * 8, outcomes
    assert {out.split()[1] for out, _ in outcomes} == {"content"}
    assert len({out.split()[0] for out, _ in outcomes}) > 1


@pytest.mark.parametrize("moment", [0.15, 0.3, 0.45, 0.6])
def test_killed_while_fetching_then_run_again(
    served: Path, repository: NewRepository, look: Look, moment: float
) -> None:
    """The server waits half-way through each pack; the orphaned git holds the lock until it has ended."""
    repository({"a": os.urandom(300_000).hex(), "b": "1"})
    with smart_http(served, delay=0.5) as base:
        process = start(f"{base}/repo.git")
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.communicate()

        found = look(f"{base}/repo.git")

    assert (found.root / "b").read_text() == "1"
    assert (
        subprocess.run(["git", "-C", found.root.parents[3] / "mirror.git", "fsck"], check=False).returncode
        == 0
    )


def test_what_a_killed_fetch_left_is_cleared_away(
    repository: NewRepository, look: Look, settings: Settings
) -> None:
    made = repository({"a": "1"})
    look(made.url)
    mirror = mirror_of(GitSource(url=made.url), settings=settings).repository
    debris = [mirror / "shallow.lock", mirror / "packed-refs.lock", mirror / "objects/pack/tmp_pack_x"]
    for path in debris:
        path.write_text("")
    commit = made.commit({"a": "2"})

    assert look(made.url).commit == commit
    assert not any(path.exists() for path in debris)


def test_a_tree_whose_making_was_killed_is_made_again(
    repository: NewRepository, look: Look, settings: Settings
) -> None:
    made = repository({"a": "1"})
    home = mirror_of(GitSource(url=made.url), settings=settings).home
    aside = home / "trees" / made.git("rev-parse", "HEAD") / "pristine.new"
    aside.mkdir(parents=True)
    (aside / "half").write_text("x")
    (home / "mirror.new").mkdir()

    assert sorted(path.name for path in look(made.url).root.iterdir()) == ["a"]


def test_a_run_that_was_killed_leaves_a_tree_that_is_mended(repository: NewRepository, look: Look) -> None:
    made = repository({"a": "1"})
    process = start(made.url, seconds=60)
    assert process.stdout is not None
    path = Path(process.stdout.readline().split()[0])
    (path / "a").write_text("changed")
    process.send_signal(signal.SIGKILL)
    process.communicate()

    found = look(made.url)

    assert found.path == path
    assert sorted(entry.name for entry in path.iterdir()) == ["a"]
    assert (path / "a").read_text() == "1"


def test_a_fetch_that_fails_leaves_the_cache_usable(
    served: Path, repository: NewRepository, look: Look
) -> None:
    made = repository({"a": "1"})
    hidden = made.bare.rename(served / "hidden.git")
    with smart_http(served) as base:
        with pytest.raises(SourceError, match="no Git repository"):
            look(f"{base}/repo.git", made.git("rev-parse", "HEAD"))
        hidden.rename(made.bare)

        assert look(f"{base}/repo.git", made.git("rev-parse", "HEAD")).branch is None


def test_a_cache_that_cannot_be_written_says_so(
    repository: NewRepository, look: Look, settings: Settings, tmp_path: Path
) -> None:
    made = repository({"a": "1"})
    (tmp_path / "file").write_text("")

    with pytest.raises(SourceError, match="cannot write to the cache") as caught:
        look(made.url, settings=replace(settings, cache=tmp_path / "file" / "cache"))

    assert caught.value.hint == "RUNNER_CACHE names another directory"


@pytest.mark.root
@pytest.mark.skipif(os.getuid() != 0, reason="mounts a small file system")
@pytest.mark.parametrize("size", ["300k", "700k", "1300k"])
def test_a_full_disk_says_so_and_poisons_nothing(
    repository: NewRepository, look: Look, settings: Settings, tmp_path: Path, size: str
) -> None:
    """Too small for the mirror, for the pristine tree, for the copy."""
    made = repository({"a": os.urandom(300_000).hex(), "b": "1"})
    small = tmp_path / "small"
    small.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(small)]
    if subprocess.run(mounting, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(SourceError) as caught:
            look(made.url, settings=replace(settings, cache=small))
        assert caught.value.hint == "`runner env gc` frees cache space"
        subprocess.run(["mount", "-o", "remount,size=50m", small], check=True)

        assert (look(made.url, settings=replace(settings, cache=small)).root / "b").read_text() == "1"
    finally:
        subprocess.run(["umount", small], check=True)


# prune ---------------------------------------------------------------------------------------------------------
def test_what_nobody_used_is_forgotten_and_can_be_had_again(
    repository: NewRepository, look: Look, settings: Settings
) -> None:
    made = repository({"a": "1" * 100_000})
    found = look(made.url)

    assert prune(settings, older_than_days=1) == 0
    assert found.root.exists()
    assert prune(settings, older_than_days=-1) > 200_000
    assert not list((settings.cache / "git").iterdir())
    assert look(made.url) == found


def test_using_a_commit_keeps_its_mirror(repository: NewRepository, look: Look, settings: Settings) -> None:
    made = repository({"a": "1"})
    commit = made.git("rev-parse", "HEAD")
    look(made.url, commit)
    for path in settings.cache.rglob("*"):
        os.utime(path, (0, 0), follow_symlinks=False)
    found = look(made.url, commit)

    assert prune(settings, older_than_days=1) == 0
    assert found.root.exists()


def test_what_is_in_use_is_not_forgotten(repository: NewRepository, settings: Settings) -> None:
    made = repository({"a": "1"})
    source = parse(made.url, cwd=Path("/"))
    with checkout(source, settings=settings, phase=Phase("s")) as found:
        assert prune(settings, older_than_days=-1) == 0
        assert found.path.exists()
    home = mirror_of(GitSource(url=made.url), settings=settings).home
    with locked(home / "lock"):
        prune(settings, older_than_days=-1)
        assert (home / "mirror.git").exists()


def test_forgetting_in_an_empty_cache_is_fine(settings: Settings) -> None:
    assert prune(replace(settings, cache=settings.cache / "none"), older_than_days=0) == 0
