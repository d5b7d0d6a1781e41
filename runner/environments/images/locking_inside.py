"""From `--in-image` to a lock: the image by digest, and what is to be installed for its Python and its C library."""

from pathlib import Path

from msgspec.structs import replace

from runner.containers.engine import connect
from runner.environments import locking as environments
from runner.environments.images import having, interior
from runner.environments.images.document import Document
from runner.environments.images.locking import refuse_floating, told
from runner.environments.model import Lock, Wishes
from runner.environments.python import locking as python
from runner.environments.python import uv
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.project.model import EnvironmentSpec, PythonEnv
from runner.settings import Settings


def resolve(
    spec: EnvironmentSpec, *, directory: Path, settings: Settings, phase: Phase, wishes: Wishes
) -> Lock:
    """The lock of an environment in the image that the person names; of the image alone where there is no environment."""
    reference = wishes.image or ""
    refuse_floating(reference, wishes)
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
    return told(document.lock(origin=lock.origin if lock else "resolved"), reference, phase)


def _refuse_without_uv(settings: Settings) -> None:
    if uv.find(settings) is None:
        raise EnvironmentFailed(
            "--in-image: only uv chooses packages for the Python of an image",
            hint="install uv, and unset RUNNER_UV",
        )
