"""The MLproject file: its top level and its entry points.

name, strict, metrics, outputs, seed, variables · docker_env | python_env | conda_env
entry_points: {name: {parameters, command, metrics, outputs, seed, variables}}
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from runner.errors import Location, ProjectError
from runner.project.command import review
from runner.project.docker import read_docker
from runner.project.document import Entry, Scalar, Table, native, read
from runner.project.model import DockerEnv, EntryPoint, Notice
from runner.project.parameters import read_parameters
from runner.project.reading import check_keys, globs_of, refused, text_of, truth_of, without_nul
from runner.project.recorded import seed_of, variables_of

FILE_NAME = "MLproject"
ENVIRONMENT_KEYS = ("docker_env", "python_env", "conda_env")
RECORDING_KEYS = ("metrics", "outputs", "seed", "variables")
KEYS = ("name", "entry_points", *ENVIRONMENT_KEYS, "strict", *RECORDING_KEYS, "databricks_spark_job")
ENTRY_POINT_KEYS = ("parameters", "command", *RECORDING_KEYS)


class EnvironmentFile(Struct, frozen=True):
    """The file that `python_env` or `conda_env` names; `where` is the place of the name."""

    key: str
    path: str
    where: Location


class Declaration(Struct, frozen=True, kw_only=True):
    """What an MLproject file says; `environment` is None where it leaves that to the files beside it."""

    name: str | None = None
    entry_points: Mapping[str, EntryPoint] = {}
    environment: DockerEnv | EnvironmentFile | None = None
    strict: bool = False
    metrics: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    seed: int | None = None
    variables: tuple[str, ...] = ()


def find(directory: Path, names: Iterable[str], notices: list[Notice]) -> str | None:
    """The name of the MLproject file among a directory's `names`: any letter case, `.yaml` and `.yml` at a pinch."""
    ranked = sorted(filter(None, (_rank(name) for name in names)))
    found = [name for _, _, name in ranked if (directory / name).is_file()]
    notices.extend(
        Notice(f"not read, as there is {found[0]}", Location(directory / other)) for other in found[1:]
    )
    if found and "." in found[0]:
        notices.append(
            Notice(f"MLflow does not find {found[0]}", Location(directory / found[0]), f"call it {FILE_NAME}")
        )
    return found[0] if found else None


def _rank(name: str) -> tuple[bool, bool, str] | None:
    stem, dot, suffix = name.lower().partition(".")
    if stem != FILE_NAME.lower() or suffix not in ("", "yaml", "yml"):
        return None
    return bool(dot), name != FILE_NAME, name


def read_declaration(path: Path, notices: list[Notice], *, memory: Path | None = None) -> Declaration:
    """Read an MLproject file; what is odd but harmless goes to `notices`; `memory` as in `document.read`.

    Raises:
        ProjectError: it is not one.
    """
    document = read(path, memory)
    notices.extend(document.notices)
    match document.root:
        case Table() as root:
            return _declaration(root, notices)
        case None | Scalar(value=None):
            raise ProjectError(
                "the file is empty",
                where=Location(path),
                hint="write `entry_points: {main: {command: python train.py}}`, or remove it to run scripts only",
            )
        case node:
            raise refused(f"a project file is a mapping with entry_points, not {node}", node)


def _declaration(root: Table, notices: list[Notice]) -> Declaration:
    check_keys(root, KEYS, notices, place="the project")
    if spark := root.entries.get("databricks_spark_job"):
        notices.append(Notice("databricks_spark_job is ignored: it needs Databricks", spark.where))
    name = text_of(root, "name", what="the project's name")
    return Declaration(
        name=name,
        entry_points=_entry_points(root, notices),
        environment=_environment(root, name, notices),
        strict=truth_of(root, "strict", what="'strict'"),
        metrics=globs_of(root, "metrics"),
        outputs=globs_of(root, "outputs"),
        seed=seed_of(root),
        variables=variables_of(root),
    )


def _entry_points(root: Table, notices: list[Notice]) -> Mapping[str, EntryPoint]:
    match root.get("entry_points"):
        case None:
            notices.append(Notice("the project declares no entry points", root.where))
            return {}
        case Table() as table:
            _refuse_lost_command(table)
            return {entry.key: _noted_entry_point(entry, root, notices) for entry in table}
        case node:
            raise refused(
                f"'entry_points' must be a mapping of names to commands, not {node}",
                node,
                hint="write `entry_points: {main: {command: ...}}`",
            )


