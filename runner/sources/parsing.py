"""From what a person typed to a Source: decides by the form of the address and by what is on disk; fetches nothing."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from runner.errors import SourceError, UsageError, did_you_mean
from runner.sources import address
from runner.sources.model import ArchiveSource, DirectorySource, GitSource, Source


def parse(uri: str, *, version: str | None = None, cwd: Path) -> Source:
    """Say what `uri` is.

    Args:
        uri: a directory (relative to `cwd`, `~` allowed), a zip file, a Git URL (https, http, ssh, git, file, or
            host:path as ssh takes it), an http(s) URL of a zip file; each with an optional `#subdirectory`.
        version: branch, tag, commit or abbreviated commit; Git only.
        cwd: where relative paths start.

    Raises:
        UsageError: no such form of address, or a version for something without versions.
        SourceError: there is no such directory or file.
    """
    address.check_text(uri, what="project address")
    ref = address.check_ref(version) if version else None
    if address.TRANSPORT.match(uri):
        raise UsageError(
            f"{uri.partition('::')[0]}:: is a transport that may run any program: refused",
            hint="use an https, ssh, git or file URL",
        )
    if (whole := _local_path(uri, cwd)).exists():  # a '#' may be part of a name
        return _local(whole, "", ref)
    place, _, fragment = uri.partition("#")
    subdirectory = address.check_subdirectory(fragment)
    if (found := address.scheme(place)) is not None:
        return _remote(place, found, subdirectory, ref)
    path = _local_path(place, cwd)
    if not path.exists() and _is_ssh_address(place):
        return GitSource(url=place, ref=ref, subdirectory=subdirectory)
    return _local(path, subdirectory, ref)


def _local_path(text: str, cwd: Path) -> Path:
    try:
        return cwd / Path(text).expanduser()
    except RuntimeError as error:  # ~nobody
        raise SourceError(f"{text!r}: {error}") from error


def _is_ssh_address(text: str) -> bool:
    found = address.SCP_LIKE.fullmatch(text)
    if found is None or found["host"].startswith("-"):
        return False
    return bool(found["user"]) or "/" in found["path"] or found["path"].endswith(".git")


def _remote(url: str, scheme: str, subdirectory: str, ref: str | None) -> Source:
    kind = scheme.removeprefix("git+")
    plain, login = address.split_credentials(kind + url[len(scheme) :])
    match kind:
        case "file":
            return _file_url(url, subdirectory, ref)
        case "http" | "https" if urlsplit(plain).path.lower().endswith(".zip"):
            _refuse_version(ref, plain)
            return ArchiveSource(url=plain, subdirectory=subdirectory, login=login)
        case "http" | "https" | "ssh" | "git":
            if not urlsplit(plain).hostname or urlsplit(plain).netloc.rpartition("@")[2].startswith("-"):
                raise UsageError(f"{plain!r} names no host")
            return GitSource(url=plain, ref=ref, subdirectory=subdirectory, login=login)
        case _:
            raise UsageError(
                f"{scheme}:// is no scheme of a project address", hint="use https, http, ssh, git or file"
            )


def _file_url(url: str, subdirectory: str, ref: str | None) -> Source:
    parts = urlsplit(url)
    if parts.netloc not in {"", "localhost"}:
        raise UsageError(f"{url!r} names another machine", hint="a file URL has three slashes: file:///path")
    path = Path(unquote(parts.path))
    if is_repository(path):
        return GitSource(url=path.as_uri(), ref=ref, subdirectory=subdirectory)
    return _local(path, subdirectory, ref)


def _local(path: Path, subdirectory: str, ref: str | None) -> Source:
    if not path.exists():
        raise _missing(path)
    path = path.resolve()
    if path.is_dir():
        if _is_bare(path):
            return GitSource(url=path.as_uri(), ref=ref, subdirectory=subdirectory)
        return (
            _at_version(path, subdirectory, ref)
            if ref
            else DirectorySource(path=path, subdirectory=subdirectory)
        )
    if path.suffix.lower() == ".zip":
        _refuse_version(ref, str(path))
        return ArchiveSource(url=str(path), subdirectory=subdirectory)
    raise UsageError(f"{path} is a file, no project", hint=f"give its directory: {path.parent}")


def _at_version(path: Path, subdirectory: str, ref: str) -> GitSource:
    top = working_copy(path)
    if top is None:
        raise UsageError(
            f"{path} is no Git repository, so it has no version {ref!r}",
            hint="leave out the version to run the directory as it is",
        )
    below = address.check_subdirectory((path.relative_to(top) / subdirectory).as_posix())
    return GitSource(url=top.as_uri(), ref=ref, subdirectory=below)


def _refuse_version(ref: str | None, place: str) -> None:
    if ref:
        raise UsageError(f"{place} is a zip file, so it has no version {ref!r}", hint="leave out the version")


def _missing(path: Path) -> SourceError:
    parent = path.parent
    siblings = [entry.name for entry in parent.iterdir()] if parent.is_dir() else []
    return SourceError(
        f"there is no directory {path}",
        hint=did_you_mean(path.name, siblings) or "give a directory, a zip file or a Git URL",
    )


def is_repository(path: Path) -> bool:
    """Whether `path` is the top of a working copy, or a bare repository."""
    return (path / ".git").exists() or _is_bare(path)


def _is_bare(path: Path) -> bool:
    return (path / "HEAD").is_file() and (path / "objects").is_dir() and (path / "refs").is_dir()


def working_copy(path: Path) -> Path | None:
    """The top of the working copy in which `path` is, or None. Asks no program."""
    return next((top for top in (path, *path.parents) if (top / ".git").exists()), None)
