"""`runner run` on Git URLs and zip files, through the front door: the transports, the refs, with and without network."""

import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.test_run import shown
from tests.conftest import Cli
from tests.sources.conftest import NewRepository, Repository, own_git_configuration, repository
from tests.sources.servers import git_daemon, smart_http

__all__ = ["own_git_configuration", "repository"]

TRAIN = """
name: sub
entry_points:
  train: {parameters: {alpha: float}, command: "echo alpha={alpha} in $(basename $PWD) at $RUNNER_COMMIT"}
"""


@pytest.fixture
def project(repository: NewRepository) -> Repository:
    """A project below `sub`, three commits deep; the middle one is what the tests ask for."""
    made = repository({"sub/MLproject": TRAIN.replace("alpha=", "old=")})
    made.commit({"sub/MLproject": TRAIN})
    made.git("tag", "wanted")
    made.push()
    made.commit({"sub/MLproject": TRAIN.replace("alpha=", "new=")})
    return made


def wanted(project: Repository) -> str:
    return project.git("rev-parse", "wanted")


@pytest.fixture(params=["file", "git daemon", "smart http"])
def served(request: pytest.FixtureRequest, project: Repository) -> Iterator[tuple[str, ExitStack]]:
    """URL of the repository, and the stack that stops its server."""
    root = project.bare.parent
    with ExitStack() as stack:
        match request.param:
            case "file":
                base = root.as_uri()
            case "git daemon":
                base = stack.enter_context(git_daemon(root))
            case _:
                base = stack.enter_context(smart_http(root))
        yield f"{base}/repo.git", stack


def test_a_short_commit_of_a_subdirectory_runs_cold_warm_and_with_the_server_stopped(
    cli: Cli, project: Repository, served: tuple[str, ExitStack]
) -> None:
    url, server = served
    commit = wanted(project)
    arguments = ("run", f"{url}#sub", "-v", commit[:8], "-e", "train", "-P", "alpha=0.5")
    expected = f"alpha=0.5 in sub at {commit}\n"

    cold, warm = cli(*arguments), cli(*arguments)
    server.close()
    stopped, pinned = cli(*arguments), cli(*(commit if part == commit[:8] else part for part in arguments))

    assert [outcome.out for outcome in (cold, warm, stopped, pinned)] == [expected] * 4, cold.err
    run = shown(cli)
    tags = run["tags"]
    assert isinstance(tags, dict)
    assert tags["mlflow.source.git.commit"] == commit
    assert tags["mlflow.source.name"] == f"{url}#sub"
    assert tags["runner.dirty"] == "false"


def test_branch_tag_and_default_branch(cli: Cli, project: Repository) -> None:
    url = f"{project.url}#sub"

    default = cli("run", url, "-e", "train", "-P", "alpha=1")
    tag = cli("run", url, "-v", "wanted", "-e", "train", "-P", "alpha=1")
    unknown = cli("run", url, "-v", "wantde", "-e", "train", "-P", "alpha=1")

    assert default.out.startswith("new=1 ")
    assert tag.out.startswith("alpha=1 ")
    assert unknown.code == 6
    assert "wanted" in unknown.err


def test_what_a_program_writes_is_not_there_in_the_next_run_of_the_commit(
    cli: Cli, repository: NewRepository
) -> None:
    made = repository(
        {
            "MLproject": "entry_points: {main: {command: 'cat data.txt; ls | wc -l; echo spoilt > data.txt; touch new'}}",
            "data.txt": "data\n",
        }
    )

    first, second = cli("run", made.url), cli("run", made.url)

    assert first.out == second.out == "data\n2\n"


def test_the_tree_can_be_kept(cli: Cli, repository: NewRepository) -> None:
    made = repository({"MLproject": "entry_points: {main: {command: 'pwd; touch written'}}"})

    outcome = cli("run", made.url, "--keep")

    assert (Path(outcome.out.strip()) / "written").exists()


def test_a_local_working_copy_is_used_in_place_and_its_changes_are_told(
    cli: Cli, repository: NewRepository
) -> None:
    made = repository({"MLproject": "entry_points: {main: {command: 'pwd'}}"})

    clean = cli("run", made.work)
    (made.work / "more.txt").touch()
    dirty = cli("run", made.work)

    assert clean.out == dirty.out == f"{made.work}\n"
    assert "with uncommitted changes" in dirty.err
    assert [shown(cli, number)["tags"]["runner.dirty"] for number in ("-2", "-1")] == ["false", "true"]  # type: ignore[index]


def test_a_version_of_a_local_working_copy_leaves_it_alone(cli: Cli, project: Repository) -> None:
    before = project.git("status", "--porcelain", "--branch"), project.git("rev-parse", "HEAD")

    outcome = cli("run", f"{project.work}#sub", "-v", "wanted", "-e", "train", "-P", "alpha=2")

    assert outcome.out.startswith("alpha=2 in sub"), outcome.err
    assert (project.git("status", "--porcelain", "--branch"), project.git("rev-parse", "HEAD")) == before


def test_a_zip_file_runs_and_its_digest_is_recorded(cli: Cli, tmp_path: Path) -> None:
    archive = tmp_path / "project.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("MLproject", "entry_points: {main: {command: 'echo zipped'}}")

    outcome = cli("run", archive)

    assert outcome.out == "zipped\n", outcome.err
    plan = json.loads(cli("run", archive, "--dry-run", "--json").out)
    assert plan["source"]["kind"] == "archive"
    assert plan["source"]["digest"].startswith("sha256:")


def test_a_password_in_the_url_is_nowhere_in_the_record(cli: Cli, project: Repository, home: Path) -> None:
    with smart_http(project.bare.parent, login=("me", "tops3cret")) as base:
        url = base.replace("http://", "http://me:tops3cret@") + "/repo.git#sub"
        outcome = cli("run", url, "-v", "wanted", "-e", "train", "-P", "alpha=1")

    assert outcome.code == 0, outcome.err
    assert "tops3cret" not in outcome.err
    for file in home.rglob("*"):
        if file.is_file() and os.access(file, os.R_OK):
            assert b"tops3cret" not in file.read_bytes(), file


def test_a_path_that_does_not_exist_says_so(cli: Cli, tmp_path: Path) -> None:
    outcome = cli("run", tmp_path / "nowhere")

    assert outcome.code == 6
    assert f"there is no directory {tmp_path / 'nowhere'}" in outcome.err
    assert "fatal" not in outcome.err