def _refuse_lost_command(table: Table) -> None:
    """`command` one level too high is a common slip: an entry point called so, which is a text."""
    entry = table.entries.get("command")
    if entry and isinstance(entry.value, Scalar):
        raise ProjectError(
            "'command' belongs inside an entry point",
            where=entry.where,
            hint="put a name above it: `main:`, with `command` indented below",
        )


def _noted_entry_point(entry: Entry, root: Table, notices: list[Notice]) -> EntryPoint:
    """The entry point; its notices carry its name, for they matter only to those who run it."""
    own: list[Notice] = []
    point = _entry_point(entry, root, own)
    notices.extend(replace(notice, entry_point=entry.key) for notice in own)
    return point


def _entry_point(entry: Entry, root: Table, notices: list[Notice]) -> EntryPoint:
    match entry.value:
        case Table() as table:
            check_keys(table, ENTRY_POINT_KEYS, notices, place=f"entry point {entry.key!r}")
        case Scalar(value=str(text)) as node:
            raise refused(
                f"entry point {entry.key!r} must be a mapping with a command, not a text",
                node,
                hint=f"write `{entry.key}: {{command: {text!r}}}`",
            )
        case Scalar(value=None):
            hint = f"indent its command below `{entry.key}:`"
            if "command" in root.entries:
                hint = f"indent `command` below `{entry.key}:`"
            raise ProjectError(f"entry point {entry.key!r} is empty", where=entry.where, hint=hint)
        case node:
            raise refused(f"entry point {entry.key!r} must be a mapping with a command, not {node}", node)
    command = _command(entry, table, notices)
    parameters = read_parameters(table.get("parameters"), notices)
    point = EntryPoint(
        name=entry.key,
        command=command,
        parameters=parameters,
        metrics=globs_of(table, "metrics"),
        outputs=globs_of(table, "outputs"),
        seed=seed_of(table),
        variables=variables_of(table),
        where=entry.where,
    )
    notices.extend(review(point))
    return point


def _command(entry: Entry, table: Table, notices: list[Notice]) -> str:
    match table.get("command"):
        case None:
            raise ProjectError(
                f"entry point {entry.key!r} has no command",
                where=entry.where,
                hint="write `command: python train.py`",
            )
        case Scalar(value=str(command)) as node:
            if not command.strip():
                notices.append(Notice(f"entry point {entry.key!r}: the command is empty", node.where))
            return without_nul(command, node, what=f"the command of entry point {entry.key!r}")
        case node:
            raise refused(
                f"the command of entry point {entry.key!r} must be a text, not {node}",
                node,
                hint="put it in quotes; for several commands write `command: |` and one line each",
            )


def _environment(root: Table, name: str | None, notices: list[Notice]) -> DockerEnv | EnvironmentFile | None:
    declared = [root.entries[key] for key in ENVIRONMENT_KEYS if key in root.entries]
    if len(declared) > 1:
        first, second = sorted(declared, key=lambda entry: (entry.where.line or 0, entry.where.column or 0))[
            :2
        ]
        raise ProjectError(
            f"both {first.key!r} and {second.key!r} are declared", where=second.where, hint="keep one of them"
        )
    for entry in declared:
        if not native(entry.value):
            message = f"{entry.key!r} is empty; the files beside the project file decide"
            notices.append(Notice(message, entry.where))
        elif entry.key == "docker_env":
            return read_docker(entry, name, notices)
        else:
            return _environment_file(entry)
    return None


def _environment_file(entry: Entry) -> EnvironmentFile:
    match entry.value:
        case Scalar(value=str(path)) as node:
            return EnvironmentFile(entry.key, path, node.where)
        case Table() as node:
            hint = f"move it to a file and write `{entry.key}: {entry.key.removesuffix('_env')}.yaml`"
            if entry.key == "python_env":
                hint = "move it to a file and write `python_env: python_env.yaml`"
            raise refused(f"{entry.key!r} names a file, it does not hold the environment", node, hint=hint)
        case node:
            raise refused(f"{entry.key!r} must be the name of a file, not {node}", node)
