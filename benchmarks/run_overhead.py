"""What running a project costs beside the program itself: `runner run` and `mlflow run`, in turn, in one process tree.

    python -m benchmarks.run_overhead [--rounds N] [--only CASE ...] [--json FILE]

CPU is user + system seconds of the process and all its descendants; wall is the clock. Medians. The floor is the same
program started by `bash -c` alone (for --help: a bare interpreter). Each case is prepared alike for both: own home,
databases migrated, environments built where the case says warm, wheels in uv's cache where it says cold.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.sources.servers import git_daemon

BIN = Path(sys.executable).parent
PROGRAM = "python -c 'print({alpha})'"
MLPROJECT = """\
name: noop
{environment}
entry_points:
  main:
    parameters:
      alpha: {{type: float, default: 0.5}}
    command: "{program}"
"""
PYTHON_ENV = "python: '{version}'\ndependencies: [click==8.1.7, six==1.16.0]\n"
LARGE_FILES, LARGE_BYTES = 12_000, 2_000


@dataclass(frozen=True)
class Case:
    """One row: what each side runs, the floor beneath, and what happens before every round."""

    name: str
    ours: list[str]
    peer: list[str]
    floor: list[str]
    before: Callable[[], None] = field(default=lambda: None)


@dataclass(frozen=True)
class Sample:
    """Seconds."""

    cpu: float
    wall: float


def main() -> None:
    """Run the cases and print the table."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="run-overhead-") as directory:
        top = Path(directory)
        with git_daemon(top / "git") as url:
            cases = [case for case in _cases(top, url) if _wanted(case, options)]
            rows = [_measure(case, _environment(top), options.rounds) for case in cases]
    _print(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="*", default=[], help="words that the case's name must hold")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def _wanted(case: Case, options: argparse.Namespace) -> bool:
    return not options.only or any(word in case.name for word in options.only)


def _cases(top: Path, url: str) -> list[Case]:
    system = _project(top / "system", "")
    python = _project(top / "python", "python_env: python_env.yaml")
    _repository(top / "small", bare=top / "git" / "small.git", files=20)
    _repository(top / "large", bare=top / "git" / "large.git", files=LARGE_FILES)
    small, large = f"{url}/small.git", f"{url}/large.git"
    runner, mlflow = str(BIN / "runner"), str(BIN / "mlflow")
    program = ["bash", "-c", PROGRAM.format(alpha="0.5")]
    local = ["--env-manager", "local"]
    return [
        Case(
            "no-op, system",
            [runner, "run", str(system), *local],
            [mlflow, "run", str(system), *local],
            program,
        ),
        Case(
            "virtualenv, warm",
            [runner, "run", str(python)],
            [mlflow, "run", str(python), "--env-manager", "uv"],
            program,
        ),
        Case(
            "virtualenv, cold, wheels cached",
            [runner, "run", str(python)],
            [mlflow, "run", str(python), "--env-manager", "uv"],
            program,
            before=lambda: _forget_environments(top),
        ),
        Case("git URL, small, warm", [runner, "run", small, *local], [mlflow, "run", small, *local], program),
        Case(
            "git URL, 12,000 files, warm",
            [runner, "run", large, *local],
            [mlflow, "run", large, *local],
            program,
        ),
        Case("--help", [runner, "--help"], [mlflow, "--help"], [sys.executable, "-c", "pass"]),
    ]


def _project(directory: Path, environment: str) -> Path:
    directory.mkdir()
    program = PROGRAM.replace('"', '\\"')
    (directory / "MLproject").write_text(MLPROJECT.format(environment=environment, program=program))
    if environment:
        version = ".".join(str(part) for part in sys.version_info[:3])
        (directory / "python_env.yaml").write_text(PYTHON_ENV.format(version=version))
    return directory


def _repository(directory: Path, *, bare: Path, files: int) -> None:
    _project(directory, "")
    for number in range(files):
        path = directory / f"d{number % 100}" / f"f{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number}\n" * (LARGE_BYTES // 6))
    git = ["git", "-C", str(directory), "-c", "user.name=n", "-c", "user.email=e@example.org"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *arguments], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(directory), str(bare)], check=True)


def _environment(top: Path) -> Mapping[str, str]:
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


def _forget_environments(top: Path) -> None:
    for directory in (top / "home" / "cache" / "envs", top / "mlflow-envs"):
        shutil.rmtree(directory, ignore_errors=True)


def _measure(case: Case, environment: Mapping[str, str], rounds: int) -> dict[str, object]:
    sides = {"ours": case.ours, "peer": case.peer, "floor": case.floor}
    samples: dict[str, list[Sample]] = {side: [] for side in sides}
    for round_ in range(rounds + 1):  # the first warms up and is not counted
        for side, argv in sides.items():
            case.before()
            sample = _run(argv, environment)
            if round_:
                samples[side].append(sample)
    row: dict[str, object] = {"case": case.name, "rounds": rounds}
    for side, found in samples.items():
        row[f"{side}_cpu"] = statistics.median(sample.cpu for sample in found)
        row[f"{side}_wall"] = statistics.median(sample.wall for sample in found)
    return row


def _run(argv: list[str], environment: Mapping[str, str]) -> Sample:
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        process = subprocess.Popen(argv, env=dict(environment), stdout=output, stderr=output)
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(argv)} failed:\n{output.read().decode(errors='replace')}")
    return Sample(usage.ru_utime + usage.ru_stime, wall)


def _print(rows: list[dict[str, object]]) -> None:
    head = ("case", "ours", "mlflow", "ratio", "floor", "over floor")
    print(f"{head[0]:<34}{'':<6}" + "".join(f"{title:>12}" for title in head[1:]))
    for row in rows:
        for figure in ("cpu", "wall"):
            ours, peer, floor = (float(str(row[f"{side}_{figure}"])) for side in ("ours", "peer", "floor"))
            title = row["case"] if figure == "cpu" else ""
            print(
                f"{title:<34}{figure:<6}{ours:>10.3f} s{peer:>10.3f} s{peer / ours:>11.1f}x{floor:>10.3f} s"
                f"{ours - floor:>10.3f} s"
            )


if __name__ == "__main__":
    main()
