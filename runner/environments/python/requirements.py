"""Requirement lines as a project writes them, read as hostile text: included files put in place, local paths named.

declared lines ─► -r other.txt, -c limits.txt read (inside the project only) ─► Requirements, which name no other file
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import file_digest
from pathlib import Path

from msgspec import Struct

from runner.errors import EnvironmentFailed, Location
from runner.files import sha256
from runner.project.model import PythonEnv

_INCLUDE = re.compile(r"(-r|--requirement|-c|--constraint)(?:\s*=\s*|\s+|(?<=-[rc]))(\S.*)")
_COMMENT = re.compile(r"(^|\s)#.*$")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:\s*=\s*|\s+)(\S.*)")
_LOCAL = re.compile(
    r"(?:[\w.\-\[\], ]+\s*@\s*)?(?:file:(?://)?)?(\.{0,2}/(?:[^\s;\[]|[ \t](?=[^\s;\[-]))*|\.{1,2}(?=$|[\s;\[]))"
)
_ARCHIVE = re.compile(r"[^\s:@;]+\.(?:whl|zip|tar\.gz|tar\.bz2|tar\.xz|tgz)(?=$|[\s;\[])")
_INDEX = re.compile(r"(?:-i|--index-url|--extra-index-url)(?:\s*=\s*|\s+)(\w+://[^/\s@]+@\S+)")
_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_METADATA = ("pyproject.toml", "setup.py", "setup.cfg")
_NO_CODE = {".git", ".hg", ".venv", "__pycache__", "mlruns", "mlartifacts", "node_modules", "build", "dist"}
_MOST_BYTES = 4 << 20  # of one requirements file
_DEEPEST = 16  # files that include files


class LocalPath(Struct, frozen=True, kw_only=True):
    """A requirement that is a directory or an archive on this machine."""

    path: Path
    editable: bool

    def fingerprint(self) -> str:
        """Digest of its content; of an editable directory only what says its dependencies, as its code stays live."""
        if self.path.is_file():
            return _digest_of(self.path)
        if self.editable:
            files = [self.path / name for name in _METADATA if (self.path / name).is_file()]
        else:
            files = sorted(_code(self.path))
        return sha256("\n".join(f"{file.relative_to(self.path)} {_digest_of(file)}" for file in files))


class Requirements(Struct, frozen=True, kw_only=True):
    """Lines that name no other requirements file. `directory` is what relative paths in them are relative to."""

    lines: tuple[str, ...]
    constraints: tuple[str, ...]
    build: tuple[str, ...]
    local: tuple[LocalPath, ...]
    directory: Path

    @property
    def hashed(self) -> bool:
        """Whether every package comes with a hash: then the lines are a lock already."""
        named = [line for line in self.lines if not line.startswith("-")]
        return bool(named) and all("--hash" in line for line in named)

    @property
    def directories(self) -> bool:
        """Whether code of this machine is among them, which says its dependencies itself."""
        return any(item.path.is_dir() for item in self.local)

    def logins(self, environ: Mapping[str, str]) -> tuple[str, ...]:
        """Index URLs with user and password, `${VARIABLE}` filled in as pip does: for the environment of an installer."""
        found = [_INDEX.fullmatch(line) for line in self.lines]
        return tuple(_VARIABLE.sub(lambda hit: environ.get(hit[1], hit[0]), hit[1]) for hit in found if hit)

    @property
    def fingerprint(self) -> str:
        """Digest of everything that decides what is resolved, the content of local paths included."""
        parts = ["\0".join(lines) for lines in (self.lines, self.constraints, self.build)]
        return sha256("\1".join([*parts, *(item.fingerprint() for item in self.local)]))


def read(spec: PythonEnv, directory: Path) -> Requirements:
    """Take a declaration's lines, and those of the files which they include.

    Raises:
        EnvironmentFailed: a file is missing, outside the project, or no text; a line holds control characters.
    """
    reader = _Reader(directory.resolve())
    place = Path(
        spec.file or "python_env.yaml"
    ).name  # its lines count from the project directory, wherever it lies
    reader.take(spec.requirements, place=Path(place), constraint=False, depth=0)
    build = tuple(filter(None, (_clean(line, Path(place)) for line in spec.build_requirements)))
    return Requirements(
        lines=tuple(reader.lines),
        constraints=tuple(reader.constraints),
        build=build,
        local=tuple(_local_paths(reader.lines, directory)),
        directory=directory,
    )


def read_file(name: str, directory: Path) -> Requirements:
    """The same for one requirements file.

    Raises:
        EnvironmentFailed: as `read`.
    """
    return read(PythonEnv(file=name, requirements=(f"-r {name}",)), directory)


class _Reader:
    """Collects the lines of a tree of files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.lines: list[str] = []
        self.constraints: list[str] = []
        self._open: list[Path] = []

    def take(self, lines: Iterable[str], *, place: Path, constraint: bool, depth: int) -> None:
        for raw in lines:
            line = _clean(raw, place)
            included = _INCLUDE.fullmatch(line)
            if included:
                limits = constraint or included[1] in {"-c", "--constraint"}
                self._include(included[2].strip().strip("\"'"), place=place, constraint=limits, depth=depth)
            elif line:
                (self.constraints if constraint else self.lines).append(line)

    def _include(self, name: str, *, place: Path, constraint: bool, depth: int) -> None:
        path = (self.root / place.parent / name).resolve()
        where = Location(place)
        if "://" in name or not path.is_relative_to(self.root):
            raise EnvironmentFailed(
                f"requirements are read inside the project only, not from {_without_secrets(name)}",
                where=where,
                hint="copy the file into the project",
            )
        if depth >= _DEEPEST or path in self._open:
            raise EnvironmentFailed(
                f"{name} includes itself", where=where, hint=f"remove a `-r` from {place}"
            )
        self._open.append(path)
        lines = _lines_of(path, name, where)
        self.take(lines, place=path.relative_to(self.root), constraint=constraint, depth=depth + 1)
        self._open.pop()


