"""One bare repository per URL in the cache: what it has, it never fetches again.

git/<digest of the URL>/
    url            for people
    lock           held while something is fetched
    mirror.git/    refs/runner/<commit> marks each commit whose fetch was completed
    known/         what each ref named last, for work without network
    trees/         one per commit, see `tree`
"""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from msgspec import structs

from runner.errors import SourceError
from runner.files import locked, release, sha256, write_atomically
from runner.progress import Phase
from runner.settings import Settings
from runner.sources.address import FULL_COMMIT, SHORT_COMMIT
from runner.sources.bundle import prerequisites
from runner.sources.git import Git, Refused, git_for
from runner.sources.model import GitSource
from runner.sources.refs import Resolved, abbreviated, advertised, unknown

_SHA256_DIGITS = 64
_FILES_TOO = {"GIT_PROTOCOL_FROM_USER": "1"}  # a file that we put there, whatever else is allowed
_PROGRESS = re.compile(r"(?:remote: )?(?P<what>[A-Z][a-z]+ [a-z]+): +(?P<percent>\d+%)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """The cached copy of one repository."""

    git: Git
    home: Path
    offline: bool

    @property
    def repository(self) -> Path:
        return self.home / "mirror.git"

    def has(self, commit: str) -> bool:
        """Whether the commit is here, whole. A look at one file: no git, no network."""
        return self._mark(commit).exists()

    def obtain(self, ref: str | None, phase: Phase) -> Resolved:
        """Find out what `ref` names, and have it here afterwards.

        Raises:
            SourceError: no such ref, no access, no network.
        """
        resolved = self._resolve(ref, phase)
        if not self.has(resolved.commit):
            with self._writing() as lock:
                if not self.has(resolved.commit):  # another process may have fetched it meanwhile
                    self._fetch(resolved, lock=lock, phase=phase)
        self._remember(ref, resolved)
        os.utime(self.home)  # used, says `prune`
        return resolved

    def take(self, bundle: Path, commit: str, phase: Phase) -> None:
        """Have a commit here that a git bundle holds; the commits on which that builds are obtained.

        Raises:
            SourceError: they cannot be had, or the bundle is damaged, or holds another commit.
        """
        if self.has(commit):
            return
        for needed in prerequisites(bundle):
            self.obtain(needed, phase)
        with self._writing() as lock:
            self._initialise(commit)
            try:
                self._run_fetch("--", str(bundle), "HEAD", lock=lock, phase=phase, variables=_FILES_TOO)
            except SourceError as error:
                raise SourceError(f"the git bundle {bundle.name} is damaged", detail=error.detail) from error
            if not self._is_complete(commit):
                raise SourceError(f"{bundle.name} does not hold the commit {commit}")
            self._bare("update-ref", f"refs/runner/{commit}", commit)

    def with_history(self, phase: Phase) -> Git:
        """Have what came before the commits that are here, too; to ask git about it.

        Raises:
            SourceError: no access, no network.
        """
        if (self.repository / "shallow").exists():
            if self.offline:
                raise SourceError(
                    f"offline, and the history of {self.git.url} is not in the cache",
                    hint="do it once with network",
                )
            with self._writing() as lock:
                self._initialise()
                self._fetch_everything(lock=lock, phase=phase)
        return self._bare

    # what a ref names ----------------------------------------------------------------------------------------
    def _resolve(self, ref: str | None, phase: Phase) -> Resolved:
        if ref and FULL_COMMIT.fullmatch(ref):
            return Resolved(commit=ref)
        known = self._known(ref)
        if ref and known and SHORT_COMMIT.fullmatch(ref) and known.commit.startswith(ref):
            return known  # what an abbreviation stood for once it stands for always
        if self.offline:
            return self._offline(ref, known)
        phase.update(f"asking {self.git.url}")
        found = advertised(self.git, ref)
        if found is None and ref and SHORT_COMMIT.fullmatch(ref):
            found = self._abbreviated(ref, phase)
        if found is None:
            raise unknown(self.git, str(ref))
        return found

    def _offline(self, ref: str | None, known: Resolved | None) -> Resolved:
        if known is None and ref and SHORT_COMMIT.fullmatch(ref) and self.repository.exists():
            known = abbreviated(self._bare, ref)
        if known is None or not self.has(known.commit):
            raise SourceError(
                f"offline, and {ref or 'the default branch'} of {self.git.url} is not in the cache",
                hint="run it once with network",
            )
        return replace(
            known, notice=f"offline: {ref or 'the default branch'} as last seen, {known.commit[:10]}"
        )

    def _abbreviated(self, ref: str, phase: Phase) -> Resolved | None:
        """Only the whole history tells which commit an abbreviation means."""
        with self._writing() as lock:
            self._initialise()
            self._fetch_everything(lock=lock, phase=phase)
        return abbreviated(self._bare, ref)

    def _known(self, ref: str | None) -> Resolved | None:
        try:
            return Resolved(**json.loads(self._note(ref).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def _remember(self, ref: str | None, resolved: Resolved) -> None:
        plain = replace(resolved, notice=None)
        if ref != resolved.commit and self._known(ref) != plain:
            write_atomically(self._note(ref), json.dumps(asdict(plain)))

    def _note(self, ref: str | None) -> Path:
        return self.home / "known" / sha256(ref or "HEAD")[:32]

    # fetching ------------------------------------------------------------------------------------------------
    @property
    def _bare(self) -> Git:
        return structs.replace(self.git, directory=self.repository)

    def _mark(self, commit: str) -> Path:
        return self.repository / "refs" / "runner" / commit

    @contextmanager
    def _writing(self) -> Iterator[int]:
        with locked(self.home / "lock") as lock:
            try:
                yield lock
            finally:
                release(lock)  # a credential daemon that git started may have inherited it

    def _initialise(self, commit: str = "") -> None:
        """Make the bare repository, or clear away what a killed fetch left: the lock says nobody is writing."""
        if self.repository.exists():
            _clear_debris(self.repository)
            return
        aside = self.home / "mirror.new"
        shutil.rmtree(aside, ignore_errors=True)
        kind = "sha256" if len(commit) == _SHA256_DIGITS else "sha1"
        self.git("init", "--quiet", "--bare", "--template=", f"--object-format={kind}", "--", str(aside))
        write_atomically(self.home / "url", f"{self.git.url}\n")
        aside.rename(self.repository)

    def _fetch(self, resolved: Resolved, *, lock: int, phase: Phase) -> None:
        if self.offline:
            raise SourceError(
                f"offline, and commit {resolved.commit[:10]} of {self.git.url} is not in the cache",
                hint="run it once with network",
            )
        self._initialise(resolved.commit)
        for want in filter(None, (resolved.commit, resolved.name)):
            try:
                self._fetch_only(want, lock=lock, phase=phase)
            except Refused:  # servers need not serve any commit, and a branch may have moved on
                continue
            if self._is_complete(resolved.commit):
                break
        else:
            self._fetch_everything(lock=lock, phase=phase)
            if not self._is_complete(resolved.commit):
                raise SourceError(
                    f"{self.git.url} has no commit {resolved.commit}",
                    hint="check that it was pushed; the server offers only what branches and tags reach",
                )
        self._bare("update-ref", f"refs/runner/{resolved.commit}", resolved.commit)

    def _fetch_only(self, want: str, *, lock: int, phase: Phase) -> None:
        shallow = (self.repository / "shallow").exists() or not (self.repository / "whole").exists()
        depth = ("--depth=1",) if shallow else ()
        self._run_fetch(*depth, "--", self.git.url, want, lock=lock, phase=phase)

    def _fetch_everything(self, *, lock: int, phase: Phase) -> None:
        whole = ("--unshallow",) if (self.repository / "shallow").exists() else ()
        refs = ("+refs/heads/*:refs/all/heads/*", "+refs/tags/*:refs/all/tags/*")
        self._run_fetch(*whole, "--prune", "--", self.git.url, *refs, lock=lock, phase=phase)
        (self.repository / "whole").touch()

    def _run_fetch(
        self, *arguments: str, lock: int, phase: Phase, variables: Mapping[str, str] | None = None
    ) -> None:
        def show(line: str) -> None:
            if found := _PROGRESS.search(line):
                phase.update(f"fetching {self.git.url}: {found['what'].lower()} {found['percent']}")

        phase.update(f"fetching {self.git.url}")
        options = ("--progress", "--no-tags", "--no-write-fetch-head", "--force")
        self._bare("fetch", *options, *arguments, variables=variables, lock=lock, on_line=show)

    def _is_complete(self, commit: str) -> bool:
        try:
            return self._bare("cat-file", "-t", commit).strip() == "commit"
        except SourceError:
            return False


def mirror_of(source: GitSource, *, settings: Settings) -> Mirror:
    """The place of `source` in the cache; makes nothing yet."""
    home = settings.cache / "git" / sha256(source.url)[:32]
    return Mirror(git=git_for(source, settings=settings), home=home, offline=settings.offline)


def _clear_debris(repository: Path) -> None:
    """Remove lock files and half-written packs."""
    for directory, _, names in os.walk(repository):
        for name in names:
            if name.endswith(".lock") or name.startswith(("tmp_", ".tmp-")):
                Path(directory, name).unlink(missing_ok=True)
