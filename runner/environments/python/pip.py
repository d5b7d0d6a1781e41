"""Without uv: virtualenv makes the environment, its pip installs a lock, and resolves by what it would install."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from msgspec import Struct

from runner.environments import brought, trouble
from runner.environments.model import Interpreter
from runner.environments.python import pylock, uv
from runner.environments.python.installer import Content, Wanted
from runner.environments.python.uv import Argv
from runner.errors import EnvironmentFailed
from runner.process import ProgramFailed, capture
from runner.progress import Phase
from runner.settings import Settings


class Pip(Struct, frozen=True):
    """The installer where there is no uv (see installer.Installer). A lock of its holds one file per package."""

    settings: Settings
    phase: Phase

    def compile(self, wanted: Wanted) -> str:
        self.phase.update("resolving with pip")
        with TemporaryDirectory(prefix="runner-lock-") as scratch:
            prefix, asked, limits = (
                Path(scratch, name) for name in ("env", "requirements.txt", "constraints.txt")
            )
            self.create(prefix, wanted.interpreter)
            asked.write_text("\n".join(wanted.lines) + "\n", encoding="utf-8")
            limits.write_text("\n".join(wanted.constraints) + "\n", encoding="utf-8")
            argv = [*_pip(prefix), "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
            argv += ["--constraint", limits, "--requirement", asked]
            argv += ["--uploaded-prior-to", wanted.as_of] if wanted.as_of else []
            report = self._call(argv, directory=wanted.directory, said=trouble.CANNOT_RESOLVE)
        found = json.loads(report)["install"]
        if wanted.as_of:
            _check_dates(found, wanted.as_of)
        return _pylock(found, wanted.interpreter)

    def create(self, prefix: Path, interpreter: Interpreter, *, turn: int | None = None) -> None:
        argv: Argv = [sys.executable, "-m", "virtualenv", "--no-periodic-update"]
        argv += ["--python", interpreter.path, "--", prefix]
        self._call(argv, directory=Path("/"), said=trouble.CANNOT_CREATE, turn=turn)

    def install(self, prefix: Path, content: Content, *, turn: int) -> None:
        self.phase.update("installing with pip")
        hashed = content.kind == "requirements"
        text = content.text if hashed else pylock.parse(content.text, name="the lock").as_requirements()
        listed = prefix / "requirements.lock.txt"
        listed.write_text(text, encoding="utf-8")
        argv = [*_pip(prefix), "install", "--require-hashes", "--no-deps", "--requirement", listed]
        argv += [f"--find-links={place}" for place in brought.directories(content.text, self.settings)]
        changes = {"PIP_EXTRA_INDEX_URL": " ".join(content.logins)} if content.logins else {}
        self._call(argv, directory=content.directory, said=trouble.CANNOT_INSTALL, turn=turn, changes=changes)

    def version(self) -> str:
        return "pip"

    def _call(
        self,
        argv: Argv,
        *,
        directory: Path,
        said: str,
        turn: int | None = None,
        changes: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        env = {**uv.environment(self.settings), **changes}
        if self.settings.offline:
            env["PIP_NO_INDEX"] = "1"
        try:
            done = capture(argv, cwd=directory, env=env, pass_fds=() if turn is None else (turn,))
        except ProgramFailed as error:
            raise trouble.explained(said, error, settings=self.settings) from error
        for line in trouble.masked(done.out + done.err).splitlines():
            self.phase.hear(line)
        return done.out


def _pip(prefix: Path) -> Argv:
    return [prefix / "bin/python", "-m", "pip", "--disable-pip-version-check", "--no-input", "--no-color"]


def _check_dates(found: Sequence[Mapping[str, Any]], as_of: str) -> None:
    """pip looks at the times that an index tells, and takes what lies in a directory as it is."""
    undated = [
        item["metadata"]["name"]
        for item in found
        if item["download_info"]["url"].startswith("file:") and not item.get("is_direct")
    ]
    if undated:
        raise trouble.undated(undated, as_of)


def _pylock(found: Sequence[Mapping[str, Any]], interpreter: Interpreter) -> str:
    """https://pip.pypa.io/en/stable/reference/installation-report/ as a lock."""
    text = f'lock-version = "1.0"\ncreated-by = "runner"\nrequires-python = ">={interpreter.version}"\n'
    packages = [_package(item) for item in found]
    return text + ("".join(packages) if packages else "packages = []\n")


def _package(item: Mapping[str, Any]) -> str:
    metadata, origin = item["metadata"], item["download_info"]
    hashes = origin.get("archive_info", {}).get("hashes")
    if not hashes:
        raise EnvironmentFailed(
            f"{metadata['name']} comes from a directory or a repository: it cannot be locked without uv",
            hint="install uv, or unset RUNNER_UV",
        )
    digests = ", ".join(f"{name} = {pylock.quoted(value)}" for name, value in hashes.items())
    file = f"{{ url = {pylock.quoted(origin['url'])}, hashes = {{ {digests} }} }}"
    wheel = origin["url"].partition("#")[0].endswith(".whl")
    kind = (
        f"archive = {file}" if item.get("is_direct") else f"wheels = [{file}]" if wheel else f"sdist = {file}"
    )
    return f"\n[[packages]]\nname = {pylock.quoted(metadata['name'])}\nversion = {pylock.quoted(metadata['version'])}\n{kind}\n"
