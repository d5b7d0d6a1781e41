"""`--solver conda-lock`: the conda-lock package, with the conda, mamba or micromamba of the person, instead of rattler."""

import shutil
import sys
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from runner.environments.conda import lockfile
from runner.environments.conda.channels import public
from runner.environments.conda.packages import CondaLock
from runner.environments.conda.solving import Wanted
from runner.environments.trouble import masked
from runner.errors import EnvironmentFailed
from runner.process import ProgramFailed, capture
from runner.progress import Phase
from runner.settings import Settings

PROGRAMS = ("mamba", "micromamba", "conda")  # the fastest first
_PACKAGE = "conda_lock"
_TAIL = 40  # lines


def solved(wanted: Wanted, *, platforms: Iterable[str], settings: Settings, phase: Phase) -> CondaLock:
    """Have the packages chosen, for each platform by itself.

    Raises:
        EnvironmentFailed: conda-lock or its program is missing, cannot do what is asked, or finds no solution.
    """
    program = _program(settings)
    _refuse(wanted)
    asked = tuple(dict.fromkeys(platforms))
    phase.update(f"solving with conda-lock and {program.name}")
    with TemporaryDirectory(prefix="runner-conda-lock-") as scratch:
        source, target = Path(scratch, "environment.yml"), Path(scratch, lockfile.NAME)
        source.write_text(_source(wanted), encoding="utf-8")
        _run(program, source, target, asked, settings=settings, phase=phase)
        found = lockfile.read(target.read_text(encoding="utf-8"), name="conda-lock's answer")
    return replace(
        found,
        channels=wanted.public_channels,
        content=dict.fromkeys(asked, wanted.fingerprint),
        sources=(),
        solver=f"conda-lock {version('conda-lock')} with {program.name}",
        made_here=True,
    )


def _program(settings: Settings) -> Path:
    """Who solves; conda-lock would download a conda where there is none, and is never asked to."""
    if find_spec(_PACKAGE) is None:
        raise EnvironmentFailed(
            "--solver conda-lock needs the package conda-lock",
            hint="install runner[conda-lock], or leave --solver out",
        )
    for name in PROGRAMS:
        if found := shutil.which(name, path=settings.environ.get("PATH")):
            return Path(found)
    raise EnvironmentFailed(
        "--solver conda-lock needs conda, mamba or micromamba, and none is on PATH",
        hint="leave --solver out: conda environments need no conda on this machine",
    )


def _refuse(wanted: Wanted) -> None:
    """What conda-lock cannot do, or not without harm."""
    if wanted.as_of:
        raise EnvironmentFailed(
            "conda-lock cannot solve as of a date",
            hint="leave --solver out: rattler can, or leave --as-of out",
        )
    for channel in wanted.channels:
        if public(channel) != channel:
            raise EnvironmentFailed(
                f"conda-lock would show the login of {public(channel)} on command lines",
                hint="leave --solver out, or put the login into the configuration of conda",
            )


def _source(wanted: Wanted) -> str:
    document = {"channels": list(wanted.channels), "dependencies": list(wanted.specs)}
    written: str = yaml.safe_dump(document, sort_keys=False)
    return written


def _run(
    program: Path, source: Path, target: Path, platforms: Iterable[str], *, settings: Settings, phase: Phase
) -> None:
    argv: list[str | Path] = [
        sys.executable,
        "-P",
        "-m",
        _PACKAGE,
        "lock",
        "--conda",
        program,
        "--kind",
        "lock",
    ]
    argv += ["--file", source, "--lockfile", target]
    for platform in platforms:
        argv += ["--platform", platform]
    kept = {name: text for name, text in settings.environ.items() if not name.startswith("PYTHON")}
    try:
        capture(argv, cwd=source.parent, env=kept, on_line=lambda line: phase.update(masked(line.strip())))
    except ProgramFailed as error:
        said = masked(f"{error.completed.out}\n{error.completed.err}".strip())
        raise EnvironmentFailed(
            f"conda-lock finds no solution with {program.name}",
            detail="\n".join(said.splitlines()[-_TAIL:]),
            hint="relax one of the versions, or leave --solver out",
        ) from error
