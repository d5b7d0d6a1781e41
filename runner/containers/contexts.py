"""What is sent to an engine to build from: the files of a directory, without what .dockerignore names."""

import hashlib
import io
import os
import re
import stat
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import IO

from msgspec import Struct

from runner.errors import EnvironmentFailed

IGNORE = ".dockerignore"
_LARGEST_IGNORE = 1024 * 1024


class Context(Struct, frozen=True):
    """The files of `root`, relative and sorted; `dockerfile` is among them, or a text of ours at a name of its own."""

    root: Path
    names: tuple[str, ...]
    dockerfile: str
    text: str | None = None
    under: str = ""

    @classmethod
    def of(
        cls,
        root: Path,
        dockerfile: Path | None = None,
        *,
        text: str | None = None,
        under: str = "",
        without: Sequence[str] = (),
    ) -> "Context":
        """The context below `root`.

        Args:
            dockerfile: below `root` or not (then it is sent along).
            text: the Dockerfile itself, instead of one that is a file.
            under: the directory in which the files are sent.
            without: patterns of what is left out, before those of .dockerignore.

        Raises:
            EnvironmentFailed: a file cannot be read.
        """
        with _readable(root):
            inner = dockerfile.relative_to(root) if dockerfile and dockerfile.is_relative_to(root) else None
            if text is None and inner is None and dockerfile is not None:
                text = dockerfile.read_text("utf-8")
            name = inner.as_posix() if inner is not None and text is None else ".runner-dockerfile"
            found = _left(root, [*without, *_ignored(root, dockerfile)], dockerfile=name)
            return cls(root, found, name, text, under)

    def digest(self) -> str:
        """SHA-256 of names, contents, links and rights to execute; times and owners do not count."""
        whole = hashlib.sha256(f"{self.dockerfile}\0{self.text}\0".encode())
        with _readable(self.root):
            for name in self.names:
                whole.update(_fingerprint(self.root / name, name))
        return f"sha256:{whole.hexdigest()}"

    @contextmanager
    def archive(self) -> Iterator[IO[bytes]]:
        """All of it as a tar file."""
        with tempfile.TemporaryFile(prefix="runner-context-") as file, _readable(self.root):
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                if self.under:
                    tar.add(self.root, self.under, recursive=False, filter=_of_root)
                for name in self.names:
                    if _kind(self.root / name):
                        within = str(PurePosixPath(self.under, name))
                        tar.add(self.root / name, within, recursive=False, filter=_of_root)
                if self.text is not None:
                    member = tarfile.TarInfo(self.dockerfile)
                    member.size = len(self.text.encode())
                    tar.addfile(member, io.BytesIO(self.text.encode()))
            file.seek(0)
            yield file


def _ignored(root: Path, dockerfile: Path | None) -> list[str]:
    """Patterns of the file that lies beside the Dockerfile for it alone, else of the context's own."""
    candidates = [dockerfile.with_name(f"{dockerfile.name}{IGNORE}")] if dockerfile else []
    for path in (*candidates, root / IGNORE):
        if path.is_file():
            with path.open(encoding="utf-8-sig", errors="replace") as file:
                lines = [line.strip() for line in file.read(_LARGEST_IGNORE).splitlines()]
            return [line for line in lines if line and not line.startswith("#")]
    return []


def _left(root: Path, patterns: list[str], *, dockerfile: str) -> tuple[str, ...]:
    """What the patterns leave of the files below `root`."""
    try:
        found = import_module("docker.utils.build").exclude_paths(str(root), patterns, dockerfile=dockerfile)
        return tuple(sorted(found))
    except re.error as error:
        raise EnvironmentFailed(
            f"{IGNORE} has a pattern that is none: {error}",
            hint="write `[a-z]`, and `\\[` for a bracket itself",
        ) from error


def _kind(path: Path) -> str | None:
    """What goes into an archive: files, links, directories; no sockets, pipes or devices."""
    mode = path.lstat().st_mode
    kinds = ((stat.S_ISREG, "file"), (stat.S_ISLNK, "link"), (stat.S_ISDIR, "directory"))
    return next((kind for is_kind, kind in kinds if is_kind(mode)), None)


def _fingerprint(path: Path, name: str) -> bytes:
    content = ""
    match kind := _kind(path):
        case None:
            return b""
        case "link":
            content = os.readlink(path)  # noqa: PTH115 - the text of the link as it is
        case "file":
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            kind += "*" if path.stat().st_mode & 0o111 else ""
        case _:
            pass
    return os.fsencode(f"{kind}\0{name}\0{content}\0")


def _of_root(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


@contextmanager
def _readable(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentFailed(
            f"{error.filename or root} cannot be sent to the container engine: {error.strerror}",
            hint=f"name it in {IGNORE} if the image does not need it",
        ) from error
    except UnicodeDecodeError as error:
        raise EnvironmentFailed("the Dockerfile is no text") from error
