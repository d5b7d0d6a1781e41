"""Real repositories, made in milliseconds."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from msgspec.structs import replace

from runner.progress import Phase
from runner.settings import Settings
from runner.sources import checkout, parse
from runner.sources.model import Checkout
from tests.sources.restoring import PROJECT, Restore, restore
from tests.sources.servers import git_daemon

IDENTITY = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_GLOBAL": os.devnull,
}


@dataclass(frozen=True)
class Repository:
    """A working copy to commit in, and the bare repository that it pushes to."""

    work: Path
    bare: Path

    @property
    def url(self) -> str:
        return self.bare.as_uri()

    def git(self, *arguments: str | Path) -> str:
        done = subprocess.run(
            ["git", "-C", self.work, *arguments],
            env={**os.environ, **IDENTITY},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, files: Mapping[str, str], *, branch: str | None = None) -> str:
        """Commit the files, push, and return the commit id."""
        if branch:
            self.git("checkout", "-q", "-B", branch)
        for name, text in files.items():
            path = self.work / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", "change", "--allow-empty")
        self.push()
        return self.git("rev-parse", "HEAD")

    def push(self) -> None:
        self.git("push", "-q", "--force", self.bare, "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*")


NewRepository = Callable[..., Repository]


@pytest.fixture(autouse=True)
def own_git_configuration(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git as on a fresh machine: nothing of the caller's configuration or credentials."""
    home.mkdir(parents=True, exist_ok=True)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def repository(tmp_path: Path) -> NewRepository:
    """Make a repository `served/<name>.git` with one commit of the given files."""

    def make(files: Mapping[str, str], name: str = "repo") -> Repository:
        made = Repository(tmp_path / "work" / name, tmp_path / "served" / f"{name}.git")
        for path, options in ((made.work, ()), (made.bare, ("--bare",))):
            subprocess.run(["git", "init", "-q", "-b", "main", *options, path], check=True)
        made.commit(files)
        return made

    return make


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """The directory of the bare repositories."""
    return tmp_path / "served"


Look = Callable[..., Checkout]


@pytest.fixture
def phase() -> Phase:
    return Phase("source")


@pytest.fixture
def look(settings: Settings, tmp_path: Path, phase: Phase) -> Look:
    """Check a source out and let it go again; what it was."""

    def look(uri: str, version: str | None = None, *, settings: Settings = settings) -> Checkout:
        with checkout(parse(uri, version=version, cwd=tmp_path), settings=settings, phase=phase) as found:
            return found

    return look


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Settings:
    """A machine with an empty cache."""
    return replace(settings, home=tmp_path / "elsewhere", cache=tmp_path / "elsewhere/cache")


@pytest.fixture
def again(settings: Settings, elsewhere: Settings) -> Restore:
    return partial(restore, settings=settings, elsewhere=elsewhere)


@pytest.fixture
def pushed(repository: NewRepository) -> NewRepository:
    """Make a project whose remote has its commit, and knows it."""

    def make(files: Mapping[str, str] = PROJECT, name: str = "repo") -> Repository:
        made = repository({**PROJECT, **files}, name)
        made.git("remote", "add", "origin", made.bare)
        made.git("fetch", "-q", "origin")
        made.git("branch", "-q", "--set-upstream-to=origin/main")
        return made

    return make


@pytest.fixture
def base(served: Path) -> Iterator[str]:
    with git_daemon(served) as url:
        yield url
