import pytest

from runner.environments import choose
from runner.errors import EnvironmentFailed, UsageError
from runner.project.model import CondaEnv, DockerEnv, EnvironmentSpec, PythonEnv, SystemEnv

PYTHON = PythonEnv(file="python_env.yaml")
SIMPLE = CondaEnv(file="conda.yaml", text="", simple=PYTHON)
LOCKED = CondaEnv(file="conda.yaml", text="", simple=PYTHON, lock_file="conda-lock.yml")
CONDA = CondaEnv(file="conda.yaml", text="", conda_packages=("a", "b", "c", "d", "e", "f"))
DOCKER = DockerEnv(image="python:3.11")
ALL = (SystemEnv(), PYTHON, SIMPLE, LOCKED, CONDA, DOCKER)


@pytest.mark.parametrize(
    ("manager", "declared", "chosen"),
    [
        *[("auto", spec, spec) for spec in (SystemEnv(), PYTHON, LOCKED, CONDA, DOCKER)],
        ("auto", SIMPLE, PYTHON),
        *[("local", spec, SystemEnv()) for spec in ALL],
        *[(manager, SystemEnv(), PythonEnv()) for manager in ("virtualenv", "uv")],
        *[(manager, spec, PYTHON) for manager in ("virtualenv", "uv") for spec in (PYTHON, SIMPLE, LOCKED)],
        *[("conda", spec, spec) for spec in ALL],
    ],
)
def test_a_manager_decides(manager: str, declared: EnvironmentSpec, chosen: EnvironmentSpec) -> None:
    assert choose(declared, manager) == chosen


@pytest.mark.parametrize("manager", ["virtualenv", "uv"])
def test_conda_packages_are_never_dropped_from_a_virtual_environment(manager: str) -> None:
    with pytest.raises(
        EnvironmentFailed, match=r"conda.yaml asks for conda packages.*: a, b, c, d, e, \.\.\.$"
    ) as failure:
        choose(CONDA, manager)

    assert failure.value.hint == "leave --env-manager out: conda environments need no conda on this machine"


def test_the_password_of_a_channel_is_not_in_the_message() -> None:
    private = CondaEnv(file="conda.yaml", text="", conda_packages=("https://host/t/secret/own::numpy=1.26",))

    with pytest.raises(EnvironmentFailed, match=r"has: numpy=1\.26$"):
        choose(private, "uv")


@pytest.mark.parametrize("manager", ["virtualenv", "uv"])
def test_a_container_is_no_virtual_environment(manager: str) -> None:
    with pytest.raises(EnvironmentFailed, match="runs in a container") as failure:
        choose(DOCKER, manager)

    assert "--env-manager local" in (failure.value.hint or "")


def test_an_unknown_manager_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no environment manager 'virtualen'") as failure:
        choose(PYTHON, "virtualen")

    assert failure.value.hint == "did you mean 'virtualenv'?"


def test_a_manager_like_no_other_is_refused_with_all() -> None:
    with pytest.raises(UsageError) as failure:
        choose(PYTHON, "?")

    assert failure.value.hint == "known are auto, local, virtualenv, uv, conda"
