"""The code of a run is kept with it, as far as nobody else has it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from runner.files import file_digest
from tests.cli.test_run import artifact, shown
from tests.conftest import Cli, Files

PROJECT = "entry_points: {main: {command: 'cat model.py; echo spoilt > model.py; touch made'}}"
PROBE = "import sys; from runner.cli import main\ntry: main(sys.argv[1:])\nfinally: print('runner.sources.capturing' in sys.modules)"

Project = Callable[[], Path]


def git(top: Path, *arguments: str | Path) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", "-C", top, *identity, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def clone(files: Files, tmp_path: Path) -> Project:
    """A working copy whose remote has all that is in it."""

    def make() -> Path:
        top = files({"MLproject": "entry_points: {main: {command: 'cat model.py'}}", "model.py": "1\n"})
        git(top, "init", "-q", "-b", "main")
        git(top, "add", "-A")
        git(top, "commit", "-qm", "first")
        subprocess.run(["git", "clone", "-q", "--bare", top, tmp_path / "remote.git"], check=True)
        git(top, "remote", "add", "origin", tmp_path / "remote.git")
        git(top, "fetch", "-q", "origin")
        git(top, "branch", "-q", "--set-upstream-to=origin/main")
        return top

    return make


def kept(run: dict[str, object]) -> dict[str, Path]:
    return {file.name: file for file in artifact(run, "runner/source").glob("*")}


def source(run: dict[str, object]) -> dict[str, object]:
    plan: dict[str, dict[str, object]] = json.loads(artifact(run, "runner/plan.json").read_text())
    return plan["source"]


def test_a_directory_is_kept_as_it_was_before_the_program_changed_it(cli: Cli, files: Files) -> None:
    top = files({"MLproject": PROJECT, "model.py": "as it ran\n"})

    assert cli("run", top).out == "as it ran\n"

    run = shown(cli)
    patch = kept(run)["patch.diff"]
    assert b"+as it ran\n" in patch.read_bytes()
    assert b"+spoilt" not in patch.read_bytes()
    assert source(run)["patch"] == run["tags"]["runner.patch"] == file_digest(patch)  # type: ignore[index]


def test_of_a_commit_that_was_pushed_nothing_is_kept_and_nothing_is_asked(
    cli: Cli, clone: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = clone()
    (tmp_path / "calls").mkdir()
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(tmp_path / "calls"))  # a file for each git that starts

    assert cli("run", top).code == 0

    run = shown(cli)
    assert kept(run) == {}
    assert "runner.patch" not in run["tags"]  # type: ignore[operator]
    assert source(run)["dirty"] is False
    assert len(list((tmp_path / "calls").iterdir())) == 2  # status, and the address of the remote


@pytest.mark.parametrize("dirty", [False, True])
def test_what_keeping_needs_is_imported_only_then(clone: Project, dirty: bool) -> None:
    top = clone()
    if dirty:
        (top / "model.py").write_text("2\n")

    done = subprocess.run(
        [sys.executable, "-c", PROBE, "run", top], capture_output=True, text=True, check=False
    )

    assert done.stdout.splitlines()[-1] == str(dirty)


def test_changes_and_commits_that_were_not_pushed_are_kept(cli: Cli, clone: Project) -> None:
    top = clone()
    (top / "more.py").write_text("committed\n")
    git(top, "add", "-A")
    git(top, "commit", "-qm", "not pushed")
    (top / "model.py").write_text("2\n")

    assert cli("run", top).out == "2\n"

    run = shown(cli)
    assert kept(run).keys() == {"patch.diff", "0.bundle"}
    assert source(run)["bundles"] == {"": file_digest(kept(run)["0.bundle"])}
    assert b"-1\n+2\n" in kept(run)["patch.diff"].read_bytes()


def test_what_is_too_large_is_said_to_the_person_and_recorded(
    cli: Cli, clone: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = clone()
    (top / "data.csv").write_text("1,2\n" * 100)
    monkeypatch.setenv("RUNNER_CAPTURE_LIMIT", "1k")

    outcome = cli("run", top)

    assert outcome.code == 0
    assert "not kept with the run: data.csv has 400 bytes, more than 200 bytes" in outcome.err
    assert source(shown(cli))["left_out"] == ["data.csv has 400 bytes, more than 200 bytes"]


def test_a_zip_file_is_kept_whole(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "demo.zip"
    with ZipFile(file, "w") as archive:
        archive.writestr("MLproject", "entry_points: {main: {command: 'true'}}")

    assert cli("run", file).code == 0

    run = shown(cli)
    assert kept(run)["archive.zip"].read_bytes() == file.read_bytes()
    assert source(run)["digest"] == file_digest(file)


def test_a_git_that_fails_is_a_warning_and_the_program_runs(
    cli: Cli, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "bin/git"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'fatal: out of order' >&2; exit 128\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:/usr/bin:/bin")

    outcome = cli("run", files({"MLproject": PROJECT, "model.py": "it ran\n"}))

    assert (outcome.code, outcome.out) == (0, "it ran\n")
    assert "the code is not kept with the run: git failed on" in outcome.err
    assert kept(shown(cli)) == {}


def test_a_dry_run_names_the_patch_and_keeps_nothing(cli: Cli, clone: Project, home: Path) -> None:
    top = clone()
    clean = json.loads(cli("run", top, "--dry-run", "--json").out)["source"]
    (top / "model.py").write_text("2\n")

    dirty = json.loads(cli("run", top, "--dry-run", "--json").out)["source"]

    assert clean["patch"] is None
    assert dirty["patch"].startswith("sha256:")
    assert list(home.rglob("patch.diff")) == []
