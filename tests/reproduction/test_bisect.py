"""`runner bisect`: real runs, in which one thing out of many turns the result."""

import json
import os
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_run import shown
from tests.cli.test_run_locks import git
from tests.conftest import Cli, Files
from tests.environments.wheels import Index, index, uv_cache

__all__ = ["index", "uv_cache"]

NAMES = [f"p{number:02}" for number in range(20)]
TRAIN = """
import importlib, json, pathlib
names = pathlib.Path("names.txt").read_text().split()
value = sum(importlib.import_module(name).value for name in names)
pathlib.Path("metrics.json").write_text(json.dumps({"rmse": value}))
"""

PLAIN = """
metrics: [metrics.json]
entry_points:
  main:
    parameters: {alpha: {default: 1}, beta: {default: 1}, gamma: {default: 1}}
    command: python train.py {alpha} {beta} {gamma}
"""
SUM = """
import json, os, pathlib, sys, time
from factor import factor
if "HOLD" in os.environ and sys.argv[1:] == ["01", "01", "1"]:
    pathlib.Path(os.environ["HOLD"]).touch()
    time.sleep(60)
alpha, beta, gamma = map(int, sys.argv[1:])
result = {"sum": factor * (alpha + 10 * beta * gamma), "steady": 1}
pathlib.Path("metrics.json").write_text(json.dumps(result))
"""


def publish(index: Index, version: str, values: Mapping[str, str]) -> None:
    """Twenty packages, each with a value: an expression that is evaluated when it is imported."""
    for name in NAMES:
        code = f"value = {values.get(name, '0')}\n"
        index.add(name, version, files={"__init__.py": code.encode()})


@pytest.fixture
def twenty(files: Files, index: Index) -> Path:  # the index first
    return requiring(files, NAMES)


@pytest.fixture
def eight(files: Files, index: Index) -> Path:
    return requiring(files, NAMES[:8])


def requiring(files: Files, names: Sequence[str]) -> Path:
    """A project that adds up the values of its packages."""
    contents = {
        "MLproject": "metrics: [metrics.json]\npython_env: python_env.yaml\n"
        "entry_points: {main: {command: 'python train.py'}}",
        "python_env.yaml": f"dependencies: [{', '.join(names)}]",
        "names.txt": " ".join(names),
        "train.py": TRAIN,
        ".gitignore": "metrics.json",
    }
    return committed(files(contents))


@pytest.fixture
def plain(files: Files) -> Path:
    """A project without packages; its parameters are in its result."""
    return committed(
        files({"MLproject": PLAIN, "train.py": SUM, "factor.py": "factor = 1", ".gitignore": "metrics.json"})
    )


def committed(directory: Path) -> Path:
    git(directory, "init", "-q", "-b", "main")
    return commit(directory, "first")


def commit(directory: Path, message: str) -> Path:
    git(directory, "add", ".")
    git(directory, "commit", "-qm", message)
    return directory


def run(cli: Cli, *arguments: str | Path) -> str:
    outcome = cli("run", *arguments)
    assert outcome.code == 0, outcome.err
    return str(shown(cli)["run_id"])


def bisected(cli: Cli, *arguments: str) -> dict[str, Any]:
    outcome = cli("bisect", *arguments, "--json")
    assert outcome.code == 0, outcome.err + outcome.out
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def causes(found: Mapping[str, Any]) -> list[str]:
    return [cause["name"] for cause in found["causes"]]


def qualities(found: Mapping[str, Any]) -> Sequence[str]:
    return [made["judgement"]["quality"] for made in found["experiments"]]


