"""A store as a small team has it: searches of parameters, real runs of a project, models, schedules, and whatever files runs have."""

import os
from pathlib import Path

from runner.settings import Settings
from runner.tracking import open_database_store
from tests.server.ui.seeds.plans import register, schedule
from tests.server.ui.seeds.project import run_project, services
from tests.server.ui.seeds.searches import letters, search, signs

OTHERS = ("MLFLOW_", "RUNNER_", "GIT_", "UV_", "PIP_", "VIRTUAL_ENV", "CONDA_")


def environment(home: Path, made: Path | None = None) -> dict[str, str]:
    """That of programs which have their store below `home`; with artifacts, packages and code where they were made, for it says so."""
    place = made or home
    own = {name: value for name, value in os.environ.items() if not name.startswith(OTHERS)}
    below = {"RUNNER_CACHE": str(place / "cache"), "RUNNER_ARTIFACT_ROOT": str(place / "artifacts")}
    return {**own, "RUNNER_HOME": str(home), **below, **services(place)}


def seed(home: Path) -> dict[str, str]:
    """Fill the store below `home`; run ids by what tests call them: "searched", "failed", "running", "files", "first", ..."""
    environ = environment(home)
    store = open_database_store(Settings.from_environ(environ))
    try:
        runs = search(store)
        signs(store)
        runs |= letters(store, home)
        runs |= run_project(store, home, environ)
        register(store, runs)
        schedule(store)
    finally:
        store.close()
    return runs
