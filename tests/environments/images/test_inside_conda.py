"""A conda environment inside of a container image, which need not have a Python."""

import pytest

from runner.environments import Wishes
from runner.project.model import Build, DockerEnv
from tests.environments.conda.bench import asking
from tests.environments.conda.conftest import channel, downloads, fetched, person
from tests.environments.images.conftest import Yard
from tests.environments.images.test_inside import said
from tests.services.channel import PYTHON
from tests.services.docker import Daemon

__all__ = ["channel", "downloads", "fetched", "person"]


@pytest.fixture
def bare(yard: Yard, engine: Daemon) -> str:
    """An image without a Python."""
    yard.write({"Dockerfile": "FROM tests/python:1\nRUN rm -rf /usr/local/bin\n"})
    made = yard.have(DockerEnv(build=Build()))
    engine.client.images.get(made.image).tag("bare", "1")
    return "bare:1"


@pytest.mark.slow
@pytest.mark.usefixtures("channel", "fetched")
def test_a_conda_environment_brings_its_own_python_into_an_image(
    yard: Yard, engine: Daemon, bare: str
) -> None:
    spec, wishes = asking("python", "polite"), Wishes(image=bare)
    lock = yard.resolve(spec, wishes)

    environment = yard.prepare(lock, spec)

    code = "import polite, sys; print(polite.version, *sys.version_info[:3], sep='.')"
    assert said(engine, environment, "python", "-c", code) == f"1.0.{PYTHON}"
    assert environment.packages == 3
    assert yard.prepare(lock, spec).reused
