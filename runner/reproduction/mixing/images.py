"""The lock of an image taken apart: the image itself, and the packages of the environment inside of it."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from runner.environments.images.document import Document
from runner.environments.model import Lock
from runner.reproduction.mixing import conda, pylocks, requirements
from runner.reproduction.mixing.parts import Part, Parts, Unmixable

IMAGE = "(image)"
_INSIDE: Mapping[str, Any] = {"pylock": pylocks, "requirements": requirements, "conda": conda}


def apart(lock: Lock) -> Parts:
    """The image as a part, and those of the lock inside."""
    document = Document.parse(lock.text)
    return Parts(lock=lock, packages={IMAGE: _image(document), **_inside(document)})


def together(before: Parts, after: Parts, packages: Mapping[str, Part]) -> Lock:
    """The lock with this image and these packages in it.

    Raises:
        Unmixable: the environments inside are of different kinds.
    """
    base = Document.parse(before.lock.text)
    chosen: Document = packages[IMAGE].content
    inside = {name: part for name, part in packages.items() if name != IMAGE}
    mixture = replace(chosen, inside=_mixed(base, Document.parse(after.lock.text), inside))
    return mixture.lock(origin="mixed")


def _image(document: Document) -> Part:
    image, build = document.image, document.build
    version = image.reference if image else build.dockerfile if build else None
    identity = (image.id if image else None, build.inputs if build else None)
    return Part(version=version, identity=identity, content=document)


def _inside(document: Document) -> Mapping[str, Part]:
    if document.inside is None:
        return {}
    apart_: Parts = _INSIDE[document.inside.kind].apart(document.inside)
    return apart_.packages


def _mixed(a: Document, b: Document, packages: Mapping[str, Part]) -> Lock | None:
    if a.inside is None and b.inside is None:
        return None
    if a.inside is None or b.inside is None or a.inside.kind != b.inside.kind:
        raise Unmixable("the environments in these images are of different kinds")
    kind = _INSIDE[a.inside.kind]
    lock: Lock = kind.together(kind.apart(a.inside), kind.apart(b.inside), packages)
    return lock
