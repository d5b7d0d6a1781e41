"""Images that a run needs, had: found in the engine, else pulled."""

from runner.containers import images
from runner.containers.engine import Engine
from runner.containers.images import Image
from runner.containers.references import Reference
from runner.environments.images.document import Pinned
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.settings import Settings


def named(
    engine: Engine, text: str, *, settings: Settings, phase: Phase, anew: bool = False
) -> tuple[Pinned, Image]:
    """The image of a reference, as `docker run` finds it: the engine's own, else pulled.

    Args:
        anew: pull what a registry has, whatever the engine has.

    Raises:
        EnvironmentFailed: it cannot be had.
    """
    reference = Reference.parse(text)
    found = images.find(engine, text)
    local_only = found is not None and not found.digests
    if found is None or (anew and not local_only and reference.digest is None and reference.id is None):
        found = _pulled(engine, reference, settings=settings, phase=phase)
    return Pinned.of(reference, found), found


def locked(engine: Engine, pinned: Pinned, *, settings: Settings, phase: Phase) -> tuple[Image, str]:
    """The image that a lock names, and how we came to it.

    Raises:
        EnvironmentFailed: the engine does not have it, and no registry does.
    """
    for name in (pinned.id, pinned.digest):
        if name and (found := images.find(engine, name)):
            return found, "local"
    if pinned.digest is None:
        raise EnvironmentFailed(
            f"the lock names image {pinned.reference} ({short(pinned.id)}), which is not here, and which no registry knew",
            hint="load it where it was built (`docker save`, `docker load`), or lock anew with --relock",
        )
    return _pulled(engine, Reference.parse(pinned.digest), settings=settings, phase=phase), "pulled"


def short(identifier: str) -> str:
    """The beginning of an id, as `docker images` shows it.

    >>> short("sha256:0123456789abcdef")
    '0123456789ab'
    """
    return identifier.removeprefix("sha256:")[:12]


def _pulled(engine: Engine, reference: Reference, *, settings: Settings, phase: Phase) -> Image:
    if reference.id is not None:
        raise EnvironmentFailed(
            f"there is no image {short(reference.id)} here", hint="an id names an image of this machine only"
        )
    if settings.offline:
        raise EnvironmentFailed(
            f"image {reference.text} is not here, and RUNNER_OFFLINE is set",
            hint="pull it before, or unset RUNNER_OFFLINE for this run",
        )
    phase.update(f"pulling {reference.text}")
    return images.pull(engine, reference, environ=settings.environ, tell=phase.update)
