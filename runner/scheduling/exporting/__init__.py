"""Schedules for other people's clocks: each form calls `runner schedule fire NAME`, so the row in the store stays the schedule.

systemd.py  crontab.py  kubernetes.py  github.py    one form each: from an `Export` to files
fields.py                                           the times as they all take them
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import cast
from urllib.parse import urlsplit

from runner.errors import UsageError
from runner.settings import Settings
from runner.tracking.schedules import Schedule

FORMS = ("systemd", "crontab", "k8s-cronjob", "github-actions")
MODULES: Mapping[str, str] = {"k8s-cronjob": "kubernetes", "github-actions": "github"}
ELSEWHERE = ("k8s-cronjob", "github-actions")  # on other machines, which reach no file of this one


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What is exported. `variables` are what `runner` needs in its environment; `secrets` those that are not written down.

    `image` is the container image that has runner, where one is needed.
    """

    schedule: Schedule
    variables: Mapping[str, str]
    secrets: tuple[str, ...] = ()
    image: str | None = None

    @property
    def name(self) -> str:
        return self.schedule.name

    @property
    def words(self) -> tuple[str, ...]:
        """What is to be called at each time."""
        return ("schedule", "fire", self.name, "--scheduled-for", "now")

    @property
    def argv(self) -> tuple[str, ...]:
        """The same with the runner of this machine."""
        return (sys.executable, "-P", "-m", "runner", *self.words)


def export(
    schedule: Schedule, form: str, *, store: str, settings: Settings, image: str | None
) -> Mapping[str, str]:
    """Files by name.

    Raises:
        UsageError: that form cannot say it.
    """
    if form in ELSEWHERE and store.startswith("sqlite"):
        raise UsageError(
            f"{form} runs on other machines, and the store is a file of this one",
            hint="keep the store in PostgreSQL or MariaDB",
        )
    if any(not text.isprintable() for text in (store, str(settings.home), sys.executable)):
        raise UsageError(
            "a path with control characters cannot be written into other programs' files",
            hint="move the store, or RUNNER_HOME",
        )
    wanted = _wanted(schedule, form, store=store, settings=settings, image=image)
    files = cast(
        "Callable[[Export], Mapping[str, str]]",
        import_module(f"runner.scheduling.exporting.{MODULES.get(form, form)}").files,
    )
    return files(wanted)


def _wanted(schedule: Schedule, form: str, *, store: str, settings: Settings, image: str | None) -> Export:
    variables = {"RUNNER_TRACKING_URI": store}
    if form not in ELSEWHERE:
        variables["RUNNER_HOME"] = str(settings.home)
    secret = [*schedule.definition.from_environment.values()]
    if form in ELSEWHERE or urlsplit(store).password:
        secret.insert(0, "RUNNER_TRACKING_URI")
        del variables["RUNNER_TRACKING_URI"]
    return Export(schedule=schedule, variables=variables, secrets=tuple(dict.fromkeys(secret)), image=image)
