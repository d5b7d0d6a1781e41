"""`runner run` and its environments, through the front door: reuse, locks, and the fault matrix of a build."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_run import artifact, shown
from tests.conftest import Cli, Files
from tests.environments.builders import await_
from tests.environments.test_faults import MANY, MOMENTS, small_disk
from tests.environments.wheels import Index, index, noise, uv_cache

__all__ = ["index", "small_disk", "uv_cache"]

SHOW = "entry_points: {main: {command: 'python show.py'}}"
PROJECT = {"MLproject": f"python_env: python_env.yaml\n{SHOW}"}


def python_env(*requirements: str) -> dict[str, str]:
    return {**PROJECT, "python_env.yaml": json.dumps({"dependencies": list(requirements)})}


def test_the_second_run_reuses_the_environment_and_the_lock_is_kept(
    cli: Cli, files: Files, index: Index
) -> None:
    demo = files(
        {
            **python_env("alpha"),
            "show.py": "import sys, beta; print(sys.prefix != sys.base_prefix, beta.version)",
        }
    )

    first = cli("run", demo)
    index.add("beta", "3.0")
    second = cli("run", demo)

    assert first.out == second.out == "True 2.0\n", first.err
    assert "built" in first.err
    assert "cached" in second.err
    lock = artifact(shown(cli), "runner/pylock.toml").read_text()
    assert 'name = "beta"' in lock
    assert "sha256" in lock
    assert json.loads(cli("env", "list", "--json").out)[0]["packages"] == {"alpha": "1.0", "beta": "2.0"}


def test_a_conda_file_of_pip_packages_needs_no_conda(cli: Cli, files: Files, index: Index) -> None:
    demo = files(
        {
            "MLproject": f"conda_env: conda.yaml\n{SHOW}",
            "conda.yaml": "name: x\nchannels: [defaults]\ndependencies: [python, pip, {pip: [alpha]}]",
            "show.py": "import alpha; print(alpha.version)",
        }
    )

    assert cli("run", demo).out == "1.0\n"


def test_the_variables_of_a_conda_file_are_set(cli: Cli, files: Files, index: Index) -> None:
    demo = files(
        {
            "MLproject": f"conda_env: conda.yaml\n{SHOW}",
            "conda.yaml": "dependencies: [python]\nvariables: {LEVEL: 1.10, VIRTUAL_ENV: /elsewhere}",
            "show.py": "import os, sys; print(os.environ['LEVEL'], os.environ['VIRTUAL_ENV'] == sys.prefix)",
        }
    )

    assert cli("run", demo).out == "1.10 True\n"


def test_the_lock_beside_a_project_is_obeyed(cli: Cli, files: Files, index: Index) -> None:
    demo = files({**python_env("beta<2"), "show.py": "import beta; print(beta.version)"})
    locked = cli("lock", demo)
    index.add("beta", "1.5")

    outcome = cli("run", demo)

    assert locked.code == 0, locked.err
    assert outcome.out == "1.0\n", outcome.err


def test_requirements_that_cannot_be_met_are_a_failed_run_with_the_resolvers_words(
    cli: Cli, files: Files, index: Index
) -> None:
    outcome = cli("run", files({**python_env("gamma", "beta>=2"), "show.py": ""}))

    assert outcome.code == 3
    assert "beta<2" in outcome.err
    assert shown(cli)["status"] == "FAILED"


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_run_killed_while_it_builds_does_not_spoil_the_next(
    cli: Cli, files: Files, index: Index, home: Path, moment: str
) -> None:
    index.add("bulky", files={f"part{number}.py": b"" for number in range(MANY)})
    demo = files(
        {
            **python_env("bulky"),
            "show.py": "import pathlib, bulky; print(len(list(pathlib.Path(bulky.__file__).parent.glob('part*'))))",
        }
    )
    first = subprocess.Popen(
        [sys.executable, "-m", "runner", "run", str(demo)],
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    await_(lambda: MOMENTS[moment](home / "cache" / "envs") or first.poll() is not None)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()

    again = cli("run", demo)

    assert again.out == f"{MANY}\n", again.err
    runs = json.loads(cli("runs", "list", "--json").out)
    assert [run["status"] for run in runs] in (["FINISHED", "LOST"], ["FINISHED", "FINISHED"])


def test_eight_runs_at_once_on_an_empty_cache_build_once_and_all_finish(
    cli: Cli, files: Files, index: Index
) -> None:
    index.add("bulky", files={f"part{number}.py": b"" for number in range(MANY)})
    demo = files({**python_env("bulky", "alpha"), "show.py": "import alpha, bulky; print(alpha.version)"})
    argv = [sys.executable, "-m", "runner", "run", str(demo)]

    together = [
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(8)
    ]
    outputs = [process.communicate(timeout=120) for process in together]

    assert [process.returncode for process in together] == [0] * 8, outputs
    assert [out for out, _ in outputs] == ["1.0\n"] * 8
    records = [
        json.loads(artifact(run, "runner/record.json").read_text())
        for run in json.loads(cli("runs", "list", "--json").out)
    ]
    assert sorted(record["environment"]["reused"] for record in records) == [False] + [True] * 7
    assert [record["status"] for record in records] == ["FINISHED"] * 8


@pytest.mark.root
def test_a_full_disk_while_building_is_said_clearly_and_poisons_nothing(
    cli: Cli, files: Files, index: Index, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_CACHE", str(small_disk))
    index.add("heavy", files={"data.bin": noise(40 << 20)})
    demo = files({**python_env("heavy"), "show.py": "import heavy; print(heavy.version)"})

    full = cli("run", demo)
    subprocess.run(["mount", "-o", "remount,size=150m", small_disk], check=True)
    enough = cli("run", demo)

    assert full.code == 3
    assert "the disk is full" in full.err
    assert "Traceback" not in full.err
    assert shown(cli, "-2")["status"] == "FAILED"
    assert enough.out == "1.0\n", enough.err
