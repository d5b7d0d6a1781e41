"""Registered models, and schedules with what became of their times."""

from collections.abc import Mapping

from runner.scheduling.deciding import upcoming
from runner.tracking.logged_models import ModelStatus
from runner.tracking.model import Lease
from runner.tracking.registry import Stage
from runner.tracking.schedules import Cause, Definition, FiringState, NewFiring
from runner.tracking.sql.store import SqlStore
from tests.server.ui.models import CLASSIFIER
from tests.server.ui.seeds.project import ADDRESS

MINUTE = 60_000  # ms
DAY = 24 * 60 * MINUTE
SIGNS = "https://git.example.org/vision/street-signs.git"


def register(store: SqlStore, runs: Mapping[str, str]) -> None:
    """Three registered models; one has stages and aliases, one no version yet."""
    store.registry.create("digits", description="Reads **digits**.", tags={"team": "vision"})
    for number, name in enumerate(("other", "searched", "second"), start=1):
        _version(store, "digits", runs[name], user="ann", description=f"Attempt {number}")
    store.registry.move_version("digits", 2, Stage.PRODUCTION)
    store.registry.set_alias("digits", "champion", 2)
    store.registry.set_alias("digits", "challenger", 3)
    store.registry.create("letters")
    store.registry.create("street-signs", description="Names 43 kinds of signs.", tags={"team": "maps"})
    _version(store, "street-signs", store.run("swift-tern-61").id, user="chen", description="First in use")
    store.registry.set_alias("street-signs", "champion", 1)


def _version(store: SqlStore, name: str, run_id: str, *, user: str, description: str) -> None:
    run = store.run(run_id)
    model = store.models.create(run.experiment_id, name="network", type="torch", source_run_id=run.id)
    kept = store.artifacts(model.artifact_uri)
    for path, text in CLASSIFIER.items():
        kept.put_bytes(text.encode(), path)
    store.models.set_status(model.id, ModelStatus.READY)
    store.registry.create_version(
        name, model.artifact_uri, run_id=run.id, model_id=model.id, user=user, description=description
    )


def schedule(store: SqlStore) -> None:
    """One that has fired each night for a week, not always with success, one that is paused, others that are to come."""
    kept = store.schedules
    nightly = Definition(
        expression="0 3 * * *",
        zone="Europe/Berlin",
        uri=ADDRESS,
        version="main",
        parameters={"lr": "0.01"},
        timeout=3600,
    )
    others = {
        "weekly-signs": Definition(expression="30 5 * * 1", zone="Europe/Berlin", uri=SIGNS),
        "letters-at-noon": Definition(expression="0 12 * * 1-5", uri=f"{ADDRESS}#letters"),
    }
    hourly = Definition(expression="@hourly", uri=ADDRESS)
    added = kept.add("nightly", nightly, upcoming=upcoming("nightly", nightly, kept.now()))
    for name, definition in others.items():
        kept.add(name, definition, upcoming=upcoming(name, definition, kept.now()))
    paused = kept.add("hourly", hourly, upcoming=upcoming("hourly", hourly, kept.now()))
    kept.change("hourly", hourly, paused=True, upcoming=paused.upcoming)
    _past(store, added.id, [added.upcoming.time - days * DAY for days in range(1, 8)])


def _past(store: SqlStore, number: int, nights: list[int]) -> None:
    """The oldest was missed, the third failed, the others went well."""
    kept = store.schedules
    missed = NewFiring(nights[-1], nights[-1], Cause.CLOCK, FiringState.MISSED, "no scheduler was running")
    fired = [NewFiring(night, night, Cause.CLOCK) for night in nights[:-1]]
    kept.insert(number, [missed, *fired], replacing=False)
    lease = Lease("localhost", 1, "", kept.now() + DAY)
    for _ in fired:  # one after the other, as they are to be
        [(_, firing)] = kept.claim(kept.now(), lease, limit=1, only=number)
        failed = firing.scheduled_for == nights[2]
        kept.start(firing.id, firing.claims, lease, firing.scheduled_for + 2000)
        state, reason = (FiringState.FAILED, "the run failed") if failed else (FiringState.SUCCEEDED, "")
        kept.end(firing.id, firing.claims, state, now=firing.scheduled_for + 20 * MINUTE, reason=reason)
