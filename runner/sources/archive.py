"""Zip files, trusted in nothing: every path, link and size is checked before a byte is written.

Imported only when a source is an archive.
"""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from zipfile import BadZipFile, ZipFile, ZipInfo
from zlib import error as ZlibError  # noqa: N812

from runner.errors import SourceError
from runner.files import file_digest
from runner.progress import Phase
from runner.settings import Settings
from runner.sources.address import scheme
from runner.sources.download import Download
from runner.sources.model import ArchiveSource, Checkout
from runner.sources.place import directory_name, project_directory, writing_to
from runner.sources.tree import lent, pristine

_BLOCK = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an archive may become. A ratio is judged from `ratio_from` bytes on: small files may shrink a lot."""

    download: int = 2 << 30
    entries: int = 100_000
    size: int = 8 << 30
    ratio: int = 200
    ratio_from: int = 64 << 20


LIMITS = Limits()


@contextmanager
def checked_out(source: ArchiveSource, *, settings: Settings, phase: Phase, keep: bool) -> Iterator[Checkout]:
    """As `sources.checkout`."""
    file, digest = obtain(source, settings=settings, phase=phase)
    with unpacked(source, file, digest, settings=settings, phase=phase, keep=keep) as found:
        yield found


@contextmanager
def unpacked(
    source: ArchiveSource, file: Path, digest: str, *, settings: Settings, phase: Phase, keep: bool
) -> Iterator[Checkout]:
    """The tree of the zip file `file` with this SHA-256, which came from `source`."""
    home = settings.cache / "archives" / digest
    phase.detail = "cached"

    def make(tree: Path) -> None:
        phase.detail = "extracted"
        phase.update(f"extracting {source.url}")
        extract(file, tree)

    with writing_to(settings.cache):
        pristine(home, make)
    with lent(home, name=directory_name(source.url), keep=keep) as root:
        subdirectory = source.subdirectory or only_directory(root)
        yield Checkout(
            path=project_directory(root, subdirectory),
            root=root,
            uri=source.url,
            subdirectory=subdirectory,
            digest=f"sha256:{digest}",
            archive=file,
        )


def obtain(source: ArchiveSource, *, settings: Settings, phase: Phase) -> tuple[Path, str]:
    """The zip file on this machine, and its SHA-256.

    Raises:
        SourceError: it cannot be had.
    """
    if scheme(source.url) is None:
        try:
            return Path(source.url), file_digest(Path(source.url)).removeprefix("sha256:")
        except OSError as error:
            raise SourceError(f"cannot read {source.url}: {error.strerror}") from error
    download = Download(
        url=source.url,
        login=source.login,
        settings=settings,
        phase=phase,
        failure=SourceError,
        limit=LIMITS.download,
    )
    return download.fetch()


def extract(file: Path, tree: Path, *, limits: Limits = LIMITS) -> None:
    """Write the files of an archive into the empty directory `tree`.

    Raises:
        SourceError: it is no zip file, is damaged, too large, or has an entry that leads out of `tree`.
    """
    try:
        with ZipFile(file) as archive:
            entries = list(_checked(archive.infolist(), limits))
            for path, entry in entries:
                if not _is_link(entry):
                    _write(archive, entry, tree / path)
            # links last, so that no file can be written through one
            for path, entry in entries:
                if _is_link(entry):
                    _link(archive.read(entry).decode(), tree, path)
    except (BadZipFile, ZlibError, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise SourceError(f"{file.name} is no zip file, or damaged: {error}") from error
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise SourceError(
            f"{file.name} holds two entries of one name: {Path(error.filename).name}"
        ) from error
    except OSError as error:
        raise SourceError(f"cannot extract {file.name}: {error.strerror}") from error


def only_directory(tree: Path) -> str:
    """Name of the one directory that is all of `tree`, as in an archive that a code host made; or ""."""
    match list(tree.iterdir()):
        case [Path() as only] if only.is_dir() and not only.is_symlink():
            return only.name
        case _:
            return ""


def _checked(entries: list[ZipInfo], limits: Limits) -> Iterator[tuple[PurePosixPath, ZipInfo]]:
    size, packed = sum(entry.file_size for entry in entries), sum(entry.compress_size for entry in entries)
    if len(entries) > limits.entries:
        raise SourceError(f"the archive has {len(entries)} entries, more than {limits.entries}")
    if size > limits.size or (size > limits.ratio_from and size > packed * limits.ratio):
        raise SourceError(
            f"the archive would become {size >> 20} MB from {packed >> 20} MB: refused",
            hint="unpack it yourself, if you trust it, and run the directory",
        )
    for entry in entries:
        path = _safe_path(entry.orig_filename)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}:
            raise SourceError(f"{entry.filename!r} in the archive is neither file, directory nor link")
        if entry.flag_bits & 1:
            raise SourceError("the archive is encrypted", hint="unpack it yourself and run the directory")
        yield path, entry


def _safe_path(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if (
        path.is_absolute()
        or ".." in path.parts
        or any(char in name for char in "\\\0\r\n")
        or name[1:2] == ":"
    ):
        raise SourceError(f"the archive's entry {name!r} leads out of it: refused")
    return path


def _is_link(entry: ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)


def _write(archive: ZipFile, entry: ZipInfo, target: Path) -> None:
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as packed, target.open("xb") as file:
        while block := packed.read(_BLOCK):
            file.write(block)
    if entry.external_attr >> 16 & 0o111:
        target.chmod(target.stat().st_mode | 0o111)


def _link(text: str, tree: Path, path: PurePosixPath) -> None:
    link = tree / path
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(text)
    if PurePosixPath(text).is_absolute() or not link.resolve().is_relative_to(tree.resolve()):
        raise SourceError(f"the archive's link {str(path)!r} leads out of it, to {text!r}: refused")
