"""The lock of a container image, as JSON: which image, by its id and by the digest under which others can have it.

{"version": 1, "image": {"reference", "id", "digest", "platform", "created"}}                   an image as it is
{"version": 1, "build": {"dockerfile", "inputs", "bases": [image, ...]}}                          built from a Dockerfile
{"version": 1, "image": {...}, "inside": {"kind", "text", "python", "origin", "packages", ...}}   an environment in it
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, to_builtins
from msgspec.structs import asdict, replace

from runner.containers.images import Image
from runner.containers.references import Reference
from runner.environments.model import Lock
from runner.errors import EnvironmentFailed

VERSION = 1
_INNER = ("pylock", "requirements", "conda")
_ID = re.compile(r"sha256:[0-9a-f]{64}")


class Pinned(Struct, frozen=True, kw_only=True):
    """One image. `digest` is None where no registry has it: then only this machine does."""

    reference: str
    id: str
    digest: str | None
    platform: str
    created: str

    @classmethod
    def of(cls, reference: Reference, image: Image) -> "Pinned":
        """What there is to say of an image that the engine has."""
        return cls(
            reference=reference.text,
            id=image.id,
            digest=image.digest(reference),
            platform=image.platform,
            created=image.created,
        )


class PinnedBuild(Struct, frozen=True, kw_only=True):
    """A build. `inputs` is a digest of all that decides it: Dockerfile, context, arguments, target, base images."""

    dockerfile: str
    inputs: str
    bases: tuple[Pinned, ...]


class Document(Struct, frozen=True, kw_only=True):
    """What the lock says: an image or a build, and perhaps an environment inside."""

    image: Pinned | None = None
    build: PinnedBuild | None = None
    inside: Lock | None = None

    @property
    def pinned(self) -> bool:
        """Whether others can have exactly this: a Dockerfile may do something else tomorrow."""
        image = self.image is not None and self.image.digest is not None
        return image and (self.inside is None or self.inside.pinned)

    def lock(self, *, origin: str) -> Lock:
        """As a lock."""
        inside = self.inside
        return Lock(
            kind="image",
            text=self.text(),
            python=inside.python if inside else "",
            origin=origin,
            packages=inside.packages if inside else 0,
            pinned=self.pinned,
            as_of=inside.as_of if inside else None,
            notices=(*self._notices(), *(inside.notices if inside else ())),
        )

    def _notices(self) -> tuple[str, ...]:
        if self.image is None or self.image.digest is not None:
            return ()
        said = f"image {self.image.reference} is on this machine only, no registry has it"
        return (f"{said}: nobody else can repeat this run; push it",)

    def text(self) -> str:
        """The lock file; equal for equal locks."""
        parts: dict[str, Any] = {"version": VERSION}
        if self.image:
            parts["image"] = to_builtins(self.image)
        if self.build:
            parts["build"] = to_builtins(self.build)
        if self.inside:
            lock = asdict(replace(self.inside, interpreter=None, origin="resolved", notices=()))
            parts["inside"] = {
                name: value for name, value in lock.items() if value is not None and value != ()
            }
        return json.dumps(parts, indent=2) + "\n"

    @classmethod
    def parse(cls, text: str, *, name: str = "the lock") -> "Document":
        """What `text` says.

        Raises:
            EnvironmentFailed: it is no such lock, or one of a newer version.
        """
        try:
            parts = json.loads(text)
            if not isinstance(parts, dict):
                raise _no_lock(name, "it is no JSON object")
            if parts["version"] != VERSION:
                raise EnvironmentFailed(
                    f"{name} has version {parts['version']!r}; this runner reads {VERSION}"
                )
            image, build, inside = (parts.get(part) for part in ("image", "build", "inside"))
            return cls(
                image=_pinned(image) if image else None,
                build=_built(build) if build else None,
                inside=_inner(inside) if inside else None,
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise _no_lock(name, error) from error


def _no_lock(name: str, why: object) -> EnvironmentFailed:
    return EnvironmentFailed(
        f"{name} is no lock of a container image: {why}",
        hint="take the runner/image.json of a run, or remove the file",
    )


def _pinned(parts: Mapping[str, Any]) -> Pinned:
    pinned = Pinned(**parts)
    Reference.parse(pinned.reference)
    if not _ID.fullmatch(pinned.id):
        raise ValueError(f"{pinned.id!r} is no id of an image")
    if pinned.digest is not None and Reference.parse(pinned.digest).digest is None:
        raise ValueError(f"{pinned.digest!r} is no digest of an image")
    return pinned


def _inner(parts: Mapping[str, Any]) -> Lock:
    if parts["kind"] not in _INNER or not all(isinstance(parts[name], str) for name in ("text", "python")):
        raise ValueError(f"{parts['kind']!r} is no kind of lock")
    return Lock(**parts)


def _built(parts: Mapping[str, Any]) -> PinnedBuild:
    bases = tuple(_pinned(base) for base in parts["bases"])
    return PinnedBuild(**{**parts, "bases": bases})
