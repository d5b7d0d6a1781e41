"""`docker_env`: the image that a project runs in."""

import re

from runner.project.document import Entry, Items, Node, Scalar, Table
from runner.project.model import DockerEnv, Notice
from runner.project.reading import check_keys, refused, texts_of

KEYS = ("image", "volumes", "environment")
TAGGED = re.compile(r"(:(?!latest$)[\w][\w.-]*|@sha256:[0-9a-f]{64})$")
REPOSITORY_NAME = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*")  # of an image, as registries want it


def read_docker(entry: Entry, project_name: str | None, notices: list[Notice]) -> DockerEnv:
    """Read `docker_env`.

    Raises:
        ProjectError: it names no image, or a part has the wrong shape.
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
    image = _image(entry, table, notices)
    if project_name and not REPOSITORY_NAME.fullmatch(project_name):
        message = (
            f"the project's name {project_name!r} is no name for an image; a built one is called otherwise"
        )
        notices.append(Notice(message, entry.where, "use lower-case letters, digits, '-' and '_'"))
    return DockerEnv(
        image=image,
        volumes=texts_of(table, "volumes", what="'volumes'"),
        environment=_environment(table),
    )


def _image(entry: Entry, table: Table, notices: list[Notice]) -> str:
    match table.get("image"):
        case Scalar(value=str(image)) as node if image:
            if not TAGGED.search(image):
                message = f"image {image!r} has no fixed tag: it may be another one tomorrow"
                notices.append(Notice(message, node.where, "name a version, or pin it as image@sha256:..."))
            return image
        case None | Scalar(value=""):
            raise refused("'docker_env' names no image", entry.value, hint="write `image: python:3.12-slim`")
        case node:
            raise refused(f"'image' must be a text, not {node}", node)


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
            return name
        case Items(values=(Scalar(value=str(name)), Scalar(value=value))):
            return name, str(value)
        case _:
            raise refused(f"a variable is a name or a pair of texts; this is {node}", node, hint=EXAMPLE)
