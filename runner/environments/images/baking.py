"""The project's code in an image (`--build-image`): copied last, on top of the environment, so that that is not built again."""

import re
from dataclasses import replace
from pathlib import Path

from runner.containers import images
from runner.containers.contexts import Context
from runner.containers.engine import connect
from runner.containers.images import Image
from runner.environments.images import collecting, keeping
from runner.environments.images.keeping import Mark
from runner.environments.model import Environment
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.settings import Settings

CODE = "/mlflow/projects/code"  # where MLflow has it
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
        directory: of the project; what its .dockerignore names stays out.
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
    text = f'FROM {base}\nCOPY {chown}[".", {_quoted(place)}]\nWORKDIR {place}\n'
    context = Context.of(directory.resolve(), text=text)
    phase.update("reading the project's files")
    mark = Mark.of("code", base, context.digest())
    project = repository_name(name)

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
                    tag=f"runner-project/{project}:{commit[:_SHORT_COMMIT] if commit else 'latest'}",
                    tell=phase.update,
                )

        image, how = keeping.made(engine, mark, make, settings=settings, phase=phase)
        if how == "built":
            collecting.discard_nameless(engine, settings)
    phase.summary, phase.detail = f"code in image {image.tags[0] if image.tags else image.id}", how
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
