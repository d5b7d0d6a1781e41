"""A definition checked before it is kept: its times, its hooks, its project; and nothing secret in it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from runner import launch, sources
from runner.errors import UsageError
from runner.progress import Progress
from runner.scheduling import hooks
from runner.scheduling.deciding import check_jitter
from runner.scheduling.times import times
from runner.settings import Settings
from runner.tracking.schedules import Definition, Failure

TRIED = [failure.value for failure in Failure if failure is not Failure.PROJECT]
GRACE = 5  # seconds: a scheduler looks each second, and may be busy
NAME = re.compile("[A-Za-z_][A-Za-z0-9_]*")  # exported files have it in them
CONTAINER_VARIABLES = ("--docker-args=env=", "--docker-args=e=")


def checked(definition: Definition, *, now: int) -> Definition:
    """The definition with its project named from the root, if it makes sense without looking at the project.

    Raises:
        UsageError: it does not, or there is a secret in it.
    """
    times(definition.expression, definition.zone)
    check_jitter(definition, now)
    if definition.grace < GRACE:
        raise UsageError(
            f"a grace of {definition.grace} s is shorter than a firing takes to start",
            hint=f"at least {GRACE}s; with --missed skip the others are left out",
        )
    for event, targets in definition.hooks.items():
        for target in targets:
            hooks.check(event, target)
    for reason in definition.retry.after:
        if reason not in TRIED:
            raise UsageError(f"{reason!r} is no reason to try again", hint=f"there are {', '.join(TRIED)}")
    for variable in definition.from_environment.values():
        if not NAME.fullmatch(variable):
            raise UsageError(
                f"{variable!r} is no name of an environment variable", hint="--param-from-env PARAMETER=NAME"
            )
    _refuse_twice(definition)
    _refuse_secrets(definition)
    return replace(definition, uri=_rooted(definition))


def check_project(definition: Definition, *, settings: Settings) -> None:
    """Plan the run once, as a firing would.

    Raises:
        RunnerError: it could not run; or a parameter is secret, and its value would be kept.
    """
    known = {name: settings.environ.get(name) for name in definition.from_environment.values()}
    given = {name: known[variable] or "" for name, variable in definition.from_environment.items()}
    request = launch.Request(
        uri=definition.uri,
        version=definition.version,
        entry_point=definition.entry_point,
        parameters={**definition.parameters, **given},
        check=None not in known.values() and "--no-check" not in definition.options,
        directory=Path(definition.directory),
    )
    with launch.plan(request, settings=settings, progress=Progress()) as planned:
        secret = sorted(planned.bound.secrets & definition.parameters.keys())
    if secret:
        raise UsageError(
            f"parameter {secret[0]!r} is secret, and schedules are kept in the store",
            hint=f"--param-from-env {secret[0]}=VARIABLE takes it from the scheduler's environment",
        )


def values(definition: Definition, environ: Mapping[str, str]) -> dict[str, str]:
    """The parameters of a firing, as far as they are known here."""
    found = definition.from_environment.items()
    return {**definition.parameters, **{name: environ[key] for name, key in found if key in environ}}


def _refuse_twice(definition: Definition) -> None:
    twice = sorted(definition.parameters.keys() & definition.from_environment.keys())
    if twice:
        raise UsageError(f"-P and --param-from-env both give {twice[0]!r}", hint="keep one of them")


def _refuse_secrets(definition: Definition) -> None:
    source = sources.parse(definition.uri, version=definition.version, cwd=Path(definition.directory))
    if getattr(source, "login", None) is not None:
        raise UsageError(
            "the address of the project holds a login, which would be kept in the store",
            hint="leave it out; Git asks its credential helper, and ~/.netrc serves downloads",
        )
    for word in definition.options:
        if word.startswith(CONTAINER_VARIABLES) and word.count("=") > 2:  # noqa: PLR2004 - NAME=VALUE
            raise UsageError(
                "the value of an environment variable of a container would be kept in the store",
                hint="-A env=NAME passes the one of the scheduler on",
            )


def _rooted(definition: Definition) -> str:
    place, mark, fragment = definition.uri.partition("#")
    path = Path(definition.directory) / Path(place).expanduser()
    return f"{path.resolve()}{mark}{fragment}" if path.exists() else definition.uri
