"""A store as a small team has it: searches of parameters, real runs of a project, models, a schedule, and whatever files runs have."""

import math
import os
import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from runner.scheduling.deciding import upcoming
from runner.settings import Settings
from runner.tracking import open_database_store
from runner.tracking.clock import now
from runner.tracking.logged_models import ModelStatus
from runner.tracking.logs import LogWriter
from runner.tracking.model import Lease, Metric, Run, RunStatus
from runner.tracking.registry import Stage
from runner.tracking.schedules import Cause, Definition, FiringState, NewFiring
from runner.tracking.sql.store import SqlStore
from runner.tracking.store import Store
from tests.server.ui.samples import samples

SEARCHED = 300  # runs of the experiment "digits"
CURVES = 24  # of them have a history
STEPS = 60
MINUTE = 60_000  # ms
DAY = 24 * 60 * MINUTE
FAILED_EVERY = 29
PROJECT = {
    ".gitignore": "metrics.json\n",
    "MLproject": """\
name: digits
entry_points:
  main:
    parameters:
      lr: {type: float, default: 0.01, description: learning rate}
      epochs: {type: int, default: 12}
    metrics: metrics.json
    command: "python train.py {lr} {epochs}"
""",
    "train.py": """\
import json, sys

lr, epochs = float(sys.argv[1]), int(sys.argv[2])
points = []
for step in range(epochs):
    points.append({"step": step, "val/loss": 0.1 + (1 + lr) / (1 + step), "val/acc": 0.97 - 0.5 / (1 + step + lr)})
    print(f"epoch {step}: loss {points[-1]['val/loss']:.4f}", flush=True)
if lr > 1:
    print("\\x1b[31mloss is not finite\\x1b[0m", file=sys.stderr)
    sys.exit("diverged: lr is too large")
json.dump(points, open("metrics.json", "w"))
""",
}


