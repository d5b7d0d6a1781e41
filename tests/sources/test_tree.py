"""Trees that are lent, written to, and mended."""

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from runner.sources.tree import State, lent, mend, pristine

FILES = {"a": "1", "run.sh": "#!/bin/sh", "d/x": "2", "d/y": "3", "e/x": "4", "e/f/z": "5", "empty": ""}


def make(tree: Path) -> None:
    for name, text in FILES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    (tree / "run.sh").chmod(0o755)
    (tree / "link").symlink_to("d/x")


@pytest.fixture
def home(home: Path) -> Path:
    pristine(home / "tree", make)
    return home / "tree"


def content(tree: Path) -> dict[str, tuple[int, str]]:
    """Everything that matters of a tree: names, kinds, modes, contents."""
    found = {}
    for path in tree.rglob("*"):
        status = path.lstat()
        text = str(path.readlink()) if path.is_symlink() else path.read_text() if path.is_file() else ""
        found[str(path.relative_to(tree))] = (status.st_mode, text)
    return found


def swap(tree: Path) -> None:
    (tree / "d").rename(tree / "t")
    (tree / "e").rename(tree / "d")
    (tree / "t").rename(tree / "e")


def forge_times(tree: Path) -> None:
    times = (tree / "a").stat()
    (tree / "a").write_text("9")
    os.utime(tree / "a", ns=(times.st_atime_ns, times.st_mtime_ns))


def link_elsewhere(tree: Path) -> None:
    shutil.rmtree(tree / "d")
    (tree / "d").symlink_to("/etc")


def file_for_directory(tree: Path) -> None:
    shutil.rmtree(tree / "e")
    (tree / "e").write_text("a file now")


def directory_for_file(tree: Path) -> None:
    (tree / "a").unlink()
    (tree / "a" / "b").mkdir(parents=True)


def hard_link(tree: Path) -> None:
    (tree / "a").unlink()
    (tree / "a").hardlink_to(tree / "d" / "x")


def lock_out(tree: Path) -> None:
    (tree / "d").chmod(0o500)
    (tree / "e" / "f").chmod(0o000)


CHANGES: list[Callable[[Path], object]] = [
    Path.stat,  # nothing at all
    lambda tree: (tree / "a").write_text("2"),
    lambda tree: (tree / "a").unlink(),
    lambda tree: (tree / "a").chmod(0o400),
    lambda tree: (tree / "new").write_text("x"),
    lambda tree: (tree / "d" / "__pycache__").mkdir(),
    lambda tree: (tree / "a").rename(tree / "d" / "a"),
    lambda tree: (tree / "d" / "x").replace(tree / "e" / "x"),
    lambda tree: (tree / "link").unlink(),
    hard_link,
    lambda tree: shutil.rmtree(tree / "e"),
    shutil.rmtree,
    swap,
    forge_times,
    link_elsewhere,
    file_for_directory,
    directory_for_file,
    lock_out,
]


@pytest.mark.parametrize("number", range(len(CHANGES)))
@pytest.mark.parametrize("pause", [0.0, 0.02])
def test_whatever_a_program_does_the_next_run_gets_a_fresh_tree(
    home: Path, number: int, pause: float
) -> None:
    """At once, within the grain of the file system's clock, and later."""
    for _ in range(2):
        with lent(home, name="x") as tree:
            assert content(tree) == content(home / "pristine")
            time.sleep(pause)
            CHANGES[number](tree)

    with lent(home, name="x") as tree:
        assert content(tree) == content(home / "pristine")


def test_what_a_program_left_is_removed_when_it_is_done(home: Path) -> None:
    with lent(home, name="x") as tree:
        (tree / "checkpoint").write_text("large")

    assert not (tree / "checkpoint").exists()


def test_an_unchanged_tree_is_not_copied_again(home: Path, tmp_path: Path) -> None:
    state = mend(home / "pristine", tmp_path / "copy", State())
    inodes = {path: path.lstat().st_ino for path in (tmp_path / "copy").rglob("*")}
    time.sleep(0.05)  # beyond the grain of the clock
    (tmp_path / "now").touch()
    later = replace(state, stamp=(tmp_path / "now").stat().st_ctime_ns)

    assert mend(home / "pristine", tmp_path / "copy", later) is later
    assert {path: path.lstat().st_ino for path in (tmp_path / "copy").rglob("*")} == inodes


def test_two_at_a_time_get_a_tree_each(home: Path) -> None:
    with lent(home, name="x") as one, lent(home, name="x") as other:
        (one / "a").write_text("one")

        assert one != other
        assert (other / "a").read_text() == "1"


def test_a_kept_tree_stays_as_it_is(home: Path) -> None:
    with lent(home, name="x", keep=True) as tree:
        (tree / "a").write_text("mine")
    with lent(home, name="x") as other:
        assert other != tree

    assert (tree / "a").read_text() == "mine"


@pytest.mark.parametrize("record", ["", "{", '{"stamp": 1, "other": 2}', "[]"])
def test_a_damaged_record_means_that_nothing_is_trusted(home: Path, record: str) -> None:
    with lent(home, name="x") as tree:
        pass
    (home / "0.json").write_text(record)
    (tree / "a").write_text("changed in between")

    with lent(home, name="x"):
        assert content(tree) == content(home / "pristine")


def test_a_tree_whose_making_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(tree: Path) -> None:
        (tree / "half").write_text("x")
        raise ValueError(tree)

    with pytest.raises(ValueError, match="pristine"):
        pristine(tmp_path / "t", fail)

    assert not any(path.name.startswith("pristine") for path in (tmp_path / "t").iterdir())
    assert (pristine(tmp_path / "t", make) / "a").exists()


def test_an_unreadable_state_is_none(tmp_path: Path) -> None:
    assert State.read(tmp_path / "none") == State()


def test_mending_takes_a_fraction_of_copying_them(tmp_path: Path) -> None:
    original = tmp_path / "pristine"
    for number in range(3_000):
        if number % 100 == 0:
            (original / f"d{number // 100}").mkdir(parents=True)
        (original / f"d{number // 100}" / f"f{number}").write_bytes(b"x" * 100)
    started = time.perf_counter()
    state = mend(original, tmp_path / "copy", State())
    copied = time.perf_counter() - started
    time.sleep(0.05)

    started = time.perf_counter()
    after = mend(original, tmp_path / "copy", state)

    mended = time.perf_counter() - started
    assert mended < copied / 2
    assert after.directories == state.directories
