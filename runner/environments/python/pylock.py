"""Lock files after PEP 751 (pylock.toml): read, checked, made independent of where they lie, translated for pip.

https://packaging.python.org/en/latest/specifications/pylock-toml/
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from runner.environments.model import Interpreter
from runner.environments.python.versions import PythonRequest
from runner.environments.trouble import masked, undated
from runner.errors import EnvironmentFailed

_AS_OF = re.compile(r"(?:#.*\n)*?# As of (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ): ")
_NAME = re.compile(r"[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?", re.ASCII)
EMPTY = 'lock-version = "1.0"\ncreated-by = "runner"\npackages = []\n'

_PATH = re.compile(r"""((?:^|[{,])[ \t]*path[ \t]*=[ \t]*)("(?:[^"\\]|\\.)*"|'[^']*')""", re.MULTILINE)


class Pylock(Struct, frozen=True, kw_only=True):
    """What is asked of a lock. `name` is for messages only."""

    text: str
    packages: tuple[Mapping[str, Any], ...]
    requires_python: str
    name: str

    @property
    def pinned(self) -> bool:
        """Whether each package is fixed by a hash or a commit."""
        return all(_pinned(package) for package in self.packages)

    @property
    def local(self) -> tuple[tuple[str, bool], ...]:
        """Paths as written, and whether they are editable."""
        return tuple(
            (entry["path"], bool(entry.get("editable"))) for entry in self._entries() if "path" in entry
        )

    @property
    def directories(self) -> tuple[str, ...]:
        """Packages that are built from a directory of this machine."""
        return tuple(package["name"] for package in self.packages if "directory" in package)

    @property
    def repositories(self) -> tuple[str, ...]:
        """Packages that are built from a commit."""
        return tuple(package["name"] for package in self.packages if "vcs" in package)

    def _entries(self) -> Iterator[Mapping[str, Any]]:
        for package in self.packages:
            for key in ("directory", "archive", "sdist", "vcs"):
                if key in package:
                    yield package[key]
            yield from package.get("wheels", ())

    def check(self, interpreter: Interpreter) -> None:
        """See that it fits an interpreter and holds no password.

        Raises:
            EnvironmentFailed: it does not.
        """
        if not PythonRequest.parse(self.requires_python).admits(interpreter.version):
            raise EnvironmentFailed(
                f"{self.name} is for Python {self.requires_python}, not for {interpreter.version}",
                hint="choose another Python with --python VERSION, or lock for this one with"
                f" `runner lock --python {interpreter.version}`",
            )
        for entry in self._entries():
            if masked(entry.get("url", "")) != entry.get("url", "") and not entry["url"].startswith("ssh:"):
                raise EnvironmentFailed(
                    f"a package's URL holds a password or token: {masked(entry['url'])}",
                    hint="a lock is kept with every run: give it by ~/.netrc or Git's credential helper instead",
                )

    def check_dates(self, as_of: str) -> None:
        """See that each file of an index was published before a moment.

        Raises:
            EnvironmentFailed: one was not, or nobody says when it was.
        """
        limit = datetime.fromisoformat(as_of)
        late = [package["name"] for package in self.packages if not _published(package, limit)]
        if late:
            raise undated(late, as_of)

    @property
    def floating(self) -> tuple[str, ...]:
        """Packages from a repository of which a branch or tag was asked for: its commit is that of the resolution."""
        return tuple(
            package["name"]
            for package in self.packages
            if "vcs" in package
            and package["vcs"].get("requested-revision") != package["vcs"].get("commit-id")
        )

    @property
    def as_of(self) -> str | None:
        """The moment as of which it was resolved, where we have written that into it."""
        found = _AS_OF.match(self.text)
        return found[1] if found else None

    def anchored(self, directory: Path) -> str:
        """The text with each relative path made absolute from `directory`.

        Raises:
            EnvironmentFailed: a path is written in a way that is not understood.
        """
        if not self.local:
            return self.text

        def absolute(found: re.Match[str]) -> str:
            written = _toml(f"path = {found[2]}")["path"]
            return found[1] + quoted(str((directory / written).resolve()))

        text = _PATH.sub(absolute, self.text)
        if not all(Path(path).is_absolute() for path, _ in parse(text, name=self.name).local):
            raise EnvironmentFailed(
                f"a `path` in {self.name} is not understood", hint='write it as `path = "..."`'
            )
        return text

    def as_requirements(self) -> str:
        """The same as lines for `pip install --require-hashes --no-deps`.

        Raises:
            EnvironmentFailed: it lists something that pip installs without a hash.
        """
        return "".join(f"{_line(package)}\n" for package in self.packages)


