"""Runs that programs have recorded: a search over parameters, trainings of other models, some of them going on."""

import math
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

from runner.tracking.clock import now
from runner.tracking.logs import LogWriter
from runner.tracking.model import Metric, RunStatus
from runner.tracking.sql.store import SqlStore
from runner.tracking.store import Store
from tests.server.ui.samples import samples

SEARCHED = 300  # runs of the experiment "digits"
CURVES = 24  # of them have a history
STEPS = 60
MINUTE = 60_000  # ms
HOUR = 60 * MINUTE
FAILED_EVERY = 29
REASONS: tuple[Mapping[str, str], ...] = (
    {"runner.error": "CUDA out of memory: tried to allocate 2.0 GiB", "runner.exit_code": "1"},
    {
        "runner.error": "the program was killed: out of memory",
        "runner.signal": "9",
        "runner.exit_code": "137",
    },
    {"runner.error": "FileNotFoundError: data/mnist/train-images.idx3-ubyte", "runner.exit_code": "1"},
)
PEOPLE = ("ann", "bob", "chen")


def search(store: SqlStore) -> dict[str, str]:
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
    tags = {
        "sweep": f"s{number // 100}",
        **(REASONS[number // FAILED_EVERY % len(REASONS)] if failed else {}),
    }
    run = store.create_run(
        experiment, name=f"digits-{number}", user=PEOPLE[number % 2], started=begun, params=params, tags=tags
    )
    steps = STEPS if number >= SEARCHED - CURVES else 1
    store.log(run.id, metrics=list(_course(begun, steps, best, chance, pace=1000)))
    status = RunStatus.FAILED if failed else RunStatus.FINISHED
    store.update_run(run.id, status=status, ended=begun + chance.randrange(1, 90) * MINUTE)
    return run.id


def _course(
    begun: int, steps: int, best: float, chance: random.Random, *, pace: int, of: int | None = None
) -> Iterator[Metric]:
    """Metrics that get better, `steps` of `of` steps, one each `pace` milliseconds."""
    whole = of or steps
    for step in range(steps):
        done = (step + 1) / whole
        accuracy = best * (1 - 0.6 * math.exp(-5 * done)) / (1 - 0.6 * math.exp(-5)) + chance.gauss(0, 0.004)
        values = {
            "val/acc": accuracy,
            "val/loss": 1.2 - accuracy,
            "train/loss": 1.1 - accuracy + chance.gauss(0, 0.01),
        }
        for key, value in values.items():
            yield Metric(key, value, begun + step * pace, step)


def letters(store: SqlStore, home: Path) -> dict[str, str]:
    """A run with a file of each kind that can be looked at, and one that goes on: nobody keeps it alive, and nobody ends it."""
    chance = random.Random(11)
    experiment = store.create_experiment("letters").id
    begun = now() - 3 * HOUR
    kept = store.create_run(
        experiment, name="quiet-lynx-88", user="ann", started=begun, params={"lr": "0.003", "epochs": "40"}
    )
    store.log(kept.id, metrics=list(_course(begun, 40, 0.91, chance, pace=30_000)))
    store.update_run(kept.id, status=RunStatus.FINISHED, ended=begun + 21 * MINUTE)
    artifacts = store.artifacts(kept.artifact_uri)
    for path, content in samples().items():
        artifacts.put_bytes(content, path)
    return {"files": kept.id, "running": _going_on(store, home, experiment, chance)}


def _going_on(store: SqlStore, home: Path, experiment: str, chance: random.Random) -> str:
    pace, epochs = 32_000, 20
    begun = now() - (epochs - 1) * pace - 5_000
    run = store.create_run(
        experiment,
        name="amber-falcon-212",
        user="bob",
        status=RunStatus.RUNNING,
        started=begun,
        params={"lr": "0.001", "epochs": "40"},
    )
    store.log(
        run.id, metrics=[*_course(begun, epochs, 0.93, chance, pace=pace, of=40), *_machine(begun, chance)]
    )
    live = home / "live" / run.id
    live.mkdir(parents=True)
    output = LogWriter(live)
    for epoch in range(epochs):
        output.write("stdout", f"epoch {epoch}: loss {1 / (1 + epoch):.3f}\n".encode())
    output.write("stderr", b"\x1b[33mwarning:\x1b[0m the learning rate is not scheduled\n")
    output.close()
    return run.id


def _machine(begun: int, chance: random.Random) -> Iterator[Metric]:
    """What is measured of the machine while a run goes on, by its own count of steps."""
    for step in range(40):
        time = begun + step * 15_000
        yield Metric("system/gpu_0_utilization_percentage", 88 + chance.gauss(0, 4), time, step)
        yield Metric(
            "system/system_memory_usage_percentage", 31 + step / 20 + chance.gauss(0, 0.3), time, step
        )


def signs(store: SqlStore) -> None:
    """Trainings that take a quarter of an hour each; the newest goes on, the one before it failed."""
    chance = random.Random(13)
    experiment = store.create_experiment("street-signs").id
    for number, rate in enumerate((0.1, 0.03, 0.01, 0.01, 0.003, 0.01)):
        begun = now() - (6 - number) * 26 * HOUR if number < 5 else now() - 9 * MINUTE
        run = store.create_run(
            experiment,
            name=(
                "calm-otter-3",
                "bold-heron-17",
                "kind-badger-54",
                "swift-tern-61",
                "old-maple-70",
                "green-vole-75",
            )[number],
            user=PEOPLE[number % 3],
            status=RunStatus.RUNNING,
            started=begun,
            params={"lr": str(rate), "backbone": "resnet18" if number < 3 else "convnext", "crop": "224"},
        )
        steps = (60, 60, 60, 60, 17, 35)[number]
        store.log(run.id, metrics=list(_course(begun, steps, 0.86 + number / 90, chance, pace=15_000, of=60)))
        if number == 4:
            store.log(run.id, tags=REASONS[0])
        if number < 5:
            status = RunStatus.FAILED if number == 4 else RunStatus.FINISHED
            store.update_run(run.id, status=status, ended=begun + steps * 15_000 + MINUTE)
