"""The process in which rattler works, by itself."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from runner.environments.conda.asking import WORKER
from tests.services.channel import Channel

ROUNDS = 30  # of these about 12 crash, where the interpreter ends in the usual way


def worker(request: object) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-P", WORKER]
    return subprocess.run(argv, input=json.dumps(request), capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_it_never_crashes_when_it_ends(tmp_path: Path, conda_channel: Channel) -> None:
    more = {"offline": False, "logins": {}}
    asked = {
        "job": "solve",
        "channels": [conda_channel.url],
        "specs": ["polite", "tuned"],
        "platforms": ["linux-64"],
        "virtual": {"linux-64": None},
        "priority": "strict",
        "as_of": None,
        "cache": str(tmp_path / "repodata"),
        **more,
    }

    codes = [worker(asked).returncode for _ in range(ROUNDS)]

    assert codes == [0] * ROUNDS


def test_it_says_what_it_does_not_understand(tmp_path: Path) -> None:
    done = worker({"job": "nothing"})

    assert (done.returncode, json.loads(done.stdout)["failed"]) == (0, "KeyError")
