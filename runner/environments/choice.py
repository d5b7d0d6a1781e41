"""Which environment a run gets: what the project declares, or what `--env-manager` says; and who makes it."""

from typing import assert_never

from runner.environments import uv
from runner.environments.installer import Installer
from runner.environments.pip import Pip
from runner.environments.trouble import masked
from runner.environments.uv import Uv
from runner.errors import EnvironmentFailed, UsageError, did_you_mean
from runner.progress import Phase
from runner.project.model import CondaEnv, DockerEnv, EnvironmentSpec, PythonEnv, SystemEnv
from runner.settings import Settings

MANAGERS = ("auto", "local", "virtualenv", "uv", "conda")


def choose(spec: EnvironmentSpec, manager: str) -> EnvironmentSpec:
    """Apply an environment manager's name to a declaration.

    `auto` takes it as declared, `local` runs in the caller's environment; `virtualenv` and `uv` are one and the same
    here, and `conda` is content with a virtual environment where the conda file asks for nothing more.

    Raises:
        UsageError: there is no such manager.
        EnvironmentFailed: the manager cannot make what is declared.
    """
    match manager:
        case "auto":
            return spec
        case "local":
            return SystemEnv()
        case "virtualenv" | "uv":
            return _as_python(spec)
        case "conda":
            return _as_conda(spec)
        case _:
            raise UsageError(
                f"there is no environment manager {manager!r}",
                hint=did_you_mean(manager, MANAGERS) or f"known are {', '.join(MANAGERS)}",
            )


def unsupported(spec: CondaEnv | DockerEnv) -> EnvironmentFailed:
    """What this version cannot make, and the ways round it."""
    match spec:
        case CondaEnv(conda_packages=packages):
            named = ", ".join(masked(package) for package in packages[:5]) + (
                ", ..." if len(packages) > len("12345") else ""
            )
            return EnvironmentFailed(
                f"{spec.file} asks for conda packages, which this version cannot install"
                + (f": {named}" if packages else ""),
                hint="run with --env-manager local inside a conda environment that has them, or declare a"
                " python_env.yaml with the same packages from the Python index",
            )
        case DockerEnv():
            return EnvironmentFailed(
                f"the project runs in a container ({spec.image}), which this version cannot start",
                hint="run with --env-manager local where its programs are installed, or declare a python_env.yaml",
            )
        case _:
            assert_never(spec)


def installer(settings: Settings, phase: Phase) -> Installer:
    """Who does the work: uv where there is one."""
    program = uv.find(settings)
    return Uv(program, settings, phase) if program else Pip(settings, phase)


def _as_python(spec: EnvironmentSpec) -> EnvironmentSpec:
    match spec:
        case SystemEnv():
            return PythonEnv()
        case PythonEnv():
            return spec
        case CondaEnv():
            if spec.simple is None:
                raise unsupported(spec)
            return spec.simple
        case DockerEnv():
            raise unsupported(spec)
        case _:
            assert_never(spec)


def _as_conda(spec: EnvironmentSpec) -> EnvironmentSpec:
    match spec:
        case CondaEnv() if spec.simple is not None:
            return spec.simple
        case CondaEnv() | DockerEnv():
            raise unsupported(spec)
        case PythonEnv() | SystemEnv():
            return spec
        case _:
            assert_never(spec)
