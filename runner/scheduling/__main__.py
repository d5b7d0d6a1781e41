"""The process of a firing: `python -m runner.scheduling FIRING CLAIM`, started by a scheduler. Its errors go to the scheduler's log."""

import os
import sys
from contextlib import closing

from runner.errors import RunnerError
from runner.scheduling.alone import run
from runner.scheduling.ending import told
from runner.settings import Settings
from runner.tracking import open_database_store


def main(firing: int, claims: int) -> None:
    """Run a firing that was claimed."""
    settings = Settings.from_environ(os.environ)
    with closing(open_database_store(settings)) as store:
        ended = run(store, firing, claims, settings=settings, say=say)
        if ended is not None:
            say(told(store.schedules.numbered(ended.schedule).name, ended))


def say(line: str) -> None:
    """The scheduler may be gone, and its terminal with it."""
    try:
        print(line, file=sys.stderr, flush=True)  # noqa: T201
    except OSError:
        sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), int(sys.argv[2]))
    except (RunnerError, OSError) as error:
        say(f"error: {error}")
        sys.exit(error.exit_code if isinstance(error, RunnerError) else 1)
