"""Which environment a run gets: what the project declares, or what `--env-manager` says."""

from typing import assert_never

from runner.errors import EnvironmentFailed, UsageError, did_you_mean
from runner.project.model import CondaEnv, DockerEnv, EnvironmentSpec, PythonEnv, SystemEnv

MANAGERS = ("auto", "local", "virtualenv", "uv", "conda")
NAMED = 5  # conda packages in a message


def choose(spec: EnvironmentSpec, manager: str) -> EnvironmentSpec:
    """Apply an environment manager's name to a declaration.

    `auto` takes it as declared, and a virtual environment where a conda file asks for nothing more and has no conda lock;
    `conda` takes conda environments for all conda files; `local` runs in the caller's environment; `virtualenv` and `uv`
    are one and the same here.

    Raises:
        UsageError: there is no such manager.
        EnvironmentFailed: the manager cannot make what is declared.
    """
    match manager:
        case "auto":
            return _simplest(spec)
        case "local":
            return SystemEnv()
        case "virtualenv" | "uv":
            return _as_python(spec)
        case "conda":
            return spec
        case _:
            raise UsageError(
                f"there is no environment manager {manager!r}",
                hint=did_you_mean(manager, MANAGERS) or f"known are {', '.join(MANAGERS)}",
            )


def _simplest(spec: EnvironmentSpec) -> EnvironmentSpec:
    match spec:
        case CondaEnv(simple=PythonEnv() as simple, lock_file=None):
            return simple
        case _:
            return spec


def _as_python(spec: EnvironmentSpec) -> EnvironmentSpec:
    match spec:
        case SystemEnv():
            return PythonEnv()
        case PythonEnv():
            return spec
        case CondaEnv():
            if spec.simple is None:
                raise _conda_only(spec)
            return spec.simple
        case DockerEnv():
            raise EnvironmentFailed(
                f"the project runs in a container ({spec}), which is no virtual environment",
                hint="leave --env-manager out, or run with --env-manager local where its programs are installed",
            )
        case _:
            assert_never(spec)


def _conda_only(spec: CondaEnv) -> EnvironmentFailed:
    # A channel in front may hold a password.
    named = ", ".join(package.rpartition("::")[2] for package in spec.conda_packages[:NAMED])
    named = named or "those of its lock"
    more = ", ..." if len(spec.conda_packages) > NAMED else ""
    return EnvironmentFailed(
        f"{spec.file} asks for conda packages, which no virtual environment has: {named}{more}",
        hint="leave --env-manager out: conda environments need no conda on this machine",
    )
