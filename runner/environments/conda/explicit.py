"""Explicit lists: a URL with its hash in each line, for one platform.

# platform: linux-64
@EXPLICIT
https://host/channel/linux-64/name-1.0-0.conda#0123456789abcdef0123456789abcdef     md5, or sha256 as `#sha256:...`
# pip name @ https://host/name-1.0-py3-none-any.whl#sha256=...                      as conda-lock writes what pip installs

https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html#building-identical-conda-environments
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import unquote

from runner.environments.conda import untrusted
from runner.environments.conda.packages import CondaLock, CondaPackage, PipPackage
from runner.errors import Location
from runner.project.document import Scalar
from runner.project.reading import refused

MARK = "@EXPLICIT"

_PLATFORM = re.compile(r"#\s*platform:\s*(\S+)")
_PIP = re.compile(
    r"# pip (?P<name>[\w.-]+)\s*@\s*(?P<url>[^\s#]+)(?:#sha256=|\s+--hash=sha256[:=])?(?P<sha256>[0-9a-f]{64})?"
)
_WHEEL = re.compile(r"[^-]+-(?P<version>[^-]+)-[^/]*\.whl", re.ASCII)
_SOURCE = re.compile(
    r".+-(?P<version>[^-]+?)\.(?:tar\.\w+|tgz|zip)", re.ASCII
)  # names of old ones have dashes


def read(text: str, *, name: str, platform: str) -> CondaLock:
    """Read a list; `platform` is the one of a list that says none itself.

    Raises:
        EnvironmentFailed: it is no such list, or lists what cannot be checked when it is installed.
    """
    with untrusted.suspicion(name):
        lines = [
            Scalar(line.strip(), line.strip(), Location(name, number))
            for number, line in enumerate(text.splitlines(), 1)
        ]
        said = next((hit[1] for line in lines if (hit := _PLATFORM.fullmatch(line.text))), "")
        made_for = said or _of_urls(lines) or platform
        return CondaLock(
            conda=tuple(_conda_packages(lines, made_for)),
            pip=tuple(_pip_packages(lines, made_for)),
            content={made_for: ""},
            sources=(),
            made_here=False,
        )


def _of_urls(lines: list[Scalar]) -> str:
    """The platform in whose directory the packages lie that are not for all of them."""
    places = (PurePosixPath(line.text.partition("#")[0]).parent.name for line in lines if "://" in line.text)
    return next((place for place in places if place != "noarch"), "")


def _conda_packages(lines: list[Scalar], platform: str) -> Iterator[CondaPackage]:
    for line in lines:
        if not line.text or line.text.startswith("#") or line.text == MARK:
            continue
        url, _, digest = line.text.partition("#")
        digest = digest.removeprefix("sha256:").removeprefix("md5:").lower()
        algorithm = "sha256" if len(digest) == untrusted.SHA256 else "md5"
        hashes = untrusted.checked({algorithm: digest} if digest else {}, line)
        yield untrusted.conda_package(line, platform=platform, url=url, hashes=hashes)


def _pip_packages(lines: list[Scalar], platform: str) -> Iterator[PipPackage]:
    for line in lines:
        if not line.text.startswith("# pip "):
            continue
        hit = _PIP.fullmatch(line.text)
        file = unquote(PurePosixPath(hit["url"]).name) if hit else ""
        archive = _WHEEL.fullmatch(file) or _SOURCE.fullmatch(file)
        if not hit or not archive:
            raise refused(
                "this line for pip is not understood", line, hint="write `# pip NAME @ URL#sha256=HASH`"
            )
        yield untrusted.pip_package(
            line,
            platform=platform,
            url=hit["url"],
            sha256=hit["sha256"],
            name=hit["name"],
            version=archive["version"],
            dependencies={},
        )
