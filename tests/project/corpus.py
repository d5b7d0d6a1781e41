"""The table of project files in `cases/`, and what comes of each: through our code and through MLflow's.

A case is a directory of files (`mlproject` is short for the file MLproject; unless `bare`, a sound python_env.yaml lies
beside it), an entry point and given parameters. Expected are the command, values, environment, notices, or an error.
`mlflow` is there where MLflow does otherwise, with the reason.
"""

import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from msgspec.structs import asdict

from runner import project
from runner.errors import RunnerError
from runner.project.model import Build, CondaEnv, DockerEnv, EnvironmentSpec, Notice, PythonEnv, SystemEnv

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from mlflow.projects import _project_spec as mlflow_projects

CASES = Path(__file__).with_name("cases")


@dataclass(frozen=True, kw_only=True)
class Case:
    """One project and what is asked of it."""

    name: str
    mlproject: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    bare: bool = False
    entry_point: str = "main"
    given: Mapping[str, str] = field(default_factory=dict)
    check: bool = True
    environment_needed: bool = True
    env_file: str | None = None
    yaml: str = "sound"
    schema: str = "sees"
    mlflow: Mapping[str, str] | None = None
    expected: Mapping[str, Any] = field(default_factory=dict)

    def write(self, directory: Path) -> Path:
        """Make the project's files."""
        files = dict(self.files)
        if self.mlproject is not None:
            files["MLproject"] = self.mlproject
        if not self.bare:
            files.setdefault("python_env.yaml", "python: '3.12'\n")
        for name, text in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return directory


def cases() -> list[Case]:
    """All cases of all files."""
    return [
        Case(**fields)
        for path in sorted(CASES.glob("*.yaml"))
        for fields in yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    ]


def outcome(case: Case, directory: Path, memory: Path | None = None) -> dict[str, Any]:
    """What our code makes of a case, as the table writes it."""
    found: dict[str, Any] = {}
    try:
        loaded = project.load(directory, environment=case.environment_needed, memory=memory)
    except RunnerError as error:
        return {"error": _error(error, directory)}
    found["environment"] = _environment(loaded.environment)
    found["notices"] = _notices(loaded.notices, directory)
    for key in ("name", "strict", "metrics", "outputs"):
        value = getattr(loaded, key)
        found[key] = list(value) if isinstance(value, tuple) else value
    try:
        point = project.entry_point(loaded, case.entry_point)
        bound = project.bind(point, case.given, strict=loaded.strict, check=case.check)
    except RunnerError as error:
        return _filled({**found, "refused": _error(error, directory)})
    found["command"] = project.render(point, bound)
    found["values"] = dict(bound.values)
    found["inputs"] = dict(bound.inputs)
    found["secrets"] = sorted(bound.secrets)
    found["variables"] = project.secret_variables(point, bound)
    found["said"] = _notices(bound.notices, directory)
    return _filled(found)


def mlflow_command(case: Case, directory: Path, storage: Path | None = None) -> str:
    """The command that MLflow renders; with `storage` it resolves paths."""
    point = _mlflow_entry_point(case, directory)
    return str(point.compute_command(dict(case.given), storage_dir=storage and os.fspath(storage)))


def mlflow_values(case: Case, directory: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Declared and extra parameters as MLflow has them: quoted for the shell."""
    declared, extra = _mlflow_entry_point(case, directory).compute_parameters(
        dict(case.given), storage_dir=None
    )
    return declared, extra


def _mlflow_entry_point(case: Case, directory: Path) -> Any:
    return mlflow_projects.load_project(os.fspath(directory)).get_entry_point(case.entry_point)  # type: ignore[no-untyped-call]


def _filled(found: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in found.items() if value not in (None, False, [], {}) or key == "command"
    }


def _error(error: RunnerError, directory: Path) -> str:
    return _located(str(error), error.hint, directory)


def _notices(notices: Iterable[Notice], directory: Path) -> list[str]:
    return [_located(f"{notice.where}: {notice.message}", notice.hint, directory) for notice in notices]


def _located(text: str, hint: str | None, directory: Path) -> str:
    whole = f"{text} | {hint}" if hint else text
    return whole.replace(f"{directory}/", "").replace(str(directory), "PROJECT")


def _environment(spec: EnvironmentSpec) -> dict[str, Any] | None:
    """What there is to say about an environment; None for the python_env.yaml that lies beside every case."""
    match spec:
        case SystemEnv():
            return {"kind": "system"}
        case PythonEnv(file="python_env.yaml", python="3.12", requirements=()):
            return None
        case PythonEnv():
            return {"kind": "python", **_fields(spec)}
        case CondaEnv():
            return {"kind": "conda", **_conda(spec)}
        case DockerEnv():
            environment = [item if isinstance(item, str) else list(item) for item in spec.environment]
            return _filled(
                {
                    "kind": "docker",
                    "image": spec.image,
                    "build": _build(spec.build),
                    "volumes": list(spec.volumes),
                    "environment": environment,
                }
            )


def _build(build: Build | None) -> dict[str, Any] | None:
    if build is None:
        return None
    return _filled({**asdict(build), "args": dict(build.args), "where": None})


def _conda(spec: CondaEnv) -> dict[str, Any]:
    """Of a file that needs no conda what a Python environment is made of."""
    if spec.simple is not None:
        return _filled({"simple": _fields(spec.simple), "lock_file": spec.lock_file})
    return _filled(
        {
            "file": spec.file,
            "name": spec.name,
            "python": spec.python,
            "channels": list(spec.channels),
            "packages": list(spec.packages),
            "pip": list(spec.pip),
            "variables": dict(spec.variables),
            "lock_file": spec.lock_file,
        }
    )


def _fields(spec: PythonEnv) -> dict[str, Any]:
    return _filled(
        {
            "file": spec.file,
            "python": spec.python,
            "requirements": list(spec.requirements),
            "build_requirements": list(spec.build_requirements),
            "lock_file": spec.lock_file,
            "variables": dict(spec.variables),
        }
    )
