"""What conda environments are made of: packages with their hashes, and the lock that lists them. Values only."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from urllib.parse import urlsplit

_ENDS = (".conda", ".tar.bz2")
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaPackage:
    """A file of a channel: all that it takes to install it without asking the channel again.

    Attributes:
        platform: the one for which it was locked ("linux-64"), also where the file is for all of them ("noarch").
        url: of the file; without user, password and token.
        md5, sha256: hexadecimal; at least one of them is known.
        depends: as the channel says it ("python >=3.10").
        site_packages: where its Python looks for packages ("lib/python3.13t/site-packages"), where that is not the usual place.
    """

    name: str
    version: str
    platform: str
    url: str
    md5: str | None = None
    sha256: str | None = None
    depends: tuple[str, ...] = ()
    site_packages: str | None = None

    @property
    def file_name(self) -> str:
        """The last part of the URL: name, version, build."""
        return PurePosixPath(urlsplit(self.url).path).name

    @property
    def build(self) -> str:
        """The build string ("py311h64a7726_0")."""
        return next(
            self.file_name.removesuffix(end) for end in _ENDS if self.file_name.endswith(end)
        ).rpartition("-")[2]

    @property
    def build_number(self) -> int:
        """The number at the end of the build string, by custom; 0 where there is none."""
        number = self.build.rpartition("_")[2]
        return int(number) if number.isdecimal() else 0

    @property
    def channel(self) -> str:
        """URL of the channel."""
        return self.url.rsplit("/", 2)[0]

    @property
    def subdir(self) -> str:
        """Where the file lies in its channel: the platform, or "noarch"."""
        return self.url.rsplit("/", 2)[1]

    @property
    def noarch(self) -> str | None:
        """ "python" or "generic" for a file that is for all platforms."""
        if self.subdir != "noarch":
            return None
        return "python" if any(name_of(text) == "python" for text in self.depends) else "generic"


@dataclass(frozen=True, slots=True, kw_only=True)
class PipPackage:
    """A package of the pip section.

    Attributes:
        url: of a wheel or source archive; `git+https://host/repository@COMMIT`; or a path that begins with ".", or is absolute,
            with `#editable` behind it where it is installed so.
        sha256: of the file; None for repositories and directories.
        dependencies: names and versions of what it asks for, where that is known.
    """

    name: str
    version: str
    platform: str
    url: str
    sha256: str | None = None
    dependencies: Mapping[str, str] = field(default_factory=dict)

    @property
    def local(self) -> bool:
        """Whether it is a path on this machine."""
        return self.url.startswith((".", "/"))

    @property
    def pinned(self) -> bool:
        """Whether a hash or a commit says exactly what it is."""
        return self.sha256 is not None or (
            self.url.startswith("git+")
            and bool(_COMMIT.fullmatch(self.url.partition("#")[0].rpartition("@")[2]))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaLock:
    """Every package of an environment, for one platform or more.

    Attributes:
        channels: where they come from, first the one that counts most; without user, password and token.
        content: for each platform a digest of what was asked for.
        sources: files that ask for it, relative to the project.
        solver: "rattler 0.28.0".
        as_of: the moment (RFC 3339) after which nothing was published that it lists; None for the time of the solution.
        made_here: we have written it, and `content` is our digest.
        seal: what the file tells as the digest of its packages; see `lockfile.seal`.
    """

    conda: tuple[CondaPackage, ...]
    pip: tuple[PipPackage, ...] = ()
    channels: tuple[str, ...] = ()
    content: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    solver: str = ""
    as_of: str | None = None
    made_here: bool = True
    seal: str = field(default="", compare=False)

    @property
    def platforms(self) -> tuple[str, ...]:
        """For which it was made."""
        return tuple(sorted(self.content))

    @property
    def python(self) -> str:
        """Version of Python; empty where there is none. For a lock of one platform."""
        return next((package.version for package in self.conda if package.name == "python"), "")

    @property
    def pinned(self) -> bool:
        """Whether each package is fixed by a hash or a commit."""
        return all(package.pinned for package in self.pip)

    def only(self, platform: str) -> "CondaLock":
        """What of it is for one platform."""
        return replace(
            self,
            conda=tuple(package for package in self.conda if package.platform == platform),
            pip=tuple(package for package in self.pip if package.platform == platform),
            content={name: digest for name, digest in self.content.items() if name == platform},
        )


def name_of(dependency: str) -> str:
    """The name in what a package asks for ("numpy >=1.26,<2", "conda-forge::numpy=1.26").

    >>> name_of("numpy>=1.26"), name_of("conda-forge::python_abi 3.11.* *_cp311")
    ('numpy', 'python_abi')
    """
    return re.split(r"[\s=<>!~\[]", dependency.rpartition("::")[2].strip(), maxsplit=1)[0].lower()
