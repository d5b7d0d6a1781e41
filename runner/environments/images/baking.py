"""The project's code in an image (`--build-image`): copied last, on top of the environment, so that that is not built again."""

import re
from pathlib import Path

from msgspec.structs import replace

from runner.containers import images
from runner.containers.contexts import Context
from runner.containers.creating import CODE
from runner.containers.engine import connect
from runner.containers.images import Image
from runner.environments.images import collecting, keeping
from runner.environments.images.keeping import PROJECTS, Mark
from runner.environments.model import Environment
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.settings import Settings

_INSIDE = "code"  # directory of the build context: the Dockerfile of ours is not in it
# No code, changed by looking at it, and with logins in it; `!.git` in .dockerignore brings it back.
_NO_CODE = ("**/.git", "**/.hg", "**/.svn", "**/.venv", "**/__pycache__", "mlruns", "mlartifacts")
_LONGEST = 100
_SHORT_COMMIT = 7


def bake(
    environment: Environment,
    directory: Path,
    *,
    name: str | None,
    commit: str | None,
    settings: Settings,
    phase: Phase,
    place: str = CODE,
    owner: str | None = None,
) -> Environment:
    """The environment whose image holds the code, too; the same code is not copied twice.

    Args:
        directory: of the project; what its .dockerignore names stays out, and the records of Git and of runs.
        name: of the project, for the name of the image.
        commit: its beginning becomes the tag, as with MLflow.
        place: directory of the image; the program starts there.
        owner: user and group that may change the files ("1000:1000"); root otherwise.

    Raises:
        EnvironmentFailed: a file cannot be read, or the image cannot be built.
    """
    if environment.image is None:
        raise EnvironmentFailed("--build-image: the program does not run in a container")
    base = environment.image
    chown = f"--chown={owner} " if owner else ""
    text = f'FROM {base}\nCOPY {chown}["{_INSIDE}/", {_quoted(place)}]\nWORKDIR {place}\n'
    context = Context.of(directory.resolve(), text=text, under=_INSIDE, without=_NO_CODE)
    phase.update("reading the project's files")
    mark = Mark.of("code", base, context.digest())
    title = f"{PROJECTS}{repository_name(name)}:{commit[:_SHORT_COMMIT] if commit else 'latest'}"

    with connect(settings.environ) as engine:

        def make() -> Image:
            phase.update(f"copying {len(context.names)} files into the image")
            with context.archive() as archive:
                return images.build(
                    engine,
                    archive,
                    dockerfile=context.dockerfile,
                    args={},
                    target=None,
                    labels=mark.labels,
                    tag=mark.tag,
                    tell=phase.update,
                )

        image, how = keeping.made(engine, mark, make, settings=settings, phase=phase)
        if title not in image.tags:
            images.name(engine, image, title)
        if how == "built":
            collecting.discard_code(engine, settings)
    phase.summary, phase.detail = f"code in image {title}", how
    return replace(environment, image=image.id, reused=environment.reused and how != "built")


def repository_name(name: str | None) -> str:
    """A project's name as registries want it.

    >>> repository_name("My Project_2!")
    'my-project_2'
    """
    text = re.sub(r"[^a-z0-9._-]+", "-", (name or "").lower())
    text = re.sub(r"[._-]*([._-])", r"\1", text).strip("._-")
    return text[:_LONGEST].rstrip("._-") or "project"


def _quoted(place: str) -> str:
    return f'"{place}/"'
