"""From a lock to an image in the engine: had, pulled by digest, or built once."""

from pathlib import Path

from runner.containers import images
from runner.containers.engine import Engine, connect
from runner.containers.images import Image
from runner.environments.images import having, keeping
from runner.environments.images.document import Document, PinnedBuild
from runner.environments.images.keeping import Mark
from runner.environments.images.locking import context_of, inputs_of
from runner.environments.kinds import late
from runner.environments.model import Environment, Lock
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.project.model import DockerEnv, EnvironmentSpec
from runner.settings import Settings


def prepare(
    spec: EnvironmentSpec, lock: Lock, *, directory: Path, settings: Settings, phase: Phase
) -> Environment:
    """See `environments.prepare`."""
    document = Document.parse(lock.text)
    with connect(settings.environ) as engine:
        if document.build is not None:
            environment, how = _built(
                engine, spec, document.build, directory=directory, settings=settings, phase=phase
            )
        elif document.image is not None:
            image, how = having.locked(engine, document.image, settings=settings, phase=phase)
            environment = _as_it_is(image, reused=how == "local")
            if document.inside is not None:
                environment, how = late("images.inside", "environment")(
                    spec, document.inside, engine, image, directory=directory, settings=settings, phase=phase
                )
        else:
            raise EnvironmentFailed("the lock names neither an image nor a build")
    phase.summary, phase.detail = _described(document, environment), how
    return environment


def _as_it_is(image: Image, *, reused: bool) -> Environment:
    key = image.id.removeprefix("sha256:")[:32]
    return Environment(kind="docker", key=key, image=image.id, reused=reused)


def _built(
    engine: Engine,
    spec: EnvironmentSpec,
    build: PinnedBuild,
    *,
    directory: Path,
    settings: Settings,
    phase: Phase,
) -> tuple[Environment, str]:
    mark = Mark.of("build", build.inputs)

    def make() -> Image:
        if not isinstance(spec, DockerEnv) or spec.build is None:
            raise EnvironmentFailed(f"the lock is of {build.dockerfile}, which the project does not name")
        declared = spec.build
        for base in build.bases:
            having.locked(engine, base, settings=settings, phase=phase)
        context = context_of(declared, directory)
        if inputs_of(declared, context, build.bases) != build.inputs:
            raise EnvironmentFailed(
                f"{declared.dockerfile} or its context is not what was locked", hint="lock anew with --relock"
            )
        phase.update(f"sending {len(context.names)} files to the engine")
        with context.archive() as archive:
            return images.build(
                engine,
                archive,
                dockerfile=context.dockerfile,
                args=dict(declared.args),
                target=declared.target,
                labels=mark.labels,
                tag=mark.tag,
                tell=phase.update,
            )

    image, how = keeping.made(engine, mark, make, settings=settings, phase=phase)
    return Environment(kind="docker", key=mark.key, image=image.id, reused=how != "built"), how


def _described(document: Document, environment: Environment) -> str:
    name = document.build.dockerfile if document.build else document.image and document.image.reference
    said = f"docker, {name} ({having.short(environment.image or '')})"
    if not document.inside:
        return said
    python = f", Python {environment.interpreter.version}" if environment.interpreter else ""
    plural = "" if environment.packages == 1 else "s"
    return f"{said}{python}, {environment.packages} package{plural}"
