"""Runs that plain MLflow has recorded, reproduced."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from runner.settings import Settings
from runner.tracking import open_store
from tests.conftest import Cli, Files
from tests.reproduction.people import git, write
from tests.reproduction.recorded import checks, newest, said
from tests.services.mlflows import CURRENT, mlflow_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(CURRENT, tmp_path_factory.mktemp("mlflow")) as address:
        yield address


@pytest.mark.slow
class TestPlainMlflow:
    """Runs that `mlflow run` has recorded on an `mlflow server`."""

    @pytest.fixture
    def repository(self, files: Files) -> Path:
        project = files(
            {
                "MLproject": f"""
                    entry_points:
                      main:
                        parameters: {{note: string, alpha: {{type: float, default: 0.5}}}}
                        command: "{sys.executable} train.py {{note}} {{alpha}}"
                """,
                "train.py": """
                    import sys, mlflow
                    mlflow.log_metric("length", len(sys.argv[1]))
                    mlflow.log_metric("alpha", float(sys.argv[2]))
                    mlflow.log_param("seen", "it's here")
                """,
            }
        )
        git(project, "init", "-q", "-b", "main")
        git(project, "add", "-A")
        git(project, "commit", "-qm", "first")
        return project

    def run(self, server: str, *arguments: str | Path) -> None:
        mlflow = Path(sys.executable).with_name("mlflow")
        path = f"{mlflow.parent}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(
            [mlflow, "run", "--env-manager", "local", *arguments],
            env={**os.environ, "MLFLOW_TRACKING_URI": server, "PATH": path, "GIT_PYTHON_REFRESH": "quiet"},
            check=True,
            capture_output=True,
            timeout=120,
        )

    def test_its_commit_entry_point_and_parameters_are_taken_from_its_tags(
        self, cli: Cli, server: str, repository: Path, settings: Settings
    ) -> None:
        self.run(server, repository, "-P", "note=two words; it's", "-P", "alpha=0.25")
        with closing(open_store(settings, server)) as store:
            original = store.run("-1")
        commit = git(repository, "rev-parse", "HEAD")
        write(repository, {"train.py": "raise SystemExit(9)"})
        git(repository, "commit", "-qam", "broken")

        outcome = cli("reproduce", f"{server}/#/experiments/0/runs/{original.id}", "--json")

        assert (outcome.code, said(outcome)["verdict"]) == (0, "identical"), outcome.out + outcome.err
        run = newest(cli)
        assert run["tags"]["mlflow.source.git.commit"] == commit
        assert run["params"] == {"note": "two words; it's", "alpha": "0.25", "seen": "it's here"}
        assert run["metrics"]["length"]["value"] == len("two words; it's")
        told = " ".join(text for _, text in checks(outcome, "record"))
        assert "packages were not recorded" in told
        assert "does not declare seen" in told
        with closing(open_store(settings, server)) as store:
            assert '"identical"' in store.run(original.id).tags["runner.reproduced"]
