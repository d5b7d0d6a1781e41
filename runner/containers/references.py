"""Names of images: [registry/]repository[:tag][@digest], as the `docker` command reads them."""

import re

from msgspec import Struct

from runner.errors import EnvironmentFailed

DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = (
    r"(?:localhost|[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+|[A-Za-z0-9.-]+(?=:[0-9])|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
)
_REFERENCE = re.compile(
    rf"(?P<name>(?:(?P<registry>{_HOST})/)?{_PART}(?:/{_PART})*)(?::(?P<tag>\w[\w.-]{{0,127}}))?(?:@(?P<digest>{DIGEST.pattern}))?"
)
_LONGEST_NAME = 255
HUB = "docker.io"


class Reference(Struct, frozen=True):
    """What a name says. `id` is the image's own id, where that is all; then there is no name."""

    text: str
    name: str = ""
    registry: str = HUB
    tag: str | None = None
    digest: str | None = None
    id: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read a reference.

        Raises:
            EnvironmentFailed: it is none.

        >>> Reference.parse("ghcr.io/a/b:1").registry
        'ghcr.io'
        """
        if DIGEST.fullmatch(text):
            return cls(text, id=text)
        found = _REFERENCE.fullmatch(text)
        if found is None or len(found["name"]) > _LONGEST_NAME:
            hint = "write it in lower case: [registry/]name[:tag]" if text != text.lower() else None
            raise EnvironmentFailed(f"{text!r} is no name of an image", hint=hint)
        return cls(text, found["name"], found["registry"] or HUB, found["tag"], found["digest"])

    @property
    def to_pull(self) -> str:
        """As an engine is asked: a name alone would mean all tags."""
        return self.text if self.tag or self.digest else f"{self.text}:latest"

    def at(self, digest: str) -> str:
        """The same repository, at this digest."""
        return f"{self.name}@{digest}"