def _lines_of(path: Path, name: str, where: Location) -> list[str]:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise EnvironmentFailed(
            f"requirements file {name} cannot be read: {error.strerror}",
            where=where,
            hint="correct its name, or add the file",
        ) from error
    if len(data) > _MOST_BYTES:
        raise EnvironmentFailed(
            f"requirements file {name} is larger than {_MOST_BYTES >> 20} MiB", where=where
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise EnvironmentFailed(
            f"requirements file {name} is no UTF-8 text", where=where, hint=f"save {name} as UTF-8"
        ) from None
    return re.sub(r"[ \t]*\\\r?\n[ \t]*", " ", text).splitlines()


def _clean(line: str, place: Path) -> str:
    text = _COMMENT.sub("", line).strip()
    if _CONTROL.search(text):
        raise EnvironmentFailed(
            f"a requirement holds a control character: {text!r}",
            where=Location(place),
            hint="write one requirement a line",
        )
    return text


def _local_paths(lines: Sequence[str], base: Path) -> Iterator[LocalPath]:
    for line in lines:
        editable = _EDITABLE.fullmatch(line)
        text = editable[1] if editable else line
        found = _LOCAL.match(text)
        name = found[1] if found else text.partition("[")[0].strip() if editable else _archive(text)
        if name and "://" not in name:
            yield LocalPath(path=(base / name).resolve(), editable=bool(editable))


def _archive(text: str) -> str:
    found = None if text.startswith("-") else _ARCHIVE.match(text)
    return found[0] if found else ""


def _code(directory: Path) -> Iterator[Path]:
    for place, directories, names in os.walk(directory):
        directories[:] = [
            name for name in directories if name not in _NO_CODE and not name.endswith(".egg-info")
        ]
        yield from (path for name in names if (path := Path(place, name)).is_file())


def _digest_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EnvironmentFailed(
            f"{path} cannot be read: {error.strerror}", hint="it is named as a requirement"
        ) from error


def _without_secrets(name: str) -> str:
    return re.sub(r"://[^/@]+@", "://****@", name)
