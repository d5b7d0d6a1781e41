"""Whether the images of a lock are in the engine, or can still be pulled."""

from collections.abc import Iterator

from runner.containers import images
from runner.containers.engine import Engine, connect
from runner.containers.references import Reference
from runner.environments.images.document import Document, Pinned
from runner.environments.model import Lock
from runner.errors import EnvironmentFailed
from runner.progress import Phase
from runner.reproduction.checking.model import Check, State
from runner.settings import Settings


def checked(lock: Lock, *, settings: Settings, phase: Phase) -> Iterator[Check]:
    """The images of a lock, and what is laid on top of them."""
    document = Document.parse(lock.text)
    pinned = [document.image] if document.image else list(document.build.bases if document.build else ())
    phase.update("asking for the image")
    try:
        with connect(settings.environ) as engine:
            for one in pinned:
                yield _image(engine, one, settings)
    except EnvironmentFailed as error:
        yield Check(what="image", state=State.MISSING, said=str(error), hint=error.hint)


def _image(engine: Engine, pinned: Pinned, settings: Settings) -> Check:
    for name in (pinned.id, pinned.digest):
        if name and images.find(engine, name):
            return Check(what="image", said=f"{pinned.reference}, which the engine has")
    if pinned.digest is None or settings.offline:
        where = "RUNNER_OFFLINE is set" if pinned.digest else "no registry knew it"
        return Check(
            what="image",
            state=State.MISSING,
            said=f"{pinned.reference} ({pinned.id[:19]}) is not on this machine, and {where}",
            hint="bring it from where it was built: docker save, docker load",
        )
    match images.offered(engine, Reference.parse(pinned.digest), environ=settings.environ):
        case True:
            return Check(what="image", said=f"{pinned.digest}, which its registry has")
        case False:
            return Check(
                what="image",
                state=State.MISSING,
                said=f"its registry does not have {pinned.digest} any more",
                hint="bring it from a machine that has it: docker save, docker load",
            )
        case None:
            return Check(
                what="image", state=State.WARNING, said=f"whether a registry has {pinned.digest} will be seen"
            )