def parse(text: str, *, name: str) -> Pylock:
    """Read a lock file.

    Raises:
        EnvironmentFailed: no TOML, or no lock of version 1.
    """
    try:
        document = _toml(text)
    except ValueError as error:
        raise EnvironmentFailed(
            f"{name} is no TOML: {error}", hint="restore the file, or make it anew with `runner lock`"
        ) from error
    match document:
        case {"lock-version": str(version), "packages": list(packages)} if version.split(".")[
            0
        ] == "1" and _sound(packages):
            return Pylock(
                text=text,
                packages=tuple(packages),
                requires_python=str(document.get("requires-python", "")),
                name=name,
            )
        case _:
            raise EnvironmentFailed(
                f"{name} is no lock file of version 1 (PEP 751)", hint="make it anew with `runner lock`"
            )


def _toml(text: str) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - most runs know what their lock says

    return tomllib.loads(text)


def quoted(text: str) -> str:
    """A text as TOML has it: as in JSON, but without surrogates, and with no control character as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _sound(packages: list[Any]) -> bool:
    """Whether what we look at has the shape that the specification gives it."""
    for package in packages:
        if not isinstance(package, dict) or not _NAME.fullmatch(str(package.get("name"))):
            return False
        entries = [package[key] for key in ("directory", "archive", "sdist", "vcs") if key in package]
        wheels = package.get("wheels", [])
        if not isinstance(wheels, list) or not all(isinstance(entry, dict) for entry in (*entries, *wheels)):
            return False
        if not all(
            isinstance(entry.get(key, ""), str) for entry in (*entries, *wheels) for key in ("url", "path")
        ):
            return False
    return True


def _published(package: Mapping[str, Any], limit: datetime) -> bool:
    files = ([package["sdist"]] if "sdist" in package else []) + list(package.get("wheels", ()))
    times = [file.get("upload-time") for file in files]
    return all(isinstance(time, datetime) and time <= limit for time in times)


def travelled(text: str, as_of: str) -> str:
    """A lock's text which says as of when it was resolved."""
    return f"# As of {as_of}: nothing that was published later is in it\n{text}"


def _pinned(package: Mapping[str, Any]) -> bool:
    if "vcs" in package:
        return bool(package["vcs"].get("commit-id"))
    files = [package[key] for key in ("archive", "sdist") if key in package] + list(package.get("wheels", ()))
    return "directory" not in package and bool(files) and all(file.get("hashes") for file in files)


def _line(package: Mapping[str, Any]) -> str:
    if not _pinned(package) or "vcs" in package:
        raise EnvironmentFailed(
            f"{package['name']} comes from a directory or a repository: without uv it cannot be installed",
            hint="install uv, or unset RUNNER_UV",
        )
    marker = f" ; {package['marker']}" if package.get("marker") else ""
    if "archive" in package:
        archive = package["archive"]
        place = archive.get("url") or Path(archive["path"]).as_uri()
        return f"{package['name']} @ {place}{marker}{_hashes(archive)}"
    files = ([package["sdist"]] if "sdist" in package else []) + list(package.get("wheels", ()))
    return f"{package['name']}=={package['version']}{marker}{''.join(_hashes(file) for file in files)}"


def _hashes(file: Mapping[str, Any]) -> str:
    return "".join(f" --hash={algorithm}:{value}" for algorithm, value in file["hashes"].items())
