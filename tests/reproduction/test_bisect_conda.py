"""`runner bisect` of conda environments: locks that are mixed of two can be installed."""

from pathlib import Path

import pytest

from tests.conftest import Cli, Files
from tests.environments.conda.conftest import channel, downloads, fetched, person
from tests.environments.wheels import index, uv_cache
from tests.reproduction.test_bisect import bisected, causes, commit, committed, run

__all__ = ["channel", "downloads", "fetched", "index", "person", "uv_cache"]

SHOW = """
import beta, clock, json, pathlib
result = {"clock": float(clock.version), "beta": float(beta.version)}
pathlib.Path("metrics.json").write_text(json.dumps(result))
"""
WANTED = "channels: [conda-forge]\ndependencies: [python, pip, clock{limit}, greet, {{pip: [beta{limit}]}}]"


@pytest.mark.slow
@pytest.mark.usefixtures("channel", "fetched")
def test_a_guilty_conda_package_and_a_guilty_one_of_pip_are_named(cli: Cli, files: Files) -> None:
    demo = committed(
        files(
            {
                "MLproject": "metrics: [metrics.json]\nconda_env: conda.yaml\n"
                "entry_points: {main: {command: 'python show.py'}}",
                "conda.yaml": WANTED.format(limit="<2"),
                "show.py": SHOW,
                ".gitignore": "metrics.json",
            }
        )
    )
    good = run(cli, demo)
    Path(demo, "conda.yaml").write_text(WANTED.format(limit=""))
    commit(demo, "newer")
    bad = run(cli, demo)

    of_conda = bisected(cli, good, bad, "--metric", "clock")
    of_pip = bisected(cli, good, bad, "--metric", "beta")

    assert (causes(of_conda), causes(of_pip)) == (["clock"], ["beta"])
    assert of_conda["causes"][0]["before"] == "1.0"


@pytest.mark.slow
@pytest.mark.usefixtures("channel", "fetched")
def test_code_that_wants_no_conda_environment_is_not_given_the_recorded_one(cli: Cli, files: Files) -> None:
    main = "entry_points: {main: {command: 'true'}}"
    conda = {"MLproject": f"conda_env: conda.yaml\n{main}", "conda.yaml": WANTED.format(limit="")}
    original = run(cli, committed(files(conda)))
    python = files(
        {"MLproject": f"python_env: python_env.yaml\n{main}", "python_env.yaml": "dependencies: []"}
    )

    outcome = cli("rerun", original, "--code", python)

    assert outcome.code == 3
    assert "the recorded environment is a lock of kind conda" in outcome.err
    assert "--env latest" in outcome.err
