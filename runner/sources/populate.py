"""Fill a directory with the files of a commit, its submodules and large files (Git LFS) too."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from msgspec import structs

from runner.errors import SourceError
from runner.process import capture
from runner.progress import Phase
from runner.settings import Settings
from runner.sources import address
from runner.sources.git import Git
from runner.sources.mirror import Mirror, mirror_of
from runner.sources.model import GitSource

_LFS_POINTER = b"version https://git-lfs.github.com/spec/v1\n"  # github.com/git-lfs/git-lfs, docs/spec.md
_LFS_POINTER_LIMIT = 1024
_GITLINK = "160000"
_DEEPEST = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Populating:
    """One commit of one repository on its way into the directory `tree`.

    `scratch` is a file beside the tree for git's index, `path` where this is below the top, and `depth` how many
    repositories are around it. `commits` are those of submodules, by path below the top, in place of what the commits
    around them say, `bundles` what may be needed to have them. `objects` becomes where the objects of all of them are.
    """

    source: GitSource
    mirror: Mirror
    commit: str
    tree: Path
    scratch: Path
    settings: Settings
    phase: Phase
    path: str = ""
    depth: int = 0
    commits: Mapping[str, str] = field(default_factory=dict)
    bundles: Mapping[str, Path] = field(default_factory=dict)
    objects: list[Path] = field(default_factory=list)

    def everything(self) -> list[tuple[str, str]]:
        """Write all files; path and commit of each submodule.

        Raises:
            SourceError: a submodule or a large file cannot be had.
        """
        self.phase.update(f"writing files of {self.source.url}")
        self.objects.append(self.mirror.repository / "objects")
        entries = self._write_files()
        self._refuse_lfs_pointers(entries)
        links = {path: commit for mode, commit, path in entries if mode == _GITLINK}
        return list(self._submodules(links)) if links else []

    def _write_files(self) -> Sequence[tuple[str, str, str]]:
        """Mode, object and path of each file."""
        self.scratch.unlink(missing_ok=True)
        here = {"GIT_INDEX_FILE": str(self.scratch), "GIT_WORK_TREE": str(self.tree)}
        git = structs.replace(self.mirror.git, directory=self.mirror.repository)
        git = git.configured(
            ("checkout.workers", "0"), ("remote.origin.url", self.source.url), *_lfs_filter(git)
        )
        git("read-tree", "--reset", "-u", self.commit, variables=here)
        listing = git("ls-files", "--stage", "-z", variables=here)
        self.scratch.unlink(missing_ok=True)
        heads = (line.partition("\t") for line in listing.split("\0") if line)
        return [(*head.split(" ")[:2], path) for head, _, path in heads]  # type: ignore[misc]

    # large files ---------------------------------------------------------------------------------------------
    def _refuse_lfs_pointers(self, entries: Sequence[tuple[str, str, str]]) -> None:
        files = [self.tree / path for mode, _, path in entries if mode.startswith("100")]
        if not any(b"filter=lfs" in file.read_bytes() for file in files if file.name == ".gitattributes"):
            return
        pointers = [str(file.relative_to(self.tree)) for file in files if _is_lfs_pointer(file)]
        if pointers and not self.mirror.git.environ.get("GIT_LFS_SKIP_SMUDGE"):
            more = f" and {len(pointers) - 1} more" if len(pointers) > 1 else ""
            raise SourceError(
                f"{self.source.url} keeps {pointers[0]}{more} in Git LFS, and git-lfs did not fetch it",
                hint="install git-lfs, or set GIT_LFS_SKIP_SMUDGE=1 to run with the pointers in place of the files",
            )

    # submodules ----------------------------------------------------------------------------------------------
    def _submodules(self, links: dict[str, str]) -> Iterator[tuple[str, str]]:
        for path, url in self._declared_submodules():
            if commit := links.get(path):
                commit = self.commits.get(f"{self.path}{path}", commit)
                try:
                    below = self._submodule(path, url, commit)
                    yield f"{self.path}{path}", commit
                    yield from below.everything()
                except SourceError as error:
                    where = (
                        error.message
                        if error.message.startswith("submodule ")
                        else f"submodule {path}: {error}"
                    )
                    raise SourceError(where, hint=error.hint, detail=error.detail) from error

    def _declared_submodules(self) -> Iterator[tuple[str, str]]:
        """Path and URL of each, without those which say `update = none`."""
        file = self.tree / ".gitmodules"
        if file.is_symlink() or not file.is_file():
            return
        listing = structs.replace(self.mirror.git, directory=None)(
            "config", "--file", str(file), "--null", "--list"
        )
        modules: dict[str, dict[str, str]] = {}
        for entry in filter(None, listing.split("\0")):
            key, _, value = entry.partition("\n")
            _, _, rest = key.partition(".")
            name, _, setting = rest.rpartition(".")
            modules.setdefault(name, {})[setting] = value
        for module in modules.values():
            if {"path", "url"} <= module.keys() and module.get("update") != "none":
                yield module["path"], module["url"]

    def _submodule(self, path: str, url: str, commit: str) -> "Populating":
        tree = self.tree / path
        if self.depth >= _DEEPEST:
            raise SourceError(f"more than {_DEEPEST} repositories inside each other")
        if not tree.resolve().is_relative_to(self.tree.resolve()):  # where a file system ignores case
            raise SourceError("its path leads out of the repository")
        tree.mkdir(parents=True, exist_ok=True)
        source = submodule_source(self.source, url, commit)
        mirror = mirror_of(source, settings=self.settings)
        # git applies its rules for addresses which no person typed: none in the local file system
        environ = {**mirror.git.environ, "GIT_PROTOCOL_FROM_USER": "0"}
        mirror = replace(mirror, git=structs.replace(mirror.git, environ=environ))
        if (bundle := self.bundles.get(f"{self.path}{path}")) is not None:
            with suppress(SourceError):  # somebody may have pushed it meanwhile
                mirror.take(bundle, commit, self.phase)
        mirror.obtain(commit, self.phase)
        return replace(
            self,
            source=source,
            mirror=mirror,
            commit=commit,
            tree=tree,
            path=f"{self.path}{path}/",
            depth=self.depth + 1,
        )


def submodule_source(parent: GitSource, url: str, commit: str) -> GitSource:
    """The repository that a line `url = ...` in .gitmodules of `parent` means.

    Raises:
        SourceError: no address that git may be given.
    """
    whole = _joined(parent.url, url) if url.startswith(("./", "../")) else url
    if whole.startswith("-") or address.TRANSPORT.match(whole):
        raise SourceError(f"the address {whole!r} is refused")
    plain, login = address.split_credentials(Path(whole).as_uri() if whole.startswith("/") else whole)
    if login is None and plain.split("/")[:3] == parent.url.split("/")[:3]:
        login = parent.login  # the same server
    return GitSource(url=plain, ref=commit, login=login)


def _joined(base: str, relative: str) -> str:
    """`../other.git` beside `base`, as git reads it: each `../` takes away what follows the last `/` or `:`."""
    base = base.rstrip("/")
    while relative.startswith(("./", "../")):
        step, _, relative = relative.partition("/")
        if step == "..":
            base = base[: max(base.rfind("/"), base.rfind(":") + 1)]
    return base + relative if base.endswith(":") else f"{base}/{relative}"


def _lfs_filter(git: Git) -> tuple[tuple[str, str], ...]:
    """Configuration that `git lfs install` would have written, where git-lfs is there and nobody ran that."""
    if shutil.which("git-lfs", path=git.environ.get("PATH")) is None:
        return ()
    if capture(("git", "config", "--get-regexp", r"^filter\.lfs\."), env=git.environ, check=False).out:
        return ()
    return (
        ("filter.lfs.process", "git-lfs filter-process"),
        ("filter.lfs.smudge", "git-lfs smudge -- %f"),
        ("filter.lfs.required", "true"),
    )


def _is_lfs_pointer(file: Path) -> bool:
    if file.stat().st_size > _LFS_POINTER_LIMIT:
        return False
    with file.open("rb") as content:
        return content.read(len(_LFS_POINTER)) == _LFS_POINTER