class TestPackages:
    @pytest.mark.slow
    def test_the_guilty_one_among_twenty_is_named(self, cli: Cli, twenty: Path, index: Index) -> None:
        publish(index, "1.0", {})
        good = run(cli, twenty)
        publish(index, "2.0", {"p13": "0.5"})
        bad = run(cli, twenty, "--relock")

        found = bisected(cli, good, bad, "--metric", "rmse")

        assert causes(found) == ["p13"]
        assert (found["causes"][0]["before"], found["causes"][0]["after"]) == ("1.0", "2.0")
        assert len(found["experiments"]) <= 6

    @pytest.mark.slow
    def test_two_that_work_together_only_are_both_named(self, cli: Cli, eight: Path, index: Index) -> None:
        """p01 2.0 looks at which p05 there is."""
        publish(index, "1.0", {})
        good = run(cli, eight)
        publish(index, "2.0", {"p01": "getattr(__import__('p05'), 'mark', 0)", "p05": "0\nmark = 3"})
        bad = run(cli, eight, "--relock")

        found = bisected(cli, good, bad)

        assert causes(found) == ["p01", "p05"]
        assert "2 changes turn the result, only together" in found["conclusion"]

    @pytest.mark.slow
    def test_mixtures_that_contradict_themselves_or_fail_are_skipped(
        self, cli: Cli, eight: Path, index: Index
    ) -> None:
        """p03 and p05 go together only; p06 2.0 does not bear p07 1.0, which shows when it is imported."""
        publish(index, "1.0", {})
        index.add("p03", "1.0", requires=["p05==1"], files={"__init__.py": b"value = 0"})
        good = run(cli, eight)
        publish(index, "2.0", {"p04": "1", "p06": "1 / __import__('p07').value - 1", "p07": "1"})
        index.add("p03", "2.0", requires=["p05==2"], files={"__init__.py": b"value = 0"})
        bad = run(cli, eight, "--relock", "-P", "other=1")

        found = bisected(cli, good, bad, "--metric", "rmse")

        assert set(causes(found)) <= {"p04", "p07"}
        assert "untestable" in qualities(found)
        assert "their packages do not admit each other: p03 " in " ".join(found["notes"])

    @pytest.mark.slow
    def test_packages_that_admit_only_each_other_are_named_together(
        self, cli: Cli, eight: Path, index: Index
    ) -> None:
        publish(index, "1.0", {})
        index.add("p03", "1.0", requires=["p05==1"], files={"__init__.py": b"value = 0"})
        good = run(cli, eight)
        publish(index, "2.0", {})
        index.add("p03", "2.0", requires=["p05==2"], files={"__init__.py": b"value = 1"})
        bad = run(cli, eight, "--relock")

        found = bisected(cli, good, bad)

        assert causes(found) == ["p05", "p03"]
        assert "could not be told apart" in found["conclusion"]
        assert "untestable" not in qualities(found)


