"""Runs that are written into a real store, and tables as they are piped."""

from runner.tracking import Store
from runner.tracking.model import Metric, Run, RunStatus


def record(
    store: Store, name: str = "", *, started: int = 1000, ended: int | None = None, **metrics: float
) -> Run:
    """A finished run with alpha=0.1 and beta=<its name>."""
    run = store.create_run(
        "0",
        name=name or None,
        user="ada",
        status=RunStatus.RUNNING,
        started=started,
        params={"alpha": "0.1", "beta": name},
    )
    store.log(run.id, metrics=[Metric(key, value, 5, 1) for key, value in metrics.items()])
    store.update_run(run.id, status=RunStatus.FINISHED, ended=started + 90_000 if ended is None else ended)
    return store.run(run.id)


def cells(text: str) -> list[list[str]]:
    """The table as it is piped."""
    return [line.split("\t") for line in text.splitlines()]


def names(text: str) -> list[str]:
    return [row[0] for row in cells(text)[1:]]
