"""A run with everything that a run can have, and its bundle."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.bundles.reading import opened_bundle
from runner.settings import Settings
from tests.reproduction.people import write
from tests.services.measuring import unmeasured

TRAIN = """
import json, sys
points = [{"step": step, "loss": 1 / (step + 1)} for step in range(5)]
points += [{"step": 5, "loss": float("nan")}, {"step": 6, "loss": float("-inf")}, {"step": -1, "loss": 0.1 + 0.2}]
open("metrics.json", "w").write(json.dumps(points))
open("model ä.txt", "w").write("weights " + sys.argv[2] + open(sys.argv[1]).read())
print("trained")
"""
PROJECT = {
    "MLproject": """
        name: demo
        metrics: [metrics.json]
        outputs: ["*.txt"]
        entry_points:
          main:
            parameters:
              data: {type: path, default: data.csv}
              alpha: {type: float, default: 0.5}
            command: "python train.py {data} {alpha}"
        """,
    "train.py": TRAIN,
}


@dataclass(frozen=True)
class Exported:
    """A run of the demo project in a store: its id, its bundle, and the data that it read. Many tests share it."""

    run: str
    file: Path
    data: Path
    home: Path

    @property
    def settings(self) -> Settings:
        return Settings.from_environ({"RUNNER_HOME": str(self.home)})


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The run finished in the experiment `first`; its data lies outside of the project."""
    place = tmp_path_factory.mktemp("bundles")
    project, data, file = write(place / "demo", PROJECT), place / "data.csv", place / "run.zip"
    data.write_text("1,2\n")
    environ = {
        name: value for name, value in unmeasured().items() if not name.startswith(("RUNNER_", "MLFLOW_"))
    }
    environ |= {
        "RUNNER_HOME": str(place / "home"),
        "PATH": f"{Path(sys.executable).parent}:{environ['PATH']}",
    }
    for words in (
        ("run", project, "-q", "-P", f"data={data}", "--experiment-name", "first", "--tag", "team=ü"),
        ("export", "-1", file, "-q"),
    ):
        command = [sys.executable, "-m", "runner", *words]
        subprocess.run(command, env=environ, cwd=place, check=True, timeout=120, capture_output=True)
    with opened_bundle(file) as bundle:
        return Exported(bundle.run.id, file, data, place / "home")


@pytest.fixture
def exported(made: Exported, monkeypatch: pytest.MonkeyPatch) -> Exported:
    """The same, on the machine where it was made."""
    monkeypatch.setenv("RUNNER_HOME", str(made.home))
    return made


@pytest.fixture
def elsewhere(
    exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:  # the export first
    """On another machine, where nothing is known of it."""
    monkeypatch.setenv("RUNNER_HOME", str(tmp_path / "elsewhere"))
    return tmp_path / "elsewhere"
