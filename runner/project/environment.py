"""Which environment a project asks for: the file that it names, or one that lies beside the project file.

named     python_env: FILE | conda_env: FILE | docker_env
implied   python_env.yaml, conda.yaml (MLflow's order), conda.yml, uv.lock, requirements.txt, pylock.toml,
          environment.yaml, environment.yml; without any of them the caller's own Python
lock      pylock.toml, or hashed requirements, beside any Python environment
"""

import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import assert_never

from msgspec.structs import replace

from runner.errors import Location, ProjectError, did_you_mean
from runner.project.conda import read_conda
from runner.project.conda_locks import is_lock, lock_beside
from runner.project.document import Document, Node, Scalar, Table, read, read_text
from runner.project.file import EnvironmentFile
from runner.project.model import CondaEnv, DockerEnv, EnvironmentSpec, Notice, PythonEnv, SystemEnv
from runner.project.reading import check_keys, refused, texts_of

KEYS = ("python", "build_dependencies", "dependencies")
PYTHON_FILES = ("python_env.yaml",)
CONDA_FILES = ("conda.yaml", "conda.yml")
OTHER_CONDA_FILES = ("environment.yaml", "environment.yml")
PYLOCK, UV_LOCK, REQUIREMENTS, VERSION_FILE = "pylock.toml", "uv.lock", "requirements.txt", ".python-version"

CLAUSE = r"\s*(?:===?|>=|<=|~=|!=|<|>|=)?\s*[0-9]+(?:\.[0-9]+)*(?:\.\*)?\s*"
PYTHON_VERSION = re.compile(rf"{CLAUSE}(?:,{CLAUSE})*")
PINNED_MINOR = re.compile(r"\s*=*\s*([0-9]+)\.([0-9]+)(?:\..*)?")
LAST_END_OF_LIFE = (3, 9)  # since October 2025: https://devguide.python.org/versions/
REQUIREMENTS_FILE = re.compile(r"(?:-r\s*|--requirement[=\s]\s*)(.+)")


def resolve(
    directory: Path,
    declared: DockerEnv | EnvironmentFile | None,
    *,
    names: Collection[str],
    notices: list[Notice],
    memory: Path | None = None,
) -> EnvironmentSpec:
    """The environment that a project asks for.

    Args:
        directory: the project's.
        declared: what the project file says.
        names: of the files in the directory.
        notices: gets what is odd.
        memory: as in `document.read`.

    Raises:
        ProjectError: a named file is missing or wrong.
    """
    match declared:
        case DockerEnv():
            _refuse_missing_build(directory, declared)
            return declared
        case EnvironmentFile():
            file = _existing(directory, declared, names)
            return _read(directory, file, key=declared.key, names=names, notices=notices, memory=memory)
        case None:
            return _implied(directory, names, notices, memory)
        case _:
            assert_never(declared)


def _refuse_missing_build(directory: Path, declared: DockerEnv) -> None:
    if declared.build is None:
        return
    root, build = directory.resolve(), declared.build
    for path, there in (
        (build.dockerfile, (root / build.dockerfile).is_file()),
        (build.context, (root / build.context).is_dir()),
    ):
        if not there:
            raise ProjectError(f"'build' names {path!r}, which does not exist", where=build.where)
        if not (root / path).resolve().is_relative_to(root):
            raise ProjectError(f"'build' names {path!r}, which is outside of the project", where=build.where)


def _existing(directory: Path, named: EnvironmentFile, names: Collection[str]) -> str:
    if (directory / named.path).is_file():
        return named.path
    raise ProjectError(
        f"{named.key!r} names the file {named.path!r}, which does not exist",
        where=named.where,
        hint=did_you_mean(named.path, names) or "add the file, or run with --env-manager local",
    )


def _implied(
    directory: Path, names: Collection[str], notices: list[Notice], memory: Path | None
) -> EnvironmentSpec:
    for file in (*PYTHON_FILES, *CONDA_FILES):
        if file in names:
            key = "python_env" if file in PYTHON_FILES else "conda_env"
            return _read(directory, file, key=key, names=names, notices=notices, memory=memory)
    if python := _beside(directory, names):
        where = Location(directory / (python.file or ""))
        notices.append(Notice(f"no environment is declared; {python.file} is used", where))
        return python
    for file in OTHER_CONDA_FILES:
        if file in names:
            where, hint = Location(directory / file), f"declare it: `conda_env: {file}`"
            notices.append(Notice(f"no environment is declared; {file} is used", where, hint))
            return _read(directory, file, key="conda_env", names=names, notices=notices, memory=memory)
    message = "the project declares no environment; it runs in the caller's"
    notices.append(
        Notice(message, Location(directory), "add a python_env.yaml or a requirements.txt", mild=True)
    )
    return SystemEnv()


def _beside(directory: Path, names: Collection[str]) -> PythonEnv | None:
    """What files that MLflow does not know say, from the more to the less exact."""
    python = _version_file(directory, names)
    if UV_LOCK in names and "pyproject.toml" in names and PYLOCK not in names:
        return PythonEnv(file=UV_LOCK, python=python, lock_file=UV_LOCK)
    if REQUIREMENTS in names:  # a pylock.toml beside it was made of it
        asked = PythonEnv(file=REQUIREMENTS, python=python, requirements=(f"-r {REQUIREMENTS}",))
        return replace(asked, lock_file=_lock_of(directory, asked, names))
    if PYLOCK in names:
        return PythonEnv(file=PYLOCK, python=python, lock_file=PYLOCK)
    return None


