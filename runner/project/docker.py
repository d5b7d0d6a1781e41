"""`docker_env`: the image that a project runs in."""

import re
from pathlib import PurePosixPath

from runner.project.document import Entry, Items, Node, Scalar, Table
from runner.project.model import Build, DockerEnv, Notice
from runner.project.reading import check_keys, refused, text_of, texts_of

KEYS = ("image", "build", "volumes", "environment")
BUILD_KEYS = ("dockerfile", "context", "args", "target")
TAGGED = re.compile(r"(:(?!latest$)[\w][\w.-]*|@sha256:[0-9a-f]{64})$")
REPOSITORY_NAME = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*")  # of an image, as registries want it


def read_docker(entry: Entry, project_name: str | None, notices: list[Notice]) -> DockerEnv:
    """Read `docker_env`.

    Raises:
        ProjectError: it names neither an image nor a build, or a part has the wrong shape.
    """
    match entry.value:
        case Table() as table:
            check_keys(table, KEYS, notices, place="docker_env")
        case Scalar(text=image) as node:
            raise refused(
                "'docker_env' must be a mapping with an image, not a text",
                node,
                hint=f"write `docker_env: {{image: {image}}}`",
            )
        case node:
            raise refused(f"'docker_env' must be a mapping with an image, not {node}", node)
    build = _build(table, notices)
    reference = _image(entry, table, notices, built=build is not None)
    if project_name and not REPOSITORY_NAME.fullmatch(project_name):
        message = (
            f"the project's name {project_name!r} is no name for an image; a built one is called otherwise"
        )
        notices.append(Notice(message, entry.where, "use lower-case letters, digits, '-' and '_'"))
    return DockerEnv(
        image=reference,
        build=build,
        volumes=texts_of(table, "volumes", what="'volumes'"),
        environment=_environment(table),
    )


def _image(entry: Entry, table: Table, notices: list[Notice], *, built: bool) -> str | None:
    match table.get("image"):
        case Scalar(value=str(image)) as node if image and built:
            message = f"the image is built; {image!r} is for tools that do not know `build`"
            notices.append(Notice(message, node.where, mild=True))
            return image
        case Scalar(value=str(image)) as node if image:
            if not TAGGED.search(image):
                message = f"image {image!r} has no fixed tag: it may be another one tomorrow"
                notices.append(Notice(message, node.where, "name a version, or pin it as image@sha256:..."))
            return image
        case None | Scalar(value=""):
            if built:
                return None
            hint = "write `image: python:3.12-slim`, or `build: Dockerfile`"
            raise refused("'docker_env' names no image", entry.value, hint=hint)
        case node:
            raise refused(f"'image' must be a text, not {node}", node)


def _build(table: Table, notices: list[Notice]) -> Build | None:
    match table.get("build"):
        case None:
            return None
        case Scalar(value=str(path)) as node:
            return Build(dockerfile=_path(path, node), where=node.where)
        case Table() as parts:
            check_keys(parts, BUILD_KEYS, notices, place="build")
            return Build(
                dockerfile=_path_of(parts, "dockerfile", "Dockerfile"),
                context=_path_of(parts, "context", "."),
                args=_arguments(parts),
                target=text_of(parts, "target", what="'target'"),
                where=parts.where,
            )
        case node:
            raise refused(
                f"'build' must be the path of a Dockerfile or a mapping, not {node}",
                node,
                hint="write `build: Dockerfile`",
            )


def _path_of(table: Table, key: str, default: str) -> str:
    match table.get(key):
        case None:
            return default
        case Scalar(value=str(path)) as node:
            return _path(path, node)
        case node:
            raise refused(f"'{key}' must be a path in the project, not {node}", node)


def _path(text: str, node: Node) -> str:
    """A path below the project directory: all that lies there goes to the engine."""
    path = PurePosixPath(text)
    if not text or "\0" in text or path.is_absolute() or ".." in path.parts:
        raise refused(f"{node} is no path inside the project", node)
    return str(path)


def _arguments(table: Table) -> tuple[tuple[str, str], ...]:
    match table.get("args"):
        case None:
            return ()
        case Table() as parts:
            return tuple((entry.key, _as_written(entry.value)) for entry in parts)
        case node:
            raise refused(f"'args' must be a mapping of texts, not {node}", node)


def _as_written(node: Node) -> str:
    """The text of an argument: a version 3.10 is no number 3.1."""
    match node:
        case Scalar(value=None):
            return ""
        case Scalar(text=text):
            return text
        case _:
            raise refused(f"an argument must be a text, not {node}", node)


def _environment(table: Table) -> tuple[str | tuple[str, str], ...]:
    match table.get("environment"):
        case None:
            return ()
        case Items(values=values):
            return tuple(_variable(value) for value in values)
        case node:
            raise refused(f"'environment' must be a list, not {node}", node, hint=EXAMPLE)


EXAMPLE = "write NAME to copy a variable and [NAME, value] to set one"


def _variable(node: Node) -> str | tuple[str, str]:
    match node:
        case Scalar(value=str(name)):
            return _named(name, node)
        case Items(values=(Scalar(value=str(name)) as first, Scalar(value=value) as second)):
            if "\0" in str(value):
                raise refused(f"the value of {name} holds a zero byte", second)
            return _named(name, first), str(value)
        case _:
            raise refused(f"a variable is a name or a pair of texts; this is {node}", node, hint=EXAMPLE)


def _named(name: str, node: Node) -> str:
    if not name or "=" in name or "\0" in name:
        raise refused(f"{node} is no name of a variable", node, hint=EXAMPLE)
    return name
