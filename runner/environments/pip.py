"""Without uv: virtualenv makes the environment, its pip installs a lock, and resolves by what it would install."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from runner.environments import trouble, uv
from runner.environments.model import Interpreter
from runner.environments.uv import Argv
from runner.errors import EnvironmentFailed
from runner.process import ProgramFailed, capture
from runner.progress import Phase
from runner.settings import Settings


def compile_lock(
    *,
    requirements: str,
    constraints: Path | None,
    interpreter: Interpreter,
    directory: Path,
    settings: Settings,
    phase: Phase,
) -> str:
    """Resolve requirement lines to the text of a pylock.toml: one file per package, fit for this machine.

    Raises:
        EnvironmentFailed: with pip's explanation.
    """
    with TemporaryDirectory(prefix="runner-lock-") as scratch:
        prefix, wanted = Path(scratch, "env"), Path(scratch, "requirements.txt")
        create(prefix=prefix, interpreter=interpreter, settings=settings, pass_fds=())
        wanted.write_text(requirements, encoding="utf-8")
        argv = [*_pip(prefix), "install", "--dry-run", "--ignore-installed", "--quiet", "--report", "-"]
        argv += ["--constraint", constraints] if constraints else []
        phase.update("resolving with pip")
        report = _called(
            [*argv, "--requirement", wanted],
            directory=directory,
            settings=settings,
            said=trouble.CANNOT_RESOLVE,
        )
    return _pylock(json.loads(report), interpreter)


def create(*, prefix: Path, interpreter: Interpreter, settings: Settings, pass_fds: Sequence[int]) -> None:
    """Make a virtual environment with pip in it."""
    argv: Argv = [
        sys.executable,
        "-m",
        "virtualenv",
        "--no-periodic-update",
        "--python",
        interpreter.path,
        "--",
        prefix,
    ]
    _called(
        argv,
        directory=Path("/"),
        settings=settings,
        said="virtualenv cannot create the environment",
        pass_fds=pass_fds,
    )


def install(
    *,
    prefix: Path,
    requirements: Path,
    directory: Path,
    settings: Settings,
    phase: Phase,
    pass_fds: Sequence[int],
) -> None:
    """Install exactly what hashed lines list."""
    phase.update("installing with pip")
    argv: Argv = [*_pip(prefix), "install", "--require-hashes", "--no-deps", "--requirement", requirements]
    _called(argv, directory=directory, settings=settings, said=trouble.CANNOT_INSTALL, pass_fds=pass_fds)


def _pip(prefix: Path) -> Argv:
    return [prefix / "bin/python", "-m", "pip", "--disable-pip-version-check", "--no-input", "--no-color"]


def _called(
    argv: Sequence[str | Path],
    *,
    directory: Path,
    settings: Settings,
    said: str,
    pass_fds: Sequence[int] = (),
) -> str:
    env = uv.environment(settings)
    if settings.offline:
        env["PIP_NO_INDEX"] = "1"
    try:
        return capture(argv, cwd=directory, env=env, pass_fds=pass_fds).out
    except ProgramFailed as error:
        raise trouble.explained(said, error, settings=settings) from error


def _pylock(report: Mapping[str, Any], interpreter: Interpreter) -> str:
    """https://pip.pypa.io/en/stable/reference/installation-report/ as a lock."""
    text = f'lock-version = "1.0"\ncreated-by = "runner"\nrequires-python = ">={interpreter.version}"\n'
    packages = [_package(item) for item in report["install"]]
    return text + ("".join(packages) if packages else "packages = []\n")


def _package(item: Mapping[str, Any]) -> str:
    metadata, origin = item["metadata"], item["download_info"]
    hashes = origin.get("archive_info", {}).get("hashes")
    if not hashes:
        raise EnvironmentFailed(
            f"{metadata['name']} comes from a directory or a repository: it cannot be locked without uv",
            hint="install uv, or unset RUNNER_UV",
        )
    digests = ", ".join(f"{name} = {json.dumps(value)}" for name, value in hashes.items())
    file = f"{{ url = {json.dumps(origin['url'])}, hashes = {{ {digests} }} }}"
    wheel = origin["url"].partition("#")[0].endswith(".whl")
    kind = (
        f"archive = {file}" if item.get("is_direct") else f"wheels = [{file}]" if wheel else f"sdist = {file}"
    )
    return f"\n[[packages]]\nname = {json.dumps(metadata['name'])}\nversion = {json.dumps(metadata['version'])}\n{kind}\n"
