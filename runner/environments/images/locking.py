"""From `docker_env` to a lock: the image by digest, or all that a build is made of. Nothing is built here.

image   the project's own image-lock.json ─► else the engine's image of that name ─► else pulled
build   digest of Dockerfile, context, arguments, and of the base images, which are had as above
"""

import json
from dataclasses import replace
from pathlib import Path

from runner.containers.contexts import Context
from runner.containers.engine import Engine, connect
from runner.containers.references import Reference
from runner.environments import locking as environments
from runner.environments.images import dockerfile, having, interior
from runner.environments.images.document import Document, Pinned, PinnedBuild
from runner.environments.model import Lock, Wishes
from runner.environments.python import locking as python
from runner.environments.python import uv
from runner.errors import EnvironmentFailed, UsageError
from runner.files import sha256
from runner.progress import Phase
from runner.project.model import Build, DockerEnv, EnvironmentSpec, PythonEnv
from runner.settings import Settings

LOCK_FILE = "image-lock.json"  # beside the project file
_LARGEST_LOCK = 16 * 1024 * 1024


def resolve(spec: DockerEnv, *, directory: Path, settings: Settings, phase: Phase, wishes: Wishes) -> Lock:
    """See `environments.resolve`."""
    _refuse(wishes)
    if (own := shipped(spec, directory)) and not wishes.anew:
        return _told(own.lock(origin=LOCK_FILE), str(spec), phase)
    with connect(settings.environ) as engine:
        if spec.build:
            document = Document(
                build=_pinned_build(
                    engine, spec.build, directory, settings=settings, phase=phase, wishes=wishes
                )
            )
        else:
            _refuse_floating(spec.image or "", wishes)
            image, _ = having.named(
                engine, spec.image or "", settings=settings, phase=phase, anew=wishes.anew
            )
            document = Document(image=image)
    return _told(document.lock(origin="resolved"), str(spec), phase)


def resolve_inside(
    spec: EnvironmentSpec, *, directory: Path, settings: Settings, phase: Phase, wishes: Wishes
) -> Lock:
    """The lock of an environment in the image that the person names; of the image alone where there is no environment."""
    reference = wishes.image or ""
    _refuse_floating(reference, wishes)
    with connect(settings.environ) as engine:
        pinned, image = having.named(engine, reference, settings=settings, phase=phase, anew=wishes.anew)
        inner = replace(wishes, image=None)
        match spec:
            case PythonEnv():
                _refuse_without_uv(settings)
                there = interior.look(engine, image, settings=settings)
                lock: Lock | None = python.resolve(
                    spec,
                    directory=directory,
                    settings=settings,
                    phase=phase,
                    wishes=inner,
                    choose=lambda request: there.python(request, image=reference),
                )
            case _:
                lock = environments.resolve(
                    spec, directory=directory, settings=settings, phase=phase, wishes=inner
                )
    document = Document(image=pinned, inside=lock)
    return _told(document.lock(origin=lock.origin if lock else "resolved"), reference, phase)


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
        for name in dockerfile.bases(context_text(context, build, directory), dict(build.args))
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


def _refuse_without_uv(settings: Settings) -> None:
    if uv.find(settings) is None:
        raise EnvironmentFailed(
            "--in-image: only uv chooses packages for the Python of an image",
            hint="install uv, and unset RUNNER_UV",
        )


def _refuse_floating(image: str, wishes: Wishes) -> None:
    reference = Reference.parse(image)
    if wishes.locked and not (reference.digest or reference.id):
        raise EnvironmentFailed(
            f"image {image} is no lock, a name may be given to another image, and --locked resolves none",
            hint=f"pin it (image@sha256:...), or keep the {LOCK_FILE} of a run with the project",
        )


def _told(lock: Lock, name: str, phase: Phase) -> Lock:
    phase.summary, phase.detail = (
        f"docker, {name}",
        f"from {lock.origin}" if lock.origin != "resolved" else "",
    )
    return lock
