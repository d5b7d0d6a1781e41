"""From `docker_env` to a lock: the image by digest, or all that a build is made of. Nothing is built here.

image   the project's own image-lock.json ─► else the engine's image of that name ─► else pulled
build   digest of Dockerfile, context, arguments, and of the base images, which are had as above
"""

import json
from pathlib import Path

from runner.containers.contexts import Context
from runner.containers.engine import Engine, connect
from runner.containers.references import Reference
from runner.environments.images import dockerfile, having
from runner.environments.images.document import Document, Pinned, PinnedBuild
from runner.environments.model import Lock, Wishes
from runner.errors import EnvironmentFailed, UsageError
from runner.files import sha256
from runner.progress import Phase
from runner.project.model import Build, DockerEnv
from runner.settings import Settings

LOCK_FILE = "image-lock.json"  # beside the project file
_LARGEST_LOCK = 16 * 1024 * 1024


def resolve(spec: DockerEnv, *, directory: Path, settings: Settings, phase: Phase, wishes: Wishes) -> Lock:
    """See `environments.resolve`."""
    _refuse(wishes)
    if (own := shipped(spec, directory)) and not wishes.anew:
        return told(own.lock(origin=LOCK_FILE), str(spec), phase)
    with connect(settings.environ) as engine:
        if spec.build:
            document = Document(
                build=_pinned_build(
                    engine, spec.build, directory, settings=settings, phase=phase, wishes=wishes
                )
            )
        else:
            refuse_floating(spec.image or "", wishes)
            image, _ = having.named(
                engine, spec.image or "", settings=settings, phase=phase, anew=wishes.anew
            )
            document = Document(image=image)
    return told(document.lock(origin="resolved"), str(spec), phase)


def shipped(spec: DockerEnv, directory: Path) -> Document | None:
    """The lock that the project brings.

    Raises:
        EnvironmentFailed: it is none, or is for another image.
    """
    path = directory / LOCK_FILE
    if spec.build or not path.is_file():
        return None
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST_LOCK).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFailed(f"{LOCK_FILE} cannot be read: {error}") from error
    document = Document.parse(text, name=LOCK_FILE)
    if document.image is None or document.image.reference != spec.image or document.inside:
        raise EnvironmentFailed(
            f"{LOCK_FILE} is out of date: it is not for image {spec.image}",
            hint="remove the file, or add --relock to take what the name means now",
        )
    return document


def _pinned_build(
    engine: Engine, build: Build, directory: Path, *, settings: Settings, phase: Phase, wishes: Wishes
) -> PinnedBuild:
    """All that a build is made of."""
    if wishes.locked:
        raise EnvironmentFailed(
            f"{build.dockerfile} is no lock: what its commands fetch may be something else tomorrow",
            hint="push what was built, and name it by digest as `image`, or leave --locked out",
        )
    context = context_of(build, directory)
    phase.update("reading the build context")
    bases = tuple(
        having.named(engine, name, settings=settings, phase=phase, anew=wishes.anew)[0]
        for name in dockerfile.bases(
            context_text(context, build, directory), dict(build.args), name=build.dockerfile
        )
    )
    return PinnedBuild(dockerfile=build.dockerfile, inputs=inputs_of(build, context, bases), bases=bases)


def context_of(build: Build, directory: Path) -> Context:
    """The files that go to the engine."""
    root = directory.resolve()
    return Context.of(root / build.context, root / build.dockerfile)


def context_text(context: Context, build: Build, directory: Path) -> str:
    """The Dockerfile's text."""
    if context.text is not None:
        return context.text
    try:
        return (directory / build.dockerfile).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise EnvironmentFailed(f"{build.dockerfile} cannot be read: {error}") from error


def inputs_of(build: Build, context: Context, bases: tuple[Pinned, ...]) -> str:
    """The digest of all that decides what is built."""
    parts = [
        context.digest(),
        build.dockerfile,
        sorted(build.args),
        build.target,
        [base.id for base in bases],
    ]
    return f"sha256:{sha256(json.dumps(parts))}"


def _refuse(wishes: Wishes) -> None:
    if wishes.python:
        raise UsageError("--python: the program runs in a container, whose image brings its own Python")
    if wishes.as_of:
        raise EnvironmentFailed(
            "--as-of: a registry does not tell which image a name had on a day",
            hint="pin the image by digest (image@sha256:...), or leave --as-of out",
        )


def refuse_floating(image: str, wishes: Wishes) -> None:
    reference = Reference.parse(image)
    if wishes.locked and not (reference.digest or reference.id):
        raise EnvironmentFailed(
            f"image {image} is no lock, a name may be given to another image, and --locked resolves none",
            hint=f"pin it (image@sha256:...), or keep the {LOCK_FILE} of a run with the project",
        )


def told(lock: Lock, name: str, phase: Phase) -> Lock:
    phase.summary, phase.detail = (
        f"docker, {name}",
        f"from {lock.origin}" if lock.origin != "resolved" else "",
    )
    return lock
