"""The process in which rattler works, by itself."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from runner.environments.conda import lockfile
from runner.environments.conda.asking import WORKER
from runner.environments.conda.recipe import told
from tests.environments.conda.bench import Bench, asking

ROUNDS = 15  # of these about 6 crash, where the interpreter ends in the usual way


def worker(request: object) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-P", str(WORKER)]
    return subprocess.run(argv, input=json.dumps(request), capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_it_never_crashes_when_it_ends(bench: Bench, tmp_path: Path) -> None:
    content = lockfile.read(bench.lock(asking("tuned")).text, name="the lock")
    packages = [told(package) for package in content.conda]
    request = {
        "job": "install",
        "cache": str(tmp_path / "pkgs"),
        "packages": packages,
        "path": ["/usr/bin"],
        "offline": False,
        "logins": {},
    }

    done = [worker({**request, "prefix": str(tmp_path / f"prefix{number}")}) for number in range(ROUNDS)]

    assert [item.returncode for item in done] == [0] * ROUNDS
    assert all("answer" in json.loads(item.stdout) for item in done)


def test_it_says_what_it_does_not_understand(tmp_path: Path) -> None:
    done = worker({"job": "nothing"})

    assert (done.returncode, json.loads(done.stdout)["failed"]) == (0, "KeyError")