class TestOtherChanges:
    def test_the_guilty_parameter_is_named(self, cli: Cli, plain: Path) -> None:
        good = run(cli, plain)
        bad = run(cli, plain, "-P", "alpha=2", "-P", "gamma=01")

        found = bisected(cli, good, bad)

        assert causes(found) == ["alpha"]

    def test_parameters_that_work_together_only_are_both_named(self, cli: Cli, plain: Path) -> None:
        good = run(cli, plain, "-P", "beta=0", "-P", "gamma=0")
        bad = run(cli, plain)

        found = bisected(cli, good, bad, "--metric", "sum")

        assert causes(found) == ["beta", "gamma"]

    def test_a_parameter_that_is_the_only_difference_needs_no_experiment(self, cli: Cli, plain: Path) -> None:
        good = run(cli, plain)
        bad = run(cli, plain, "-P", "alpha=2")

        found = bisected(cli, good, bad)

        assert (causes(found), found["experiments"]) == (["alpha"], [])

    def test_an_environment_variable_is_named(
        self, cli: Cli, plain: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (plain / "factor.py").write_text("import os\nfactor = int(os.environ.get('OMP_NUM_THREADS', 1))\n")
        commit(plain, "by threads")
        good = run(cli, plain)
        monkeypatch.setenv("OMP_NUM_THREADS", "3")
        bad = run(cli, plain, "-P", "gamma=01")

        found = bisected(cli, good, bad)

        assert causes(found) == ["OMP_NUM_THREADS"]

    def test_the_seed_is_told_from_the_code(self, cli: Cli, plain: Path) -> None:
        """The hash seed of Python follows it."""
        (plain / "MLproject").write_text(f"seed: 1\n{PLAIN}")
        (plain / "factor.py").write_text("factor = hash('anything') % 1000003\n")
        commit(plain, "by chance")
        good = run(cli, plain)
        (plain / "MLproject").write_text(f"seed: 2\n{PLAIN}")
        (plain / "README").write_text("harmless")
        commit(plain, "harmless")
        bad = run(cli, plain)

        assert causes(bisected(cli, good, bad)) == ["seed"]

    def test_data_that_changed_in_its_place_is_named_if_both_are_at_hand(
        self, cli: Cli, files: Files, tmp_path: Path
    ) -> None:
        reader = committed(
            files(
                {
                    "MLproject": "metrics: [metrics.json]\nentry_points: {main: {parameters: {data: path, gamma: {default: 1}}, "
                    "command: 'cp {data} metrics.json; echo {gamma}'}}",
                    ".gitignore": "metrics.json",
                }
            )
        )
        data, old = tmp_path / "data.json", tmp_path / "old.json"
        data.write_text('{"sum": 1}')
        good = run(cli, reader, "-P", f"data={data}")
        data.rename(old)
        data.write_text('{"sum": 2}')
        bad = run(cli, reader, "-P", f"data={data}", "-P", "gamma=01")

        blind = cli("bisect", good, bad)
        found = bisected(cli, good, bad, "--input-a", f"data={old}")

        assert blind.code == 1
        assert "say where it is with --input-a data=PATH" in blind.err
        assert causes(found) == ["data"]

    @pytest.mark.slow
    def test_the_guilty_commit_is_named_and_broken_ones_are_skipped(self, cli: Cli, plain: Path) -> None:
        good = run(cli, plain)
        for number in range(2, 10):
            broken = number in {4, 5}
            (plain / "factor.py").write_text(
                f"# {number}\nfactor = {'1 / 0' if broken else 2 if number >= 7 else 1}\n"
            )
            commit(plain, f"number {number}")
        bad = run(cli, plain, "-P", "gamma=01")

        found = bisected(cli, good, bad)

        assert len(found["causes"]) == 1
        assert causes(found)[0].startswith("commit ")
        assert causes(found)[0].endswith(" (number 7)")
        assert "untestable" in qualities(found)
        (back,) = causes(bisected(cli, bad, good))
        assert back.startswith("without commit ")
        assert back.endswith(" (number 7)")

    def test_what_was_not_committed_is_told_from_the_commits(self, cli: Cli, plain: Path) -> None:
        good = run(cli, plain)
        (plain / "README").write_text("new")
        commit(plain, "harmless")
        (plain / "factor.py").write_text("factor = 2")
        bad = run(cli, plain)

        assert causes(bisected(cli, good, bad)) == ["the uncommitted changes of the second"]


class TestExperiments:
    def test_they_are_tracked_runs_and_are_not_made_twice(self, cli: Cli, plain: Path) -> None:
        good = run(cli, plain)
        bad = run(cli, plain, "-P", "alpha=2", "-P", "gamma=01")

        first = bisected(cli, good, bad)
        second = bisected(cli, good, bad, "--metric", "sum")

        assert [made["earlier"] for made in first["experiments"]] == [False]
        assert [made["earlier"] for made in second["experiments"]] == [True]
        tags: Any = shown(cli, first["experiments"][0]["runs"][0])["tags"]
        assert tags["runner.bisect"] == f"{good} {bad}"
        assert tags["runner.reruns"] == good

    def test_stopped_it_goes_on_where_it_was(
        self, cli: Cli, plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        good = run(cli, plain)
        bad = run(cli, plain, "-P", "alpha=01", "-P", "beta=01", "-P", "gamma=2")
        monkeypatch.setenv("HOLD", str(tmp_path / "holding"))
        interrupting = threading.Thread(target=interrupt, args=(tmp_path / "holding",))
        interrupting.start()

        stopped = cli("bisect", good, bad)

        interrupting.join()
        assert stopped.code == 130
        assert f"stopped after 1 experiment; to go on: runner bisect {good[:8]} {bad[:8]}" in stopped.err
        monkeypatch.delenv("HOLD")
        found = bisected(cli, good, bad)
        assert causes(found) == ["gamma"]
        assert [made["earlier"] for made in found["experiments"]] == [True, False, False]

    def test_each_may_be_repeated_and_the_ends_be_verified(self, cli: Cli, plain: Path) -> None:
        good = run(cli, plain)
        bad = run(cli, plain, "-P", "alpha=2")

        found = bisected(cli, good, bad, "--verify", "--repeat", "2")

        assert causes(found) == ["alpha"]
        assert [len(made["runs"]) for made in found["experiments"]] == [2, 2]

    def test_people_see_what_is_tried_and_what_came_of_it(self, cli: Cli, plain: Path) -> None:
        good = run(cli, plain)
        bad = run(cli, plain, "-P", "alpha=2", "-P", "gamma=01")

        outcome = cli("bisect", good, bad, "--metric", "sum")

        assert outcome.code == 0
        assert "experiment 1 of about 2: A with alpha 1 → 2" in outcome.err
        assert "bad: sum 12" in outcome.err
        assert outcome.out.splitlines()[-1] == "cause: alpha 1 → 2 turns the result"


class TestNothingFound:
    def test_where_the_results_are_the_same_there_is_nothing_to_find(self, cli: Cli, plain: Path) -> None:
        good, other = run(cli, plain), run(cli, plain, "-P", "alpha=2")

        outcome = cli("bisect", good, other, "--metric", "steady")

        assert outcome.code == 1
        assert "have the same results" in outcome.out

    def test_what_does_not_come_out_again_is_not_searched(
        self, cli: Cli, plain: Path, tmp_path: Path
    ) -> None:
        """The result is that of a file that nobody recorded."""
        factor = tmp_path / "factor.txt"
        (plain / "factor.py").write_text(f"factor = int(open({str(factor)!r}).read())")
        commit(plain, "from a file")
        factor.write_text("1")
        good = run(cli, plain)
        factor.write_text("2")
        bad = run(cli, plain, "-P", "gamma=01")

        outcome = cli("bisect", good, bad, "--verify")

        assert outcome.code == 1
        assert "A does not come out as it was recorded" in outcome.out

    def test_where_nothing_differs_it_says_so(self, cli: Cli, plain: Path, tmp_path: Path) -> None:
        factor = tmp_path / "factor.txt"
        (plain / "factor.py").write_text(f"factor = int(open({str(factor)!r}).read())")
        commit(plain, "from a file")
        factor.write_text("1")
        good = run(cli, plain)
        factor.write_text("2")

        outcome = cli("bisect", good, run(cli, plain))

        assert outcome.code == 1
        assert "nothing that was recorded differs" in outcome.out

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (("--metric", "sun"), "has the metric 'sun'\nhint: did you mean 'sum'?"),
            (("--artifact", "a.csv"), "has the artifact 'a.csv'"),
            (("--metric", "sum", "--artifact", "a.csv"), "one result decides"),
        ],
    )
    def test_a_result_that_there_is_not(
        self, cli: Cli, plain: Path, options: tuple[str, ...], said: str
    ) -> None:
        good, bad = run(cli, plain), run(cli, plain, "-P", "alpha=2")

        outcome = cli("bisect", good, bad, *options)

        assert outcome.code == 2
        assert said in outcome.err

    def test_an_option_that_there_is_not_is_no_run(self, cli: Cli) -> None:
        outcome = cli("bisect", "--metrik", "sum")

        assert outcome.code == 2
        assert "--metrik" in outcome.err


def interrupt(mark: Path) -> None:
    """Press Ctrl-C as soon as the file is there."""
    deadline = time.monotonic() + 30
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGINT)
