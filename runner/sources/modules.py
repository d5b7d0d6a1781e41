"""The working copies in a tree: the one at its top, its submodules, theirs. And what differs in each from its commit."""

from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from runner.errors import SourceError
from runner.settings import Settings
from runner.sources.model import WorkingCopy
from runner.sources.names import unquoted
from runner.sources.workingcopy import git_in, inspect

_FIELDS = {"1": 8, "2": 8, "u": 10}  # before the name in a line of `git status --porcelain=v2`
_GONE = "000000"


class Module(Struct, frozen=True, kw_only=True):
    """One working copy; `path` is where it is below the top of the tree, "" for the top itself."""

    path: str
    top: Path
    copy: WorkingCopy

    def below(self, name: str) -> str:
        return f"{self.path}/{name}" if self.path else name


class Change(Struct, frozen=True, kw_only=True):
    """A file that differs from the commit; `path` counts from the top of the tree."""

    path: str
    tracked: bool = False
    gone: bool = False


def modules(copy: WorkingCopy, *, settings: Settings, path: str = "") -> Iterator[Module]:
    """The working copy, and all submodules in it which its commit declares and which are there."""
    assert copy.top is not None
    here = Module(path=path, top=copy.top, copy=copy)
    yield here
    if copy.commit is None or not (copy.top / ".gitmodules").exists():
        return
    for name in _declared(copy.top, settings):
        place = copy.top / name
        if (place / ".git").exists() and (inner := inspect(place, settings=settings)).commit:
            yield from modules(inner, settings=settings, path=here.below(name))


def _declared(top: Path, settings: Settings) -> list[str]:
    """Paths of submodules of HEAD whose address it tells: only these can be had again from elsewhere."""
    git = git_in(top, settings=settings)
    try:
        listing = git("config", "--blob", "HEAD:.gitmodules", "--null", "--get-regexp", r"\.(path|url)$")
    except SourceError:  # no such file in the commit
        return []
    told: dict[str, dict[str, str]] = {}
    for entry in filter(None, listing.split("\0")):
        key, _, value = entry.partition("\n")
        name, _, setting = key.rpartition(".")
        told.setdefault(name, {})[setting] = value
    declared = {module["path"] for module in told.values() if module.keys() == {"path", "url"}}
    entries = (line.partition("\t") for line in git("ls-tree", "-r", "--full-tree", "HEAD").split("\n"))
    return [
        name for facts, _, text in entries if " commit " in facts and (name := unquoted(text)) in declared
    ]


def changes(module: Module, others: frozenset[str], *, settings: Settings) -> Iterator[Change]:
    """What differs from the commit, file by file.

    A repository inside which is none of the submodules `others` counts as files.
    """
    for line in module.copy.changes:
        kind, _, rest = line.partition(" ")
        if kind == "?":
            yield from _untracked(module.below(unquoted(rest)), module, settings)
            continue
        *facts, name = line.split(" ", _FIELDS[kind])
        path, gone = module.below(unquoted(name)), facts[6 if kind == "u" else 5] == _GONE
        if not facts[2].startswith("S"):
            yield Change(path=path, tracked=True, gone=gone)
        elif path not in others and not gone:
            yield from _untracked(f"{path}/", module, settings)


def _untracked(path: str, module: Module, settings: Settings) -> Iterator[Change]:
    if not path.endswith("/"):
        yield Change(path=path)
        return
    top = module.top / path.removeprefix(f"{module.path}/" if module.path else "")
    for name in listed(top, settings=settings):
        yield Change(path=f"{path}{name}")


def listed(top: Path, *, settings: Settings) -> Iterator[str]:
    """Files of a working copy that are not ignored, those of repositories inside too."""
    if not (top / ".git").exists():
        return
    listing = git_in(top, settings=settings)("ls-files", "--cached", "--others", "--exclude-standard")
    for name in dict.fromkeys(unquoted(text).rstrip("/") for text in listing.split("\n") if text):
        if (top / name).is_dir() and not (top / name).is_symlink():
            yield from (f"{name}/{below}" for below in listed(top / name, settings=settings))
        elif (top / name).is_symlink() or (top / name).exists():
            yield name
