"""Who is told how a firing ended: a command with facts in its environment, a webhook that gets them as JSON, or apprise.

    success=/usr/local/bin/celebrate --loud       a program with arguments; no shell
    failure=https://example.com/hook              a POST; redirects are not followed
    failure=env:SLACK_URL                         the same, its address in an environment variable: it is a secret
    missed=apprise:mailto://...                   whatever apprise knows, with the extra `apprise`

What a hook does, or fails to do, changes nothing about the firing.
"""

import json
import shlex
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from runner.errors import RunnerError, UsageError
from runner.process import ProgramFailed, capture
from runner.tracking.schedules import Event, Firing, Schedule

PATIENCE = 30.0  # seconds for one of them
WEB = ("http://", "https://")
APPRISE, ENVIRONMENT = "apprise:", "env:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What has happened."""

    event: Event
    schedule: str
    state: str
    scheduled_for: int
    attempt: int = 1
    reason: str = ""
    run_id: str = ""
    store: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a webhook gets it."""
        return {
            "event": self.event.value,
            "schedule": self.schedule,
            "state": self.state,
            "scheduled_for": moment(self.scheduled_for),
            "attempt": self.attempt,
            "reason": self.reason,
            "run_id": self.run_id,
        }

    def variables(self) -> dict[str, str]:
        """As a command gets it."""
        return {f"RUNNER_HOOK_{name.upper()}": str(value) for name, value in self.to_json().items()}

    @property
    def title(self) -> str:
        return f"{self.schedule}: {self.state}"

    @property
    def text(self) -> str:
        what = {Event.RECOVERY: "succeeded again", Event.MISSED: "was missed"}.get(self.event, self.state)
        reason = f": {self.reason}" if self.reason else ""
        run = f" (run {self.run_id})" if self.run_id else ""
        return f"the firing of {moment(self.scheduled_for)} {what}{reason}{run}"


def fact(event: Event, schedule: Schedule, firing: Firing) -> Fact:
    return Fact(
        event=event,
        schedule=schedule.name,
        state=firing.state.value,
        scheduled_for=firing.scheduled_for,
        attempt=firing.attempt,
        reason=firing.reason,
        run_id=firing.run_id,
    )


def moment(milliseconds: int) -> str:
    """As ISO 8601 in UTC: 2026-11-21T02:30:00Z."""
    return (
        datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    )


def check(event: str, target: str) -> None:
    """Refuse what could not be told, or would be kept although it is a secret.

    Raises:
        UsageError: it is no event, no address, or no command.
    """
    if event not in set(Event):
        raise UsageError(f"{event!r} is no event of a schedule", hint=f"there are {', '.join(Event)}")
    if target.startswith(WEB):
        _check_address(target)
    elif target.startswith(APPRISE) and "@" in target:
        raise UsageError(
            "an address with a password would be kept in the store",
            hint=f"put `{APPRISE}...` into an environment variable of the scheduler, and write {ENVIRONMENT}NAME",
        )
    elif not target.startswith((ENVIRONMENT, APPRISE)):
        _words(target)


def tell(
    fact: Fact, targets: tuple[str, ...], *, environ: Mapping[str, str], say: Callable[[str], None]
) -> None:
    """Tell all of them; what goes wrong is said, without addresses: they may be secrets."""
    for number, target in enumerate(targets, 1):
        try:
            _tell(fact, target, environ)
        except (RunnerError, OSError, ValueError) as error:
            say(f"{fact.schedule}: hook {number} for {fact.event.value} failed: {_said(error)}")


def _tell(fact: Fact, target: str, environ: Mapping[str, str]) -> None:
    if target.startswith(ENVIRONMENT):
        name = target.removeprefix(ENVIRONMENT)
        if not environ.get(name):
            raise RunnerError(f"the environment variable {name} is not set")
        target = environ[name]
    if target.startswith(WEB):
        _post(fact, target)
    elif target.startswith(APPRISE):
        _apprise(fact, target.removeprefix(APPRISE))
    else:
        capture(_words(target), env={**environ, **fact.variables()}, timeout=PATIENCE)


def _post(fact: Fact, address: str) -> None:
    request = urllib.request.Request(  # noqa: S310 - http or https
        address,
        data=json.dumps(fact.to_json()).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "runner"},
    )
    with urllib.request.build_opener(_NoRedirects).open(request, timeout=PATIENCE) as answer:
        answer.read(1)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """What is told is for the address that was named, and for no other."""

    def redirect_request(self, *_arguments: Any) -> None:
        return None


def _apprise(fact: Fact, address: str) -> None:
    try:
        apprise = import_module("apprise")
    except ModuleNotFoundError as error:
        raise RunnerError("it needs the package apprise (pip install 'runner[apprise]')") from error
    told = apprise.Apprise()
    if not told.add(address) or not told.notify(title=fact.title, body=fact.text):
        raise RunnerError("apprise could not tell it")


def _said(error: Exception) -> str:
    match error:
        case urllib.error.HTTPError():
            return f"the answer was {error.code}"
        case urllib.error.URLError():
            return f"it cannot be reached: {error.reason}"
        case ProgramFailed():
            return f"exit code {error.completed.code}"
        case RunnerError():
            return str(error)
        case _:
            return type(error).__name__


def _check_address(address: str) -> None:
    parts = urlsplit(address)
    if parts.password or parts.username:
        raise UsageError(
            "a webhook with a password would be kept in the store",
            hint=f"put it into an environment variable of the scheduler, and write {ENVIRONMENT}NAME",
        )
    if not parts.hostname or not address.isprintable() or " " in address:
        raise UsageError(f"{address!r} is no address of a webhook")


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"{command!r} is no command: {error}") from error
    if not words:
        raise UsageError("a hook needs a command or an address")
    return words
