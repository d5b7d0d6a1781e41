"""Directories used in place: what is recorded of them, and that nothing is touched."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.errors import SourceError
from runner.progress import Phase
from runner.settings import Settings
from runner.sources import checkout
from runner.sources.model import DirectorySource
from tests.sources.conftest import Look, NewRepository


def test_a_plain_directory_has_no_commit(files: Callable[[Mapping[str, str]], Path], look: Look) -> None:
    directory = files({"MLproject": "", "sub/x": ""})

    found = look(f"{directory}#sub")

    assert (found.path, found.root, found.uri) == (directory / "sub", directory, str(directory))
    assert (found.commit, found.branch, found.repository, found.dirty) == (None, None, None, None)


def test_commit_branch_and_remote_of_a_working_copy_are_recorded(
    repository: NewRepository, look: Look
) -> None:
    made = repository({"a/b": "1"})
    made.git("remote", "add", "other", "https://elsewhere/x.git")
    only = look(str(made.work))
    made.git("remote", "add", "origin", "https://me:secret@host/x.git")

    found = look(str(made.work / "a"))

    assert only.repository == "https://elsewhere/x.git"
    assert found.path == made.work / "a"
    assert found.commit == made.git("rev-parse", "HEAD")
    assert (found.branch, found.repository, found.dirty) == ("main", "https://host/x.git", False)


def test_the_remote_of_the_upstream_goes_first(repository: NewRepository, look: Look) -> None:
    made = repository({"a": "1"})
    made.git("remote", "add", "origin", "https://host/x.git")
    made.git("remote", "add", "fork", made.bare)
    made.git("fetch", "-q", "fork")
    made.git("branch", "-q", "--set-upstream-to=fork/main")

    assert look(str(made.work)).repository == str(made.bare)


@pytest.mark.parametrize("change", ["edit", "untracked", "staged", "deleted"])
def test_any_difference_from_the_commit_is_dirty(repository: NewRepository, look: Look, change: str) -> None:
    made = repository({"a": "1", ".gitignore": "ignored"})
    (made.work / "ignored").write_text("x")
    assert look(str(made.work)).dirty is False
    match change:
        case "edit":
            (made.work / "a").write_text("22")
        case "untracked":
            (made.work / "new").write_text("x")
        case "staged":
            (made.work / "a").write_text("22")
            made.git("add", "a")
        case "deleted":
            (made.work / "a").unlink()

    assert look(str(made.work)).dirty is True


def test_a_detached_head_and_a_first_commit_to_come(
    repository: NewRepository, look: Look, tmp_path: Path
) -> None:
    made = repository({"a": "1"})
    made.git("checkout", "-q", "--detach")
    subprocess.run(["git", "init", "-q", "-b", "main", tmp_path / "new"], check=True)

    detached, new = look(str(made.work)), look(str(tmp_path / "new"))

    assert (detached.branch, detached.commit) == (None, made.git("rev-parse", "HEAD"))
    assert (new.branch, new.commit, new.dirty) == ("main", None, False)


def test_a_linked_worktree_is_a_working_copy_too(
    repository: NewRepository, look: Look, tmp_path: Path
) -> None:
    made = repository({"a": "1"})
    made.git("remote", "add", "origin", "https://host/x.git")
    made.git("worktree", "add", "-q", "-b", "side", tmp_path / "linked")

    found = look(str(tmp_path / "linked"))

    assert (found.branch, found.repository) == ("side", "https://host/x.git")
    assert look(str(tmp_path / "linked"), "main").commit == found.commit


def test_looking_writes_nothing_into_the_working_copy(repository: NewRepository, look: Look) -> None:
    made = repository({"a": "1"})
    os.utime(made.work / "a")  # git would like to refresh its index

    def state() -> dict[Path, int]:
        return {path: path.lstat().st_mtime_ns for path in (made.work, *made.work.rglob("*"))}

    before = state()
    look(str(made.work))

    assert state() == before


def test_a_program_that_the_repository_names_is_not_started(
    repository: NewRepository, look: Look, tmp_path: Path
) -> None:
    made = repository({"a": "1"})
    made.git("config", "core.fsmonitor", f"touch {tmp_path}/started; false")

    look(str(made.work))

    assert not (tmp_path / "started").exists()


def test_without_git_a_directory_runs_all_the_same(
    repository: NewRepository, look: Look, settings: Settings
) -> None:
    made = repository({"a": "1"})
    found = look(str(made.work), settings=replace(settings, environ={"PATH": "/nowhere"}))

    assert found.commit is None
    assert "not recorded" in found.notices[0]


def test_a_broken_repository_is_a_notice(tmp_path: Path, look: Look) -> None:
    (tmp_path / "p" / ".git").mkdir(parents=True)

    found = look(str(tmp_path / "p"))

    assert found.commit is None
    assert found.notices[0].startswith("commit not recorded")


def test_a_tree_in_the_cache_does_not_belong_to_the_repository_around_the_cache(
    repository: NewRepository, look: Look, settings: Settings
) -> None:
    made = repository({"a": "1"})
    inside = replace(settings, cache=made.work / "cache")
    (inside.cache / "x").mkdir(parents=True)

    assert look(str(inside.cache / "x"), settings=inside).commit is None


def test_a_directory_or_subdirectory_that_is_gone_says_so(
    tmp_path: Path, look: Look, settings: Settings
) -> None:
    (tmp_path / "p" / "train").mkdir(parents=True)

    with pytest.raises(SourceError, match="there is no subdirectory 'trian'") as caught:
        look(f"{tmp_path}/p#trian")
    assert caught.value.hint == "did you mean 'train'?"
    with pytest.raises(SourceError, match="no subdirectory") as caught:
        look(f"{tmp_path}/p/train#x")
    assert caught.value.hint == "it has no directories"
    gone = DirectorySource(path=tmp_path / "gone")
    with (
        pytest.raises(SourceError, match="no directory"),
        checkout(gone, settings=settings, phase=Phase("s")),
    ):
        pass
