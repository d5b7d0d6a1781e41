"""What a project is: entry points with parameters, and the environment that it asks for. Values only.

Project ── entry_points: name -> EntryPoint ── parameters: name -> Parameter
        └─ environment: SystemEnv | PythonEnv | CondaEnv | DockerEnv
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from runner.errors import Location


class Parameter(Struct, frozen=True, kw_only=True):
    """A declared parameter.

    Attributes:
        name: as written; may hold hyphens.
        type: as written, `string` where absent. Known: string, float, path, uri (MLflow's), int, bool, list[...].
        default: raw text, None where the parameter must be given (or `optional`).
        description: help for people.
        choices: the texts that are allowed, empty for any.
        minimum, maximum: bounds of a number, inclusive (`min`, `max` in the file).
        optional: unset renders as nothing.
        flag: a true value renders as `--name`, a false one as nothing.
        secret: masked in every output and record, given to the program through its environment.
        where: place of the declaration.
    """

    name: str
    type: str = "string"
    default: str | None = None
    description: str | None = None
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    optional: bool = False
    flag: bool = False
    secret: bool = False
    where: Location | None = None

    @property
    def required(self) -> bool:
        """Whether a run must give a value."""
        return self.default is None and not self.optional and not self.flag


class EntryPoint(Struct, frozen=True, kw_only=True):
    """A command with placeholders, and the parameters which fill them.

    `metrics`, `outputs`, `seed` and `variables` are as in `Project`, where they stand for entry points that name none of their own.
    `script` marks one that no file declares: a script, which takes any parameter.
    """

    name: str
    command: str
    parameters: Mapping[str, Parameter] = {}
    metrics: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    seed: int | None = None
    variables: tuple[str, ...] = ()
    script: bool = False
    where: Location | None = None


class SystemEnv(Struct, frozen=True, kw_only=True):
    """No environment of its own: the caller's."""


class PythonEnv(Struct, frozen=True, kw_only=True):
    """A Python interpreter and requirements, from `python_env.yaml`, `requirements.txt`, a lock file or a simple conda file.

    Attributes:
        file: the file that declares it, relative to the project directory; None where it is implied.
        python: version asked for ("3.10", "3.10.13", ">=3.9"), None for any.
        requirements: lines as in requirements.txt (`-r other.txt`, options and editable paths included).
        build_requirements: `build_dependencies` of python_env.yaml; needed for source distributions only.
        lock_file: pylock.toml, uv.lock or a hashed requirements file which the project ships; relative.
        variables: to set in the environment.
    """

    file: str | None = None
    python: str | None = None
    requirements: tuple[str, ...] = ()
    build_requirements: tuple[str, ...] = ()
    lock_file: str | None = None
    variables: Mapping[str, str] = {}


class CondaEnv(Struct, frozen=True, kw_only=True):
    """A conda environment file.

    Attributes:
        file: relative to the project directory.
        text: content of the file, as it is; it may hold the user and password of a channel.
        name: as declared.
        channels: as written, in their order; logins and `nodefaults` included.
        packages: every conda dependency as written ("python=3.10", "pip", "chan::numpy >=1.26"), in the order of the file.
        pip: lines of the pip section, as in requirements.txt; paths are relative to the project directory.
        variables: to set in the environment.
        lock_file: conda-lock.yml, an explicit list or pixi.lock which the project ships; relative.
        python: version asked for, as in `PythonEnv`; None for any, and where only conda understands it.
        simple: the same as a PythonEnv when it holds only python, pip and a pip list; else None.
        conda_packages: dependencies which only conda can supply ("numpy=1.26").
    """

    file: str
    text: str
    name: str | None = None
    channels: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}
    lock_file: str | None = None
    python: str | None = None
    simple: PythonEnv | None = None
    conda_packages: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Without the text and the channels, where logins may stand."""
        return f"CondaEnv(file={self.file!r}, name={self.name!r}, packages={self.packages!r})"


class Build(Struct, frozen=True, kw_only=True):
    """How a container image is made: `build` of `docker_env`. Both paths are relative to the project directory."""

    dockerfile: str = "Dockerfile"
    context: str = "."
    args: tuple[tuple[str, str], ...] = ()
    target: str | None = None
    where: Location | None = None


class DockerEnv(Struct, frozen=True, kw_only=True):
    """A container image: `docker_env`.

    Attributes:
        image: its reference; where there is a `build`, the one that tools without it use, or None.
        build: the image is built from the project.
        volumes: mounts, as written.
        environment: names to copy, and (name, value) pairs to set.
    """

    image: str | None = None
    build: Build | None = None
    volumes: tuple[str, ...] = ()
    environment: tuple[str | tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return self.build.dockerfile if self.build else self.image or ""


EnvironmentSpec: TypeAlias = SystemEnv | PythonEnv | CondaEnv | DockerEnv


class Notice(Struct, frozen=True):
    """Something odd in a project file which does not stop a run.

    `mild` where it may well be meant so; `entry_point` names the one that it is about.
    """

    message: str
    where: Location | None = None
    hint: str | None = None
    mild: bool = False
    entry_point: str | None = None


class Project(Struct, frozen=True, kw_only=True):
    """A project as its files declare it.

    Attributes:
        directory: where the files are.
        file: the MLproject file's name, None where there is none.
        name: as declared.
        environment: what the file (or an implied environment file) asks for.
        entry_points: the declared ones.
        strict: unknown parameters are refused.
        metrics: JSON files which the program writes and whose numbers are recorded as metrics; relative globs.
        outputs: files which the program writes and which are kept as artifacts; relative globs.
        seed: of the program's random numbers; it finds it as RUNNER_SEED.
        variables: environment variables that the program reads, and whose values are recorded.
        notices: what deserves a warning.
    """

    directory: Path
    file: str | None = None
    name: str | None = None
    environment: EnvironmentSpec = SystemEnv()
    entry_points: Mapping[str, EntryPoint] = {}
    strict: bool = False
    metrics: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    seed: int | None = None
    variables: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
