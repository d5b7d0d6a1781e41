"""What is concluded of runs that plain MLflow has recorded. Here they are written as MLflow writes them."""

import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from runner.progress import Progress
from runner.records import Recorded, Unrepeatable, reading
from runner.records.mlflows import unquoted
from runner.settings import Settings
from runner.tracking import open_store
from runner.tracking.model import RunStatus
from tests.conftest import Cli, Files
from tests.environments.wheels import dated, index, uv_cache
from tests.reproduction.people import git

__all__ = ["dated", "index", "uv_cache"]

YEAR_2021 = 1_609_459_200_000 + 86_400_000
MLPROJECT = """
    entry_points:
      main:
        parameters: {note: string, data: {type: path, default: MLproject}}
        command: "echo {note}"
"""


@pytest.fixture
def repository(files: Files) -> Path:
    project = files({"MLproject": MLPROJECT})
    return committed(project)


def committed(project: Path) -> Path:
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "first")
    return project


def tags_of(project: Path, **more: str) -> dict[str, str]:
    return {
        "mlflow.source.name": f"file://{project}",
        "mlflow.source.git.commit": git(project, "rev-parse", "HEAD"),
        "mlflow.project.entryPoint": "main",
        "mlflow.source.type": "PROJECT",
        **more,
    }


def write(
    settings: Settings, tags: Mapping[str, str], params: Mapping[str, str] = {}, *, started: int = YEAR_2021
) -> str:
    with closing(open_store(settings)) as store:
        run = store.create_run("0", status=RunStatus.RUNNING, started=started, tags=tags, params=params)
        store.update_run(run.id, status=RunStatus.FINISHED, ended=started + 1000)
        return run.id


def read(settings: Settings, run: str) -> Recorded:
    with closing(open_store(settings)) as store:
        return reading.read(store, run, settings=settings, progress=Progress())


@pytest.mark.parametrize(
    ("kept", "given"),
    [
        ("0.5", "0.5"),
        ("'two words'", "two words"),
        ("'it'\"'\"'s'", "it's"),
        ("''", ""),
        ("it's", "it's"),  # nobody has quoted that
        ('"double"', '"double"'),
        ("a 'b", "a 'b"),
    ],
)
def test_params_are_as_they_were_given_to_mlflow(kept: str, given: str) -> None:
    assert unquoted(kept) == given


def test_the_plan_is_what_the_tags_and_the_project_say(settings: Settings, repository: Path) -> None:
    params = {"note": "'two words'", "data": "MLproject", "logged": "by the program"}
    run = write(settings, tags_of(repository, **{"mlflow.source.git.branch": "main"}), params)

    found = read(settings, run)

    assert found.plan.source.kind == "directory"
    assert found.plan.source.uri == str(repository)
    assert found.plan.source.commit == git(repository, "rev-parse", "HEAD")
    assert found.plan.entry_point == "main"
    assert found.plan.parameters == {"note": "two words", "data": "MLproject"}
    assert found.plan.inputs == {"data": "MLproject"}
    assert found.run.params == {"note": "two words", "data": "MLproject", "logged": "by the program"}
    assert (found.plan.environment.kind, found.plan.environment.manager) == ("system", "local")
    assert any("does not declare logged" in text for text in found.concluded)


def test_a_subdirectory_of_a_repository_that_is_gone_is_named(settings: Settings, tmp_path: Path) -> None:
    tags = {
        "mlflow.source.name": f"file://{tmp_path}/nowhere#deep/project",
        "mlflow.source.git.commit": "0" * 40,
        "mlflow.project.entryPoint": "main",
    }
    found = read(settings, write(settings, tags, {"alpha": "'1 2'"}))

    assert found.plan.source.subdirectory == "deep/project"
    assert found.plan.parameters == {"alpha": "1 2"}
    assert any(text.startswith("the code cannot be had: ") for text in found.concluded)


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({}, "it has no entry point"),
        ({"mlflow.project.entryPoint": "main"}, "it has no mlflow.source.name"),
    ],
)
def test_a_run_that_says_too_little_cannot_be_repeated(
    settings: Settings, tags: Mapping[str, str], message: str
) -> None:
    run = write(settings, tags)

    with pytest.raises(Unrepeatable, match=message):
        read(settings, run)


def test_hostile_addresses_are_not_given_to_git(cli: Cli, settings: Settings, tmp_path: Path) -> None:
    for name in (
        f"ext::sh -c touch% {tmp_path}/pwned",
        "--upload-pack=touch pwned",
        "git@-oProxyCommand=x:y/z",
    ):
        tags = {
            "mlflow.source.name": name,
            "mlflow.source.git.commit": "0" * 40,
            "mlflow.project.entryPoint": "main",
        }
        run = write(settings, tags)

        outcome = cli("reproduce", run, "--json")

        assert outcome.code == 2, name
        assert "Traceback" not in outcome.err
    assert not (tmp_path / "pwned").exists()


class TestPackages:
    """They were not recorded: nothing that was published after the run started may be installed."""

    @pytest.fixture
    def project(self, files: Files) -> Path:
        main = "{command: 'python -c \"import beta; print(beta.version)\"'}"
        return files({"MLproject": f"entry_points: {{main: {main}}}", "requirements.txt": "beta"})

    def versions(self, cli: Cli, run: str) -> tuple[str, Any]:
        outcome = cli("reproduce", run)
        assert outcome.code == 0, outcome.err
        newest = json.loads(cli("runs", "show", "-1", "--json").out)
        return outcome.out.splitlines()[0], newest["tags"].get("runner.as_of")

    @pytest.mark.usefixtures("dated")
    def test_they_are_resolved_as_of_the_start_of_the_run(
        self, cli: Cli, settings: Settings, project: Path
    ) -> None:
        run = write(settings, tags_of(committed(project), **{"mlflow.project.env": "virtualenv"}))

        assert self.versions(cli, run) == ("1.0", "2021-01-02T00:00:00Z")

    @pytest.mark.usefixtures("dated")
    def test_a_lock_of_the_project_is_taken_as_it_is(
        self, cli: Cli, settings: Settings, project: Path
    ) -> None:
        cli("lock", project)
        run = write(settings, tags_of(committed(project), **{"mlflow.project.env": "virtualenv"}))

        assert self.versions(cli, run) == ("2.0", None)
