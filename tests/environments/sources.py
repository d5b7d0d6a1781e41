"""Packages as source code: directories that are edited, and repositories of them."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

# Builds without any package of an index; what it is asked to have at hand is only told.
BACKEND = r"""
import os, zipfile
NAME, FACTS = "own-1.0-py3-none-any.whl", "own-1.0.dist-info"

def _wheel(directory, members):
    needs = open("needs.txt").read()
    members[FACTS + "/METADATA"] = "Metadata-Version: 2.1\nName: own\nVersion: 1.0\n" + needs
    members[FACTS + "/WHEEL"] = "Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    members[FACTS + "/RECORD"] = "".join(name + ",,\n" for name in list(members) + [FACTS + "/RECORD"])
    with zipfile.ZipFile(os.path.join(directory, NAME), "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return NAME

def build_wheel(directory, config_settings=None, metadata_directory=None):
    return _wheel(directory, {"own.py": open("own.py").read()})

def build_editable(directory, config_settings=None, metadata_directory=None):
    return _wheel(directory, {"own.pth": os.getcwd() + "\n"})
"""
PROJECT = """
[build-system]
requires = [{tools}]
build-backend = "backend"
backend-path = ["."]
[project]
name = "own"
dynamic = ["version", "dependencies"]
"""


def write_package(
    directory: Path, version: str, *, needs: Sequence[str] = (), tools: Sequence[str] = ()
) -> Path:
    """Write, or edit, the package `own`, whose module knows its version; of the files that uv looks at none changes."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in {
        "pyproject.toml": PROJECT.format(tools=", ".join(f'"{tool}"' for tool in tools)),
        "backend.py": BACKEND,
    }.items():
        if not (directory / name).exists():
            (directory / name).write_text(text)
    (directory / "own.py").write_text(f"version = {version!r}\n")
    (directory / "needs.txt").write_text("".join(f"Requires-Dist: {name}\n" for name in needs))
    return directory


def commit(directory: Path) -> str:
    """Make a repository of a directory, with all that is in it; gives the commit."""
    author = {
        f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }

    def git(*arguments: str) -> str:
        environ = {**os.environ, **author}
        return subprocess.run(
            ["git", *arguments], cwd=directory, env=environ, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "-q", "-b", "main")
    git("add", ".")
    git("commit", "-qm", "all")
    git("update-server-info")  # it can be had by plain HTTP then
    return git("rev-parse", "HEAD")
