"""People with machines of their own: nothing of one is seen by the other, but for the Git server and what they hand over."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.conftest import Cli, Outcome
from tests.sources.conftest import IDENTITY


@dataclass
class Person:
    """Somebody's machine: home, cache, store. `variables` are further ones of the environment."""

    place: Path
    cli: Cli
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def runner(self) -> Path:
        return self.place / "runner"

    @property
    def caches(self) -> Path:
        return self.runner / "cache"

    def __call__(self, *arguments: str | Path) -> Outcome:
        """A command of theirs, from their home."""
        self.runner.mkdir(parents=True, exist_ok=True)
        mine = {
            "HOME": str(self.place),
            "RUNNER_HOME": str(self.runner),
            "UV_CACHE_DIR": str(self.caches / "uv"),
            **self.variables,
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in mine.items():
                patch.setenv(name, value)
            patch.chdir(self.place)
            return self.cli(*arguments)

    def newest(self) -> Any:
        """Their newest run."""
        return json.loads(self("runs", "show", "-1", "--json").out)

    def reproduce(self, reference: str, *options: str | Path) -> Any:
        """What `runner reproduce` says of a run, as JSON values, with its exit code."""
        outcome = self("reproduce", reference, "--json", *options)
        assert outcome.out.lstrip().startswith("{"), outcome.err
        return {**json.loads(outcome.out), "code": outcome.code, "err": outcome.err}

    @contextmanager
    def out_of_reach(self) -> Iterator[None]:
        """As if their machine were another one: nobody finds a file of it."""
        hidden = self.place.with_name(f".{self.place.name}")
        shutil.move(self.place, hidden)
        try:
            yield
        finally:
            shutil.rmtree(self.place, ignore_errors=True)
            shutil.move(hidden, self.place)


def git(directory: Path, *arguments: str | Path) -> str:
    done = subprocess.run(
        ["git", "-C", directory, "-c", "protocol.file.allow=always", *arguments],
        env={**os.environ, **IDENTITY},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def write(directory: Path, files: Mapping[str, str]) -> Path:
    """Write files, dedented."""
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return directory


@dataclass(frozen=True)
class Office:
    """What they share: a Git server for the repositories in a directory, and a tracking server."""

    git: Path
    git_url: str
    tracking: str

    def publish(self, name: str, files: Mapping[str, str], *, scratch: Path) -> str:
        """A repository with one commit of these files; gives its URL."""
        work = write(scratch / name, files)
        git(work, "init", "-q", "-b", "main")
        git(work, "add", "-A")
        git(work, "commit", "-qm", "first")
        git(work, "clone", "-q", "--bare", work, self.bare(name))
        return f"{self.git_url}/{name}.git"

    def bare(self, name: str) -> Path:
        return self.git / f"{name}.git"

    def page(self, run: Any) -> str:
        """The address of a run, as the browser has it."""
        return f"{self.tracking}/#/experiments/{run['experiment_id']}/runs/{run['run_id']}"
