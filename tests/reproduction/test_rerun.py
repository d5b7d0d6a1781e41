"""`runner rerun`: what is named changes, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_run import shown
from tests.cli.test_run_locks import git
from tests.conftest import Cli, Files
from tests.environments.wheels import Index, index, uv_cache

__all__ = ["index", "uv_cache"]

each = pytest.mark.parametrize

PROJECT = """
metrics: [metrics.json]
outputs: [out.txt]
seed: 7
entry_points:
  main:
    parameters:
      alpha: {type: float, default: 0.5}
      data: {type: path, default: data.txt}
      token: {secret: true, default: none}
    command: python train.py {alpha} {data} {token}
  other:
    command: python -c "print('the other one')"
"""
TRAIN = """
import json, os, pathlib, sys
from version import version
read = pathlib.Path(sys.argv[2]).read_text().strip()
told = [version, sys.argv[1], read, os.environ["RUNNER_SEED"], os.environ.get("OMP_NUM_THREADS", "any")]
pathlib.Path("out.txt").write_text(" ".join(told))
pathlib.Path("metrics.json").write_text(json.dumps({"alpha": float(sys.argv[1])}))
print(" ".join(told))
"""


@pytest.fixture
def project(files: Files) -> Path:
    """It prints its version, parameter, data, seed and threads."""
    directory = files(
        {
            "MLproject": PROJECT,
            "train.py": TRAIN,
            "version.py": "version = 'one'",
            "data.txt": "old",
            ".gitignore": "out.txt\nmetrics.json\n",
        }
    )
    git(directory, "init", "-q", "-b", "main")
    return commit(directory)


@pytest.fixture
def beta(files: Files, index: Index) -> Path:  # the index first
    """A project that wants any beta, and shows which one it got."""
    directory = files(
        {
            "MLproject": "python_env: python_env.yaml\nentry_points: {main: {command: 'python show.py'}}",
            "python_env.yaml": "dependencies: [beta]",
            "show.py": "import beta; print(beta.version)",
        }
    )
    git(directory, "init", "-q", "-b", "main")
    return commit(directory)


def commit(directory: Path) -> Path:
    git(directory, "add", ".")
    git(directory, "commit", "-qm", "a commit")
    return directory


def new_version(directory: Path, version: str) -> Path:
    (directory / "version.py").write_text(f"version = {version!r}")
    return directory


def ran(cli: Cli, project: Path, *arguments: str) -> str:
    outcome = cli("run", project, *arguments)
    assert outcome.code == 0, outcome.err
    return str(shown(cli)["run_id"])


class TestParts:
    def test_without_changes_it_is_the_same_run_uncommitted_changes_included(
        self, cli: Cli, project: Path
    ) -> None:
        new_version(project, "dirty")
        original = ran(cli, project, "-P", "alpha=0.25")
        new_version(project, "later")

        outcome = cli("rerun", original)

        assert outcome.out.splitlines()[0] == "dirty 0.25 old 7 any", outcome.err
        assert "the results are those of" in outcome.err

    @each(
        ("options", "printed"),
        [
            (("-P", "alpha=0.75"), "one 0.75 old 7 any"),
            (("--seed", "8"), "one 0.5 old 8 any"),
            (("--variable", "OMP_NUM_THREADS=3"), "one 0.5 old 7 3"),
            (("-e", "other"), "the other one"),
        ],
    )
    def test_one_part_changes_and_the_rest_stays(
        self, cli: Cli, project: Path, options: tuple[str, ...], printed: str
    ) -> None:
        original = ran(cli, project)

        assert cli("rerun", original, *options).out.splitlines()[0] == printed

    def test_a_variable_is_unset(self, cli: Cli, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
        original = ran(cli, project)
        monkeypatch.setenv("OMP_NUM_THREADS", "9")

        assert cli("rerun", original).out.splitlines()[0].endswith(" 2")
        assert cli("rerun", original, "--variable", "OMP_NUM_THREADS").out.splitlines()[0].endswith(" any")

    def test_data_is_taken_from_elsewhere(self, cli: Cli, project: Path, tmp_path: Path) -> None:
        original = ran(cli, project)
        (tmp_path / "new.txt").write_text("new")

        outcome = cli("rerun", original, "--input", f"data={tmp_path / 'new.txt'}")

        assert outcome.out.splitlines()[0] == "one 0.5 new 7 any"

    def test_the_code_is_that_of_a_commit_a_branch_the_newest_or_a_directory(
        self, cli: Cli, project: Path, files: Files
    ) -> None:
        git(project, "tag", "first")
        new_version(project, "two")
        commit(project)
        original = ran(cli, project)
        new_version(project, "three")
        commit(project)
        elsewhere = files({"MLproject": PROJECT, "train.py": TRAIN, "data.txt": "theirs"})
        new_version(elsewhere, "copied")

        printed = [
            cli("rerun", original, "--code", code).out.split()[:3:2]
            for code in ("same", "first", "main", "HEAD", str(elsewhere))
        ]

        assert printed == [["two", "old"], ["one", "old"], ["three", "old"], ["three", "old"], ["copied", "theirs"]]  # fmt: skip

    def test_the_environment_stays_is_resolved_anew_or_is_that_of_another_run(
        self, cli: Cli, beta: Path, index: Index
    ) -> None:
        original = ran(cli, beta)
        index.add("beta", "3.0")
        newer = ran(cli, beta, "--relock")
        index.add("beta", "4.0")

        printed = [
            cli("rerun", original, "--env", env).out.splitlines()[0] for env in ("same", "latest", newer)
        ]

        assert printed == ["2.0", "4.0", "3.0"]


class TestTold:
    def test_the_run_says_what_it_reran_and_what_was_changed(self, cli: Cli, project: Path) -> None:
        original = ran(cli, project)
        cli("rerun", original, "-P", "alpha=0.75", "-P", "token=hush", "--code", "HEAD", "--run-name", "mine")

        run: dict[str, Any] = shown(cli)

        assert (run["name"], run["tags"]["runner.reruns"]) == ("mine", original)
        assert run["tags"]["runner.changed"].splitlines() == [
            "code: HEAD",
            "parameter alpha: 0.75",
            "parameter token: ********",
        ]

    def test_the_results_are_held_against_those_of_the_original(self, cli: Cli, project: Path) -> None:
        original = ran(cli, project)

        text = cli("rerun", original, "-P", "alpha=0.75").out
        found = json.loads(cli("rerun", original, "-P", "alpha=0.75", "--json").out)

        assert "metric alpha" in text
        assert {(item["kind"], item["name"]) for item in found["results"]} == {
            ("metric", "alpha"),
            ("artifact", "out.txt"),
        }
        assert [(item["name"], item["after"]) for item in found["differences"] if item["weight"] > 0.5] == [
            ("alpha", "0.75")
        ]

    def test_quietly_there_is_the_programs_output_alone(self, cli: Cli, project: Path) -> None:
        assert cli("rerun", ran(cli, project), "-q").out == "one 0.5 old 7 any\n"

    def test_a_dry_run_says_what_would_be_another_and_runs_nothing(self, cli: Cli, project: Path) -> None:
        original = ran(cli, project)

        changed = cli("rerun", original, "-P", "alpha=0.75", "--dry-run")
        same = cli("rerun", original, "--dry-run")

        assert "0.5 → 0.75" in changed.out
        assert "nothing would be another" in same.err
        assert shown(cli)["run_id"] == original

    def test_the_exit_code_is_the_programs(self, cli: Cli, project: Path) -> None:
        original = ran(cli, project)
        (project / "train.py").write_text("raise SystemExit(9)")

        assert cli("rerun", original, "--code", str(project)).code == 9


@each(
    ("options", "said"),
    [
        (("--input", "dta=x"), "has no input 'dta'\nhint: did you mean 'data'?"),
        (("--input", "data=nowhere.txt"), "--input data: there is no file or directory"),
        (("--env", "-1", "--python", "3.11"), "--python 3.11 resolves anew, and --env -1 takes packages as they are"),
        (("--env", "-1"), "has no lock of its environment"),
        (("--code", "nothing"), "no branch, tag or commit 'nothing'"),
        (("--code", "./nothing"), "there is no directory"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_and_nothing_is_run(
    cli: Cli, project: Path, options: tuple[str, ...], said: str
) -> None:
    original = ran(cli, project)

    outcome = cli("rerun", original, *options)

    assert outcome.code in {2, 4, 6}
    assert said in outcome.err
    assert shown(cli)["run_id"] == original