def environment(home: Path) -> dict[str, str]:
    """That of programs which have their store below `home`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "RUNNER_"))}
    return {**own, "RUNNER_HOME": str(home)}


def seed(home: Path) -> dict[str, str]:
    """Fill the store below `home`; run ids by what tests call them: "searched", "failed", "running", "files", "first", ..."""
    environ = environment(home)
    store = open_database_store(Settings.from_environ(environ))
    try:
        runs = {**_search(store), **_with_files(store), **_going_on(store, home)}
        runs |= _real(store, home, environ)
        _register(store, runs)
        _schedule(store, home.parent / "digits-project")
    finally:
        store.close()
    return runs


def _search(store: SqlStore) -> dict[str, str]:
    """A search over parameters, made in one transaction: the whole takes less than a second."""
    chance = random.Random(7)
    experiment = store.create_experiment(
        "digits", tags={"mlflow.note.content": "Which network reads digits best?"}
    )
    with store.joined() as joined:
        runs = [_searched(joined, experiment.id, number, chance) for number in range(SEARCHED)]
    return {"searched": runs[-1], "other": runs[-2], "failed": runs[0], "experiment": experiment.id}


def _searched(store: Store, experiment: str, number: int, chance: random.Random) -> str:
    begun = now() - (SEARCHED - number + 13) * 7 * MINUTE
    failed = number % FAILED_EVERY == 0
    rate, depth = 10 ** chance.uniform(-4, -1), chance.choice((2, 3, 4, 6))
    best = 0.97 - abs(math.log10(rate) + 2.5) / 20 - 0.02 / depth + chance.gauss(0, 0.005)
    params = {
        "lr": f"{rate:.5f}",
        "depth": str(depth),
        "batch": str(chance.choice((32, 64, 128))),
        "seed": str(number % 5),
        "optimizer": chance.choice(("adam", "sgd")),
        "data": "mnist",
    }
    tags = {"mlflow.runName": f"digits-{number}", "sweep": f"s{number // 100}"}
    if failed:
        tags["runner.error"] = "CUDA out of memory: tried to allocate 2.0 GiB"
        tags["runner.exit_code"] = "1"
    status = RunStatus.FAILED if failed else RunStatus.FINISHED
    run = store.create_run(
        experiment,
        name=f"digits-{number}",
        user=("ann", "bob")[number % 2],
        started=begun,
        params=params,
        tags=tags,
    )
    steps = STEPS if number >= SEARCHED - CURVES else 1
    store.log(
        run.id,
        metrics=[point for step in range(steps) for point in _points(begun, step, steps, best, chance)],
    )
    store.update_run(run.id, status=status, ended=begun + chance.randrange(1, 90) * MINUTE)
    return run.id


def _points(begun: int, step: int, steps: int, best: float, chance: random.Random) -> list[Metric]:
    done = (step + 1) / steps
    accuracy = best * (1 - 0.6 * math.exp(-5 * done)) / (1 - 0.6 * math.exp(-5)) + chance.gauss(0, 0.004)
    values = {
        "val/acc": accuracy,
        "val/loss": 1.2 - accuracy,
        "train/loss": 1.1 - accuracy + chance.gauss(0, 0.01),
    }
    return [Metric(key, value, begun + step * 1000, step) for key, value in values.items()]


def _with_files(store: SqlStore) -> dict[str, str]:
    """A run with a file of each kind that can be looked at."""
    run = _ended(store, "files", params={"kinds": "all"}, metrics={"score": 0.5})
    artifacts = store.artifacts(run.artifact_uri)
    for path, content in samples().items():
        artifacts.put_bytes(content, path)
    return {"files": run.id}


def _ended(store: SqlStore, name: str, *, params: Mapping[str, str], metrics: Mapping[str, float]) -> Run:
    begun = now() - 3 * MINUTE
    run = store.create_run("0", name=name, user="ann", started=begun, params=params)
    store.log(run.id, metrics=[Metric(key, value, begun) for key, value in metrics.items()])
    store.update_run(run.id, status=RunStatus.FINISHED, ended=begun + 2 * MINUTE)
    return store.run(run.id)


def _going_on(store: SqlStore, home: Path) -> dict[str, str]:
    """A run that goes on, and has said something: nobody keeps it alive, and nobody ends it."""
    run = store.create_run(
        "0", name="going-on", user="bob", status=RunStatus.RUNNING, started=now(), params={"lr": "0.1"}
    )
    store.log(run.id, metrics=[Metric("loss", 1 / (1 + step), now(), step) for step in range(20)])
    live = home / "live" / run.id
    live.mkdir(parents=True)
    output = LogWriter(live)
    for step in range(50):
        output.write("stdout", f"step {step} loss {1 / (1 + step):.3f}\n".encode())
    output.write("stderr", b"\x1b[33mwarning:\x1b[0m no GPU was found\n")
    output.close()
    return {"running": run.id}


def _real(store: SqlStore, home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """A project in a git repository, run, changed, and run again; and once so that it fails."""
    project = home.parent / "digits-project"
    for name, text in PROJECT.items():
        project.mkdir(exist_ok=True)
        (project / name).write_text(text)
    git = (
        "git",
        "-C",
        str(project),
        "-c",
        "user.name=Ann",
        "-c",
        "user.email=ann@example.org",
        "-c",
        "gc.auto=0",
    )
    for arguments in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "Train on digits")):
        subprocess.run([*git, *arguments], check=True)
    _run(project, environ, "first", "lr=0.01")
    (project / "train.py").write_text(PROJECT["train.py"].replace("0.97 - 0.5", "0.98 - 0.4"))
    _run(project, environ, "second", "lr=0.02")
    _run(project, environ, "diverged", "lr=2.0", code=1)
    return {name: store.run(name).id for name in ("first", "second", "diverged")}


def _run(project: Path, environ: Mapping[str, str], name: str, parameter: str, *, code: int = 0) -> None:
    words = ("--env-manager", "local", "--experiment-name", "project", "--run-name", name, "-P", parameter)
    command = [sys.executable, "-m", "runner", "run", str(project), *words]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr


def _register(store: SqlStore, runs: dict[str, str]) -> None:
    """Two registered models; one has versions, stages and aliases."""
    store.registry.create("digits", description="Reads **digits**.", tags={"team": "vision"})
    for number, name in enumerate(("other", "searched", "second"), start=1):
        run = store.run(runs[name])
        model = store.models.create(run.experiment_id, name="network", type="torch", source_run_id=run.id)
        store.models.set_status(model.id, ModelStatus.READY)
        store.registry.create_version(
            "digits",
            model.artifact_uri,
            run_id=run.id,
            model_id=model.id,
            user="ann",
            description=f"Attempt {number}",
        )
    store.registry.move_version("digits", 2, Stage.PRODUCTION)
    store.registry.set_alias("digits", "champion", 2)
    store.registry.set_alias("digits", "challenger", 3)
    store.registry.create("letters")


def _schedule(store: SqlStore, project: Path) -> None:
    """One that has fired each night for a week, not always with success, and one that is paused."""
    kept = store.schedules
    nightly = Definition(
        expression="0 3 * * *",
        zone="Europe/Berlin",
        uri=str(project),
        parameters={"lr": "0.01"},
        timeout=3600,
    )
    hourly = Definition(expression="@hourly", uri=str(project))
    schedule = kept.add("nightly", nightly, upcoming=upcoming("nightly", nightly, kept.now()))
    other = kept.add("hourly", hourly, upcoming=upcoming("hourly", hourly, kept.now()))
    kept.change("hourly", hourly, paused=True, upcoming=other.upcoming)
    nights = [schedule.upcoming.time - days * DAY for days in range(1, 8)]
    missed = NewFiring(nights[-1], nights[-1], Cause.CLOCK, FiringState.MISSED, "no scheduler was running")
    kept.insert(
        schedule.id,
        [missed, *(NewFiring(night, night, Cause.CLOCK) for night in nights[:-1])],
        replacing=False,
    )
    lease = Lease("localhost", 1, "", kept.now() + DAY)
    for _ in nights[:-1]:  # one after the other, as they are to be
        [(_, firing)] = kept.claim(kept.now(), lease, limit=1, only=schedule.id)
        failed = firing.scheduled_for == nights[2]
        kept.start(firing.id, firing.claims, lease, firing.scheduled_for + 2000)
        state, reason = (FiringState.FAILED, "the run failed") if failed else (FiringState.SUCCEEDED, "")
        kept.end(firing.id, firing.claims, state, now=firing.scheduled_for + 20 * MINUTE, reason=reason)
