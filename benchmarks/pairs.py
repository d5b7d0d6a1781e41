"""Cases of a benchmark: ours, the peer and the floor, in turn, in one process tree.

CPU is user + system seconds of the process and all its descendants; wall is the clock. Medians.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BIN = Path(sys.executable).parent
Argv = Sequence[str | Path]


@dataclass(frozen=True)
class Case:
    """One row: what each side runs, the floor beneath, and what happens before every round. Nobody but us has all cases."""

    name: str
    ours: Argv
    peer: Argv | None
    floor: Argv | None
    before: Callable[[], None] = field(default=lambda: None)


@dataclass(frozen=True)
class Sample:
    """Seconds."""

    cpu: float
    wall: float


def options(description: str | None) -> argparse.Namespace:
    """What every benchmark of cases takes."""
    parser = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="*", default=[], help="words that the case's name must hold")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def report(cases: Sequence[Case], environment: Mapping[str, str], chosen: argparse.Namespace) -> None:
    """Measure the cases that are wanted and print the table."""
    wanted = [case for case in cases if not chosen.only or any(word in case.name for word in chosen.only)]
    rows = [_measured(case, environment, chosen.rounds) for case in wanted]
    _print(rows)
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=2))


def environment(top: Path) -> dict[str, str]:
    """Variables for both sides: a home and databases of their own below `top`."""
    dropped = ("MLFLOW_", "RUNNER_", "PYTHONDONTWRITEBYTECODE", "COVERAGE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return kept | {
        "RUNNER_HOME": str(top / "home"),
        "MLFLOW_TRACKING_URI": f"sqlite:///{top / 'mlflow.db'}",
        "RUNNER_TRACKING_URI": f"sqlite:///{top / 'runner.db'}",
        "MLFLOW_ENV_ROOT": str(top / "mlflow-envs"),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "TMPDIR": str(top),
    }


def _measured(case: Case, variables: Mapping[str, str], rounds: int) -> dict[str, object]:
    sides = {"ours": case.ours, "peer": case.peer, "floor": case.floor}
    commands = {side: argv for side, argv in sides.items() if argv is not None}
    samples: dict[str, list[Sample]] = {side: [] for side in commands}
    for round_ in range(rounds + 1):  # the first warms up and is not counted
        for side, argv in commands.items():
            case.before()
            sample = _run(argv, variables)
            if round_:
                samples[side].append(sample)
    row: dict[str, object] = {"case": case.name, "rounds": rounds}
    for side, found in samples.items():
        row[f"{side}_cpu"] = statistics.median(sample.cpu for sample in found)
        row[f"{side}_wall"] = statistics.median(sample.wall for sample in found)
    return row


def _run(argv: Argv, variables: Mapping[str, str]) -> Sample:
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(argv, env=dict(variables), stdout=output, stderr=output)
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(map(str, argv))} failed:\n{output.read().decode(errors='replace')}")
    return Sample(usage.ru_utime + usage.ru_stime, wall)


def _print(rows: list[dict[str, object]]) -> None:
    head = ("case", "ours", "mlflow", "ratio", "floor", "over floor")
    print(f"{head[0]:<44}{'':<6}" + "".join(f"{title:>12}" for title in head[1:]))
    for row in rows:
        for figure in ("cpu", "wall"):
            ours, peer, floor = (row.get(f"{side}_{figure}") for side in ("ours", "peer", "floor"))
            title = row["case"] if figure == "cpu" else ""
            print(
                f"{title:<44}{figure:<6}{_seconds(ours)}{_seconds(peer)}"
                f"{_over(peer, ours, lambda a, b: f'{a / b:.1f}x')}{_seconds(floor)}"
                f"{_over(ours, floor, lambda a, b: f'{a - b:.3f} s')}"
            )


def _seconds(value: object) -> str:
    return f"{value:>10.3f} s" if isinstance(value, float) else f"{'':>12}"


def _over(one: object, other: object, told: Callable[[float, float], str]) -> str:
    both = isinstance(one, float) and isinstance(other, float)
    return f"{told(one, other):>12}" if both else f"{'':>12}"  # type: ignore[arg-type]