def _read(
    directory: Path,
    file: str,
    *,
    key: str,
    names: Collection[str],
    notices: list[Notice],
    memory: Path | None,
) -> EnvironmentSpec:
    path = directory / file
    if key == "conda_env" and is_lock(path.name):
        return CondaEnv(file=file, text="", lock_file=file)
    document = read(path, memory)
    notices.extend(document.notices)
    if key == "python_env":
        python = read_python_env(document.root, file=file, where=Location(path), notices=notices)
        return _checked(directory, python, document=document, names=names, notices=notices)
    conda = read_conda(document.root, file=file, text=document.text, notices=notices)
    conda = replace(conda, lock_file=lock_beside(directory, file))
    if conda.simple is None:
        _refuse_missing_requirements(directory, PythonEnv(requirements=conda.pip), document, path)
        return conda
    simple = _checked(directory, conda.simple, document=document, names=names, notices=notices)
    return replace(conda, simple=simple)


def _checked(
    directory: Path,
    python: PythonEnv,
    *,
    document: Document,
    names: Collection[str],
    notices: list[Notice],
) -> PythonEnv:
    """The environment with the lock that the project ships for it."""
    path = directory / (python.file or "")
    _note_end_of_life(python.python, Location(path), notices)
    _refuse_missing_requirements(directory, python, document, path)
    return replace(python, lock_file=_lock_of(directory, python, names))


def read_python_env(root: Node | None, *, file: str, where: Location, notices: list[Notice]) -> PythonEnv:
    """Read a python_env.yaml.

    Raises:
        ProjectError: a part has the wrong shape.
    """
    match root:
        case None | Scalar(value=None):
            notices.append(Notice("the file is empty: any Python, no packages", where))
            return PythonEnv(file=file)
        case Table() as table:
            check_keys(table, KEYS, notices, place="the Python environment")
        case node:
            hint = "write `dependencies: [-r requirements.txt]` in a python_env.yaml"
            raise refused(f"a Python environment is a mapping with dependencies, not {node}", node, hint=hint)
    return PythonEnv(
        file=file,
        python=_python(table, notices),
        requirements=_lines(table, "dependencies"),
        build_requirements=_lines(table, "build_dependencies"),
    )


def _lines(table: Table, key: str) -> tuple[str, ...]:
    return tuple(
        line.strip()
        for text in texts_of(table, key, what=f"'{key}'")
        for line in text.splitlines()
        if line.strip()
    )


def _python(table: Table, notices: list[Notice]) -> str | None:
    match table.get("python"):
        case None:
            return None
        case Scalar(value=str() | float() | int(), text=text) as node if PYTHON_VERSION.fullmatch(text):
            if not isinstance(node.value, str):
                notices.append(
                    Notice("MLflow wants the version of Python in quotes", node.where, f"write '{text}'")
                )
            return text.strip()
        case node:
            raise refused(f"{node} is no version of Python", node, hint="write python: '3.12'")


def _note_end_of_life(python: str | None, where: Location, notices: list[Notice]) -> None:
    if (hit := PINNED_MINOR.fullmatch(python or "")) and (int(hit[1]), int(hit[2])) <= LAST_END_OF_LIFE:
        message = f"Python {hit[1]}.{hit[2]} gets no security fixes any more"
        notices.append(
            Notice(message, where, "move on when you can; an old interpreter may be hard to come by")
        )


def _refuse_missing_requirements(directory: Path, python: PythonEnv, document: Document, path: Path) -> None:
    for requirement in python.requirements:
        hit = REQUIREMENTS_FILE.fullmatch(requirement)
        if hit and "://" not in hit[1] and not (directory / hit[1]).is_file():
            lines = document.text.splitlines()
            line = next(
                (number for number, text in enumerate(lines, 1) if PurePosixPath(hit[1]).name in text), None
            )
            raise ProjectError(
                f"the requirements file {hit[1]!r} does not exist",
                where=Location(path, line),
                hint="it is looked for in the project directory",
            )


def _lock_of(directory: Path, python: PythonEnv, names: Collection[str]) -> str | None:
    """A lock that the project ships for exactly these requirements."""
    if PYLOCK in names:
        return PYLOCK
    if len(python.requirements) != 1:
        return None
    hit = REQUIREMENTS_FILE.fullmatch(python.requirements[0])
    return hit[1] if hit and _is_hashed(directory / hit[1]) else None


def _is_hashed(requirements: Path) -> bool:
    return requirements.is_file() and "--hash=" in read_text(requirements)


def _version_file(directory: Path, names: Collection[str]) -> str | None:
    """The first line of .python-version, where it is a version (pyenv allows other names there)."""
    if VERSION_FILE not in names:
        return None
    lines = read_text(directory / VERSION_FILE).split()
    return lines[0] if lines and PYTHON_VERSION.fullmatch(lines[0]) else None
