"""Values that may hold a secret do not show it when somebody prints them, nor does what contains them."""

from pathlib import Path

import pytest

from runner.cli import Context
from runner.containers.images import Image
from runner.containers.model import Arguments
from runner.environments.python.installer import Content
from runner.executors import Job
from runner.project.binding import Bound
from runner.project.model import CondaEnv, Project
from runner.settings import Settings
from runner.sources.git import Git
from runner.sources.model import ArchiveSource, CapturedSource, GitSource, Login

HERE = Path("/project")
LOGIN = Login(user="hush", password="hush")
SETTINGS = Settings.from_environ(
    {"RUNNER_KEY_PASSPHRASE": "hush", "RUNNER_TRACKING_URI": "https://me:hush@host", "OTHER": "hush"}
)
CONDA = CondaEnv(
    file="conda.yaml", text="channels: [https://me:hush@host]", channels=("https://me:hush@host",)
)


@pytest.mark.parametrize(
    "value",
    [
        SETTINGS,
        Image(id="sha256:1", config={"Env": ["TOKEN=hush"]}),
        Arguments(environment=(("TOKEN", "hush"),)),
        Context(SETTINGS),
        LOGIN,
        ArchiveSource(url="https://host/x.zip", login=LOGIN),
        CapturedSource(uri="https://host/x", repositories=(GitSource(url="https://host/x", login=LOGIN),)),
        Git(url="https://host/x", environ={"RUNNER_GIT_PASSWORD": "hush"}),
        Job(run_id="1", command="true", directory=HERE, variables={"RUNNER_SECRET_KEY": "hush"}),
        Bound(values={"key": "hush"}, secrets=frozenset({"key"})),
        Project(directory=HERE, environment=CONDA),
        Content(kind="pylock", text="", pinned=True, directory=HERE, logins=("https://me:hush@host",)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_no_secret_is_shown(value: object) -> None:
    assert "hush" not in repr(value)
