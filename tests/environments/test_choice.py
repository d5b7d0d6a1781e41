import pytest

from runner.environments import choose
from runner.errors import EnvironmentFailed, UsageError
from runner.project.model import CondaEnv, DockerEnv, EnvironmentSpec, PythonEnv, SystemEnv

PYTHON = PythonEnv(file="python_env.yaml")
SIMPLE = CondaEnv(file="conda.yaml", text="", simple=PYTHON)
CONDA = CondaEnv(file="conda.yaml", text="", conda_packages=("a", "b", "c", "d", "e", "f"))
DOCKER = DockerEnv(image="python:3.11")


@pytest.mark.parametrize(
    ("manager", "declared", "chosen"),
    [
        *[("auto", spec, spec) for spec in (SystemEnv(), PYTHON, SIMPLE, CONDA, DOCKER)],
        *[("local", spec, SystemEnv()) for spec in (SystemEnv(), PYTHON, SIMPLE, CONDA, DOCKER)],
        *[(manager, SystemEnv(), PythonEnv()) for manager in ("virtualenv", "uv")],
        *[(manager, spec, PYTHON) for manager in ("virtualenv", "uv") for spec in (PYTHON, SIMPLE)],
        ("conda", SIMPLE, PYTHON),
        ("conda", PYTHON, PYTHON),
        ("conda", SystemEnv(), SystemEnv()),
    ],
)
def test_a_manager_decides(manager: str, declared: EnvironmentSpec, chosen: EnvironmentSpec) -> None:
    assert choose(declared, manager) == chosen


@pytest.mark.parametrize("manager", ["virtualenv", "uv", "conda"])
@pytest.mark.parametrize("declared", [CONDA, DOCKER])
def test_what_a_manager_cannot_make_is_refused(manager: str, declared: EnvironmentSpec) -> None:
    with pytest.raises(EnvironmentFailed, match="which this version cannot") as failure:
        choose(declared, manager)

    assert "--env-manager local" in (failure.value.hint or "")


def test_an_unknown_manager_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no environment manager 'virtualen'") as failure:
        choose(PYTHON, "virtualen")

    assert failure.value.hint == "did you mean 'virtualenv'?"


def test_a_manager_like_no_other_is_refused_with_all() -> None:
    with pytest.raises(UsageError) as failure:
        choose(PYTHON, "?")

    assert failure.value.hint == "known are auto, local, virtualenv, uv, conda"
